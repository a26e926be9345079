// SPDX-License-Identifier: GPL-2.0
/* commands/machine.c - see commands/machine.h. */
#include <stdlib.h>
#include "commands/command.h"
#include "commands/machine.h"
#include "report/json.h"
#include "report/policy_json.h"

void machine_add_actions(cJSON *object, const struct probe *probe)
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
void machine_add_hooks(cJSON *object, const struct probe *probe, __u32 attached)
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
int machine_print(cJSON *object, bool json)
{
	if (json)
		show_json(object);
	else
		print_text(object);
	cJSON_Delete(object);
	return 0;
}

cJSON *machine_object(const struct probe *probe)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddStringToObject(object, "version", OVERHIGH_VERSION);
	cJSON_AddStringToObject(object, "kernel", probe->kernel);
	return object;
}
