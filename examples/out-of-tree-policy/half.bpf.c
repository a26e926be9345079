// SPDX-License-Identifier: GPL-2.0
/*
 * half.bpf.c - a policy outside of overhigh's tree: half of the kernel's
 * delay, and an end for who has slept for a minute in all.
 */
#include <overhigh/policy.bpf.h>

const volatile __u64 patience_ns = 60000000000ULL;

__s32 OVERHIGH_FUNC(half_decide, const struct overhigh_crossing *c)
{
	if (overhigh_action(c->control) == OVERHIGH_SLOWDOWN &&
	    c->slept_ns > patience_ns)
		return OVERHIGH_KILL;
	return OVERHIGH_DECIDE_BUILTIN;
}

__u64 OVERHIGH_FUNC(half_delay, const struct overhigh_crossing *c)
{
	struct overhigh_policy cap = { .max_delay_us = c->max_delay_us };

	return overhigh_delay_ns(&cap, c->excess_bytes, c->limit_bytes,
				 c->pages) /
	       2;
}

OVERHIGH_OPS(half, .decide = (void *)half_decide, .delay = (void *)half_delay);
