/* SPDX-License-Identifier: GPL-2.0 */
/*
 * base/error.h - one line that says what went wrong and what would be right.
 *
 * Functions that can fail return 0 or a negative errno and leave the line in
 * the caller's struct error, written where the reason is known; only main()
 * prints it.  Does not belong here: warnings of a running daemon (base/log.h).
 */
#ifndef OVERHIGH_BASE_ERROR_H
#define OVERHIGH_BASE_ERROR_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct error {
	char text[512];
	int exit_status; /* what the command exits with: 2 bad input, else 1 */
};

/* What is quoted may hold anything: it stays one line, and says nothing to the
 * terminal. */
static inline void error_vset(struct error *err, int exit_status,
			      const char *format, va_list args)
{
	char *c;

	vsnprintf(err->text, sizeof(err->text), format, args);
	for (c = err->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	err->exit_status = exit_status;
}

/* Writes the line and returns -code. */
__attribute__((format(printf, 3, 4))) static inline int
fail(struct error *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_vset(err, 1, format, args);
	va_end(args);
	return -code;
}

/* The same for what the user gave: nothing has been changed, exit status 2. */
__attribute__((format(printf, 2, 3))) static inline int
bad_input(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_vset(err, 2, format, args);
	va_end(args);
	return -EINVAL;
}

#endif /* OVERHIGH_BASE_ERROR_H */
