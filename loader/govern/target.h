/* SPDX-License-Identifier: GPL-2.0 */
/*
 * govern/target.h - whom a command is about: a process, a cgroup, or the
 * default.
 *
 * Belongs here: reading targets from the command line and refusing those that
 * must not be governed.  Does not: their policies (govern/policy_maps.h).
 */
#ifndef OVERHIGH_GOVERN_TARGET_H
#define OVERHIGH_GOVERN_TARGET_H

#include <linux/types.h>
#include <stdbool.h>
#include "base/error.h"
#include "overhigh.h"
#include "pins/pins.h"

enum target_kind {
	TARGET_PROCESS,
	TARGET_CGROUP,
	TARGET_DEFAULT,
};

struct target {
	enum target_kind kind;
	__u32 pid;	   /* PROCESS: in the initial pid namespace, as the maps
			    * have it; 0 for DEFAULT, whose key that is */
	__u32 local;	   /* PROCESS: in ours, as the user knows it */
	int pidfd;	   /* PROCESS: holds on to the one that was meant; -1 */
	__u64 start_ticks; /* PROCESS: which one is meant, without a pidfd */
	__u64 cgroup_id;   /* CGROUP */
	unsigned int level; /* CGROUP: 0 is the root */
	char text[256];	    /* as the user named it */
};

/* PID or a path in cgroup2.  The caller closes it with target_close(). */
int target_parse(const struct pins *pins, const char *text,
		 struct target *target, struct error *err);
void target_default(struct target *target);
void target_close(struct target *target);
/* After target_close(), of many targets: the same process, or that it has
 * ended. */
int target_open_again(struct target *target, struct error *err);

/* Refuses what the loader that is alive could not look after, as it lives in a
 * pid namespace that does not hold all that the target means. */
int target_in_reach(const struct pins *pins, const struct target *target,
		    struct error *err);

/* Refuses what would harm the machine or overhigh itself: an action on pid 1,
 * on the loader or its guard. */
int target_check(const struct target *target,
		 const struct overhigh_policy *policy,
		 const volatile struct overhigh_control *control,
		 struct error *err);

#endif /* OVERHIGH_GOVERN_TARGET_H */
