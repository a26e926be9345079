/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pins/counters.h - sums over maps: the per-CPU counters, and the
 * conditions on memory pressure.
 *
 * Does not belong here: their names (text/format.h).
 */
#ifndef OVERHIGH_PINS_COUNTERS_H
#define OVERHIGH_PINS_COUNTERS_H

#include "overhigh.h"
#include "pins/pins.h"

/* The sum over all CPUs.  Allocates nothing. */
__u64 counter_read(const struct pins *pins, enum overhigh_counter which);

/* How many conditions are watched, by the map, and how many of them hold. */
void pressure_count(const struct pins *pins, unsigned int *watched,
		    unsigned int *holding);

#endif /* OVERHIGH_PINS_COUNTERS_H */
