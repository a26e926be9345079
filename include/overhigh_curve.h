/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overhigh_curve.h - the curves of the policies in policies/, as pure
 * functions.
 *
 * Belongs here: from how far over, how fast or for how long, to a delay or an
 * action; compiled for BPF and for user space alike, so that the unit tests run
 * what the kernel runs.  The quadratic curve is also that of the built-in
 * policy, so it is in overhigh_policy.h.  Does not: parameters' defaults, which
 * are in the policies, and what is remembered between two calls.
 *
 * All of this is since 0.2.
 */
#ifndef OVERHIGH_CURVE_H
#define OVERHIGH_CURVE_H

#include "overhigh_policy.h"

#define OVERHIGH_MAX_DELAY_NS (OVERHIGH_MAX_DELAY_US * 1000ULL)

/*
 * A delay for one batch of pages, for so many pages.  A huge page is eight
 * batches.  A batch costs at most OVERHIGH_MAX_DELAY_NS, all of them at most
 * OVERHIGH_MAX_DEBT_NS.
 */
OVERHIGH_INLINE __u64 overhigh_for_pages_ns(__u64 batch_ns, __u64 pages)
{
	if (batch_ns > OVERHIGH_MAX_DELAY_NS)
		batch_ns = OVERHIGH_MAX_DELAY_NS;
	if (pages >> 32)
		pages = 1ULL << 32;
	batch_ns = batch_ns * pages / OVERHIGH_BATCH_PAGES;
	return batch_ns < OVERHIGH_MAX_DEBT_NS ? batch_ns :
						 OVERHIGH_MAX_DEBT_NS;
}

/*
 * The RFC's penalty, for one batch of pages: step_ns for each 1/256 of the
 * limit that a process is over, in proportion, at most most_ns.  With its
 * numbers, 20 us and 5 ms: 51.2 us at 1 %, 256 us at 5 %, 5 ms from 98 % on.
 * An excess above the limit counts as the limit.
 */
OVERHIGH_INLINE __u64 overhigh_linear_ns(__u64 excess_bytes, __u64 limit_bytes,
					 __u64 step_ns, __u64 most_ns)
{
	__u64 delay_ns;

	if (step_ns > OVERHIGH_MAX_DELAY_NS)
		step_ns = OVERHIGH_MAX_DELAY_NS;
	/* also with no limit at all */
	if (excess_bytes >= limit_bytes) {
		delay_ns = step_ns << 8;
	} else {
		/* keep excess << 20 within 64 bits */
		if (limit_bytes >> 40) {
			excess_bytes >>= 20;
			limit_bytes >>= 20;
		}
		/* the fraction in 2^-20: below 2^20; step_ns is below 2^31 */
		delay_ns = (excess_bytes << 20) / limit_bytes * step_ns >> 12;
	}
	return delay_ns < most_ns ? delay_ns : most_ns;
}

/*
 * A token bucket: tokens are bytes, they come at a rate, and the bucket holds a
 * burst of them.  All that is kept is when it would be full again if nothing
 * more was taken (the "theoretical arrival time" of the Generic Cell Rate
 * Algorithm, ITU-T I.371).
 */

/* How long bytes take at a rate. */
OVERHIGH_INLINE __u64 overhigh_bucket_ns(__u64 bytes, __u64 rate_bytes)
{
	if (!rate_bytes)
		return ~0ULL >> 2;
	/* 2^34 bytes times 10^9 fit into 64 bits; longer is in whole seconds */
	if (bytes >> 34)
		return bytes / rate_bytes >> 32 ?
			       ~0ULL >> 2 :
			       bytes / rate_bytes * 1000000000ULL;
	return bytes * 1000000000ULL / rate_bytes;
}

/*
 * When the bucket will be full after bytes are taken now.  It owes at most
 * most_ns: what is not slept off by then is forgiven, so that a process which
 * may sleep only for so long is not made to pay for hours.
 */
OVERHIGH_INLINE __u64 overhigh_bucket_take(__u64 full_at_ns, __u64 now_ns,
					   __u64 bytes, __u64 rate_bytes,
					   __u64 burst_bytes, __u64 most_ns)
{
	__u64 latest_ns =
		now_ns + most_ns + overhigh_bucket_ns(burst_bytes, rate_bytes);

	if (full_at_ns < now_ns)
		full_at_ns = now_ns;
	full_at_ns += overhigh_bucket_ns(bytes, rate_bytes);
	return full_at_ns < latest_ns ? full_at_ns : latest_ns;
}

/* How long to wait until a bucket that is full then owes nothing. */
OVERHIGH_INLINE __u64 overhigh_bucket_wait_ns(__u64 full_at_ns, __u64 now_ns,
					      __u64 rate_bytes,
					      __u64 burst_bytes)
{
	return overhigh_excess(
		full_at_ns,
		now_ns + overhigh_bucket_ns(burst_bytes, rate_bytes));
}

/*
 * What is due for a process that is over for so long: it is slowed down, then
 * sent a signal, and killed if it is still over kill_ns after that.
 */
OVERHIGH_INLINE __u32 overhigh_ladder_action(__u64 over_ns, __u64 signal_ns,
					     __u64 kill_ns)
{
	if (over_ns < signal_ns)
		return OVERHIGH_SLOWDOWN;
	return over_ns - signal_ns < kill_ns ? OVERHIGH_SIGNAL : OVERHIGH_KILL;
}

#endif /* OVERHIGH_CURVE_H */
