// SPDX-License-Identifier: GPL-2.0
/* govern/policy_maps.c - see govern/policy_maps.h. */
#include <bpf/bpf.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "attach/attach.h"
#include "base/cgroup.h"
#include "govern/extension.h"
#include "overhigh_policy.h"
#include "govern/policy_maps.h"
#include "base/process.h"
#include "govern/rules_maps.h"
#include "attach/sample.h"

static int map_of(const struct pins *pins, const struct target *target)
{
	switch (target->kind) {
	case TARGET_PROCESS:
		return pins->map_fd[MAP_PROCESS_POLICY];
	case TARGET_CGROUP:
		return pins->map_fd[MAP_CGROUP_POLICY];
	default:
		return pins->map_fd[MAP_DEFAULT_POLICY];
	}
}

/* The key is a __u32 for processes and the default, a __u64 for cgroups. */
static const void *key_of(const struct target *target)
{
	return target->kind == TARGET_CGROUP ?
		       (const void *)&target->cgroup_id :
		       (const void *)&target->pid;
}

/* What was set by hand has no note of a rule, and no rule changes it. */
static void forget_rule(struct pins *pins, __u32 pid)
{
	bpf_map_delete_elem(pins->map_fd[MAP_PROCESS_RULE], &pid);
}

static int write_policy(struct pins *pins, const struct target *target,
			const struct overhigh_policy *policy, struct error *err)
{
	if (!bpf_map_update_elem(map_of(pins, target), key_of(target), policy,
				 BPF_ANY))
		return 0;
	if (errno == E2BIG)
		return fail(err, E2BIG,
			    "the policy map is full: unset policies that are "
			    "not needed");
	return fail(err, errno, "cannot write the policy: %s", strerror(errno));
}

/* Sampling is cheaper for others and less exact: only if it is asked for. */
static __u32 usable_hooks(const struct pins *pins)
{
	__u32 loaded = attach_loaded();

	if (!pins->control->sample)
		loaded &= ~HOOK_BIT(HOOK_SAMPLE);
	/* within the fault a thread may lose the CPU to another one, whose
	 * faults are then not seen; within rss_stat it may not */
	if (pins->control->preempts && (loaded & HOOK_BIT(HOOK_RSS_STAT)))
		loaded &= ~HOOK_BIT(HOOK_FAULT);
	return loaded;
}

/* The hooks that one policy needs. */
static int attach_for(struct pins *pins, const struct target *target,
		      const struct overhigh_policy *policy,
		      const struct overhigh_extension *more, struct error *err)
{
	struct plan plan = {};
	int ret;

	plan_add(&plan, policy, more, target->kind == TARGET_PROCESS,
		 usable_hooks(pins));
	ret = attach_also(plan.hooks, err);
	if (!ret && (plan.hooks & HOOK_BIT(HOOK_SAMPLE)))
		ret = sample_process(pins, target->pid, err);
	return ret;
}

int policy_set(struct pins *pins, const struct target *target,
	       const struct overhigh_policy *policy,
	       const struct overhigh_extension *more, struct error *err)
{
	struct overhigh_policy record = *policy;
	int ret = 0;

	ret = target_in_reach(pins, target, err);
	if (ret)
		return ret;
	if (overhigh_extended(policy))
		ret = extension_take(pins, &record, more, err);
	else
		more = NULL;
	if (!ret)
		ret = attach_for(pins, target, policy, more, err);
	if (ret)
		return ret;
	__sync_fetch_and_add(&pins->control->generation, 1);
	if (target->kind == TARGET_CGROUP)
		__sync_fetch_and_or(&pins->control->cgroup_levels,
				    1U << target->level);
	if (target->kind == TARGET_PROCESS)
		forget_rule(pins, target->pid);
	ret = write_policy(pins, target, &record, err);
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
		return write_policy(pins, target, &none, err);
	}
	if (bpf_map_delete_elem(map_of(pins, target), key_of(target)))
		return fail(err, errno, "cannot remove the policy: %s",
			    strerror(errno));
	/* a rule may want it now */
	if (target->kind == TARGET_PROCESS && pins->control->nr_rules)
		return rules_apply(pins, err);
	return 0;
}

int policy_get(const struct pins *pins, const struct target *target,
	       struct overhigh_policy *policy, struct error *err)
{
	static const struct overhigh_policy none;

	if (!bpf_map_lookup_elem(map_of(pins, target), key_of(target),
				 policy) &&
	    (target->kind != TARGET_DEFAULT ||
	     memcmp(policy, &none, sizeof(none))))
		return 0;
	return fail(err, ENOENT, "%s has no policy of its own", target->text);
}

static int each_in(int fd, enum target_kind kind, policy_fn fn, void *ctx)
{
	struct target target = { .kind = kind, .pidfd = -1 };
	struct overhigh_policy policy;
	__u64 key = 0, next = 0;
	bool first = true;
	int ret = 0;

	while (!ret && !bpf_map_get_next_key(fd, first ? NULL : &key, &next)) {
		first = false;
		key = next;
		if (bpf_map_lookup_elem(fd, &key, &policy))
			continue; /* gone meanwhile */
		if (kind == TARGET_CGROUP)
			target.cgroup_id = key;
		else
			target.pid = (__u32)key;
		ret = fn(&target, &policy, ctx);
	}
	return ret;
}

int policy_each(const struct pins *pins, policy_fn fn, void *ctx)
{
	struct target target = { .kind = TARGET_DEFAULT, .pidfd = -1 };
	struct overhigh_policy policy;
	struct error ignored;
	int ret;

	ret = each_in(pins->map_fd[MAP_PROCESS_POLICY], TARGET_PROCESS, fn,
		      ctx);
	if (!ret)
		ret = each_in(pins->map_fd[MAP_CGROUP_POLICY], TARGET_CGROUP,
			      fn, ctx);
	if (!ret && !policy_get(pins, &target, &policy, &ignored))
		ret = fn(&target, &policy, ctx);
	return ret;
}

struct fingerprint {
	const struct pins *pins;
	__u64 sum;
};

/* What bpftool may have changed in an extension. */
static __u64 extension_print(const struct pins *pins,
			     const struct overhigh_policy *policy)
{
	struct overhigh_extension more;
	__u64 print = 0;
	size_t i;

	if (!extension_get(pins, policy, &more))
		return 0;
	for (i = 0; i < sizeof(more); i++)
		print = print * 31 + ((const unsigned char *)&more)[i];
	return print;
}

static int add_to_fingerprint(const struct target *target,
			      const struct overhigh_policy *policy, void *ctx)
{
	struct fingerprint *f = ctx;
	__u64 one = extension_print(f->pins, policy) +
		    overhigh_policy_print(policy) * 31 +
		    (target->kind == TARGET_CGROUP ? target->cgroup_id :
						     target->pid);

	one = (one ^ one >> 29) * 0xbf58476d1ce4e5b9ULL + target->kind;
	f->sum += one; /* the order of a hash map means nothing */
	return 0;
}

__u64 policy_fingerprint(const struct pins *pins)
{
	struct fingerprint f = { .pins = pins };

	policy_each(pins, add_to_fingerprint, &f);
	return f.sum;
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
	struct overhigh_extension more;
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
	extended = extension_get(refit->pins, policy, &more);
	plan_add(&refit->plan, policy, extended ? &more : NULL,
		 target->kind == TARGET_PROCESS, refit->usable);
	refit->total++;
	return 0;
}

int policy_refit(struct pins *pins, bool watch, unsigned int *total,
		 struct error *err)
{
	struct refit refit = { .pins = pins, .usable = usable_hooks(pins) };
	int ret;

	policy_each(pins, refit_one, &refit);
	refit.plan.hooks |= pins->control->rules_hooks & refit.usable;
	if (watch && refit.total)
		plan_add_watch(&refit.plan, refit.usable);
	*total = refit.total;
	/* what a policy needs is attached before it is looked up, and looked
	 * up no more before it is detached */
	ret = attach_also(refit.plan.hooks, err);
	if (!ret && (attach_loaded() & HOOK_BIT(HOOK_SAMPLE)))
		ret = sample_refit(
			pins, refit.plan.hooks & HOOK_BIT(HOOK_SAMPLE), err);
	if (ret)
		return ret;
	pins->control->cgroup_levels = refit.plan.cgroup_levels;
	pins->control->has_default = refit.plan.has_default;
	return attach_exactly(refit.plan.hooks, err);
}
