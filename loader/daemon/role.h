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

#endif /* OVERHIGH_DAEMON_ROLE_H */
