/* SPDX-License-Identifier: GPL-2.0 */
/*
 * watch.h - the processes of the demo, what overhigh reports about them, and
 * what can be seen of them without overhigh.
 *
 * Belongs here: starting, watching, ending.  Does not: what is demonstrated
 * and what counts as success (demo.c).  Whatever was started is gone after
 * watch_end(), which also runs at exit; a demo that is killed takes all of it
 * along (PR_SET_PDEATHSIG).
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <cjson/cJSON.h>

#include "runaway.h"
#include "../prog/progress.h"

/* exit statuses of the demo */
enum {
	DEMO_FAILED = 1,
	DEMO_BUSY = 2,	     /* overhigh is in use here */
	DEMO_NOT_LOADED = 3, /* overhigh does not load on this kernel */
};

extern volatile struct runaway_page *runaway; /* of the current one */
extern volatile struct progress_slot *neighbour;

uint64_t now_ns(void);
void pause_ms(unsigned int ms); /* events are collected meanwhile */
/* Says it on standard error, cleans up, exits. */
void give_up(int status, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

void watch_start(void); /* signals, shared pages */
void watch_end(void);

/* What `overhigh probe --json` says; ends the demo if it cannot load. */
cJSON *probe_actions(void);
/* Starts `overhigh run --json`; on_event is called for each of its events. */
void loader_start(void (*on_event)(const cJSON *event));
bool loader_alive(void);

void neighbour_start(size_t bytes);
bool neighbour_alive(void);
uint64_t neighbour_waited_ns(void); /* ready to run, and no CPU was free */

/* `overhigh exec` with these options; returns when the runaway is at its gate.
 * It can be taken to be gone once runaway_ended() was true. */
void runaway_start(const char *options, size_t most_bytes);
bool runaway_ended(unsigned int wait_ms, uint64_t *end_ns);
void runaway_kill(void);
int runaway_status(void); /* exit status as a shell sees it */

/* A cgroup for the rest of the demo, with memory.high; false: not to be had. */
bool cgroup_enter(uint64_t high_bytes);
/* How often its memory.high has been exceeded: then the kernel slows all that
 * is in it. */
unsigned long cgroup_high_events(void);

#endif /* WATCH_H */
