// SPDX-License-Identifier: GPL-2.0
/* govern/target.c - see govern/target.h. */
#include <string.h>
#include <unistd.h>
#include "base/cgroup.h"
#include "overhigh_policy.h"
#include "text/parse.h"
#include "base/process.h"
#include "govern/target.h"

static int parse_process(const char *text, struct target *target,
			 struct error *err)
{
	struct process process;
	int ret;

	target->kind = TARGET_PROCESS;
	ret = parse_pid(text, &target->pid, err);
	if (ret)
		return ret;
	target->pidfd = process_open(target->pid);
	ret = process_read(target->pid, &process);
	if (ret)
		return bad_input(err, "there is no process %u", target->pid);
	if (process.tgid != target->pid)
		return bad_input(err,
				 "%u is a thread of process %u: policies hold "
				 "for whole processes, use %u",
				 target->pid, process.tgid, process.tgid);
	if (process.kernel_thread)
		return bad_input(err,
				 "%u (%s) is a kernel thread: it has no memory "
				 "of its own to limit",
				 target->pid, process.comm);
	if (target->pidfd < 0)
		return bad_input(err, "there is no process %u", target->pid);
	return 0;
}

int target_parse(const char *text, struct target *target, struct error *err)
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
		ret = parse_process(text, target, err);
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
	if (target->pid == 1)
		return bad_input(err,
				 "pid 1 is init: to stop or end it is to stop "
				 "the machine; --force if that is meant");
	if (control && (target->pid == control->loader_pid ||
			target->pid == control->guard_pid))
		return bad_input(
			err, "%u is overhigh itself; --force if that is meant",
			target->pid);
	return 0;
}
