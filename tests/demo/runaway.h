/* SPDX-License-Identifier: GPL-2.0 */
/*
 * runaway.h - what the runaway writes down while it runs, in memory that the
 * demo maps too: it is still there after SIGKILL, and owes nothing to overhigh.
 *
 * Belongs here: the layout.  Does not: how either side uses it.
 */
#ifndef RUNAWAY_H
#define RUNAWAY_H

#include <stdint.h>

#define RUNAWAY_CHUNK_BYTES (1UL << 20) /* one mmap of the runaway */
#define RUNAWAY_PAUSES 1024
#define RUNAWAY_PAUSE_NS 1000000 /* longer between two stores is a pause */

/* All times are CLOCK_MONOTONIC nanoseconds. */
struct runaway_page {
	uint64_t held_bytes;	 /* written to and not given back */
	uint64_t peak_bytes;	 /* most that was ever held */
	uint64_t touched_bytes;	 /* all stores, also into what was given back */
	uint64_t start_ns;	 /* when the gate had opened */
	uint64_t last_ns;	 /* after the latest store */
	uint64_t first_error_ns; /* when the first mmap failed */
	uint64_t first_signal_ns; /* when the first handler began */
	struct {
		uint64_t from_ns, to_ns; /* the stores before and after */
	} pause[RUNAWAY_PAUSES];	 /* the first ones */
	uint32_t pauses;
	uint32_t errors;  /* mmaps that failed */
	int32_t error;	  /* errno of the first */
	uint32_t signals; /* handlers that have run */
	int32_t pid;	  /* written last before it waits at the gate */
	uint32_t gate;	  /* written by the demo: non-zero, go */
};

#endif /* RUNAWAY_H */
