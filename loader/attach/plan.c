// SPDX-License-Identifier: GPL-2.0
/* attach/plan.c - see attach/plan.h. */
#include "overhigh_rules.h"
#include "attach/plan.h"

static bool has_action(const struct overhigh_policy *policy,
		       const struct overhigh_extension *extension, __u32 action)
{
	int i;

	if (overhigh_action(policy->control) == action ||
	    (policy->escalation &&
	     overhigh_action(policy->escalation) == action))
		return true;
	for (i = 0; extension && i < OVERHIGH_MAX_STEPS; i++)
		if (extension->steps[i].control &&
		    overhigh_action(extension->steps[i].control) == action)
			return true;
	return false;
}

/* What sees each page that a process takes. */
static __u32 page_hook(__u32 usable)
{
	return usable & HOOK_BIT(HOOK_FAULT) ? HOOK_BIT(HOOK_FAULT) :
					       HOOK_BIT(HOOK_RSS_STAT);
}

void plan_add(struct plan *plan, const struct overhigh_policy *policy,
	      const struct overhigh_extension *extension, __u32 usable)
{
	__u32 flags = overhigh_flags(policy->control);
	__u32 wanted = HOOK_BIT(HOOK_FORKED) | HOOK_BIT(HOOK_EXITED);
	__u32 near = 0;

	/* that of a protected process: nothing has to be seen for it */
	if (policy->process_limit == OVERHIGH_NO_LIMIT &&
	    (flags & OVERHIGH_DIRECT) &&
	    !(extension && extension->rate_bytes)) {
		plan->hooks |= wanted & usable;
		return;
	}
	wanted |= HOOK_BIT(HOOK_CHARGE);
	/* one that is not valid must be met to be refused */
	if ((flags & OVERHIGH_RSS_MASK) || overhigh_policy_check(policy))
		near = page_hook(usable);
	if (!(usable & HOOK_BIT(HOOK_CHARGE))) {
		wanted |= near;
		near = 0;
	}
	if (has_action(policy, extension, OVERHIGH_ENOMEM))
		wanted |= HOOK_BIT(HOOK_MMAP) | HOOK_BIT(HOOK_GROWTH) |
			  HOOK_BIT(HOOK_MPROTECT) | HOOK_BIT(HOOK_MEMLOCK);
	if (has_action(policy, extension, OVERHIGH_SLOWDOWN))
		wanted |= usable & HOOK_BIT(HOOK_SLEPT) ?
				  HOOK_BIT(HOOK_SLEPT) :
				  HOOK_BIT(HOOK_SIGNALLED);
	plan->hooks |= wanted & usable;
	plan->near |= near & usable;
}

__u32 plan_watch(__u32 usable)
{
	return usable & (HOOK_BIT(HOOK_RSS_STAT) | HOOK_BIT(HOOK_UNCHARGE));
}

bool plan_served(const struct overhigh_policy *policy,
		 const struct overhigh_extension *extension, __u32 usable)
{
	__u32 requests = HOOK_BIT(HOOK_MMAP) | HOOK_BIT(HOOK_GROWTH) |
			 HOOK_BIT(HOOK_MPROTECT);

	if (has_action(policy, extension, OVERHIGH_ENOMEM) &&
	    ~usable & requests)
		return false;
	return (overhigh_flags(policy->control) & OVERHIGH_DIRECT);
}

static int unavailable(const struct probe *probe, enum capability c,
		       struct error *err)
{
	struct capability_state s = probe_capability(probe, c);

	if (s.available)
		return 0;
	bad_input(err,
		  "%s is not available here: %s (--force sets the policy all "
		  "the same)",
		  s.name, s.reason);
	return -EOPNOTSUPP;
}

int plan_check(const struct overhigh_policy *policy,
	       const struct overhigh_extension *extension,
	       const struct probe *probe, struct error *err)
{
	int ret = 0;

	if (has_action(policy, extension, OVERHIGH_ENOMEM))
		ret = unavailable(probe, CAP_ENOMEM, err);
	if (!ret && !(overhigh_flags(policy->control) & OVERHIGH_DIRECT))
		ret = unavailable(probe, CAP_MEMCG_MARGIN, err);
	return ret;
}
