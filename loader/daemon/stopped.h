/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/stopped.h - processes that BPF has stopped: continuing them in time.
 *
 * Belongs here: all that sends SIGCONT.  The map "held" is the truth; whoever
 * reads it can release, so that no process stays stopped because a loader is
 * gone.  Does not: deciding on a delay (bpf/act.bpf.h).
 */
#ifndef OVERHIGH_DAEMON_STOPPED_H
#define OVERHIGH_DAEMON_STOPPED_H

#include <stdbool.h>
#include "pins/pins.h"

/*
 * Continues every held process whose deadline has passed, or all of them.
 * *next_ns: the earliest deadline that remains, 0 if none does.  Returns how
 * many remain.
 */
int hold_release_due(const struct pins *pins, bool all, __u64 *next_ns);

/* Continues one process now, if it is held. */
void hold_release(const struct pins *pins, __u32 pid);

/* The same for one that has fallen below its limit: what is held to keep to a
 * rate is below, and stays held. */
void hold_release_below(const struct pins *pins, __u32 pid);

/*
 * No new stops, and all held processes continued: what a loader does as its
 * last act, and the guard when the loader could not.
 */
void hold_end(const struct pins *pins);

#endif /* OVERHIGH_DAEMON_STOPPED_H */
