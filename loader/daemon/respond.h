/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/respond.h - what the loader does for processes that cannot be reached
 * from their own charges: early release of held ones, signals that are due.
 *
 * Does not belong here: deadlines (daemon/stopped.h), the loop that calls this
 * (daemon/daemon.h).
 */
#ifndef OVERHIGH_DAEMON_RESPOND_H
#define OVERHIGH_DAEMON_RESPOND_H

#include "cgroups/response.h"
#include "base/error.h"
#include "pins/pins.h"

/*
 * Looks at every governed process: continues the held ones that have fallen
 * below, sends the signals that are due, does what is wanted to cgroups.
 * *due_ns: when the next step of one of them is due, 0 if none is.
 */
int respond(const struct pins *pins, struct responses *responses, __u64 *due_ns,
	    struct error *err);

#endif /* OVERHIGH_DAEMON_RESPOND_H */
