// SPDX-License-Identifier: GPL-2.0
/*
 * ladder.bpf.c - a process that is to be slowed down is sent SIGTERM if it
 * stays over for long, and killed if that does not help either.
 *
 * Climbs for those with --action slowdown alone.  A step is taken at a charge:
 * a process that is over and takes no more memory is left alone.  Slowdown that
 * leads nowhere ends after 30 s unless --on-stuck says otherwise, so times
 * above that need it.
 *
 *	overhigh policy load ladder --set signal_after=10s --set kill_after=5s
 */
#include "policy.bpf.h"

const volatile __u64 signal_after_ns = 5000000000ULL; /* over without a break */
const volatile __u64 kill_after_ns = 5000000000ULL;   /* after the signal */

__s32 OVERHIGH_FUNC(ladder_decide, const struct overhigh_crossing *c)
{
	if (overhigh_action(c->control) != OVERHIGH_SLOWDOWN)
		return OVERHIGH_DECIDE_BUILTIN;
	return overhigh_ladder_action(
		overhigh_excess(c->now_ns, c->over_since_ns), signal_after_ns,
		kill_after_ns);
}

OVERHIGH_OPS(ladder, .decide = (void *)ladder_decide);
