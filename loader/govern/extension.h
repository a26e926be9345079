/* SPDX-License-Identifier: GPL-2.0 */
/*
 * govern/extension.h - what policies say beyond struct overhigh_policy: the
 * entries of the map extension, and which policy has which.
 *
 * Does not belong here: the options that describe them (text/policy_options.h),
 * what is done with them.
 */
#ifndef OVERHIGH_GOVERN_EXTENSION_H
#define OVERHIGH_GOVERN_EXTENSION_H

#include "base/error.h"
#include "overhigh.h"
#include "pins/pins.h"

/* The extension that a policy names.  False if it names none, or one that is
 * not valid. */
bool extension_get(const struct pins *pins,
		   const struct overhigh_policy *policy,
		   struct overhigh_extension *extension);

/*
 * The step that follows in the ladder of a process that is over, and when it is
 * due if nobody puts it off: what next_step_due() of bpf/decide.bpf.h says.
 * extension: the policy's, or NULL if it has none.  False: no step follows.
 */
bool ladder_next(const struct overhigh_policy *policy,
		 const struct overhigh_extension *extension,
		 const struct overhigh_state *state, struct overhigh_step *next,
		 __u64 *due_ns);

/* Which entries some policy names. */
struct extension_users {
	bool used[OVERHIGH_MAX_EXTENSIONS];
};

void extension_users_find(const struct pins *pins,
			  struct extension_users *users);

/*
 * Lets the policy name an entry that is equal to the extension, or one that
 * nobody names, in which it is not written yet; it is marked as used.  -ENOSPC:
 * every entry is in use.
 */
int extension_choose(const struct pins *pins, struct extension_users *users,
		     struct overhigh_policy *policy,
		     const struct overhigh_extension *extension,
		     struct error *err);

/* The same, and writes it. */
int extension_put(const struct pins *pins, struct extension_users *users,
		  struct overhigh_policy *policy,
		  const struct overhigh_extension *extension,
		  struct error *err);

/*
 * Puts an extension into the map, where an equal one is or into an entry that
 * no policy names, and lets the policy name it.  The caller holds LOCK_POLICY
 * and then writes the policy.  -ENOSPC: every entry is in use.
 */
int extension_take(const struct pins *pins, struct overhigh_policy *policy,
		   const struct overhigh_extension *extension,
		   struct error *err);

#endif /* OVERHIGH_GOVERN_EXTENSION_H */
