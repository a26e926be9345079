/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/pressure.h - conditions on memory pressure: which ones policies name,
 * the kernel's triggers for them, and the map that tells the BPF programs which
 * hold.
 *
 * Does not belong here: for how long a condition holds
 * (daemon/pressure_gate.h), what a policy without its condition does
 * (bpf/decide.bpf.h).
 *
 * Nothing is read in a loop: the kernel adds up stalls and wakes us
 * (Documentation/accounting/psi.rst), at most once a window.  The map has an
 * entry for each condition that is watched, and an entry holds until its time:
 * if we die, no policy is enforced for longer than two windows.
 */
#ifndef OVERHIGH_DAEMON_PRESSURE_H
#define OVERHIGH_DAEMON_PRESSURE_H

#include "base/error.h"
#include "overhigh.h"
#include "pins/pins.h"
#include "daemon/pressure_gate.h"

#define PRESSURE_MAX_CONDITIONS OVERHIGH_MAX_CONDITIONS

/* One condition: of one extension, in one place. */
struct pressure_condition {
	struct overhigh_pressure_key key;
	struct overhigh_extension extension; /* its pressure_* alone */
	struct pressure_gate gate;
	int dir_fd;	/* where the pressure file is; -1: nowhere */
	int trigger_fd; /* -1: none */
	bool failed;	/* a trigger cannot be made, and that was said */
};

struct pressure {
	const struct pins *pins;
	int epoll_fd;
	struct pressure_condition conditions[PRESSURE_MAX_CONDITIONS];
	unsigned int nr;
	unsigned int left_out; /* conditions for which there is no room */
	bool said_no_psi;
	/* extensions that the rules of this overhigh_control.rules name */
	__u64 rules;
	bool ruled[OVERHIGH_MAX_EXTENSIONS];
};

/* Of a loader that starts: removes what one that died has left in the map.
 * Triggers will be sources of epoll_fd, with the fd as data. */
void pressure_start(struct pressure *p, const struct pins *pins, int epoll_fd);
void pressure_stop(struct pressure *p);

/* Makes triggers fit the policies and rules in the maps. */
void pressure_refit(struct pressure *p);

/* Something has happened to a source of epoll_fd; not ours: nothing is done. */
void pressure_event(struct pressure *p, int fd, __u32 events, __u64 now_ns);

/* Whatever goes by time. */
void pressure_tick(struct pressure *p, __u64 now_ns);

#endif /* OVERHIGH_DAEMON_PRESSURE_H */
