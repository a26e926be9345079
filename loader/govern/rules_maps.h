/* SPDX-License-Identifier: GPL-2.0 */
/*
 * govern/rules_maps.h - rules in force: writing a set into the pinned tables,
 * and reading it back.
 *
 * Does not belong here: what rules may say (rules/rules.h), policies that were
 * set by hand (govern/policy_maps.h).
 */
#ifndef OVERHIGH_GOVERN_RULES_MAPS_H
#define OVERHIGH_GOVERN_RULES_MAPS_H

#include "pins/pins.h"
#include "attach/probe.h"
#include "rules/rules.h"

/*
 * Puts a set into force in place of the one that is: either all of it, for what
 * runs and what will, or on an error nothing.  Hooks that only the old set
 * needed are left to policy_refit().
 */
int rules_enforce(struct pins *pins, const struct rules *rules,
		  const struct probe *probe, struct error *err);

/* Matches everything that runs with the rules in force. */
int rules_apply(const struct pins *pins, struct error *err);

/* The tables of the set in force; freed with rule_tables_free(). */
int rules_in_force(const struct pins *pins, struct rule_tables *tables,
		   struct error *err);

/* The rule that gave a process its policy: true, and a copy of it. */
bool rule_of_process(const struct pins *pins, __u32 pid,
		     struct overhigh_rule *rule);

#endif /* OVERHIGH_GOVERN_RULES_MAPS_H */
