/* SPDX-License-Identifier: GPL-2.0 */
/*
 * base/process.h - processes as /proc and pidfds show them: by their number in
 * our own pid namespace.
 *
 * Does not belong here: what overhigh knows of them (pins/governed.h), and what
 * other numbers they have (pins/pid_names.h).
 */
#ifndef OVERHIGH_BASE_PROCESS_H
#define OVERHIGH_BASE_PROCESS_H

#include <linux/types.h>
#include <stdbool.h>

struct process {
	__u32 tgid;
	__u32 ppid; /* 0: its parent is in another pid namespace */
	char comm[64];
	char state;	   /* as in /proc/PID/stat: 'T' is stopped */
	__u64 start_ticks; /* since boot, in clock ticks, as /proc has it */
	bool kernel_thread;
};

/* Reads /proc/PID; -ESRCH if there is no such task. */
int process_read(__u32 pid, struct process *process);

/* A pidfd of the process, or a negative errno. */
int process_open(__u32 pid);

/* Whether the process behind the pidfd has not ended. */
bool process_same(int pidfd);

/* Whether a process (not a mere thread) has this pid. */
bool process_exists(__u32 pid);

/* Whether start_boottime start_ns is that of start_ticks. */
bool process_started_at(const struct process *process, __u64 start_ns);

/*
 * Sends sig to the process with this pid that began at start_ns (the kernel's
 * start_boottime), and to no other: through a pidfd opened before the check.
 * -ESRCH if it has ended.
 */
int process_signal(__u32 pid, __u64 start_ns, int sig);

#endif /* OVERHIGH_BASE_PROCESS_H */
