/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroups/response.h - what a policy asks to be done to the cgroup of a process
 * that is over: memory.reclaim, memory.high, cpu.weight, cgroup.freeze; and
 * undoing it when nothing there is over any more.
 *
 * A cgroup in which something is over is an episode; it ends when a look finds
 * nothing over, or none is over at all.  Does not belong here: what was there
 * before, on disk (cgroups/undo_file.h), writes that take long
 * (cgroups/writer.h).
 */
#ifndef OVERHIGH_CGROUPS_RESPONSE_H
#define OVERHIGH_CGROUPS_RESPONSE_H

#include <stdbool.h>
#include "base/error.h"
#include "overhigh.h"
#include "pins/pins.h"

struct responses;

/* Undoes what a loader before us has left, then gets ready.  The caller is the
 * loader. */
int responses_start(struct responses **responses, const struct pins *pins,
		    struct error *err);
/* Undoes everything.  NULL is allowed. */
void responses_stop(struct responses *responses);

/* Whether the event is a reason to look soon. */
bool responses_concerns(const struct responses *responses,
			const struct overhigh_event *event);

/*
 * Once around each walk over all governed processes, and once for each of them.
 * complete: the walk has seen them all, so a cgroup of which none is over is
 * one whose changes are to be undone.
 */
void responses_look_begin(struct responses *responses);
void responses_look(struct responses *responses,
		    const struct overhigh_look *look);
void responses_look_end(struct responses *responses, bool complete);

/* Ends freezes that have lasted long enough.  Returns when it has to be called
 * again at the latest (CLOCK_MONOTONIC), 0 if nothing waits for it. */
__u64 responses_tick(struct responses *responses, __u64 now_ns);

#endif /* OVERHIGH_CGROUPS_RESPONSE_H */
