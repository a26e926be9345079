/* SPDX-License-Identifier: GPL-2.0 */
/*
 * base/log.h - lines for people, on standard error.
 *
 * Does not belong here: events (report/events.h), errors that end a command
 * (base/error.h).
 */
#ifndef OVERHIGH_BASE_LOG_H
#define OVERHIGH_BASE_LOG_H

#include <stdbool.h>

/* "overhigh: " and the text, one line. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* Sends libbpf's own messages to standard error, all of them if verbose. */
void log_libbpf(bool verbose);

/* From here to log_end() say() waits for nobody who should read it: what finds
 * no room is left out and counted. */
void log_start(void);
void log_end(void);
/* After a fork: the thread that writes is not in the child. */
void log_forget(void);

#endif /* OVERHIGH_BASE_LOG_H */
