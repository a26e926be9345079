/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/daemon.h - the loader's loop: heartbeat, events, deadlines, and
 * keeping the hooks in step with the policies.  Shared by run and by an exec
 * that has no run to rely on.
 *
 * Does not belong here: command lines (cmd_*.c), what is done about an event
 * (daemon/respond.h, daemon/stopped.h).
 */
#ifndef OVERHIGH_DAEMON_DAEMON_H
#define OVERHIGH_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include "base/error.h"
#include "daemon/guard.h"
#include "cgroups/response.h"
#include "pins/pins.h"
#include "daemon/pressure.h"
#include "report/printer.h"
#include "report/stream.h"

/* run --hook: whether the kernel module is used. */
enum module_choice {
	MODULE_AUTO,	/* as soon as it is there */
	MODULE_REQUIRE, /* no start without it */
	MODULE_OFF,
};

struct rules;

struct daemon {
	struct pins *pins;
	FILE *out;    /* where events are printed; NULL: nowhere */
	bool json;    /* as JSON */
	bool exact;   /* the near gear is always on */
	bool dry_run; /* report, do not act */
	enum module_choice module;
	const struct rules *rules; /* to start with; NULL: leave them alone */
	const char *config; /* where a reload finds them, NULL: as usual */
	bool background;    /* daemon/background.h: ends with the last policy */
	int starter_fd; /* of one in the background: open while it is needed */

	/* the loop's own */
	struct guard guard;
	struct printer printer;
	struct stream stream;
	struct pressure pressure;
	struct ring_buffer *ring;
	struct responses *responses;
	unsigned int events_of_turn;
	int lock_fd;
	int epoll_fd, signal_fd, timer_fd;
	bool ending;
	bool loaded;	   /* by us: there was nothing to take over */
	__u32 was_dry_run; /* what we took over, if we did */
	__u32 was_exact;
	int unload_lock_fd;    /* of the policies, held until the end; or -1 */
	bool starter_gone;     /* and has not been answered */
	__u64 needed_until_ns; /* though there is no policy */
	__u64 busy_since_ns;   /* since when we want the lock of the policies */
	bool busy_said;
	__u64 reload_until_ns; /* a reload is due, 0: none is */
	__u64 guard_retry_ns;  /* when a guard is tried again, 0: it is there */
	__u64 next_refit_ns;   /* after one that failed */
	__u64 refit_pause_ns;
	__u64 now_ns;
	__u64 next_scan_ns;    /* of the policy maps */
	__u64 next_respond_ns; /* look at processes that are over */
	__u64 soon_respond_ns; /* the same with respond_soon */
	__u64 next_look_ns;    /* the same while nothing is over */
	bool respond_soon;     /* an event asks for it */
	__u64 generation;      /* as overhigh_control.generation, then */
	__u64 fingerprint;     /* of the policies that the hooks fit */
	bool watching;	       /* hooks for falling below are attached */
	bool near;	       /* the near gear is on */
	__u64 near_event_ns;   /* when somebody asked for it, 0: nobody has */
	__u64 gear_look_ns;    /* when gearshift() looks at all again */
	unsigned int policies;
	bool module_failed; /* it is there and cannot be used: say it once */
	__u64 lost;	    /* lost events reported so far */
	__u64 missed_execs; /* that the kernel did not tell of, so far */
};

/*
 * Becomes the loader: takes the lock (-EBUSY if another has it), loads or
 * takes over, starts guard and socket, fits the hooks.  d holds settings, all
 * else is zero.  Signals that the loop handles are blocked from then on.
 */
int daemon_start(struct daemon *d, struct error *err);

/* Runs until a signal, or the child's exit, ends it. */
int daemon_loop(struct daemon *d, struct error *err);

/* Releases what is held and gives the role up.  detach: unload everything. */
void daemon_stop(struct daemon *d, bool detach);

#endif /* OVERHIGH_DAEMON_DAEMON_H */
