/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attach/plan.h - which hooks the policies in force need, and no others.
 *
 * Belongs here: pure functions from policies and what the kernel offers to a
 * set of hooks.  Does not: attaching (attach/attach.h), reading maps
 * (govern/policy_maps.h).
 */
#ifndef OVERHIGH_ATTACH_PLAN_H
#define OVERHIGH_ATTACH_PLAN_H

#include <stdbool.h>
#include "overhigh.h"
#include "attach/probe.h"

struct plan {
	__u32 hooks; /* HOOK_BIT()s, always attached */
	__u32 near;  /* while somebody is near a limit of RSS, or over */
	__u32 cgroup_levels; /* as overhigh_control.cgroup_levels */
	bool has_default;
};

/*
 * Adds the hooks that one policy needs to those of the plan.  extension: the
 * policy's, or NULL if it has none.  usable: HOOK_BIT()s of what this kernel
 * has.
 */
void plan_add(struct plan *plan, const struct overhigh_policy *policy,
	      const struct overhigh_extension *extension, __u32 usable);

/* What sees that memory is given back: for those who sleep or are stopped until
 * then. */
__u32 plan_watch(__u32 usable);

/* Whether the hooks that policy needs are among the usable ones. */
bool plan_served(const struct overhigh_policy *policy,
		 const struct overhigh_extension *extension, __u32 usable);

/*
 * Whether everything that policy asks for can be had here; otherwise a line
 * with the reason in *err and -EOPNOTSUPP.
 */
int plan_check(const struct overhigh_policy *policy,
	       const struct overhigh_extension *extension,
	       const struct probe *probe, struct error *err);

#endif /* OVERHIGH_ATTACH_PLAN_H */
