/* SPDX-License-Identifier: GPL-2.0 */
/*
 * live.h - what the live tests share: the loader under test, its commands and
 * events, test programs that are watched from outside, cgroups, pinned maps.
 *
 * Belongs here: anything that two test files need.  Does not: a promise of
 * overhigh's; those are in the tests.  Every wait ends after a time, and all
 * that a test has started or made is gone after live_teardown(), whether the
 * test has passed or not.
 *
 * Environment: OVERHIGH is the binary (build/overhigh), TEST_PROGS the
 * directory of the test programs (build/tests).
 */
#ifndef LIVE_H
#define LIVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include "overhigh.h"
#include "overhigh_policy.h"
#include "../prog/progress.h"

#define LIVE_PINS "/sys/fs/bpf/overhigh"
#define LIVE_WAIT_MS 20000 /* for what ought to happen at once */
#define MIB (1ULL << 20)
#define PAGE 4096ULL

/* A test that has the loader, its processes and its files cleaned up. */
#define LIVE_TEST(function)                                                    \
	cmocka_unit_test_setup_teardown(function, live_setup, live_teardown)

/*
 * The same for what no kernel makes a difference to: output, options, files,
 * what the loader decides by itself.  It runs once: on the machine's own kernel
 * or, where that skips it, in one guest.  A program all of whose tests are so
 * says "Runs: once." in its first comment instead.
 */
#define LIVE_TEST_ONCE(function)                                               \
	{                                                                      \
#function, function, live_setup, live_teardown, live_once      \
	}

/* The same for one of half a minute or more, in which hardly anything but time
 * passes: on the machine's own kernel it runs beside something else. */
#define LIVE_TEST_LONG(function)                                               \
	{                                                                      \
#function, function, live_setup, live_teardown, live_long      \
	}

extern char live_once[], live_long[];

/* Instead of cmocka_run_group_tests_name(): leaves out the tests above where
 * TEST_SET is "every-kernel", as tests/check does for its guests; "short"
 * leaves out the long ones, and "long" all others. */
#define live_tests(name, tests, setup, teardown)                               \
	live_run_tests(name, tests, sizeof(tests) / sizeof((tests)[0]), setup, \
		       teardown)

int live_run_tests(const char *name, const struct CMUnitTest *tests, size_t nr,
		   int (*setup)(void **state), int (*teardown)(void **state));

#define LIVE_FAIL(...)                                                         \
	do {                                                                   \
		print_error(__VA_ARGS__);                                      \
		print_error("\n");                                             \
		fail();                                                        \
	} while (0)

/* Like assert_true(), and says what the numbers were. */
#define LIVE_ASSERT(condition, ...)                                            \
	do {                                                                   \
		if (!(condition)) {                                            \
			print_error("not so: " #condition ": ");               \
			LIVE_FAIL(__VA_ARGS__);                                \
		}                                                              \
	} while (0)

#define LIVE_SKIP(...)                                                         \
	do {                                                                   \
		live_say_skip(__func__, __VA_ARGS__);                          \
		skip();                                                        \
	} while (0)

/* Skips the test where overhigh says that an action is not to be had. */
#define LIVE_NEED(action)                                                      \
	do {                                                                   \
		char why_[512];                                                \
		if (!live_can(action, why_, sizeof(why_)))                     \
			LIVE_SKIP("%s", why_);                                 \
	} while (0)

int live_setup(void **state);
int live_teardown(void **state);
void live_say_skip(const char *test, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool live_can(const char *action, char *why, size_t size);
const char *live_dir(void); /* a fresh directory for this test */

/* ---- time ---- */
uint64_t live_now_ns(void);
/* How much later than it should a thing may be seen to happen: 0.5 s, and
 * more where the machine is emulated. */
unsigned int live_late_ms(void);
bool live_is_emulated(void);
void live_pause(unsigned int ms); /* goes on collecting events */

/* Waits until the expression is true; fails with the words if it never is. */
#define LIVE_UNTIL(condition, ms, ...)                                         \
	do {                                                                   \
		uint64_t end_ = live_now_ns() + (ms)*1000000ULL;               \
		while (!(condition)) {                                         \
			LIVE_ASSERT(live_now_ns() < end_, __VA_ARGS__);        \
			live_pause(2);                                         \
		}                                                              \
	} while (0)

/* ---- the loader ---- */
void live_run(const char *options); /* returns once it is ready */
/* The same, with its standard output somewhere else: no events are collected.
 */
void live_run_into(int out_fd, const char *options);
pid_t live_run_pid(void);
void live_run_stop(void); /* SIGTERM; asserts a graceful end */
void live_run_kill(void); /* SIGKILL */
const char *live_run_stderr(void);

/* The nth (from 1) event of this type of a process (0: any); NULL: none yet. */
cJSON *live_event_seen(pid_t pid, const char *type, unsigned int nth);
/* The same, waited for; the test fails when it does not come. */
cJSON *live_event(pid_t pid, const char *type, unsigned int nth);
unsigned int live_events(pid_t pid, const char *type); /* how many yet */
double live_number(const cJSON *object, const char *name);
const char *live_string(const cJSON *object, const char *name);

/* ---- commands ---- */
struct live_cmd {
	int status; /* exit status, 128 + signal, or -1: took too long */
	char out[1 << 16];
	char err[1 << 13];
};

/* Runs overhigh with the words of the formatted line. */
void live_overhigh(struct live_cmd *cmd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, and the test fails if it does. */
void live_ok(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* How many lines a text has, by their ends. */
int live_lines(const char *text);
void live_shell(struct live_cmd *cmd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
cJSON *live_status(void); /* status --json; freed by the teardown */
double live_counter(const char *name);

/* ---- processes ---- */
struct live_proc {
	pid_t pid;
	bool ended;
	int status;		/* as of waitpid(), once ended */
	uint64_t max_rss_bytes; /* the kernel's high-water mark, once ended */
	volatile struct progress_slot *slot;
	char path[128]; /* of the progress file */
};

/* Starts TEST_PROGS/eat with the words of the formatted line; returns at once,
 * or at the first gate if one of them is "wait". */
struct live_proc *live_eat(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
struct live_proc *live_neighbour(size_t bytes, double seconds);
/* Any program; argv[0] is a path or a name in TEST_PROGS. */
struct live_proc *live_spawn(char *const argv[]);
/* The newest one, which has ended: for tests that start very many. */
void live_forget(struct live_proc *proc);
void live_next_pid(pid_t pid); /* the next process started has this pid */
void live_open_gate(struct live_proc *proc, unsigned int slot);
void live_at_gate(struct live_proc *proc, unsigned int slot, unsigned int nth);
bool live_has_ended(struct live_proc *proc);
int live_wait_end(struct live_proc *proc, unsigned int ms);
/* It ends within the time by SIGKILL; within a minute by exit(0). */
void live_assert_killed(struct live_proc *proc, unsigned int ms);
void live_assert_unharmed(struct live_proc *proc);
char live_task_state(pid_t pid); /* R, S, T ... or 0: there is none */
/* A line of /proc/PID/smaps_rollup, which the kernel finds by walking the page
 * tables: independent of the counters that overhigh reads.  Bytes. */
uint64_t live_smaps(pid_t pid, const char *line);

/* ---- places ---- */
const char *live_mount(const char *type); /* a fresh file system, unmounted */
/* cgroup2: NULL if there is none, or none with this controller. */
const char *live_cgroup_root(const char *controller);
const char *live_cgroup(const char *parent, const char *name)
	__attribute__((returns_nonnull));
void live_cgroup_write(const char *cgroup, const char *file, const char *text);
uint64_t live_cgroup_read(const char *cgroup, const char *file,
			  const char *key);
/* Its memory stays where it is charged, also where swap is on. */
void live_cgroup_no_swap(const char *cgroup);
void live_cgroup_enter(const char *cgroup, pid_t pid);

/* ---- pinned maps, read and written without overhigh's help ---- */
int live_map_get(const char *map, const void *key, void *value);
int live_map_set(const char *map, const void *key, const void *value);
/* Shorter bounds than 30 s without progress and 60 s of extend, for the run
 * that is up and governs nobody yet; 0: as they are. */
void live_shorten(unsigned int stuck_ms, unsigned int extend_ms);
/* All that is in the three policy maps, as text. */
const char *live_policies(void);

#endif /* LIVE_H */
