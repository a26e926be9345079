/* SPDX-License-Identifier: GPL-2.0 */
/*
 * base/namespace.h - in which pid and time namespace this process is, and what
 * that means for the numbers that it gets from the kernel.
 *
 * Belongs here: what /proc tells of our own namespaces.  Does not: from which
 * number in one to which in another (pins/pid_names.h), as the BPF programs
 * alone know that.
 */
#ifndef OVERHIGH_BASE_NAMESPACE_H
#define OVERHIGH_BASE_NAMESPACE_H

#include <linux/types.h>
#include <stdbool.h>
#include "base/error.h"

/* How much later than the kernel's own clocks those of this process are, in
 * ns.  Added up modulo 2^64: clocks may also be earlier. */
struct clock_offsets {
	__u64 monotonic_ns, boottime_ns;
};

/* Reads the text of /proc/PID/timens_offsets. */
struct clock_offsets clock_offsets_parse(const char *text);

/* Of this process; read once, as they cannot change while it has work. */
const struct clock_offsets *clock_offsets(void);

/* Number of this process's pid namespace: the inode of /proc/self/ns/pid. */
__u32 namespace_of_pids(void);

/* Whether that is the kernel's first one, whose numbers BPF works with. */
bool namespace_is_initial(void);

/* Whether the process (a number of our own namespace) has a number in the
 * namespace as well: whether it lives in it, or in one that it holds. */
bool namespace_has(__u32 pid, __u32 namespace);

/* Refuses to work where /proc shows another namespace's processes, or our own
 * clocks cannot be known. */
int namespace_check(struct error *err);

#endif /* OVERHIGH_BASE_NAMESPACE_H */
