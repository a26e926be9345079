/* SPDX-License-Identifier: GPL-2.0 */
/*
 * progress.h - what a test program tells its test while it runs, in a file
 * that both map: it is still there after SIGKILL, and is measured without any
 * help of what is tested.
 *
 * Belongs here: the layout.  Does not: how either side uses it.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

#define PROGRESS_SLOTS 256

/* One thread or one process. */
struct progress_slot {
	uint64_t touched_bytes;	  /* stores that have been carried out */
	uint64_t at_signal_bytes; /* touched when the first handler began */
	uint64_t last_change_ns;  /* neighbour: of its last round */
	uint64_t worst_stall_ns;  /* neighbour: longest time without progress */
	uint32_t gates;		  /* written by the test: gates it has opened */
	uint32_t waits;		  /* gates that the program has come to */
	uint32_t signals;	  /* handlers that have run */
	uint32_t last_signal;	  /* number of the last one */
	int32_t pid;
	int32_t error;	/* errno of the last request, 0: it succeeded */
	int32_t status; /* of a child: what waitpid() gave */
	int32_t broken; /* a promise of the kernel's was broken: line number */
};

struct progress {
	struct progress_slot slot[PROGRESS_SLOTS];
};

#endif /* PROGRESS_H */
