/* SPDX-License-Identifier: GPL-2.0 */
/*
 * programs/active.h - the policy program that is active, and its pins.
 *
 *	PIN_PROGRAM/link		keeps it active after the command has
 *ended PIN_PROGRAM/about	one struct policy_about PIN_PROGRAM/exit
 *one struct overhigh_exit_info, if it records it PIN_PROGRAM/rodata	its
 *parameters, if it has any
 *
 * Does not belong here: files (programs/object.h), printing
 *(commands/policy.c).
 */
#ifndef OVERHIGH_PROGRAMS_ACTIVE_H
#define OVERHIGH_PROGRAMS_ACTIVE_H

#include <limits.h>
#include "base/error.h"
#include "overhigh_hook.h"
#include "programs/object.h"

/* Written once, when the policy is loaded. */
struct policy_about {
	__u64 since_s; /* of CLOCK_REALTIME */
	char name[OVERHIGH_OPS_NAME_LEN];
	char file[PATH_MAX];
};

struct program_active {
	struct policy_about about;
	struct overhigh_exit_info exit; /* kind 0: it is active, or keeps no
					 * record */
};

/*
 * Makes a loaded policy the active one, in place of another if there is one: no
 * charge finds neither.  On failure what was active still is.
 */
int program_activate(struct program_object *o, const char *file,
		     struct error *err);

/* -ENOENT, err untouched: no policy program has been loaded. */
int program_read(struct program_active *active, struct error *err);

/* The parameters of the pinned policy. */
void program_read_parameters(parameter_fn fn, void *ctx);

/* The built-in policy takes over.  exit: what the program recorded. */
int program_deactivate(struct overhigh_exit_info *exit, struct error *err);

#endif /* OVERHIGH_PROGRAMS_ACTIVE_H */
