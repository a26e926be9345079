// SPDX-License-Identifier: GPL-2.0
/* commands/probe.c - overhigh probe: what overhigh could do on this kernel. */
#include "commands/command.h"
#include "commands/machine.h"

static const char doc[] = "Show what overhigh could do on this kernel; "
			  "nothing needs to be loaded.";

static int run(int argc, char **argv, struct error *err)
{
	struct probe probe;
	cJSON *object;
	int json = 0, ret;

	ret = command_parse(&command_probe, argc, argv, &json, err);
	if (!ret)
		ret = probe_kernel(&probe, err);
	if (ret)
		return ret;
	object = machine_object(&probe);
	machine_add_actions(object, &probe);
	machine_add_hooks(object, &probe, 0);
	return machine_print(object, json);
}

const struct command command_probe = {
	.name = "probe",
	.summary = "the same for a kernel with nothing loaded",
	.doc = doc,
	.options = command_json,
	.parse = command_parse_json,
	.run = run,
};
