/* SPDX-License-Identifier: GPL-2.0 */
/*
 * govern/enforce.h - putting policies into force: the record in the map, and
 * the hooks that it needs.
 *
 * Belongs here: what set, unset, run and exec all do to policies.  Does not:
 * the maps alone (govern/policy_maps.h), sets of rules (govern/rules_maps.h),
 * which hooks a policy needs (attach/plan.h).
 *
 * The caller of each holds LOCK_POLICY.
 */
#ifndef OVERHIGH_GOVERN_ENFORCE_H
#define OVERHIGH_GOVERN_ENFORCE_H

#include <stdbool.h>
#include "base/error.h"
#include "govern/target.h"
#include "overhigh.h"
#include "pins/pins.h"

/*
 * Puts a policy into force: attaches what it needs first, so that from its
 * first moment it is inherited and dropped at exit.  A process that ended
 * meanwhile is reported as -ESRCH and leaves nothing behind.  After the last of
 * them comes gears_look().
 */
int policy_set(struct pins *pins, const struct target *target,
	       const struct overhigh_policy *policy,
	       const struct overhigh_extension *extension, struct error *err);

/* Takes a policy out of force; -ENOENT if there is none. */
int policy_unset(struct pins *pins, const struct target *target,
		 struct error *err);

/*
 * Makes hooks and control record fit the policies that are in the maps, drops
 * those of processes and cgroups that are gone.  watch: somebody waits for a
 * fall, so attach what notices it.  *total: how many policies there are.
 */
int policy_refit(struct pins *pins, bool watch, unsigned int *total,
		 struct error *err);

#endif /* OVERHIGH_GOVERN_ENFORCE_H */
