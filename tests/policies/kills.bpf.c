// SPDX-License-Identifier: GPL-2.0
/* kills.bpf.c - SIGKILL for everyone who is over. */
#include "policy.bpf.h"

__s32 OVERHIGH_FUNC(kill_it, const struct overhigh_crossing *c)
{
	return OVERHIGH_KILL;
}

OVERHIGH_OPS(kills, .decide = (void *)kill_it);
