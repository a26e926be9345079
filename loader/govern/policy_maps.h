/* SPDX-License-Identifier: GPL-2.0 */
/*
 * govern/policy_maps.h - reading, writing and walking the maps of policies.
 *
 * Does not belong here: what has to be attached for a policy
 * (govern/enforce.h), how a target is named (govern/target.h), what a policy
 * may say (text/policy_options.h).
 */
#ifndef OVERHIGH_GOVERN_POLICY_MAPS_H
#define OVERHIGH_GOVERN_POLICY_MAPS_H

#include "overhigh.h"
#include "pins/pins.h"
#include "govern/target.h"

/* The record alone: no hook is attached for it, none detached. */
int policy_write(struct pins *pins, const struct target *target,
		 const struct overhigh_policy *policy, struct error *err);
int policy_delete(const struct pins *pins, const struct target *target,
		  struct error *err);

/* Copies a target's own policy; -ENOENT if there is none. */
int policy_get(const struct pins *pins, const struct target *target,
	       struct overhigh_policy *policy, struct error *err);

/* Calls fn for every policy; a non-zero return of it ends the walk. */
typedef int (*policy_fn)(const struct target *target,
			 const struct overhigh_policy *policy, void *ctx);
int policy_each(const struct pins *pins, policy_fn fn, void *ctx);

#endif /* OVERHIGH_GOVERN_POLICY_MAPS_H */
