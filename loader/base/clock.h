/* SPDX-License-Identifier: GPL-2.0 */
/* base/clock.h - the clock that BPF and the loader share, and that of our own
 * CPU time; nothing else. */
#ifndef OVERHIGH_BASE_CLOCK_H
#define OVERHIGH_BASE_CLOCK_H

#include <linux/types.h>
#include <time.h>
#include "base/namespace.h"

static inline __u64 clock_read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* CLOCK_MONOTONIC as bpf_ktime_get_ns() has it, whatever our time namespace
 * makes of it. */
static inline __u64 clock_now_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC) - clock_offsets()->monotonic_ns;
}

/* Such a time as system calls of this process take it: timers. */
static inline struct timespec clock_for_timer(__u64 time_ns)
{
	__u64 ours_ns = time_ns + clock_offsets()->monotonic_ns;

	return (struct timespec){ .tv_sec = ours_ns / 1000000000ULL,
				  .tv_nsec = ours_ns % 1000000000ULL };
}

/* CPU time of this thread: what our own work costs, however busy others are. */
static inline __u64 clock_cpu_ns(void)
{
	return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

#endif /* OVERHIGH_BASE_CLOCK_H */
