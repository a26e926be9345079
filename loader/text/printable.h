/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text/printable.h - names that others chose, made fit to be printed.
 *
 * A process may call itself anything: a comm may hold escape sequences, half a
 * character, a newline.
 */
#ifndef OVERHIGH_TEXT_PRINTABLE_H
#define OVERHIGH_TEXT_PRINTABLE_H

#include <stddef.h>

/* For a terminal: what is not UTF-8, or could move the cursor, becomes '?'. */
void printable(char *out, size_t size, const char *text);

/* For JSON, which escapes control characters itself: what is not UTF-8 becomes
 * U+FFFD, the replacement character. */
void printable_utf8(char *out, size_t size, const char *text);

#endif /* OVERHIGH_TEXT_PRINTABLE_H */
