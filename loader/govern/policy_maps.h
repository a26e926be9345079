/* SPDX-License-Identifier: GPL-2.0 */
/*
 * govern/policy_maps.h - reading and writing the policy maps, and keeping the
 * hooks in step with them.
 *
 * Belongs here: what set, unset, run and exec all do to policies.  Does not:
 * how a target is named (govern/target.h), what a policy may say
 * (text/policy_options.h).
 */
#ifndef OVERHIGH_GOVERN_POLICY_MAPS_H
#define OVERHIGH_GOVERN_POLICY_MAPS_H

#include "overhigh.h"
#include "pins/pins.h"
#include "attach/plan.h"
#include "govern/target.h"

/*
 * Puts a policy into force: attaches what it needs first, so that from its
 * first moment it is inherited and dropped at exit.  A process that ended
 * meanwhile is reported as -ESRCH and leaves nothing behind.
 */
int policy_set(struct pins *pins, const struct target *target,
	       const struct overhigh_policy *policy,
	       const struct overhigh_extension *more, struct error *err);

/* Takes a policy out of force; -ENOENT if there is none. */
int policy_unset(struct pins *pins, const struct target *target,
		 struct error *err);

/* Copies a target's own policy; -ENOENT if there is none. */
int policy_get(const struct pins *pins, const struct target *target,
	       struct overhigh_policy *policy, struct error *err);

/* Calls fn for every policy; a non-zero return of it ends the walk. */
typedef int (*policy_fn)(const struct target *target,
			 const struct overhigh_policy *policy, void *ctx);
int policy_each(const struct pins *pins, policy_fn fn, void *ctx);

/* A number that changes when any policy is added, removed or changed. */
__u64 policy_fingerprint(const struct pins *pins);

/*
 * Makes hooks and control record fit the policies that are in the maps, drops
 * those of processes and cgroups that are gone.  watch: something is over, so
 * attach what notices the fall too.  *total: how many policies there are.
 */
int policy_refit(struct pins *pins, bool watch, unsigned int *total,
		 struct error *err);

#endif /* OVERHIGH_GOVERN_POLICY_MAPS_H */
