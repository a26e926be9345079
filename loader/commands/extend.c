// SPDX-License-Identifier: GPL-2.0
/* commands/extend.c - overhigh extend: put the next step of a ladder off, for a
 * process that is over. */
#include "base/clock.h"
#include "commands/over_process.h"
#include "govern/extension.h"
#include "overhigh_policy.h"
#include "text/format.h"
#include "text/parse.h"

/* When the next step is due if nobody puts it off; 0: there is none. */
static __u64 next_due_ns(const struct over_process *process)
{
	const struct overhigh_policy *policy = &process->look.policy;
	struct overhigh_extension extension;
	struct overhigh_step next;
	__u64 due_ns;
	bool extended = extension_get(process->pins, policy, &extension);

	if (!ladder_next(policy, extended ? &extension : NULL, &process->state,
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

static int extend(struct over_process *process, const char *time,
		  struct error *err)
{
	char text[FORMAT_MAX];
	__u64 time_ns = 0, due, until_ns;
	int ret = read_time(time, &time_ns, err);

	if (!ret)
		ret = over_process_find_verdict(process, err);
	if (ret)
		return ret;
	if (process->verdict.released)
		return bad_input(err,
				 "process %u is released: no step comes until "
				 "it has fallen below its limit",
				 process->local);
	due = next_due_ns(process);
	if (!due)
		return bad_input(err,
				 "the policy of process %u has no later step "
				 "to put off",
				 process->local);
	until_ns = clock_now_ns() + time_ns;
	process->verdict.not_before_ns = until_ns;
	ret = over_process_write_verdict(process, err);
	/* the kernel side does the same */
	if (!ret && until_ns > due + OVERHIGH_MAX_EXTEND_NS) {
		format_duration_rounded(
			text, sizeof(text),
			overhigh_excess(due + OVERHIGH_MAX_EXTEND_NS,
					clock_now_ns()));
		printf("the next step of process %u comes in %s: 60s after it "
		       "was due\n",
		       process->local, text);
	}
	return ret;
}

static int run(int argc, char **argv, struct error *err)
{
	return over_process_command(
		&command_extend, argc, argv, 2,
		"which process, and for how long?  Give a PID and a "
		"TIME like 10s",
		extend, err);
}

const struct command command_extend = {
	.name = "extend",
	.summary = "put the next step for such a process off",
	.arguments = "PID TIME",
	.doc = "Put the next step off, for a process that is over its limit.\v"
	       "TIME counts from now and is at most 60s.  A step is never put off to "
	       "more than 60 s after it was due.\n\n"
	       "Example:\n  overhigh extend 1234 10s",
	.parse = over_process_parse,
	.run = run,
};
