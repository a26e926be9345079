// SPDX-License-Identifier: GPL-2.0
/*
 * pins/records.c - the sizes of all records of the pinned maps and of the ring
 * buffer, held when overhigh is built; no code.
 *
 * What was written by one version is read by another, by the kernel module, by
 * bpftool and by anyone who holds the maps.  A size that changes here changes
 * OVERHIGH_ABI too, which makes a loader refuse the pins of the other version.
 */

/* no padding: it would be read from the kernel's stack, and is not compared */
#pragma GCC diagnostic error "-Wpadded"
#include "overhigh.h"
#include "overhigh_hook.h"
#include "overhigh_rules.h"
#pragma GCC diagnostic ignored "-Wpadded"

#define RECORD(name, bytes)                                                    \
	_Static_assert(sizeof(struct name) == (bytes), #name " has changed")

_Static_assert(OVERHIGH_ABI == 4, "the sizes below are those of layout 4");

/* values and keys of maps */
RECORD(overhigh_policy, 32);
RECORD(overhigh_step, 8); /* within an extension */
RECORD(overhigh_extension, 88);
RECORD(overhigh_pressure_key, 16);
RECORD(overhigh_pressure_gate, 8);
RECORD(overhigh_verdict, 32);
RECORD(overhigh_state, 184);
RECORD(overhigh_held, 32);
RECORD(overhigh_control, 168);
RECORD(overhigh_rule, 168);
RECORD(overhigh_rule_test, 328);
RECORD(overhigh_rule_set, 560);
RECORD(overhigh_rule_note, 32);

/* of the ring buffer and of the iterators */
RECORD(overhigh_event, 152);
RECORD(overhigh_look_head, 112); /* the first part of a look */
RECORD(overhigh_look, 144);
RECORD(overhigh_name, 16);

/* what policy programs get; these grow at the end alone */
RECORD(overhigh_crossing, 136);
RECORD(overhigh_exit_info, 144);
