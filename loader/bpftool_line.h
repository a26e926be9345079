/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bpftool_line.h - the bpftool command that does what a set would do.
 *
 * Does not belong here: running it.
 */
#ifndef OVERHIGH_BPFTOOL_LINE_H
#define OVERHIGH_BPFTOOL_LINE_H

#include <stdio.h>
#include "overhigh.h"
#include "target.h"

void bpftool_line(FILE *out, const struct target *target,
		  const struct overhigh_policy *policy);

#endif /* OVERHIGH_BPFTOOL_LINE_H */
