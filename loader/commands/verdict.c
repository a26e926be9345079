// SPDX-License-Identifier: GPL-2.0
/*
 * commands/verdict.c - overhigh release, extend and kill: what a user or a
 * handler decides about one process that is over its limit, for as long as it
 * is over without a break.
 *
 * Does not belong here: what the kernel side makes of a verdict
 * (bpf/decide.bpf.h); starting handlers (commands/handler.h).
 */
#include <bpf/bpf.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/lock.h"
#include "commands/command.h"
#include "govern/extension.h"
#include "text/format.h"
#include "daemon/stopped.h"
#include "pins/governed.h"
#include "overhigh_policy.h"
#include "text/parse.h"
#include "base/process.h"

#define NS_PER_MS 1000000ULL
#define LOCK_VERDICT "verdict.lock" /* who changes a verdict */

static const char release_doc[] =
	"Leave a process that is over its limit alone until it has fallen "
	"below and crosses again.\v"
	"Its delay ends at once, and no later step comes.\n\n"
	"Example:\n  overhigh release 1234";
static const char extend_doc[] =
	"Put the next step off, for a process that is over its limit.\v"
	"TIME counts from now and is at most 60s.  A step is never put off to "
	"more than 60 s after it was due.\n\n"
	"Example:\n  overhigh extend 1234 10s";
static const char kill_doc[] =
	"End a process that is over its limit, with SIGKILL.\v"
	"Example:\n  overhigh kill 1234";

static const char which_process[] = "which process?  Give one PID";

/* What the command line says. */
struct request {
	char **words; /* points into argv */
	int nr_words;
};

/* A process that is over, as it is found. */
struct subject {
	const struct pins *pins;
	__u32 pid;   /* in the initial pid namespace, as the maps have it */
	__u32 local; /* in ours, as the user knows it */
	struct overhigh_look look;
	struct overhigh_state state;
	struct overhigh_verdict verdict; /* of this episode, or all 0 */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request *request = state->input;

	(void)arg;
	if (key != ARGP_KEY_ARGS)
		return ARGP_ERR_UNKNOWN;
	request->words = state->argv + state->next;
	request->nr_words = state->argc - state->next;
	return 0;
}

/* Looks at the process in subject->pid, which must be over. */
static int find(struct subject *subject, struct error *err)
{
	const struct pins *pins = subject->pins;
	__u32 pid, local = subject->local;
	struct overhigh_state *state = &subject->state;
	int ret;

	pid = subject->pid = pid_to_initial(pins, local);
	if (!pid || !process_exists(local))
		return bad_input(err, "there is no process %u", local);
	ret = look_at(pins, pid, &subject->look, err);
	if (ret == -ENOENT)
		return bad_input(err, "process %u has no policy", local);
	if (ret)
		return ret;
	/* 1: an episode is just ending */
	if (!subject->look.head.excess_bytes ||
	    bpf_map_lookup_elem(pins->map_fd[MAP_PROCESS_STATE], &pid, state) ||
	    state->start_ns != subject->look.head.start_ns ||
	    state->over_since_ns <= 1)
		return bad_input(err, "process %u is not over its limit",
				 local);
	return 0;
}

/* The process of *subject, which must be over, and what was decided about it
 * before. */
static int find_with_verdict(struct subject *subject, struct error *err)
{
	struct overhigh_verdict *verdict = &subject->verdict;
	const struct overhigh_state *state = &subject->state;
	int ret = find(subject, err);

	if (ret)
		return ret;
	if (bpf_map_lookup_elem(subject->pins->map_fd[MAP_VERDICT],
				&subject->pid, verdict) ||
	    verdict->start_ns != state->start_ns ||
	    verdict->over_since_ns != state->over_since_ns)
		memset(verdict, 0, sizeof(*verdict));
	verdict->start_ns = state->start_ns;
	verdict->over_since_ns = state->over_since_ns;
	return 0;
}

static int write_verdict(const struct subject *subject, struct error *err)
{
	int fd = subject->pins->map_fd[MAP_VERDICT];

	if (bpf_map_update_elem(fd, &subject->pid, &subject->verdict, BPF_ANY))
		return fail(err, errno, "cannot write the map verdict: %s",
			    strerror(errno));
	/* it may have ended before the exit hook could know of this */
	if (process_signal(subject->local, subject->state.start_ns, 0)) {
		bpf_map_delete_elem(fd, &subject->pid);
		return bad_input(err, "process %u has ended", subject->local);
	}
	return 0;
}

/*
 * Ends its wait.  The module's sleep is ended by the look.  A charge that did
 * not know of the verdict yet may have stopped it just afterwards: once more.
 */
static int let_go(const struct subject *subject, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 20 * NS_PER_MS };
	struct overhigh_look look;
	int ret, i;

	for (i = 0; i < 2; i++) {
		if (i)
			nanosleep(&pause, NULL);
		hold_release(subject->pins, subject->pid);
		ret = look_at(subject->pins, subject->pid, &look, err);
		/* that it has ended meanwhile, or is not governed, is fine */
		if (ret && ret != -ENOENT)
			return ret;
	}
	return 0;
}

static int release(struct subject *subject, const char *unused,
		   struct error *err)
{
	int ret;

	(void)unused;
	ret = find_with_verdict(subject, err);
	if (ret)
		return ret;
	subject->verdict.released = 1;
	ret = write_verdict(subject, err);
	return ret ? ret : let_go(subject, err);
}

/* When the next step is due if nobody puts it off; 0: there is none. */
static __u64 next_due_ns(const struct subject *subject)
{
	const struct overhigh_policy *policy = &subject->look.policy;
	struct overhigh_extension extension;
	struct overhigh_step next;
	__u64 due_ns;
	bool extended = extension_get(subject->pins, policy, &extension);

	if (!ladder_next(policy, extended ? &extension : NULL, &subject->state,
			 &next, &due_ns))
		return 0;
	return due_ns;
}

static int read_time(const char *text, __u64 *time_ns, struct error *err)
{
	uint64_t ns;
	int ret = parse_duration(text, &ns, err);

	if (ret)
		return ret;
	if (!ns || ns > OVERHIGH_MAX_EXTEND_NS)
		return bad_input(err,
				 "%s is not a time to put a step off by: give "
				 "more than 0 and at most 60s",
				 text);
	*time_ns = ns;
	return 0;
}

static int extend(struct subject *subject, const char *time, struct error *err)
{
	char text[FORMAT_MAX];
	__u64 time_ns = 0, due, until_ns;
	int ret = read_time(time, &time_ns, err);

	if (!ret)
		ret = find_with_verdict(subject, err);
	if (ret)
		return ret;
	if (subject->verdict.released)
		return bad_input(err,
				 "process %u is released: no step comes until "
				 "it has fallen below its limit",
				 subject->local);
	due = next_due_ns(subject);
	if (!due)
		return bad_input(err,
				 "the policy of process %u has no later step "
				 "to put off",
				 subject->local);
	until_ns = clock_now_ns() + time_ns;
	subject->verdict.not_before_ns = until_ns;
	ret = write_verdict(subject, err);
	/* the kernel side does the same */
	if (!ret && until_ns > due + OVERHIGH_MAX_EXTEND_NS) {
		format_duration_rounded(
			text, sizeof(text),
			overhigh_excess(due + OVERHIGH_MAX_EXTEND_NS,
					clock_now_ns()));
		printf("the next step of process %u comes in %s: 60s after it "
		       "was due\n",
		       subject->local, text);
	}
	return ret;
}

static int end(struct subject *subject, const char *unused, struct error *err)
{
	int ret;

	(void)unused;
	ret = find(subject, err);
	if (ret)
		return ret;
	ret = process_signal(subject->local, subject->state.start_ns, SIGKILL);
	/* so that nothing says that it is held */
	hold_release(subject->pins, subject->pid);
	if (ret == -ESRCH)
		return bad_input(err, "process %u has ended", subject->local);
	return ret ? fail(err, -ret, "cannot kill process %u: %s",
			  subject->local, strerror(-ret)) :
		     0;
}

typedef int (*verdict_fn)(struct subject *subject, const char *time,
			  struct error *err);

/* Of two commands about one process the second sees what the first wrote. */
static int decide(const struct request *request, verdict_fn fn,
		  struct error *err)
{
	struct subject subject = {};
	struct pins pins;
	int lock, ret;

	ret = parse_pid(request->words[0], &subject.local, err);
	if (ret)
		return ret;
	ret = pins_open(&pins, err);
	if (ret)
		return ret;
	subject.pins = &pins;
	lock = lock_take(LOCK_VERDICT, true, err);
	ret = lock < 0 ? lock : fn(&subject, request->words[1], err);
	if (lock >= 0)
		close(lock);
	pins_close(&pins);
	return ret;
}

static int command(int argc, char **argv, const struct argp *argp, int words,
		   const char *missing, verdict_fn fn, struct error *err)
{
	struct request request = {};
	int ret = command_parse(argp, argc, argv, 0, &request, err);

	if (ret)
		return ret;
	if (request.nr_words != words)
		return bad_input(err, "%s", missing);
	return decide(&request, fn, err);
}

int cmd_release(int argc, char **argv, struct error *err)
{
	const struct argp argp = { NULL, parse, "PID", release_doc,
				   NULL, NULL,	NULL };

	return command(argc, argv, &argp, 1, which_process, release, err);
}

int cmd_extend(int argc, char **argv, struct error *err)
{
	const struct argp argp = { NULL, parse, "PID TIME", extend_doc,
				   NULL, NULL,	NULL };

	return command(argc, argv, &argp, 2,
		       "which process, and for how long?  Give a PID and a "
		       "TIME like 10s",
		       extend, err);
}

int cmd_kill(int argc, char **argv, struct error *err)
{
	const struct argp argp = { NULL, parse, "PID", kill_doc,
				   NULL, NULL,	NULL };

	return command(argc, argv, &argp, 1, which_process, end, err);
}
