/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/protect.h - a process of overhigh's that must not be held by overhigh,
 * nor be killed for memory, nor wait for it, nor for its turn on the CPU.
 *
 * Does not belong here: which processes that concerns; what the kernel side
 * spares (is_protected() in bpf/decide.bpf.h).
 */
#ifndef OVERHIGH_DAEMON_PROTECT_H
#define OVERHIGH_DAEMON_PROTECT_H

#include "pins/pins.h"

/*
 * An oom_score_adj of -1000, which children inherit, and locked memory, which
 * they do not.  What cannot be done is said, and the rest is done.
 */
void protect_memory(bool quiet);

/*
 * That, a turn on the CPU before all that is not real-time (SCHED_FIFO, or nice
 * -20 where that is not permitted, which is said), and a heap that is there
 * already: for the loader, whose working hours are memory pressure.  Nothing of
 * it may be paged out, the OOM killer must look elsewhere, and its loop asks
 * the kernel for no memory.
 */
void protect_self(bool quiet);

/* Drops the policy that this process has inherited or has been given by a
 * rule, if there is one. */
int protect_drop_policy(const struct pins *pins, struct error *err);

#endif /* OVERHIGH_DAEMON_PROTECT_H */
