// SPDX-License-Identifier: GPL-2.0
/*
 * quadratic.bpf.c - the kernel's own curve for memory.high: 64 seconds times
 * the square of the excess as a fraction of the limit, for each batch of 64
 * pages.
 *
 * The same function is the built-in policy.  As a program it shows that nothing
 * is special about that one, and can be made milder or harsher.
 *
 *	overhigh policy load quadratic --set percent=50
 */
#include "policy.bpf.h"

const volatile __u32 percent = 100; /* of the kernel's delay */

__u64 OVERHIGH_FUNC(quadratic_delay, const struct overhigh_crossing *c)
{
	struct overhigh_policy cap = { .max_delay_us = c->max_delay_us };
	__u64 delay_ns = overhigh_delay_ns(&cap, c->excess_bytes,
					   c->limit_bytes, c->pages);

	return delay_ns * percent / 100;
}

OVERHIGH_OPS(quadratic, .delay = (void *)quadratic_delay);
