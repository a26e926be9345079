/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commands/acted.h - what became of the processes of one CMD of exec: gathered
 * from events, said at the end in a line for each that was acted on.
 *
 * Does not belong here: where events come from.
 */
#ifndef OVERHIGH_COMMANDS_ACTED_H
#define OVERHIGH_COMMANDS_ACTED_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include "overhigh.h"

#define ACTED_MOST 64 /* processes that are told apart */

struct acted_process {
	__u64 start_ns; /* with pid: which one; 0: free */
	__u32 pid, seen_pid;
	char comm[OVERHIGH_COMM_LEN];
	__u64 limit_bytes, at_bytes, peak_bytes, delay_ns;
	__u32 done; /* bit: 1 << enum overhigh_action */
	__u32 signal;
	bool rate;    /* it was its rate that it went over */
	bool missed;  /* an action could not be carried out */
	bool dry_run; /* nothing of it was done */
};

struct acted {
	pid_t child;			      /* CMD */
	const struct overhigh_policy *policy; /* what it is under */
	const struct overhigh_extension *extension;
	struct acted_process process[ACTED_MOST];
	unsigned int nr;
	unsigned int left_out; /* events of processes beyond those */
};

/* Whether the event is of CMD or of what it started. */
bool acted_is_ours(const struct acted *acted,
		   const struct overhigh_event *event);
void acted_take(struct acted *acted, const struct overhigh_event *event);

/* "cc1plus[4711] went over 200M and was killed (at 200.0M, peak 200.0M)";
 * false: there is nothing to say of it. */
bool acted_line(const struct acted_process *process, char *line, size_t size);

/* Says them all. */
void acted_say(const struct acted *acted);

#endif /* OVERHIGH_COMMANDS_ACTED_H */
