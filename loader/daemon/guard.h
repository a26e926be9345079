/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/guard.h - a second small process that continues held processes, and
 * undoes what was done to cgroups, when the loader can not: killed, crashed,
 * stopped or hung.
 *
 * Does not belong here: anything else; it must not be able to fail.
 */
#ifndef OVERHIGH_DAEMON_GUARD_H
#define OVERHIGH_DAEMON_GUARD_H

#include <sys/types.h>
#include "base/error.h"
#include "pins/pins.h"

struct guard {
	pid_t pid;
	int alive_fd; /* closed by our death: the guard's sign to act */
};

/* Starts a guard; it ends by itself after the caller does. */
int guard_start(struct guard *guard, const struct pins *pins,
		struct error *err);

/* Lets the guard end and waits for it. */
void guard_stop(struct guard *guard);

#endif /* OVERHIGH_DAEMON_GUARD_H */
