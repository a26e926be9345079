/* SPDX-License-Identifier: GPL-2.0 */
/*
 * govern/gears.h - which gear of detection is on: the far one always, the near
 * one, which costs everybody, while somebody has a use for it.
 *
 * Belongs here: whether the near gear is wanted, putting it on and off.  Does
 * not: which hooks it is (attach/plan.h), who is near (bpf/near.bpf.h).
 */
#ifndef OVERHIGH_GOVERN_GEARS_H
#define OVERHIGH_GOVERN_GEARS_H

#include <stdbool.h>
#include "base/error.h"
#include "pins/pins.h"

/* Why the near gear is on; in the order in which they are named. */
enum gear_reason {
	GEAR_OFF,	/* nobody has a use for it */
	GEAR_ALWAYS,	/* there is no far gear here, or run --exact */
	GEAR_NO_LOADER, /* nobody is there to put it on in time */
	GEAR_UNSEEN,	/* a governed process that no batch shows */
	GEAR_NEAR,	/* a governed process near its limit, or over */
};

/* The hooks that this kernel has, less those that another does better here. */
__u32 gears_usable(const struct pins *pins);

/* Whether, and why, the near gear is wanted at a time. */
enum gear_reason gears_wanted(const struct pins *pins, __u64 now_ns);

/* Looks at all that is governed, so that gears_wanted() knows of them, and puts
 * the near gear on if that is so: for those who have just changed a policy. */
int gears_look(const struct pins *pins, struct error *err);

int gears_near_on(const struct pins *pins, struct error *err);
int gears_near_off(const struct pins *pins, struct error *err);

#endif /* OVERHIGH_GOVERN_GEARS_H */
