/* SPDX-License-Identifier: GPL-2.0 */
/*
 * show.h - one policy, whom it is for and how he stands, as an object that get
 * and list print.
 */
#ifndef OVERHIGH_SHOW_H
#define OVERHIGH_SHOW_H

#include <cjson/cJSON.h>
#include "overhigh.h"
#include "pins.h"
#include "target.h"

/* The caller deletes it. */
cJSON *show_object(const struct pins *pins, const struct target *target,
		   const struct overhigh_policy *policy);

#endif /* OVERHIGH_SHOW_H */
