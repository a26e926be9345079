/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commands/handler.h - handlers: the command that is started for a crossing, in
 * bounded number and for a bounded time.
 *
 * Belongs here: starting, ending and counting them, what they are told.  Does
 * not: where crossings come from and when to look (commands/handle.c).  Nothing
 * here waits for a handler.
 */
#ifndef OVERHIGH_COMMANDS_HANDLER_H
#define OVERHIGH_COMMANDS_HANDLER_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include "base/error.h"
#include "overhigh.h"

#define HANDLERS_MAX 64

struct handler {
	pid_t pid; /* and process group; 0: there is none */
	__u32 for_pid;
	__u64 deadline_ns; /* 0: it was killed */
};

struct handlers {
	char program[PATH_MAX];
	char **command;	     /* its argv, not copied */
	unsigned int most;   /* at once, up to HANDLERS_MAX */
	__u64 timeout_ns;    /* of each */
	sigset_t mask;	     /* of blocked signals, as they are to have it */
	unsigned long unrun; /* crossings that were not handled */
	struct handler slots[HANDLERS_MAX];
};

/* Finds the program of handlers->command, as execvp() would. */
int handlers_find(struct handlers *handlers, struct error *err);

/* For one crossing; one that cannot be handled is said and counted. */
void handlers_start(struct handlers *handlers,
		    const struct overhigh_event *event);

/* After SIGCHLD: takes note of those that have ended.  What such a one has
 * left in its process group ends too. */
void handlers_reap(struct handlers *handlers);

/* Kills those whose time is over.  Returns the next deadline, 0: none. */
__u64 handlers_expire(struct handlers *handlers);

/* Kills all. */
void handlers_end(struct handlers *handlers);

#endif /* OVERHIGH_COMMANDS_HANDLER_H */
