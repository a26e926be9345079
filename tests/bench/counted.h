/* SPDX-License-Identifier: GPL-2.0 */
/*
 * counted.h - what the parts of the counting benchmark share: the operations,
 * and the process that does them.
 *
 * Does not belong here: how figures are shown and held against budgets
 * (counted.c).
 */
#ifndef COUNTED_H
#define COUNTED_H

#include <sys/types.h>

/* An argument that makes the program end at once: what exec is measured with */
#define NOTHING_TO_DO "--nothing"

/* What a worker takes and gives back in one pass, in 4 KiB pages. */
#define WINDOW_BYTES (4UL << 20)

enum state_id {
	STATE_NOTHING,
	STATE_ALIVE,
	STATE_UNMANAGED,
	STATE_FAR,
	STATE_BESIDE_NEAR,
	STATE_NEAR,
	STATE_OVER,
	STATE_MANY,
	STATE_DEFAULT,
	STATE_RULES,
	STATES,
};

enum op_id {
	OP_FAULT, /* one 4 KiB page */
	OP_HUGE,  /* one huge page */
	OP_FORK,  /* a child that ends at once, waited for */
	OP_EXEC,  /* the same, with an exec before it ends */
	OP_MMAP,  /* mmap and munmap of one page that is not touched */
	OPS,
};

struct figures {
	double count[OPS]; /* instructions; 0: not measured */
};

struct worker {
	pid_t pid;
	int ask_fd, answer_fd;
};

const char *op_name(enum op_id op);

/* A process that holds 16 MiB and does operations when it is asked to. */
void worker_start(struct worker *w);
/* Takes what it holds: after it has been moved to its cgroup. */
void worker_settle(const struct worker *w);
/* Instructions for one operation: the least of some passes. */
double worker_do(const struct worker *w, enum op_id op);
/* What it holds, in bytes: anonymous, shared and swapped. */
unsigned long long worker_rss(const struct worker *w);
void worker_end(const struct worker *w);

/* A kill at 1 GiB into the pinned map, for a pid that may not be there. */
void write_policy(unsigned int pid);

void give_up(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

#endif /* COUNTED_H */
