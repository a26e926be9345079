/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attach/load.h - loading the BPF object: new, or in place of one that is
 * pinned.
 *
 * Does not belong here: attaching (attach/attach.h), policies
 * (govern/policy_maps.h).
 */
#ifndef OVERHIGH_ATTACH_LOAD_H
#define OVERHIGH_ATTACH_LOAD_H

#include "base/error.h"
#include "pins/pins.h"
#include "attach/probe.h"

/*
 * Loads every program that the kernel can take, with the pinned maps if there
 * are any, pins what is new, and opens the pins.  Programs that were attached
 * are replaced without a gap.  Refuses a pin directory of another version.
 */
int load_or_take_over(const struct probe *probe, struct pins *pins,
		      struct error *err);

/* Replaces the programs of open pins: the module has come.  On failure the old
 * ones go on. */
int load_again(const struct probe *probe, const struct pins *pins,
	       struct error *err);

#endif /* OVERHIGH_ATTACH_LOAD_H */
