// SPDX-License-Identifier: GPL-2.0
/* govern/enforce.c - see govern/enforce.h. */
#include <bpf/bpf.h>
#include <limits.h>
#include <string.h>
#include "attach/attach.h"
#include "attach/plan.h"
#include "base/cgroup.h"
#include "base/clock.h"
#include "base/process.h"
#include "govern/enforce.h"
#include "govern/extension.h"
#include "govern/gears.h"
#include "govern/policy_maps.h"
#include "govern/rules_maps.h"
#include "overhigh_policy.h"

/* What was set by hand has no note of a rule, and no rule changes it. */
static void forget_rule(struct pins *pins, __u32 pid)
{
	bpf_map_delete_elem(pins->map_fd[MAP_PROCESS_RULE], &pid);
}

/* The hooks that one policy needs; gears_look() finds out if it needs the near
 * gear. */
static int attach_for(struct pins *pins, const struct overhigh_policy *policy,
		      const struct overhigh_extension *extension,
		      struct error *err)
{
	struct plan plan = {};

	plan_add(&plan, policy, extension, gears_usable(pins));
	__sync_fetch_and_or(&pins->control->near_hooks, plan.near);
	return attach_also(plan.hooks, err);
}

int policy_set(struct pins *pins, const struct target *target,
	       const struct overhigh_policy *policy,
	       const struct overhigh_extension *extension, struct error *err)
{
	struct overhigh_policy record = *policy;
	int ret = 0;

	ret = target_in_reach(pins, target, err);
	if (ret)
		return ret;
	if (overhigh_extended(policy))
		ret = extension_take(pins, &record, extension, err);
	else
		extension = NULL;
	if (!ret)
		ret = attach_for(pins, policy, extension, err);
	if (ret)
		return ret;
	__sync_fetch_and_add(&pins->control->generation, 1);
	if (target->kind == TARGET_CGROUP)
		__sync_fetch_and_or(&pins->control->cgroup_levels,
				    1U << target->level);
	if (target->kind == TARGET_PROCESS)
		forget_rule(pins, target->pid);
	ret = policy_write(pins, target, &record, err);
	if (ret)
		return ret;
	if (target->kind == TARGET_DEFAULT)
		pins->control->has_default = 1;
	/* it may have ended between the check and now, before the exit hook
	 * could know of its policy */
	if (target->kind == TARGET_PROCESS && !process_same(target->pidfd)) {
		bpf_map_delete_elem(pins->map_fd[MAP_PROCESS_POLICY],
				    &target->pid);
		bad_input(err, "process %s has ended", target->text);
		return -ESRCH;
	}
	return 0;
}

int policy_unset(struct pins *pins, const struct target *target,
		 struct error *err)
{
	struct overhigh_policy none = {};
	struct overhigh_rule rule;
	int ret = policy_get(pins, target, &none, err);

	if (ret)
		return ret;
	if (target->kind == TARGET_PROCESS &&
	    rule_of_process(pins, target->pid, &rule))
		return bad_input(err,
				 "the policy of %s comes from rule %s (%s): "
				 "change that, or set one with --action none",
				 target->text, rule.name, rule.where);
	memset(&none, 0, sizeof(none));
	__sync_fetch_and_add(&pins->control->generation, 1);
	if (target->kind == TARGET_DEFAULT) {
		pins->control->has_default = 0;
		return policy_write(pins, target, &none, err);
	}
	ret = policy_delete(pins, target, err);
	if (ret)
		return ret;
	/* a rule may want it now */
	if (target->kind == TARGET_PROCESS && pins->control->nr_rules)
		return rules_apply(pins, err);
	return 0;
}

struct refit {
	struct pins *pins;
	struct plan plan;
	__u32 usable;
	unsigned int total;
};

/* Of processes outside our own pid namespace we cannot know: their policies go
 * at their exit. */
static bool may_be_there(const struct pins *pins, __u32 pid)
{
	__u32 local = pid_to_local(pins, pid);

	return !local || process_exists(local);
}

static int refit_one(const struct target *target,
		     const struct overhigh_policy *policy, void *ctx)
{
	struct refit *refit = ctx;
	struct overhigh_extension extension;
	char path[PATH_MAX];
	unsigned int level;
	bool extended;

	switch (target->kind) {
	case TARGET_PROCESS:
		/* bpftool may have named a process that is not there, and at
		 * start there may be some that ended with no hook attached */
		if (!may_be_there(refit->pins, target->pid)) {
			bpf_map_delete_elem(
				refit->pins->map_fd[MAP_PROCESS_POLICY],
				&target->pid);
			forget_rule(refit->pins, target->pid);
			return 0;
		}
		break;
	case TARGET_CGROUP:
		if (cgroup_by_id(target->cgroup_id, path, sizeof(path),
				 &level) == -ESTALE) {
			bpf_map_delete_elem(
				refit->pins->map_fd[MAP_CGROUP_POLICY],
				&target->cgroup_id);
			return 0;
		}
		if (level <= OVERHIGH_MAX_LEVEL)
			refit->plan.cgroup_levels |= 1U << level;
		break;
	case TARGET_DEFAULT:
		refit->plan.has_default = true;
		break;
	}
	extended = extension_get(refit->pins, policy, &extension);
	plan_add(&refit->plan, policy, extended ? &extension : NULL,
		 refit->usable);
	refit->total++;
	return 0;
}

int policy_refit(struct pins *pins, bool watch, unsigned int *total,
		 struct error *err)
{
	volatile struct overhigh_control *control = pins->control;
	struct refit refit = { .pins = pins, .usable = gears_usable(pins) };
	__u32 wanted;
	int ret;

	policy_each(pins, refit_one, &refit);
	wanted = refit.plan.hooks | (control->rules_hooks & refit.usable);
	control->near_hooks =
		refit.plan.near | (control->rules_near & refit.usable);
	/* who puts it on and off: govern/gears.h */
	wanted |= control->near_hooks & attach_attached();
	if (gears_wanted(pins, clock_now_ns()) != GEAR_OFF)
		wanted |= control->near_hooks;
	if (watch && refit.total)
		wanted |= plan_watch(refit.usable);
	*total = refit.total;
	/* what a policy needs is attached before it is looked up, and looked
	 * up no more before it is detached */
	ret = attach_also(wanted, err);
	if (ret)
		return ret;
	control->cgroup_levels = refit.plan.cgroup_levels;
	control->has_default = refit.plan.has_default;
	return attach_exactly(wanted, err);
}
