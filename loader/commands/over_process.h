/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commands/over_process.h - one process that is over its limit, and the verdict
 * about it: what release, extend and kill have in common.
 *
 * A verdict is what a user or a handler decides about a process, for as long as
 * it is over without a break.  Does not belong here: what the kernel side makes
 * of a verdict (bpf/decide.bpf.h); starting handlers (commands/handler.h).
 */
#ifndef OVERHIGH_COMMANDS_OVER_PROCESS_H
#define OVERHIGH_COMMANDS_OVER_PROCESS_H

#include "base/error.h"
#include "commands/command.h"
#include "overhigh.h"
#include "pins/pins.h"

/* A process that is over, as it is found. */
struct over_process {
	const struct pins *pins;
	__u32 pid;   /* in the initial pid namespace, as the maps have it */
	__u32 local; /* in ours, as the user knows it */
	struct overhigh_look look;
	struct overhigh_state state;
	struct overhigh_verdict verdict; /* of this episode, or all 0 */
};

/* The process of process->local, which must be over; fills all but verdict. */
int over_process_find(struct over_process *process, struct error *err);

/* The same, and what was decided about it before. */
int over_process_find_verdict(struct over_process *process, struct error *err);

/* Puts process->verdict into force. */
int over_process_write_verdict(const struct over_process *process,
			       struct error *err);

/* time: the second word, NULL if the command takes none. */
typedef int (*over_process_fn)(struct over_process *process, const char *time,
			       struct error *err);

/*
 * The whole of such a command: takes a PID, and a TIME if words is 2; calls fn
 * with process->local filled in, under a lock that such commands share.
 * missing: the line if there are fewer words, or more.
 */
int over_process_command(const struct command *command, int argc, char **argv,
			 int words, const char *missing, over_process_fn fn,
			 struct error *err);

/* Of those with one word. */
#define OVER_PROCESS_WHICH "which process?  Give one PID"

/* The parser of their options, which are none. */
error_t over_process_parse(int key, char *arg, struct argp_state *state);

#endif /* OVERHIGH_COMMANDS_OVER_PROCESS_H */
