// SPDX-License-Identifier: GPL-2.0
/* commands/get.c - overhigh get: the policy that a process, cgroup or the
 * default has, and how it stands. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include "commands/command.h"
#include "pins/governed.h"
#include "govern/policy_maps.h"
#include "report/policy_json.h"
#include "govern/target.h"

static const char doc[] =
	"Show the policy of PID, of a CGROUP directory, or the default.\v"
	"A process that has no policy of its own shows the one that governs "
	"it: "
	"its nearest cgroup's, or the default.  --raw prints the three "
	"integers "
	"of the RFC: control word, cgroup margin and process limit in bytes.";

static const struct argp_option options[] = {
	{ "default", 'd', NULL, 0, "the default policy", 0 },
	{ "raw", 'r', NULL, 0, "control word, margin and limit only", 0 },
	{ "json", 'j', NULL, 0, "JSON in place of text", 0 },
	{ 0 },
};

struct settings {
	bool use_default, raw, json;
	const char *target;
	struct error *err;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *settings = state->input;

	switch (key) {
	case 'd':
		settings->use_default = true;
		return 0;
	case 'r':
		settings->raw = true;
		return 0;
	case 'j':
		settings->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (settings->target) {
			bad_input(settings->err,
				  "get shows one policy at a time: leave '%s' "
				  "out",
				  arg);
			return EINVAL;
		}
		settings->target = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Its own policy, else the one that governs it. */
static int find(const struct pins *pins, struct target *target,
		struct overhigh_policy *policy, struct error *err)
{
	int ret = policy_get(pins, target, policy, err);
	struct overhigh_look look;
	struct error ignored;

	if (ret != -ENOENT || target->kind != TARGET_PROCESS)
		return ret;
	if (look_at(pins, target->pid, &look, &ignored))
		return ret;
	*policy = look.policy;
	return 0;
}

static void print_text(const cJSON *object)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, object)
	{
		if (cJSON_IsArray(item)) /* the policy says it */
			continue;
		if (cJSON_IsNull(item))
			printf("%-14s -\n", item->string);
		else if (cJSON_IsString(item) || cJSON_IsRaw(item))
			printf("%-14s %s\n", item->string, item->valuestring);
		else
			printf("%-14s %.0f\n", item->string, item->valuedouble);
	}
}

static void print(const struct settings *settings, const struct pins *pins,
		  const struct target *target,
		  const struct overhigh_policy *policy)
{
	struct overhigh_look look;
	struct error ignored;
	cJSON *object;
	bool known;

	if (settings->raw) {
		printf("%u %llu %llu\n", policy->control, policy->cgroup_margin,
		       policy->process_limit);
		return;
	}
	known = target->kind == TARGET_PROCESS &&
		!look_at(pins, target->pid, &look, &ignored);
	object = show_object(pins, target, policy, known ? &look : NULL);
	if (settings->json)
		show_json(object);
	else
		print_text(object);
	cJSON_Delete(object);
}

static int run(int argc, char **argv, struct error *err)
{
	struct settings settings = { .err = err };
	struct overhigh_policy policy;
	struct target target;
	struct pins pins;
	int ret = command_parse(&command_get, argc, argv, &settings, err);

	if (ret)
		return ret;
	if (!settings.target == !settings.use_default)
		return bad_input(err, "whose policy?  Give a PID, a cgroup "
				      "directory or --default");
	ret = pins_open(&pins, err);
	if (ret)
		return ret;
	if (settings.use_default)
		target_default(&target);
	else
		ret = target_parse(&pins, settings.target, &target, err);
	if (!ret) {
		ret = find(&pins, &target, &policy, err);
		if (!ret)
			print(&settings, &pins, &target, &policy);
		target_close(&target);
	}
	pins_close(&pins);
	return ret;
}

const struct command command_get = {
	.name = "get",
	.summary = "show the policy of a process, a cgroup, the default",
	.arguments = "PID|CGROUP|--default",
	.doc = doc,
	.options = options,
	.parse = parse,
	.run = run,
};
