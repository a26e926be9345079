// SPDX-License-Identifier: GPL-2.0
/* commands/unset.c - overhigh unset. */
#include "base/clock.h"
#include "commands/command.h"
#include "commands/named_targets.h"
#include "govern/enforce.h"
#include "govern/policy_maps.h"

static const char doc[] =
	"Remove the policy of each PID or CGROUP, or the default.\v"
	"Example:\n  overhigh unset 1234";

enum {
	KEY_DEFAULT = 0x800
};

static const struct argp_option options[] = {
	{ "default", KEY_DEFAULT, NULL, 0, "the default policy", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct named_targets *named = state->input;

	(void)arg;
	switch (key) {
	case KEY_DEFAULT:
		named->use_default = true;
		return 0;
	case ARGP_KEY_ARGS:
		named->words = state->argv + state->next;
		named->nr = state->argc - state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int unset_all(struct target *targets, int n, struct pins *pins,
		     void *ctx, struct error *err)
{
	unsigned int total;
	int i, ret = 0;

	(void)ctx;
	for (i = 0; !ret && i < n; i++)
		ret = policy_unset(pins, &targets[i], err);
	/* what the loader has on stays on, as far as somebody needs it */
	return ret ? ret :
		     policy_refit(pins,
				  pins->control->watch_until_ns >
					  clock_now_ns(),
				  &total, err);
}

static int run(int argc, char **argv, struct error *err)
{
	struct named_targets named = {};
	int ret = command_parse(&command_unset, argc, argv, &named, err);

	return ret ? ret : with_targets(&named, unset_all, NULL, err);
}

const struct command command_unset = {
	.name = "unset",
	.summary = "remove a policy",
	.arguments = "PID... | CGROUP... | --default",
	.doc = doc,
	.options = options,
	.parse = parse,
	.run = run,
};
