// SPDX-License-Identifier: GPL-2.0
/*
 * text/policy_checks.c - what the options of a policy say together.
 *
 * Belongs here: the rules between options, and what they leave out.  Does not:
 * the table of them (text/policy_options.c).
 */
#include "text/extension_text.h"
#include "text/format.h"
#include "overhigh_policy.h"
#include "text/policy_options.h"

/* What --limit counts when --rss does not say: all memory that the process
 * cannot be rid of by dropping clean page cache. */
#define DEFAULT_RSS (OVERHIGH_RSS_ANON | OVERHIGH_RSS_SHMEM | OVERHIGH_RSS_SWAP)

static struct policy_terms terms_of(const struct policy_options *options)
{
	return (struct policy_terms){ .policy = &options->policy,
				      .extension = &options->extension,
				      .steps = options->extension.steps,
				      .nr_steps = options->steps };
}

/* When is a process over: --limit, --margin, --rss, --direct. */
static int check_condition(const struct policy_options *options,
			   struct error *err)
{
	bool limit = policy_option_given(options, POLICY_KEY_LIMIT);
	bool margin = policy_option_given(options, POLICY_KEY_MARGIN);
	bool rate = policy_option_given(options, POLICY_KEY_RATE);
	bool acts = options->steps ||
		    overhigh_action(options->policy.control) != OVERHIGH_NONE;

	if (acts && !limit && !margin && (!rate || options->steps))
		return bad_input(err, "nothing says when a process is over: "
				      "add --limit, like --limit 200M, or "
				      "--margin");
	if (policy_option_given(options, POLICY_KEY_DIRECT) && !limit)
		return bad_input(err, "--direct looks at --limit alone: add "
				      "--limit, or leave --direct out");
	if (policy_option_given(options, POLICY_KEY_FORK_GROWN) && !limit)
		return bad_input(err, "--fork-grown says what --limit counts: "
				      "add --limit, or leave --fork-grown out");
	if (policy_option_given(options, POLICY_KEY_RSS) && !limit && !rate)
		return bad_input(err, "--rss says what --limit counts: add "
				      "--limit, or leave --rss out");
	return 0;
}

/* Options that only make sense with slowdown. */
static int check_slowdown_options(const struct policy_options *options,
				  struct error *err)
{
	static const int keys[] = { POLICY_KEY_MAX_DELAY, POLICY_KEY_ON_STUCK,
				    POLICY_KEY_RATE };
	struct policy_terms terms = terms_of(options);
	size_t i;

	if (policy_terms_have(&terms, OVERHIGH_SLOWDOWN))
		return 0;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (policy_option_given(options, keys[i]))
			return bad_input(
				err,
				"--%s needs --action slowdown or "
				"--then slowdown",
				policy_fields[keys[i] - POLICY_KEY_FIRST].name);
	return 0;
}

/* Options that only make sense with the signal action or with slowdown. */
static int check_action_options(const struct policy_options *options,
				struct error *err)
{
	struct policy_terms terms = terms_of(options);
	bool signals =
		overhigh_action(options->policy.control) == OVERHIGH_SIGNAL;
	bool given = policy_option_given(options, POLICY_KEY_SIGNAL);

	if (signals && !given)
		return bad_input(err, "--action signal does not say which one: "
				      "write --action signal:TERM, or add "
				      "--signal TERM");
	if (given && !signals)
		return bad_input(err, "--signal needs --action signal; a later "
				      "step is written --then signal:TERM");
	if (policy_option_given(options, POLICY_KEY_REPEAT) &&
	    !policy_terms_have(&terms, OVERHIGH_SIGNAL))
		return bad_input(err, "--repeat needs --action signal or "
				      "--then signal:TERM");
	return check_slowdown_options(options, err);
}

/* The time of the first step may stand in --grace. */
static int check_ladder(struct policy_options *options, struct error *err)
{
	struct overhigh_step *step = options->extension.steps;
	bool grace = policy_option_given(options, POLICY_KEY_GRACE);
	char text[FORMAT_MAX];
	unsigned int i;

	if (grace && !options->steps)
		return bad_input(err, "--grace does not say what comes after "
				      "it: add --then, like --then kill");
	if (grace && step->after_ms != AFTER_NOT_GIVEN)
		return bad_input(err,
				 "--grace and '--then %s' both say when: leave "
				 "one of them out",
				 format_step(text, sizeof(text), step));
	if (grace)
		step->after_ms = options->policy.grace_ms;
	else if (options->steps && step->after_ms == AFTER_NOT_GIVEN)
		return bad_input(err, "--then does not say after what time: "
				      "add --grace, like --grace 10s");
	for (i = 1; i < options->steps; i++)
		if (step[i].after_ms == AFTER_NOT_GIVEN)
			return bad_input(
				err,
				"--then %s does not say after what "
				"time: write --then '%s after 10s'",
				format_step(text, sizeof(text), &step[i]),
				text);
	return 0;
}

/* What needs an extension of the policy. */
static bool is_extended(const struct policy_options *options)
{
	return options->steps > 1 ||
	       policy_option_given(options, POLICY_KEY_HYSTERESIS) ||
	       policy_option_given(options, POLICY_KEY_RATE) ||
	       policy_option_given(options, POLICY_KEY_WHEN_PRESSURE) ||
	       policy_option_given(options, POLICY_KEY_RESPOND);
}

static int check_extension(struct policy_options *options, struct error *err)
{
	if (policy_option_given(options, POLICY_KEY_HYSTERESIS) &&
	    !options->steps)
		return bad_input(err, "--hysteresis says when a ladder begins "
				      "anew: add --then, like --then 'kill "
				      "after 10s'");
	if (!(options->extension.responses & OVERHIGH_FREEZE))
		return 0;
	if (!options->steps)
		return bad_input(err, "--respond freeze lasts until the first "
				      "step: add --then, like --then 'kill "
				      "after 10s'");
	options->extension.freeze_ms = options->extension.steps[0].after_ms;
	return 0;
}

/* What the options leave out, and the flags of the later steps: they are those
 * of the first, since all look at the same memory. */
static void complete(struct policy_options *options,
		     struct overhigh_policy *policy)
{
	uint32_t flags = overhigh_flags(policy->control);
	bool limit = policy_option_given(options, POLICY_KEY_LIMIT);
	bool margin = policy_option_given(options, POLICY_KEY_MARGIN);
	bool rate = policy_option_given(options, POLICY_KEY_RATE);
	unsigned int i;

	if ((limit || rate) && !policy_option_given(options, POLICY_KEY_RSS))
		flags |= DEFAULT_RSS;
	if ((limit || rate) && !margin)
		flags |= OVERHIGH_DIRECT;
	if (rate && !limit && !margin)
		policy->process_limit = OVERHIGH_NO_LIMIT;
	policy->control |= flags << 16;
	for (i = 0; i < options->steps; i++)
		options->extension.steps[i].control |= flags << 16;
	policy->grace_ms = 0;
	if (is_extended(options)) {
		policy->escalation = overhigh_extended_by(0);
	} else if (options->steps) {
		policy->escalation = options->extension.steps[0].control;
		policy->grace_ms = options->extension.steps[0].after_ms;
	}
}

/* All of it, as far as it can be known before the extension has its key. */
static int check_result(const struct policy_options *options,
			struct overhigh_policy policy, struct error *err)
{
	char reason[FORMAT_MAX];
	int bad;

	if (overhigh_extended(&policy))
		policy.escalation = 0;
	bad = overhigh_policy_check(&policy);
	if (!bad && is_extended(options))
		bad = overhigh_extension_check(&options->extension);
	if (!bad)
		return 0;
	return bad_input(err, "the policy is not valid: %s",
			 format_refusal(reason, sizeof(reason), bad));
}

int policy_options_finish(struct policy_options *options,
			  struct overhigh_policy *out, struct error *err)
{
	struct overhigh_policy policy = options->policy;
	int ret;

	if (!policy_option_given(options, POLICY_KEY_ACTION))
		return bad_input(err, "nothing says what happens: add "
				      "--action none, enomem, slowdown, signal "
				      "or kill");
	ret = check_ladder(options, err);
	if (!ret)
		ret = check_action_options(options, err);
	if (!ret)
		ret = check_condition(options, err);
	if (!ret)
		ret = check_extension(options, err);
	if (ret)
		return ret;
	complete(options, &policy);
	ret = check_result(options, policy, err);
	if (!ret)
		*out = policy;
	return ret;
}
