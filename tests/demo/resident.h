/* SPDX-License-Identifier: GPL-2.0 */
/*
 * resident.h - memory of a process as its page tables have it: the counters
 * that overhigh reads have no part in it.  Used by the demo and the benchmark.
 */
#ifndef RESIDENT_H
#define RESIDENT_H

#include <stdint.h>
#include <sys/types.h>

/* Anonymous and shared memory, what a limit counts by default; without swap.
 * 0: there is no such process. */
uint64_t resident_bytes(pid_t pid);

#endif /* RESIDENT_H */
