/* SPDX-License-Identifier: GPL-2.0 */
/*
 * log.h - lines for people, on standard error.
 *
 * Does not belong here: events (events.h), errors that end a command
 * (error.h).
 */
#ifndef OVERHIGH_LOG_H
#define OVERHIGH_LOG_H

#include <stdbool.h>

/* "overhigh: " and the text, one line. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* Sends libbpf's own messages to standard error, all of them if verbose. */
void log_libbpf(bool verbose);

#endif /* OVERHIGH_LOG_H */
