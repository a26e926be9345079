// SPDX-License-Identifier: GPL-2.0
/*
 * linear.bpf.c - the penalty of the RFC: slowdown that grows in proportion to
 * the excess, and stays gentle.
 *
 * The policy to read first.  A policy is a few functions that the module calls
 * while a process is over its limit; this one has one of them.  delay() is
 * asked under --action slowdown how long the process is to sleep for the
 * c->pages that it was charged since its last delay; the answer is bounded by
 * --max-delay and 2 s.  What a policy leaves out, the built-in one does.
 *
 *	overhigh policy load linear --set step=40us --set most=10ms
 */
#include "policy.bpf.h"

/* Parameters: constants to the verifier, set by 'overhigh policy load --set'
 * before the program is loaded.  _ns: takes a time; _bytes: a size. */
const volatile __u64 step_ns = 20000;	/* for each 1/256 over the limit */
const volatile __u64 most_ns = 5000000; /* for a batch of 64 pages */

__u64 OVERHIGH_FUNC(linear_delay, const struct overhigh_crossing *c)
{
	__u64 batch_ns = overhigh_linear_ns(c->excess_bytes, c->limit_bytes,
					    step_ns, most_ns);

	return overhigh_for_pages_ns(batch_ns, c->pages);
}

OVERHIGH_OPS(linear, .delay = (void *)linear_delay);
