// SPDX-License-Identifier: GPL-2.0
/*
 * commands/list.c - overhigh list: every policy, and how the process it governs
 * stands.
 */
#include <bpf/bpf.h>
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdlib.h>
#include "base/cgroup.h"
#include "commands/command.h"
#include "text/format.h"
#include "text/printable.h"
#include "pins/governed.h"
#include "overhigh_policy.h"
#include "govern/policy_maps.h"
#include "base/process.h"
#include "report/policy_json.h"

static const char doc[] =
	"Show every policy; for processes also memory, excess and state.";

struct list {
	struct pins *pins;
	struct looks looks;
	cJSON *array;
};

static int add_policy(const struct target *target,
		      const struct overhigh_policy *policy, void *ctx)
{
	struct list *list = ctx;

	cJSON_AddItemToArray(list->array,
			     show_object(list->pins, target, policy,
					 look_find(&list->looks, target->pid)));
	return 0;
}

static void print_row(const cJSON *one)
{
	const cJSON *comm = cJSON_GetObjectItem(one, "comm");
	const cJSON *counted = cJSON_GetObjectItem(one, "counted_bytes");
	const cJSON *state = cJSON_GetObjectItem(one, "state");
	char rss[32] = "-", name[64] = "-";

	if (comm)
		printable(name, sizeof(name), comm->valuestring);
	if (counted)
		format_size_rounded(rss, sizeof(rss), counted->valuedouble);
	printf("%-24s %-15s %-9s %8s  %s\n",
	       cJSON_GetObjectItem(one, "target")->valuestring, name,
	       state ? state->valuestring : "-", rss,
	       cJSON_GetObjectItem(one, "policy")->valuestring);
}

static int run(int argc, char **argv, struct error *err)
{
	struct list list = {};
	struct pins pins;
	const cJSON *one;
	int json = 0, ret;

	ret = command_parse(&command_list, argc, argv, &json, err);
	if (!ret)
		ret = pins_open(&pins, err);
	if (ret)
		return ret;
	list.pins = &pins;
	ret = look_collect(&pins, &list.looks, err);
	if (ret) {
		pins_close(&pins);
		return ret;
	}
	list.array = cJSON_CreateArray();
	policy_each(&pins, add_policy, &list);
	if (json) {
		show_json(list.array);
	} else {
		printf("%-24s %-15s %-9s %8s  %s\n", "TARGET", "COMM", "STATE",
		       "COUNTED", "POLICY");
		cJSON_ArrayForEach(one, list.array) print_row(one);
	}
	cJSON_Delete(list.array);
	free(list.looks.look);
	pins_close(&pins);
	return 0;
}

const struct command command_list = {
	.name = "list",
	.summary = "show every policy and how its process stands",
	.doc = doc,
	.options = command_json,
	.parse = command_parse_json,
	.run = run,
};
