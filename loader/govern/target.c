// SPDX-License-Identifier: GPL-2.0
/* govern/target.c - see govern/target.h. */
#include <string.h>
#include <unistd.h>
#include "base/cgroup.h"
#include "base/namespace.h"
#include "overhigh_policy.h"
#include "text/parse.h"
#include "base/process.h"
#include "govern/target.h"

static int parse_process(const struct pins *pins, const char *text,
			 struct target *target, struct error *err)
{
	struct process process;
	__u32 local;
	int ret;

	target->kind = TARGET_PROCESS;
	ret = parse_pid(text, &target->local, err);
	if (ret)
		return ret;
	local = target->local;
	target->pidfd = process_open(local);
	ret = process_read(local, &process);
	if (ret)
		return bad_input(err, "there is no process %u", local);
	if (process.tgid != local)
		return bad_input(err,
				 "%u is a thread of process %u: policies hold "
				 "for whole processes, use %u",
				 local, process.tgid, process.tgid);
	if (process.kernel_thread)
		return bad_input(err,
				 "%u (%s) is a kernel thread: it has no memory "
				 "of its own to limit",
				 local, process.comm);
	/* the pidfd holds on to it: what has the number now is what was meant,
	 * or it has ended, which the last check of all finds */
	target->start_ticks = process.start_ticks;
	if (target->pidfd == -EMFILE || target->pidfd == -ENFILE)
		return fail(err, -target->pidfd,
			    "cannot hold on to process %u: %s", local,
			    strerror(-target->pidfd));
	target->pid = pid_to_initial(pins, local);
	if (target->pidfd < 0 || !target->pid)
		return bad_input(err, "there is no process %u", local);
	return 0;
}

int target_parse(const struct pins *pins, const char *text,
		 struct target *target, struct error *err)
{
	int ret;

	memset(target, 0, sizeof(*target));
	target->pidfd = -1;
	snprintf(target->text, sizeof(target->text), "%s", text);
	if (text[0] == '/' || text[0] == '.') {
		target->kind = TARGET_CGROUP;
		ret = cgroup_by_path(text, &target->cgroup_id, &target->level,
				     err);
		if (!ret && target->level > OVERHIGH_MAX_LEVEL)
			ret = bad_input(err,
					"%s is at level %u: policies go down "
					"to level %d",
					text, target->level,
					OVERHIGH_MAX_LEVEL);
	} else {
		ret = parse_process(pins, text, target, err);
	}
	if (ret)
		target_close(target);
	return ret;
}

void target_default(struct target *target)
{
	memset(target, 0, sizeof(*target));
	target->kind = TARGET_DEFAULT;
	target->pidfd = -1;
	snprintf(target->text, sizeof(target->text), "the default");
}

void target_close(struct target *target)
{
	if (target->pidfd >= 0)
		close(target->pidfd);
	target->pidfd = -1;
}

int target_in_reach(const struct pins *pins, const struct target *target,
		    struct error *err)
{
	const volatile struct overhigh_control *control = pins->control;
	__u32 who = target->local;

	if (!control->loader_pid || !control->loader_level)
		return 0;
	if (target->kind == TARGET_DEFAULT)
		return bad_input(err,
				 "the default is for the whole machine, and "
				 "the loader, in a pid namespace of its own, "
				 "sees a part of it: run the loader outside");
	if (target->kind == TARGET_CGROUP)
		who = getpid();
	if (namespace_has(who, control->loader_namespace))
		return 0;
	return bad_input(err,
			 "the loader lives in a pid namespace of its own and "
			 "does not see %s: run the loader outside",
			 target->kind == TARGET_PROCESS ? target->text :
							  "what is here");
}

int target_open_again(struct target *target, struct error *err)
{
	struct process process;

	if (target->kind != TARGET_PROCESS)
		return 0;
	target->pidfd = process_open(target->local);
	if (!process_read(target->local, &process) &&
	    process.start_ticks == target->start_ticks && target->pidfd >= 0)
		return 0;
	target_close(target);
	return bad_input(err,
			 "process %u has ended meanwhile: those before it have "
			 "been set",
			 target->local);
}

static bool harms(const struct overhigh_policy *policy)
{
	__u32 first = overhigh_action(policy->control);
	__u32 second = overhigh_action(policy->escalation);

	return first > OVERHIGH_ENOMEM || second > OVERHIGH_ENOMEM;
}

int target_check(const struct target *target,
		 const struct overhigh_policy *policy,
		 const volatile struct overhigh_control *control,
		 struct error *err)
{
	if (target->kind != TARGET_PROCESS || !harms(policy))
		return 0;
	if (target->pid == 1 || target->local == 1)
		return bad_input(err,
				 "pid 1 is init: to stop or end it is to stop "
				 "the %s; --force if that is meant",
				 target->pid == 1 ? "machine" : "container");
	if (control && (target->pid == control->loader_pid ||
			target->pid == control->guard_pid))
		return bad_input(
			err, "%u is overhigh itself; --force if that is meant",
			target->local);
	return 0;
}
