/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text/parse.h - text that a user gave, to values.
 *
 * Pure: nothing is read but the text, nothing is written but the result.  What
 * several options mean together does not belong here (text/policy_options.h).
 */
#ifndef OVERHIGH_TEXT_PARSE_H
#define OVERHIGH_TEXT_PARSE_H

#include <stdint.h>
#include "base/error.h"
#include "overhigh.h"

/*
 * Each returns 0 and writes the value, or returns -EINVAL, leaves the value
 * alone and writes one line to err.  No text is taken with spaces, a sign, an
 * exponent or anything left over at its end.
 */

/* "4096", "64K", "200M", "1.5G", "2TiB": powers of 1024, any case, rounded
 * down to whole bytes. */
int parse_size(const char *text, uint64_t *bytes, struct error *err);

/* "500us", "20ms", "1.5s", "2m", also ns, h and d; a number needs its unit,
 * except "0".  Rounded down to whole nanoseconds. */
int parse_duration(const char *text, uint64_t *duration_ns, struct error *err);

/* "TERM", "SIGTERM", "sigterm", "15", "RTMIN", "RTMIN+3", "RTMAX-1". */
int parse_signal(const char *text, uint32_t *signal_number, struct error *err);

/* "none", "enomem", "slowdown", "signal", "kill". */
int parse_action(const char *text, enum overhigh_action *action,
		 struct error *err);

/* "anon,file,shmem,swap", each at most once: OVERHIGH_RSS_* flags. */
int parse_rss(const char *text, uint32_t *flags, struct error *err);

/* "report", "release", "kill": OVERHIGH_STUCK_REPORT, 0, OVERHIGH_STUCK_KILL.
 */
int parse_on_stuck(const char *text, uint32_t *flags, struct error *err);

/* "1" to "2147483647". */
int parse_pid(const char *text, uint32_t *pid, struct error *err);

#endif /* OVERHIGH_TEXT_PARSE_H */
