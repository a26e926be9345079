/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bench.h - what the parts of the benchmark share: figures, overhigh as a
 * child, and what is measured.
 *
 * Belongs here: records of figures and the functions that fill them.  Does not:
 * how they are shown (report.c).
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <cjson/cJSON.h>

#define MAX_ROUNDS 1001
#define MAX_RUNS 1000
#define HOOKS_TEXT 256

/* ---- figures.c ---- */
struct spread {
	double least, low, median, high, most; /* low, high: quartiles */
};

struct spread spread_of(double *values, unsigned int n); /* sorts them */

/* ---- settings, from the environment ---- */
struct settings {
	unsigned int rounds; /* BENCH_ROUNDS */
	unsigned int passes; /* BENCH_PASSES, in one measurement */
	unsigned int runs;   /* BENCH_RUNS, of each overshoot */
	bool json;
	bool ways;
};

/* ---- child.c ---- */
uint64_t now_ns(void);
void give_up(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void children_init(void);
/* NAME is a program beside this one.  Descriptors of -1 stay as they are. */
pid_t child_start(char *const argv[], int in_fd, int out_fd, int err_fd);
void child_end(pid_t pid); /* SIGKILL */

void loader_up(void); /* waits for its turn if another loader is there */
void loader_down(void);
void overhigh(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The "acted" event of a process (0: any); false: none has come within 5 s. */
bool loader_acted(pid_t pid, uint64_t *excess_bytes);
void attached_hooks(char *text, size_t size);
/* Is there no tracing program attached but those of our own loader? */
bool nothing_foreign(void);

/* ---- faults: bench.c ---- */
enum state {
	STATE_NOTHING,	 /* nothing loaded */
	STATE_ALIVE,	 /* run alive, no policy */
	STATE_UNMANAGED, /* another process is governed */
	STATE_GOVERNED,	 /* this one is, its limit is not reached */
	STATES,
};

struct fault_cost {
	struct spread ns[STATES];
	struct spread ratio[STATES]; /* of NOTHING: one to the one before */
	char hooks[STATES][HOOKS_TEXT];
};

/* Out of the root of cgroup2, which is charged for nothing. */
void enter_cgroup(pid_t pid);
void measure_faults(const struct settings *settings, struct fault_cost *cost);

/* ---- overshoot.c ---- */
#define OVERSHOOTS 4

struct overshoot {
	const char *action;
	bool huge;
	struct spread written; /* bytes past the limit, by its own stores */
	struct spread charged; /* the same, by memory that it has been given */
};

void measure_overshoot(const struct settings *settings,
		       struct overshoot overshoots[OVERSHOOTS]);

/* ---- ways.c ---- */
void measure_ways(const struct settings *settings); /* prints its table */

/* ---- report.c ---- */
void report_begin(const struct settings *settings);
void report(const struct settings *settings, const struct fault_cost *cost,
	    const struct overshoot overshoots[OVERSHOOTS]);

#endif /* BENCH_H */
