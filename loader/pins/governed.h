/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pins/governed.h - how governed processes stand now, measured by the BPF
 * iterator with the same code that decides.
 *
 * Does not belong here: what to do about it.
 */
#ifndef OVERHIGH_PINS_GOVERNED_H
#define OVERHIGH_PINS_GOVERNED_H

#include "base/error.h"
#include "overhigh.h"
#include "pins/pins.h"

typedef int (*look_fn)(const struct overhigh_look *look, void *ctx);

/* Calls fn for each governed process; a non-zero return of it ends the walk
 * and is returned. */
int look_at_all(const struct pins *pins, look_fn fn, void *ctx,
		struct error *err);

/* All of them, in the order of the walk; the caller frees look. */
struct looks {
	struct overhigh_look *look;
	unsigned int nr;
};

int look_collect(const struct pins *pins, struct looks *looks,
		 struct error *err);
/* The one of a process, or NULL. */
const struct overhigh_look *look_find(const struct looks *looks, __u32 pid);

/* Fills *look; -ENOENT if the process is not governed (or not there). */
int look_at(const struct pins *pins, __u32 pid, struct overhigh_look *look,
	    struct error *err);

#endif /* OVERHIGH_PINS_GOVERNED_H */
