// SPDX-License-Identifier: GPL-2.0
/* commands/set.c - overhigh set and overhigh unset. */
#include <stdlib.h>
#include <unistd.h>
#include "attach/attach.h"
#include "attach/plan.h"
#include "attach/pressure_trigger.h"
#include "base/lock.h"
#include "base/clock.h"
#include "commands/bpftool_line.h"
#include "commands/command.h"
#include "govern/enforce.h"
#include "overhigh_policy.h"
#include "govern/forecast.h"
#include "govern/gears.h"
#include "govern/policy_maps.h"
#include "text/format.h"
#include "text/policy_options.h"
#include "attach/plan.h"
#include "attach/probe.h"

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
static const char unset_doc[] =
	"Remove the policy of each PID or CGROUP, or the default.\v"
	"Example:\n  overhigh unset 1234";

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

static const struct argp_option unset_options[] = {
	{ "default", KEY_DEFAULT, NULL, 0, "the default policy", 0 },
	{ 0 },
};

struct settings {
	struct policy_options policy;
	bool use_default, force, print, dry_run;
	char **targets; /* points into argv */
	int nr_targets;
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
		settings->use_default = true;
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
		settings->targets = state->argv + state->next;
		settings->nr_targets = state->argc - state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* All targets are read and checked before the first is changed. */
static int read_targets(const struct settings *settings,
			const struct pins *pins, struct target *targets,
			struct error *err)
{
	int i, ret;

	if (settings->use_default) {
		target_default(&targets[0]);
		return 1;
	}
	for (i = 0; i < settings->nr_targets; i++) {
		ret = target_parse(pins, settings->targets[i], &targets[i],
				   err);
		/* as many as there are: there are fewer descriptors */
		target_close(&targets[i]);
		if (ret)
			return ret;
	}
	return i;
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

static int set_all(const struct settings *settings, struct target *targets,
		   int n, const struct overhigh_policy *policy,
		   struct pins *pins, struct error *err)
{
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

static int unset_all(struct target *targets, int n, struct pins *pins,
		     struct error *err)
{
	unsigned int total;
	int i, ret = 0;

	for (i = 0; !ret && i < n; i++)
		ret = policy_unset(pins, &targets[i], err);
	/* what the loader has on stays on, as far as somebody needs it */
	return ret ? ret :
		     policy_refit(pins,
				  pins->control->watch_until_ns >
					  clock_now_ns(),
				  &total, err);
}

/* Everything that both commands do around the maps.  policy: NULL to unset. */
static int change(struct settings *settings,
		  const struct overhigh_policy *policy, struct error *err)
{
	struct target *targets;
	struct pins pins;
	int lock, n, i, ret;

	if (settings->nr_targets && settings->use_default)
		return bad_input(err,
				 "--default and %s are two: set one after the "
				 "other",
				 settings->targets[0]);
	if (!settings->nr_targets && !settings->use_default)
		return bad_input(err, "whose policy?  Give PIDs, cgroup "
				      "directories or --default");
	if (geteuid())
		return bad_input(err, "this needs root: try sudo");
	lock = lock_take(LOCK_POLICY, true, err);
	if (lock < 0)
		return lock;
	targets = calloc(settings->nr_targets + 1, sizeof(*targets));
	ret = targets ? pins_open(&pins, err) :
			fail(err, ENOMEM, "out of memory");
	if (!ret) {
		n = read_targets(settings, &pins, targets, err);
		ret = n < 0  ? n :
		      policy ? set_all(settings, targets, n, policy, &pins,
				       err) :
			       unset_all(targets, n, &pins, err);
		for (i = 0; i < n; i++)
			target_close(&targets[i]);
		pins_close(&pins);
	}
	free(targets);
	close(lock);
	return ret;
}

static int run(int argc, char **argv, struct error *err)
{
	struct settings settings = {};
	struct overhigh_policy policy;
	int ret;

	policy_options_init(&settings.policy);
	ret = command_parse(&command_set, argc, argv, &settings,
			    &settings.policy.err);
	if (ret)
		*err = settings.policy.err;
	else
		ret = policy_options_finish(&settings.policy, &policy, err);
	return ret ? ret : change(&settings, &policy, err);
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

/* It takes no options of a policy, whose parser would want its input. */
static error_t parse_unset(int key, char *arg, struct argp_state *state)
{
	return key == ARGP_KEY_INIT ? 0 : parse(key, arg, state);
}

static int run_unset(int argc, char **argv, struct error *err)
{
	struct settings settings = {};
	int ret = command_parse(&command_unset, argc, argv, &settings, err);

	return ret ? ret : change(&settings, NULL, err);
}

const struct command command_unset = {
	.name = "unset",
	.summary = "remove a policy",
	.arguments = "PID... | CGROUP... | --default",
	.doc = unset_doc,
	.options = unset_options,
	.parse = parse_unset,
	.run = run_unset,
};
