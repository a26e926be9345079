/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report/policy_json.h - one policy, whom it is for and how he stands, as an
 * object that get and list print.
 */
#ifndef OVERHIGH_REPORT_POLICY_JSON_H
#define OVERHIGH_REPORT_POLICY_JSON_H

#include <cjson/cJSON.h>
#include "overhigh.h"
#include "pins/pins.h"
#include "govern/target.h"

/* look: how a process stands, NULL if that is not known.  The caller deletes
 * the object. */
cJSON *show_object(const struct pins *pins, const struct target *target,
		   const struct overhigh_policy *policy,
		   const struct overhigh_look *look);

/* Of the kinds that its policy counts. */
__u64 show_counted_bytes(const struct overhigh_look *look);

/* Prints an object or array as JSON on standard output. */
void show_json(const cJSON *json);

#endif /* OVERHIGH_REPORT_POLICY_JSON_H */
