/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attach/sample.h - where fentry is refused: perf events that run the BPF
 * program "sample" at page faults of governed processes, and of nobody else.
 *
 * Belongs here: opening, pinning and dropping those events.  Does not: when a
 * process is sampled rather than hooked (attach/plan.h).
 */
#ifndef OVERHIGH_ATTACH_SAMPLE_H
#define OVERHIGH_ATTACH_SAMPLE_H

#include "base/error.h"
#include "pins/pins.h"

/* A perf event at every OVERHIGH_SAMPLE_FAULTS page faults of the thread and
 * of all that it will start; a descriptor or a negative errno. */
int sample_open(__u32 tid);

/* Samples every thread of a process and what they start from now on. */
int sample_process(const struct pins *pins, __u32 pid, struct error *err);

/* Samples each process that has a policy and is not sampled, and stops where a
 * policy is gone; or, if not wanted, stops everywhere. */
int sample_refit(const struct pins *pins, bool wanted, struct error *err);

#endif /* OVERHIGH_ATTACH_SAMPLE_H */
