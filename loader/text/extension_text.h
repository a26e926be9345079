/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text/extension_text.h - the values of the options that a policy's extension
 * is for, as text and back.
 *
 * Does not belong here: which options there are and how they go together
 * (text/policy_options.h), the map (govern/extension.h).
 */
#ifndef OVERHIGH_TEXT_EXTENSION_TEXT_H
#define OVERHIGH_TEXT_EXTENSION_TEXT_H

#include <stddef.h>
#include "base/error.h"
#include "overhigh.h"

/* overhigh_step.after_ms of a step that was given without one. */
#define AFTER_NOT_GIVEN (~0U)

/*
 * Each parser returns 0 or -EINVAL with the line in err; only on success is
 * something written.
 */

/* "kill", "kill after 10s", "signal:TERM", "signal TERM after 1m". */
int parse_step(const char *text, struct overhigh_step *step, struct error *err);
/* "5%", "0.5%": 0 to 100 %, by tenths. */
int parse_hysteresis(const char *text, struct overhigh_extension *extension,
		     struct error *err);
/* "50M/s", "50M/s burst 200M". */
int parse_rate(const char *text, struct overhigh_extension *extension,
	       struct error *err);
/* "some 10% over 2s". */
int parse_pressure(const char *text, struct overhigh_extension *extension,
		   struct error *err);
/* A list of "reclaim", "high SIZE", "freeze", "low-priority [WEIGHT]". */
int parse_responses(const char *text, struct overhigh_extension *extension,
		    struct error *err);

/* The same back.  Returns buffer. */
const char *format_step(char *buffer, size_t size,
			const struct overhigh_step *step);
const char *format_hysteresis(char *buffer, size_t size, __u32 permille);
const char *format_rate(char *buffer, size_t size,
			const struct overhigh_extension *extension);
const char *format_pressure(char *buffer, size_t size,
			    const struct overhigh_extension *extension);
const char *format_responses(char *buffer, size_t size,
			     const struct overhigh_extension *extension);

#endif /* OVERHIGH_TEXT_EXTENSION_TEXT_H */
