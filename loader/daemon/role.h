/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/role.h - who is the loader: taking the role, from nobody, from one
 * that has died, or from one in the background, and giving it back when the
 * start fails.
 *
 * Does not belong here: what a loader does (daemon/daemon.h).
 */
#ifndef OVERHIGH_DAEMON_ROLE_H
#define OVERHIGH_DAEMON_ROLE_H

#include "daemon/daemon.h"

/* The lock, then the programs and maps.  -EBUSY if there is a loader that does
 * not make room. */
int role_take(struct daemon *d, struct error *err);

/* The start has failed: what was taken over is as it was. */
void role_give_back(struct daemon *d);

/*
 * The lock of the policies for the loop, which waits for nobody: who holds it
 * may be stopped.  -EBUSY, said once: what it was for is due again later.
 */
int role_policy_lock(struct daemon *d, struct error *err);

/* Whoever has started a loader in the background has no need of it any more,
 * or has ended. */
void role_starter_left(struct daemon *d);

/*
 * A loader in the background ends with the last policy; it lets nobody set one
 * meanwhile.  Whoever has started it gets time to set the first.
 */
void role_end_if_unneeded(struct daemon *d);

#endif /* OVERHIGH_DAEMON_ROLE_H */
