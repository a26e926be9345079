/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/pressure_gate.h - when a condition on memory pressure holds, from what
 * the kernel's trigger tells.
 *
 * Belongs here: functions of values alone, so that a test can run hours of
 * pressure through them.  Does not: files, maps, clocks (daemon/pressure.h),
 * triggers (attach/pressure_trigger.h).
 */
#ifndef OVERHIGH_DAEMON_PRESSURE_GATE_H
#define OVERHIGH_DAEMON_PRESSURE_GATE_H

#include <stdbool.h>
#include <linux/types.h>

/* A trigger fires at most once a window: with two of them there is no gap while
 * pressure lasts, and the gate closes by itself when it ends. */
#define PRESSURE_HOLD_WINDOWS 2

/* Open for so long, whichever is more, before pressure must be shown anew. */
#define PRESSURE_OPEN_WINDOWS 6
#define PRESSURE_OPEN_LEAST_NS 16000000000ULL

/*
 * Then closed, with nothing listening, until no stall of ours can be counted
 * any more: a sleep that began before takes 2 s (OVERHIGH_MAX_DELAY_US), and
 * the kernel adds up stalls late: every tenth of a window, or every 2 s for a
 * loader without CAP_SYS_RESOURCE.
 */
#define PRESSURE_PAUSE_NS 4500000000ULL

struct pressure_gate {
	__u64 window_ns;
	__u64 until_ns;	    /* open until then */
	__u64 run_since_ns; /* when it opened; 0: no pressure lately */
	__u64 listen_ns;    /* a pause until then; 0: there is none */
};

/* What the caller is to do. */
enum pressure_order {
	PRESSURE_KEEP,
	PRESSURE_OPEN,	 /* the condition holds until gate->until_ns */
	PRESSURE_PAUSE,	 /* it does not hold; drop the trigger */
	PRESSURE_LISTEN, /* make a new trigger */
};

/*
 * What follows at now_ns; fired: the trigger has just told of pressure.  To be
 * called at each event of the trigger, and from time to time without one.
 *
 * What overhigh does to processes under the condition is a stall, too: the
 * module's sleeps count as memory pressure, and so does what memory.high and
 * reclaim do to a cgroup.  A condition that has come true could so keep itself
 * true for ever.  Therefore it is put on trial: after some windows the gate
 * closes, with nobody listening until the last sleeper has woken up.  A trigger
 * that is made then counts only what comes after it, so nothing but the
 * pressure of others opens the gate again; if that goes on, it fires within a
 * window.
 *
 * A gate that has closed by itself can be opened again by sleeps that began
 * while it was open.  A break in which they can be counted thus does not end
 * the run of which the trial is the end.
 */
enum pressure_order pressure_gate_step(struct pressure_gate *gate, __u64 now_ns,
				       bool fired);

#endif /* OVERHIGH_DAEMON_PRESSURE_GATE_H */
