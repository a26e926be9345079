/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commands/machine.h - what this kernel can do, as JSON and as text: what
 * status and probe have in common.
 *
 * Does not belong here: finding it out (attach/probe.h).
 */
#ifndef OVERHIGH_COMMANDS_MACHINE_H
#define OVERHIGH_COMMANDS_MACHINE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include "attach/probe.h"

/* The kernel as such: the first fields of both.  The caller owns it. */
cJSON *machine_object(const struct probe *probe);

/* What serves each action, or why nothing does. */
void machine_add_actions(cJSON *object, const struct probe *probe);

/* How each hook stands.  attached: HOOK_BIT()s, or 0 where nothing is loaded.
 */
void machine_add_hooks(cJSON *object, const struct probe *probe,
		       __u32 attached);

/* Prints the object as JSON, or for people, and frees it.  Returns what the
 * command returns. */
int machine_print(cJSON *object, bool json);

#endif /* OVERHIGH_COMMANDS_MACHINE_H */
