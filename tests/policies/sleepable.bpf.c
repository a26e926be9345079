// SPDX-License-Identifier: GPL-2.0
/* sleepable.bpf.c - a program that may sleep: the module refuses it. */
#include "policy.bpf.h"

SEC("struct_ops.s/sleeps")
__s32 BPF_PROG(sleeps, const struct overhigh_crossing *c)
{
	return OVERHIGH_DECIDE_BUILTIN;
}

OVERHIGH_OPS(sleepable, .decide = (void *)sleeps);
