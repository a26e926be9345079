// SPDX-License-Identifier: GPL-2.0
/* commands/release.c - overhigh release: let a process that is over go on. */
#include <time.h>
#include "commands/over_process.h"
#include "daemon/stopped.h"
#include "pins/governed.h"

/*
 * Ends its wait.  The module's sleep is ended by the look.  A charge that did
 * not know of the verdict yet may have stopped it just afterwards: once more.
 */
static int let_go(const struct over_process *process, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	struct overhigh_look look;
	int ret, i;

	for (i = 0; i < 2; i++) {
		if (i)
			nanosleep(&pause, NULL);
		hold_release(process->pins, process->pid);
		ret = look_at(process->pins, process->pid, &look, err);
		/* that it has ended meanwhile, or is not governed, is fine */
		if (ret && ret != -ENOENT)
			return ret;
	}
	return 0;
}

static int release(struct over_process *process, const char *unused,
		   struct error *err)
{
	int ret;

	(void)unused;
	ret = over_process_find_verdict(process, err);
	if (ret)
		return ret;
	process->verdict.released = 1;
	ret = over_process_write_verdict(process, err);
	return ret ? ret : let_go(process, err);
}

static int run(int argc, char **argv, struct error *err)
{
	return over_process_command(&command_release, argc, argv, 1,
				    OVER_PROCESS_WHICH, release, err);
}

const struct command command_release = {
	.name = "release",
	.summary = "let a process that is over go on",
	.arguments = "PID",
	.doc = "Leave a process that is over its limit alone until it has fallen "
	       "below and crosses again.\v"
	       "Its delay ends at once, and no later step comes.\n\n"
	       "Example:\n  overhigh release 1234",
	.parse = over_process_parse,
	.run = run,
};
