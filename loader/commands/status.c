// SPDX-License-Identifier: GPL-2.0
/*
 * commands/status.c - overhigh status: what is attached, what serves each
 * action, the loader, the counters.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include "attach/attach.h"
#include "base/lock.h"
#include "commands/command.h"
#include "commands/machine.h"
#include "report/json.h"
#include "pins/counters.h"
#include "pins/map_walk.h"
#include "text/format.h"
#include "pins/pins.h"
#include "attach/probe.h"
#include "report/policy_json.h"
#include "cgroups/undo_file.h"

static const char doc[] = "Show what is attached, what serves each "
			  "action on this kernel, what it "
			  "cannot do and why, and the counters.";

static void add_state(cJSON *object, const struct pins *pins)
{
	cJSON *list = cJSON_AddObjectToObject(object, "counters");
	unsigned int watched, holding;
	char name[FORMAT_MAX];
	int i;

	for (i = 0; i < OVERHIGH_COUNTERS; i++)
		json_add_u64(list, format_counter(name, sizeof(name), i),
			     counter_read(pins, i));
	json_add_u64(object, "over", pins->control->nr_over);
	cJSON_AddNumberToObject(object, "held",
				map_walk_count(pins->map_fd[MAP_HELD]));
	cJSON_AddNumberToObject(object, "cgroups_changed", undo_count());
	cJSON_AddNumberToObject(
		object, "process_policies",
		map_walk_count(pins->map_fd[MAP_PROCESS_POLICY]));
	cJSON_AddNumberToObject(
		object, "cgroup_policies",
		map_walk_count(pins->map_fd[MAP_CGROUP_POLICY]));
	pressure_count(pins, &watched, &holding);
	cJSON_AddNumberToObject(object, "conditions", watched);
	cJSON_AddNumberToObject(object, "conditions_holding", holding);
}

/* Null: it lives outside our pid namespace. */
static void add_loader(cJSON *object, const struct pins *pins)
{
	__u32 pid = lock_owner() ? pins->control->loader_pid : 0;
	__u32 guard = pins->control->guard_pid;
	__u32 local = pid_to_local(pins, pid);

	if (pid && !local) {
		cJSON_AddNullToObject(object, "loader_pid");
		cJSON_AddNullToObject(object, "guard_pid");
		return;
	}
	cJSON_AddNumberToObject(object, "loader_pid", local);
	cJSON_AddNumberToObject(object, "guard_pid", pid_to_local(pins, guard));
}

static int run(int argc, char **argv, struct error *err)
{
	struct probe probe;
	struct pins pins;
	cJSON *object;
	int json = 0, ret;

	ret = command_parse(&command_status, argc, argv, &json, err);
	if (!ret)
		ret = probe_kernel(&probe, err);
	if (!ret)
		ret = pins_open(&pins, err);
	if (ret)
		return ret;
	if (!pins.control->hook && probe.module)
		probe_without_module(&probe, "the module is there, but not "
					     "used: run --hook=off?");
	probe.preempts = pins.control->preempts && probe.trampolines;
	object = machine_object(&probe);
	add_loader(object, &pins);
	cJSON_AddBoolToObject(object, "dry_run", pins.control->dry_run);
	cJSON_AddNumberToObject(object, "hook", pins.control->hook);
	machine_add_actions(object, &probe);
	machine_add_hooks(object, &probe, attach_attached());
	add_state(object, &pins);
	pins_close(&pins);
	return machine_print(object, json);
}

const struct command command_status = {
	.name = "status",
	.summary = "show what is attached and what serves",
	.doc = doc,
	.options = command_json,
	.parse = command_parse_json,
	.run = run,
};
