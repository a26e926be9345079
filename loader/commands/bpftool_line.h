/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commands/bpftool_line.h - the bpftool commands that do what a set would do.
 *
 * Does not belong here: running them.
 */
#ifndef OVERHIGH_COMMANDS_BPFTOOL_LINE_H
#define OVERHIGH_COMMANDS_BPFTOOL_LINE_H

#include <stdio.h>
#include "base/error.h"
#include "overhigh.h"
#include "pins/pins.h"
#include "govern/target.h"

/* One line, or if the policy needs the extension a line for that before. */
int bpftool_lines(FILE *out, const struct pins *pins,
		  const struct target *target,
		  const struct overhigh_policy *policy,
		  const struct overhigh_extension *extension,
		  struct error *err);

#endif /* OVERHIGH_COMMANDS_BPFTOOL_LINE_H */
