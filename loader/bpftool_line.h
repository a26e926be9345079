/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bpftool_line.h - the bpftool commands that do what a set would do.
 *
 * Does not belong here: running them.
 */
#ifndef OVERHIGH_BPFTOOL_LINE_H
#define OVERHIGH_BPFTOOL_LINE_H

#include <stdio.h>
#include "error.h"
#include "overhigh.h"
#include "pins.h"
#include "target.h"

/* One line, or if the policy needs the extension a line for that before. */
int bpftool_lines(FILE *out, const struct pins *pins,
		  const struct target *target,
		  const struct overhigh_policy *policy,
		  const struct overhigh_extension *more, struct error *err);

#endif /* OVERHIGH_BPFTOOL_LINE_H */
