// SPDX-License-Identifier: GPL-2.0
/* commands/set.c - overhigh set. */
#include <stdlib.h>
#include "attach/attach.h"
#include "attach/plan.h"
#include "attach/pressure_trigger.h"
#include "attach/probe.h"
#include "commands/bpftool_line.h"
#include "commands/command.h"
#include "commands/named_targets.h"
#include "govern/enforce.h"
#include "govern/forecast.h"
#include "govern/gears.h"
#include "govern/policy_maps.h"
#include "overhigh_policy.h"
#include "text/format.h"
#include "text/policy_options.h"

static const char set_doc[] =
	"Set the policy of each PID, of a CGROUP directory and all below it, "
	"or "
	"the default.\v"
	"A process policy beats a cgroup policy beats the default; of cgroups "
	"the nearest wins.  A process policy is inherited over fork and kept "
	"over exec.\n\n"
	"Examples:\n"
	"  overhigh set 1234 --action kill --limit 2G\n"
	"  overhigh set /sys/fs/cgroup/build --action enomem --margin 64M\n"
	"  overhigh set --default --action slowdown --limit 4G --grace 10s "
	"--then kill";
enum {
	KEY_DEFAULT = 0x800,
	KEY_FORCE,
	KEY_PRINT,
	KEY_DRY_RUN,
};

static const struct argp_option set_options[] = {
	{ "default", KEY_DEFAULT, NULL, 0, "the policy of all that has none",
	  0 },
	{ "force", KEY_FORCE, NULL, 0,
	  "even for init, for overhigh itself, if unavailable here, or if it "
	  "kills at once",
	  0 },
	{ "dry-run", KEY_DRY_RUN, NULL, 0,
	  "show who would be over now, and change nothing", 0 },
	{ "print", KEY_PRINT, NULL, 0,
	  "print the bpftool line in place of running it", 0 },
	{ 0 },
};

struct settings {
	struct policy_options policy;
	const struct overhigh_policy *record; /* what the options give */
	struct named_targets named;
	bool force, print, dry_run;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *settings = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &settings->policy;
		return 0;
	case KEY_DEFAULT:
		settings->named.use_default = true;
		return 0;
	case KEY_FORCE:
		settings->force = true;
		return 0;
	case KEY_PRINT:
		settings->print = true;
		return 0;
	case KEY_DRY_RUN:
		settings->dry_run = true;
		return 0;
	case ARGP_KEY_ARGS:
		settings->named.words = state->argv + state->next;
		settings->named.nr = state->argc - state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check_targets(const struct settings *settings,
			 const struct target *targets, int n,
			 const struct overhigh_policy *policy,
			 const struct pins *pins, struct error *err)
{
	struct probe probe;
	int i, ret = 0;

	if (settings->force)
		return 0;
	/* the loaded programs tell of most policies; to probe takes longer */
	if (!plan_served(policy, &settings->policy.extension,
			 attach_loaded())) {
		ret = probe_kernel(&probe, err);
		if (!ret)
			ret = plan_check(policy, &settings->policy.extension,
					 &probe, err);
	}
	if (!ret && overhigh_extended(policy))
		ret = pressure_check(&settings->policy.extension, err);
	for (i = 0; !ret && i < n; i++)
		ret = target_check(&targets[i], policy, pins->control, err);
	return ret;
}

static bool kills(const struct overhigh_policy *policy,
		  const struct overhigh_extension *extension)
{
	struct policy_terms terms = { .policy = policy,
				      .steps = extension->steps,
				      .nr_steps = OVERHIGH_MAX_STEPS };

	return policy_terms_have(&terms, OVERHIGH_KILL) && !extension->pressure;
}

/* A kill for many at once is often a slip of the keyboard: 4 for 4G. */
static int check_kill(const struct settings *settings,
		      const struct target *target,
		      const struct overhigh_policy *policy,
		      const struct pins *pins, struct error *err)
{
	struct forecast found;
	char who[160];
	int ret;

	if (settings->force || settings->print ||
	    target->kind == TARGET_PROCESS ||
	    !kills(policy, &settings->policy.extension))
		return 0;
	ret = forecast(pins, target, policy, &found, err);
	if (ret || !found.nr)
		return ret;
	forecast_text(&found, 3, who, sizeof(who));
	free(found.over);
	return bad_input(err,
			 "%s would be killed: over that now %s %s; --dry-run "
			 "shows all, --force sets it",
			 target->text, found.nr == 1 ? "is" : "are", who);
}

static int show_forecast(const struct target *target,
			 const struct overhigh_policy *policy,
			 const struct pins *pins, struct error *err)
{
	char counted[FORMAT_MAX], excess[FORMAT_MAX];
	struct forecast found;
	unsigned int i;
	int ret = forecast(pins, target, policy, &found, err);

	if (ret)
		return ret;
	printf("%s: %u would be over now%s\n", target->text, found.nr,
	       found.nr ? ":" : "");
	for (i = 0; i < found.nr; i++)
		printf("  %-15.15s %7u %8s, %8s over\n", found.over[i].comm,
		       found.over[i].pid,
		       format_size_rounded(counted, sizeof(counted),
					   found.over[i].counted_bytes),
		       format_size_rounded(excess, sizeof(excess),
					   found.over[i].excess_bytes));
	free(found.over);
	return 0;
}

static int set_one(const struct settings *settings, struct target *target,
		   const struct overhigh_policy *policy, struct pins *pins,
		   struct error *err)
{
	int ret;

	if (settings->dry_run)
		return show_forecast(target, policy, pins, err);
	if (settings->print)
		return bpftool_lines(stdout, pins, target, policy,
				     &settings->policy.extension, err);
	ret = target_open_again(target, err);
	if (!ret)
		ret = policy_set(pins, target, policy,
				 &settings->policy.extension, err);
	target_close(target);
	return ret;
}

/* Everything that is named is checked before the first is changed. */
static int set_all(struct target *targets, int n, struct pins *pins, void *ctx,
		   struct error *err)
{
	const struct settings *settings = ctx;
	const struct overhigh_policy *policy = settings->record;
	int i, ret;

	ret = check_targets(settings, targets, n, policy, pins, err);
	for (i = 0; !ret && !settings->dry_run && i < n; i++)
		ret = check_kill(settings, &targets[i], policy, pins, err);
	for (i = 0; !ret && i < n; i++)
		ret = set_one(settings, &targets[i], policy, pins, err);
	return ret || settings->print || settings->dry_run ?
		       ret :
		       gears_look(pins, err);
}

static int run(int argc, char **argv, struct error *err)
{
	struct settings settings = {};
	struct overhigh_policy policy;
	int ret;

	policy_options_init(&settings.policy);
	settings.record = &policy;
	ret = command_parse(&command_set, argc, argv, &settings,
			    &settings.policy.err);
	if (ret)
		*err = settings.policy.err;
	else
		ret = policy_options_finish(&settings.policy, &policy, err);
	return ret ? ret :
		     with_targets(&settings.named, set_all, &settings, err);
}

const struct command command_set = {
	.name = "set",
	.summary = "set the policy of processes, a cgroup, the default",
	.arguments = "PID... | CGROUP... | --default",
	.doc = set_doc,
	.options = set_options,
	.parse = parse,
	.governs = true,
	.run = run,
};
