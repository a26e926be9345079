// SPDX-License-Identifier: GPL-2.0
/* commands/over_process.c - see commands/over_process.h. */
#include <bpf/bpf.h>
#include <string.h>
#include <unistd.h>
#include "base/lock.h"
#include "base/process.h"
#include "commands/over_process.h"
#include "pins/governed.h"
#include "text/parse.h"

#define LOCK_VERDICT "verdict.lock" /* who changes a verdict */

/* What the command line says. */
struct request {
	char **words; /* points into argv */
	int nr_words;
};

error_t over_process_parse(int key, char *arg, struct argp_state *state)
{
	struct request *request = state->input;

	(void)arg;
	if (key != ARGP_KEY_ARGS)
		return ARGP_ERR_UNKNOWN;
	request->words = state->argv + state->next;
	request->nr_words = state->argc - state->next;
	return 0;
}

int over_process_find(struct over_process *process, struct error *err)
{
	const struct pins *pins = process->pins;
	__u32 pid, local = process->local;
	struct overhigh_state *state = &process->state;
	struct process task;
	int ret;

	pid = process->pid = pid_to_initial(pins, local);
	if (process_read(local, &task))
		return bad_input(err, "there is no process %u", local);
	if (task.tgid != local)
		return bad_input(err, "%u is a thread of process %u: use %u",
				 local, task.tgid, task.tgid);
	if (!pid || !process_exists(local))
		return bad_input(err, "process %u has ended", local);
	ret = look_at(pins, pid, &process->look, err);
	if (ret == -ENOENT)
		return bad_input(err, "process %u has no policy", local);
	if (ret)
		return ret;
	/* 1: an episode is just ending */
	if (!process->look.head.excess_bytes ||
	    bpf_map_lookup_elem(pins->map_fd[MAP_PROCESS_STATE], &pid, state) ||
	    state->start_ns != process->look.head.start_ns ||
	    state->over_since_ns <= 1)
		return bad_input(err, "process %u is not over its limit",
				 local);
	return 0;
}

int over_process_find_verdict(struct over_process *process, struct error *err)
{
	struct overhigh_verdict *verdict = &process->verdict;
	const struct overhigh_state *state = &process->state;
	int ret = over_process_find(process, err);

	if (ret)
		return ret;
	if (bpf_map_lookup_elem(process->pins->map_fd[MAP_VERDICT],
				&process->pid, verdict) ||
	    verdict->start_ns != state->start_ns ||
	    verdict->over_since_ns != state->over_since_ns)
		memset(verdict, 0, sizeof(*verdict));
	verdict->start_ns = state->start_ns;
	verdict->over_since_ns = state->over_since_ns;
	return 0;
}

int over_process_write_verdict(const struct over_process *process,
			       struct error *err)
{
	int fd = process->pins->map_fd[MAP_VERDICT];

	if (bpf_map_update_elem(fd, &process->pid, &process->verdict, BPF_ANY))
		return fail(err, errno, "cannot write the map verdict: %s",
			    strerror(errno));
	/* it may have ended before the exit hook could know of this */
	if (process_signal(process->local, process->state.start_ns, 0)) {
		bpf_map_delete_elem(fd, &process->pid);
		return bad_input(err, "process %u has ended", process->local);
	}
	return 0;
}

/* Of two commands about one process the second sees what the first wrote. */
static int decide(const struct request *request, over_process_fn fn,
		  struct error *err)
{
	struct over_process process = {};
	struct pins pins;
	int lock, ret;

	ret = parse_pid(request->words[0], &process.local, err);
	if (ret)
		return ret;
	ret = pins_open(&pins, err);
	if (ret)
		return ret;
	process.pins = &pins;
	lock = lock_take(LOCK_VERDICT, true, err);
	ret = lock < 0 ? lock : fn(&process, request->words[1], err);
	if (lock >= 0)
		close(lock);
	pins_close(&pins);
	return ret;
}

int over_process_command(const struct command *command, int argc, char **argv,
			 int words, const char *missing, over_process_fn fn,
			 struct error *err)
{
	struct request request = {};
	int ret = command_parse(command, argc, argv, &request, err);

	if (ret)
		return ret;
	if (request.nr_words != words)
		return bad_input(err, "%s", missing);
	return decide(&request, fn, err);
}
