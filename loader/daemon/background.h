/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/background.h - a loader in the background, for commands that need one
 * and find none: it is there for as long as any policy is, whoever has set it
 * and whoever has started the loader, and then detaches everything.
 *
 * An 'overhigh run' that starts takes its place (see take_role()).
 *
 * Does not belong here: the loop (daemon/daemon.h); the command that waits for
 * its CMD (commands/exec.c).
 */
#ifndef OVERHIGH_DAEMON_BACKGROUND_H
#define OVERHIGH_DAEMON_BACKGROUND_H

#include "base/error.h"

/*
 * Starts one and returns once it is ready: a descriptor for background_leave(),
 * or a negative errno; -EBUSY if another loader came first.  Until then it says
 * what is wrong on standard error, later in the kernel log.
 */
int background_start(struct error *err);

/*
 * The caller needs it no more: waits until the loader has either ended, or
 * found that there still are policies; for 2 s at the most.
 */
void background_leave(int fd);

#endif /* OVERHIGH_DAEMON_BACKGROUND_H */
