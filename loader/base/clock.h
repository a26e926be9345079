/* SPDX-License-Identifier: GPL-2.0 */
/* base/clock.h - the clock that BPF and the loader share, and that of our own
 * CPU time; nothing else. */
#ifndef OVERHIGH_BASE_CLOCK_H
#define OVERHIGH_BASE_CLOCK_H

#include <linux/types.h>
#include <time.h>

/* CLOCK_MONOTONIC, as bpf_ktime_get_ns(). */
static inline __u64 clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* CPU time of this thread: what our own work costs, however busy others are. */
static inline __u64 clock_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

#endif /* OVERHIGH_BASE_CLOCK_H */
