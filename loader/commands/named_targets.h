/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commands/named_targets.h - the processes and cgroups that set and unset are
 * given, or the default.
 *
 * Belongs here: reading them, with the lock of the policies and the pinned maps
 * at hand.  Does not: what is done to them (commands/set.c, commands/unset.c),
 * what a single one is (govern/target.h).
 */
#ifndef OVERHIGH_COMMANDS_NAMED_TARGETS_H
#define OVERHIGH_COMMANDS_NAMED_TARGETS_H

#include <stdbool.h>
#include "base/error.h"
#include "govern/target.h"
#include "pins/pins.h"

/* As they stand on the command line. */
struct named_targets {
	bool use_default; /* --default, and then no words */
	char **words;	  /* point into argv */
	int nr;
};

/*
 * Reads all of them and calls act() with them once, if none is wrong.  They are
 * closed then: act() opens what it changes (target_open_again()).  Returns what
 * act() returns, or negative errno with err set.
 */
int with_targets(const struct named_targets *named,
		 int (*act)(struct target *targets, int n, struct pins *pins,
			    void *ctx, struct error *err),
		 void *ctx, struct error *err);

#endif /* OVERHIGH_COMMANDS_NAMED_TARGETS_H */
