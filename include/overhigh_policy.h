/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overhigh_policy.h - pure arithmetic on policies: validity, excess, delay.
 *
 * Belongs here: functions that take values and return values, compiled for BPF
 * and for user space alike, so that the unit tests run what the kernel runs.
 * Does not: reading kernel memory, maps, signals, I/O.
 *
 * What has no "since" is of 0.1.  Sizes are bytes and times nanoseconds, unless
 * the name says otherwise.  Nothing here can fail in another way than by the
 * value it returns, allocates, or keeps a pointer that it was given.
 */
#ifndef OVERHIGH_POLICY_H
#define OVERHIGH_POLICY_H

#include "overhigh.h"

#define OVERHIGH_INLINE static inline __attribute__((always_inline, unused))

/* The kernel charges in batches of so many pages (MEMCG_CHARGE_BATCH,
 * include/linux/memcontrol.h); a delay is for one batch. */
#define OVERHIGH_BATCH_PAGES 64

/* Delays shorter than this are not worth a stop and a continue. */
#define OVERHIGH_MIN_STOP_NS 1000000ULL

/* Why overhigh_policy_check() refuses a policy: overhigh_event.detail. */
enum overhigh_refusal {
	OVERHIGH_OK = 0,
	OVERHIGH_BAD_ACTION = 1,     /* action above KILL */
	OVERHIGH_BAD_SIGNAL = 2,     /* SIGNAL with signal 0 or above 64 */
	OVERHIGH_BAD_FLAGS = 3,	     /* a flag that nothing defines */
	OVERHIGH_BAD_DIRECT = 4,     /* DIRECT with no RSS kind to count */
	OVERHIGH_BAD_DELAY = 5,	     /* max_delay_us above the cap */
	OVERHIGH_BAD_ESCALATION = 6, /* escalation is not valid itself */
	OVERHIGH_BAD_EXTENSION = 7,  /* no such extension, or not valid */
	OVERHIGH_REFUSALS,
};

OVERHIGH_INLINE __u32 overhigh_control_word(__u32 action, __u32 signal,
					    __u32 flags)
{
	return action | signal << 8 | flags << 16;
}

OVERHIGH_INLINE __u32 overhigh_action(__u32 control)
{
	return control & 0xff;
}

OVERHIGH_INLINE __u32 overhigh_signal(__u32 control)
{
	return control >> 8 & 0xff;
}

OVERHIGH_INLINE __u32 overhigh_flags(__u32 control)
{
	return control >> 16;
}

/* The flag that makes kind count; kind is an enum overhigh_rss_kind. */
OVERHIGH_INLINE __u32 overhigh_rss_kind_flag(__u32 kind)
{
	switch (kind) {
	case OVERHIGH_KIND_FILE:
		return OVERHIGH_RSS_FILE;
	case OVERHIGH_KIND_ANON:
		return OVERHIGH_RSS_ANON;
	case OVERHIGH_KIND_SWAP:
		return OVERHIGH_RSS_SWAP;
	case OVERHIGH_KIND_SHMEM:
		return OVERHIGH_RSS_SHMEM;
	default:
		return 0;
	}
}

/* Action and signal of one control word; flags are checked by the caller. */
OVERHIGH_INLINE int overhigh_step_check(__u32 control)
{
	__u32 action = overhigh_action(control);
	__u32 signal = overhigh_signal(control);

	if (action >= OVERHIGH_ACTION_MAX)
		return OVERHIGH_BAD_ACTION;
	if (action == OVERHIGH_SIGNAL ? signal < 1 || signal > 64 : signal > 64)
		return OVERHIGH_BAD_SIGNAL;
	if (overhigh_flags(control) & ~OVERHIGH_FLAGS_MASK)
		return OVERHIGH_BAD_FLAGS;
	return OVERHIGH_OK;
}

/* Whether a policy says more in the map extension.  Since 0.2. */
OVERHIGH_INLINE int overhigh_extended(const struct overhigh_policy *policy)
{
	return overhigh_action(policy->escalation) == OVERHIGH_EXTENDED;
}

/* The key of that, of a policy that does.  Since 0.2. */
OVERHIGH_INLINE __u32
overhigh_extension_key(const struct overhigh_policy *policy)
{
	return policy->escalation >> 8;
}

OVERHIGH_INLINE __u32 overhigh_extended_by(__u32 key)
{
	return OVERHIGH_EXTENDED | key << 8;
}

/*
 * Whether an extension may be used.  Returns OVERHIGH_OK or
 * OVERHIGH_BAD_EXTENSION.  The bounds of the window are those of PSI triggers,
 * WINDOW_MIN_US and WINDOW_MAX_US in kernel/sched/psi.c.  Since 0.2.
 */
OVERHIGH_INLINE int
overhigh_extension_check(const struct overhigh_extension *extension)
{
	__u32 i;

#ifdef __clang__
#pragma unroll
#endif
	for (i = 0; i < OVERHIGH_MAX_STEPS; i++)
		if (extension->steps[i].control &&
		    overhigh_step_check(extension->steps[i].control))
			return OVERHIGH_BAD_EXTENSION;
	if (extension->hysteresis_permille > 1000 ||
	    (extension->responses & ~OVERHIGH_RESPONSES_MASK) ||
	    extension->pressure > OVERHIGH_PRESSURE_FULL)
		return OVERHIGH_BAD_EXTENSION;
	if ((extension->responses & OVERHIGH_LOW_PRIORITY) &&
	    (extension->cpu_weight < 1 || extension->cpu_weight > 10000))
		return OVERHIGH_BAD_EXTENSION;
	if (extension->pressure && (extension->pressure_permille < 1 ||
				    extension->pressure_permille > 1000 ||
				    extension->pressure_window_ms < 500 ||
				    extension->pressure_window_ms > 10000))
		return OVERHIGH_BAD_EXTENSION;
	return OVERHIGH_OK;
}

/*
 * Whether a policy may be used at all.  Returns OVERHIGH_OK or the first
 * enum overhigh_refusal that applies.  Since 0.1.
 */
OVERHIGH_INLINE int overhigh_policy_check(const struct overhigh_policy *policy)
{
	__u32 flags = overhigh_flags(policy->control);
	int bad = overhigh_step_check(policy->control);

	if (bad)
		return bad;
	if ((flags & OVERHIGH_DIRECT) && !(flags & OVERHIGH_RSS_MASK))
		return OVERHIGH_BAD_DIRECT;
	if (policy->max_delay_us > OVERHIGH_MAX_DELAY_US)
		return OVERHIGH_BAD_DELAY;
	if (overhigh_extended(policy)) {
		if (!overhigh_extension_key(policy) ||
		    overhigh_extension_key(policy) >= OVERHIGH_MAX_EXTENSIONS)
			return OVERHIGH_BAD_EXTENSION;
	} else if (policy->escalation &&
		   overhigh_step_check(policy->escalation)) {
		return OVERHIGH_BAD_ESCALATION;
	}
	return OVERHIGH_OK;
}

/* One number that changes when what a policy asks for changes: state of an
 * older policy (a signal already sent, say) does not count for a new one. */
OVERHIGH_INLINE __u64
overhigh_policy_fingerprint(const struct overhigh_policy *policy)
{
	__u64 sum = (__u64)policy->control << 32 | policy->escalation;

	sum = sum * 31 + policy->cgroup_margin;
	sum = sum * 31 + policy->process_limit;
	sum = sum * 31 + policy->grace_ms;
	return sum * 31 + policy->max_delay_us;
}

/* Bytes of value above limit, 0 if none. */
OVERHIGH_INLINE __u64 overhigh_excess(__u64 value_bytes, __u64 limit_bytes)
{
	return value_bytes > limit_bytes ? value_bytes - limit_bytes : 0;
}

/* a + b, or the largest number if that does not fit. */
OVERHIGH_INLINE __u64 overhigh_add(__u64 a, __u64 b)
{
	return a + b < a ? ~0ULL : a + b;
}

/*
 * How far a process is over, from the excess of its RSS over the process limit
 * and of its memcg over memory.high + margin (0: not over).
 *   DIRECT            the process limit alone
 *   RSS kinds given   both must be over; the smaller excess is what remains
 *                     to be freed before the process is below
 *   neither           the cgroup alone
 * As in the RFC, where both limits are set.
 */
OVERHIGH_INLINE __u64 overhigh_combine(__u32 flags, __u64 rss_excess_bytes,
				       __u64 memcg_excess_bytes)
{
	if (flags & OVERHIGH_DIRECT)
		return rss_excess_bytes;
	if (!(flags & OVERHIGH_RSS_MASK))
		return memcg_excess_bytes;
	return rss_excess_bytes < memcg_excess_bytes ? rss_excess_bytes :
						       memcg_excess_bytes;
}

/*
 * The delay for one batch of pages at this excess, in ns, before the cap:
 * the kernel's curve for memory.high, calculate_high_delay() in
 * mm/memcontrol.c: the excess as a fraction of the limit in 2^-20, squared,
 * times HZ, shifted right by 20 + 14.  In seconds that is 64 * fraction^2:
 * 6.4 ms at 1 %, 160 ms at 5 %, 2 s at 18 %.
 */
OVERHIGH_INLINE __u64 overhigh_curve_ns(__u64 excess_bytes, __u64 limit_bytes)
{
	__u64 fraction;

	/* from a quarter over, or with no limit at all, it is the curve's value
	 * at a quarter, which is above every cap */
	if (excess_bytes >= limit_bytes / 4)
		return 4000000000ULL;
	/* keep excess << 20 within 64 bits */
	if (limit_bytes >> 40) {
		excess_bytes >>= 20;
		limit_bytes >>= 20;
	}
	fraction = (excess_bytes << 20) / limit_bytes;
	/* below 2^18 here: squared it is below 2^36 */
	return (fraction * fraction >> 20) * 1000000000ULL >> 14;
}

/* A delay within the cap of the policy and OVERHIGH_MAX_DELAY_US. */
OVERHIGH_INLINE __u64 overhigh_capped_ns(const struct overhigh_policy *policy,
					 __u64 delay_ns)
{
	__u64 cap_ns = OVERHIGH_MAX_DELAY_US * 1000ULL;

	if (policy->max_delay_us &&
	    policy->max_delay_us < OVERHIGH_MAX_DELAY_US)
		cap_ns = policy->max_delay_us * 1000ULL;
	return delay_ns < cap_ns ? delay_ns : cap_ns;
}

/*
 * What so many pages cost, in ns: the curve for each batch of them, which costs
 * no more than one delay may last.  The sum may be more than one delay: it is
 * paid off in several, see OVERHIGH_MAX_DEBT_NS.
 */
OVERHIGH_INLINE __u64 overhigh_delay_ns(const struct overhigh_policy *policy,
					__u64 excess_bytes, __u64 limit_bytes,
					__u64 pages)
{
	__u64 batch_ns = overhigh_capped_ns(
		policy, overhigh_curve_ns(excess_bytes, limit_bytes));

	/* batch_ns is below 2^31 */
	if (pages >> 32)
		pages = 1ULL << 32;
	batch_ns = batch_ns * pages / OVERHIGH_BATCH_PAGES;
	return batch_ns < OVERHIGH_MAX_DEBT_NS ? batch_ns :
						 OVERHIGH_MAX_DEBT_NS;
}

/*
 * The time in which bytes may come at a rate in bytes a second, not 0; at most
 * an hour.  Since 0.2.
 */
OVERHIGH_INLINE __u64 overhigh_rate_ns(__u64 bytes, __u64 rate_bytes)
{
	const __u64 hour_s = 3600;

	/* keep the rest times 10^9 within 64 bits */
	if (rate_bytes >> 33) {
		bytes >>= 20;
		rate_bytes >>= 20;
	}
	if (bytes / rate_bytes >= hour_s)
		return hour_s * 1000000000ULL;
	return bytes / rate_bytes * 1000000000ULL +
	       bytes % rate_bytes * 1000000000ULL / rate_bytes;
}

#endif /* OVERHIGH_POLICY_H */
