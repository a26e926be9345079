/* SPDX-License-Identifier: GPL-2.0 */
/*
 * live_responses.h - what the tests of responses on the cgroup share: policies
 * that have some, processes that are over under them.
 *
 * Does not belong here: what the responses promise; that is in the tests.
 */
#ifndef LIVE_RESPONSES_H
#define LIVE_RESPONSES_H

#include "live.h"

#define UNDO_PATH "/run/overhigh/responses"
#define LONG_MS 60000

/* One file of a cgroup and what a response makes of it. */
struct knob {
	const char *controller; /* NULL: every cgroup has it */
	const char *file;
	const char *before;
	const char *during;
	struct overhigh_extension extension;
};

#define KNOBS 4
extern const struct knob knob_high, knob_high_of_a_number, knob_weight,
	knob_frozen;
extern const struct knob *const knobs[KNOBS];

bool have_knob(const struct knob *knob);
/* A new cgroup whose file has the value before. */
const char *cgroup_with(const struct knob *knob, const char *name);

/* The test is skipped if there is no such file here. */
#define NEED_KNOB(knob)                                                        \
	do {                                                                   \
		if (!have_knob(knob))                                          \
			LIVE_SKIP("no cgroup2 with %s is mounted",             \
				  (knob)->controller ? (knob)->controller :    \
						       "anything");            \
	} while (0)
/* A loader with these options, and such a cgroup. */
const char *run_with_cgroup(const struct knob *knob, const char *options,
			    const char *name);

/* The first line of a file of a cgroup. */
const char *cgroup_text(const char *cgroup, const char *file);
bool cgroup_reads(const char *cgroup, const char *file, const char *text);

#define UNTIL_READS(cgroup, file, text)                                        \
	LIVE_UNTIL(cgroup_reads(cgroup, file, text), LIVE_WAIT_MS,             \
		   "%s is %s, not %s; stderr: %s", file,                       \
		   cgroup_text(cgroup, file), text, live_run_stderr())

#define UNTIL_NOTHING_TO_UNDO()                                                \
	LIVE_UNTIL(access(UNDO_PATH, F_OK), LIVE_WAIT_MS, "%s is still there", \
		   UNDO_PATH)

/* Lets a policy, which is there, name an extension. */
void extend_policy(const char *map, uint64_t key,
		   const struct overhigh_extension *extension);

/* Takes 32 MiB at its first gate, with a limit of 16, frees it at the second.
 */
struct live_proc *waiting_in(const char *cgroup,
			     const struct overhigh_extension *extension);
/* One that is over, with the response in force. */
struct live_proc *over_in(const char *cgroup, const struct knob *knob);
void kill_and_wait(struct live_proc *proc);

pid_t guard_pid(void);
/* The loader and its guard, in the same instant. */
void kill_both(void);

/* The loader, on stderr. */
unsigned int times_said(const char *words);
void until_said_once(const char *words);

#endif /* LIVE_RESPONSES_H */
