/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/leftover.h - what another version has stopped: its maps have a layout
 * that is not ours, but what it stopped has to go on.
 *
 * Does not belong here: what this version has stopped (daemon/stopped.h).
 */
#ifndef OVERHIGH_DAEMON_LEFTOVER_H
#define OVERHIGH_DAEMON_LEFTOVER_H

/* The pinned map "held" of whatever version; negative if there is none. */
int leftover_open(void);

/* Continues all that are in it, and closes it.  To be called when nothing is
 * attached any more that could stop others. */
void leftover_continue(int held_fd);

#endif /* OVERHIGH_DAEMON_LEFTOVER_H */
