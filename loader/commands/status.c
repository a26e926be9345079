// SPDX-License-Identifier: GPL-2.0
/*
 * commands/status.c - overhigh status and overhigh probe: what serves each
 * action here, what cannot be done and why, and with status what is attached.
 */
#include <cjson/cJSON.h>
#include <bpf/bpf.h>
#include <stdlib.h>
#include "attach/attach.h"
#include "base/lock.h"
#include "commands/command.h"
#include "report/json.h"
#include "pins/counters.h"
#include "pins/map_walk.h"
#include "text/format.h"
#include "pins/pins.h"
#include "attach/probe.h"
#include "report/policy_json.h"
#include "cgroups/undo_file.h"

static const char status_doc[] = "Show what is attached, what serves each "
				 "action on this kernel, what it "
				 "cannot do and why, and the counters.";
static const char probe_doc[] = "Show what overhigh could do on this kernel; "
				"nothing needs to be loaded.";

static void add_capabilities(cJSON *object, const struct probe *probe)
{
	cJSON *actions = cJSON_AddObjectToObject(object, "actions");
	int c;

	for (c = 0; c < CAPABILITIES; c++) {
		struct capability_state s = probe_capability(probe, c);
		cJSON *one = cJSON_AddObjectToObject(actions, s.name);

		cJSON_AddBoolToObject(one, "available", s.available);
		cJSON_AddStringToObject(one,
					s.available ? "mechanism" : "reason",
					s.available ? s.mechanism : s.reason);
	}
}

/* attached: HOOK_BIT()s, or 0 where nothing is loaded. */
static void add_hooks(cJSON *object, const struct probe *probe, __u32 attached)
{
	cJSON *list = cJSON_AddObjectToObject(object, "hooks");
	char text[256];
	int id;

	for (id = 0; id < HOOKS; id++) {
		if (!probe->hook_ok[id])
			snprintf(text, sizeof(text), "unavailable: %s",
				 probe->hook_reason[id]);
		else
			snprintf(text, sizeof(text), "%s",
				 attached & HOOK_BIT(id) ? "attached" :
							   "available");
		cJSON_AddStringToObject(list, hooks[id].name, text);
	}
}

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

static void print_actions(const cJSON *object)
{
	const cJSON *one, *how;

	cJSON_ArrayForEach(one, cJSON_GetObjectItem(object, "actions"))
	{
		how = cJSON_GetObjectItem(one, "mechanism");
		if (!how)
			how = cJSON_GetObjectItem(one, "reason");
		printf("%-14s %-4s %s\n", one->string,
		       cJSON_IsTrue(cJSON_GetObjectItem(one, "available")) ?
			       "yes" :
			       "NO",
		       how->valuestring);
	}
}

static void print_text(const cJSON *object)
{
	const cJSON *item, *counters = cJSON_GetObjectItem(object, "counters");
	const cJSON *loader = cJSON_GetObjectItem(object, "loader_pid");

	printf("overhigh %s on Linux %s\n",
	       cJSON_GetObjectItem(object, "version")->valuestring,
	       cJSON_GetObjectItem(object, "kernel")->valuestring);
	if (loader && loader->valueint)
		printf("loader: pid %d%s\n", loader->valueint,
		       cJSON_IsTrue(cJSON_GetObjectItem(object, "dry_run")) ?
			       ", dry run" :
			       "");
	else if (cJSON_IsNull(loader))
		printf("loader: outside of this pid namespace\n");
	else if (loader)
		printf("loader: none (slowdown waits for one; the rest goes "
		       "on)\n");
	printf("\n");
	print_actions(object);
	printf("\n");
	cJSON_ArrayForEach(item, cJSON_GetObjectItem(object, "hooks"))
		printf("%-16s %s\n", item->string, item->valuestring);
	if (!counters)
		return;
	printf("\n%-22s %d\n%-22s %d\n%-22s %d\n", "processes over now",
	       cJSON_GetObjectItem(object, "over")->valueint,
	       "processes held now",
	       cJSON_GetObjectItem(object, "held")->valueint,
	       "cgroups changed now",
	       cJSON_GetObjectItem(object, "cgroups_changed")->valueint);
	item = cJSON_GetObjectItem(object, "conditions");
	if (item->valueint)
		printf("%-22s %d, %d of them met now\n", "pressure conditions",
		       item->valueint,
		       cJSON_GetObjectItem(object, "conditions_holding")
			       ->valueint);
	cJSON_ArrayForEach(item, counters)
		printf("%-22s %.0f\n", item->string, item->valuedouble);
}

/* Takes the object over. */
static int print(cJSON *object, bool json)
{
	if (json)
		show_json(object);
	else
		print_text(object);
	cJSON_Delete(object);
	return 0;
}

static cJSON *new_object(const struct probe *probe)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddStringToObject(object, "version", OVERHIGH_VERSION);
	cJSON_AddStringToObject(object, "kernel", probe->kernel);
	return object;
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
	if (!pins.control->sample && probe.hook_ok[HOOK_SAMPLE]) {
		probe.hook_ok[HOOK_SAMPLE] = false;
		snprintf(probe.hook_reason[HOOK_SAMPLE],
			 sizeof(probe.hook_reason[HOOK_SAMPLE]),
			 "not asked for: run --sample");
	}
	probe.preempts = pins.control->preempts && probe.trampolines;
	object = new_object(&probe);
	add_loader(object, &pins);
	cJSON_AddBoolToObject(object, "dry_run", pins.control->dry_run);
	cJSON_AddNumberToObject(object, "hook", pins.control->hook);
	add_capabilities(object, &probe);
	add_hooks(object, &probe, attach_attached());
	add_state(object, &pins);
	pins_close(&pins);
	return print(object, json);
}

const struct command command_status = {
	.name = "status",
	.summary = "show what is attached and what serves",
	.doc = status_doc,
	.options = command_json,
	.parse = command_parse_json,
	.run = run,
};

static int run_probe(int argc, char **argv, struct error *err)
{
	struct probe probe;
	cJSON *object;
	int json = 0, ret;

	ret = command_parse(&command_probe, argc, argv, &json, err);
	if (!ret)
		ret = probe_kernel(&probe, err);
	if (ret)
		return ret;
	object = new_object(&probe);
	add_capabilities(object, &probe);
	add_hooks(object, &probe, 0);
	return print(object, json);
}

const struct command command_probe = {
	.name = "probe",
	.summary = "the same for a kernel with nothing loaded",
	.doc = probe_doc,
	.options = command_json,
	.parse = command_parse_json,
	.run = run_probe,
};
