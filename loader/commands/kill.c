// SPDX-License-Identifier: GPL-2.0
/* commands/kill.c - overhigh kill: end a process that is over. */
#include <signal.h>
#include <string.h>
#include "base/process.h"
#include "commands/over_process.h"
#include "daemon/stopped.h"

static int end(struct over_process *process, const char *unused,
	       struct error *err)
{
	int ret;

	(void)unused;
	ret = over_process_find(process, err);
	if (ret)
		return ret;
	ret = process_signal(process->local, process->state.start_ns, SIGKILL);
	/* so that nothing says that it is held */
	hold_release(process->pins, process->pid);
	if (ret == -ESRCH)
		return bad_input(err, "process %u has ended", process->local);
	return ret ? fail(err, -ret, "cannot kill process %u: %s",
			  process->local, strerror(-ret)) :
		     0;
}

static int run(int argc, char **argv, struct error *err)
{
	return over_process_command(&command_kill, argc, argv, 1,
				    OVER_PROCESS_WHICH, end, err);
}

const struct command command_kill = {
	.name = "kill",
	.summary = "end such a process",
	.arguments = "PID",
	.doc = "End a process that is over its limit, with SIGKILL.\v"
	       "Example:\n  overhigh kill 1234",
	.parse = over_process_parse,
	.run = run,
};
