/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pins/counters.h - the per-CPU counters, added up.
 *
 * Does not belong here: their names (text/format.h).
 */
#ifndef OVERHIGH_PINS_COUNTERS_H
#define OVERHIGH_PINS_COUNTERS_H

#include "overhigh.h"
#include "pins/pins.h"

/* The sum over all CPUs.  Allocates nothing. */
__u64 counter_read(const struct pins *pins, enum overhigh_counter which);

#endif /* OVERHIGH_PINS_COUNTERS_H */
