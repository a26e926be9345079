/* SPDX-License-Identifier: GPL-2.0 */
/*
 * govern/forecast.h - who would be over under a policy before it is in force,
 * as /proc and the files of the cgroups tell.
 *
 * Does not belong here: who is over under what is in force (pins/governed.h).
 */
#ifndef OVERHIGH_GOVERN_FORECAST_H
#define OVERHIGH_GOVERN_FORECAST_H

#include "base/error.h"
#include "govern/target.h"
#include "overhigh_policy.h"
#include "pins/pins.h"

struct forecast_process {
	__u32 pid; /* in our own pid namespace */
	char comm[64];
	__u64 counted_bytes, excess_bytes;
};

struct forecast {
	struct forecast_process *over; /* the most excess first */
	unsigned int nr;
};

/* Those that the target means and that no nearer policy governs.  The caller
 * frees over. */
int forecast(const struct pins *pins, const struct target *target,
	     const struct overhigh_policy *policy, struct forecast *out,
	     struct error *err);

/* "3 processes: cc1plus[4711] 1.2G, ..." with as many as are asked for. */
void forecast_text(const struct forecast *forecast, unsigned int most,
		   char *text, size_t size);

#endif /* OVERHIGH_GOVERN_FORECAST_H */
