/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/gearshift.h - the loop's part in the gears of detection: the near one
 * is put on as soon as somebody asks for it, and taken off when nobody has for
 * a while.
 *
 * Does not belong here: which hooks it is, whether it is wanted
 * (govern/gears.h).
 */
#ifndef OVERHIGH_DAEMON_GEARSHIFT_H
#define OVERHIGH_DAEMON_GEARSHIFT_H

#include "daemon/daemon.h"

void gearshift_start(struct daemon *d);

/* At every turn of the loop, first of all. */
void gearshift(struct daemon *d);

/* The loader ends and leaves everything attached: with no loader nobody puts
 * the near gear on in time. */
void gearshift_stop(struct daemon *d);

#endif /* OVERHIGH_DAEMON_GEARSHIFT_H */
