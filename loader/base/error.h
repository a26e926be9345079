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
	unsigned char *c = (unsigned char *)err->text;

	vsnprintf(err->text, sizeof(err->text), format, args);
	for (; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
		else if (*c == 0xc2 && c[1] < 0xa0) /* C1, two bytes */
			*c = *(c[1] ? c + 1 : c) = '?';
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

/* The analyzer does not look into functions with "...": it would believe that
 * these may return 0, and follow ways that there are not. */
#ifdef __clang_analyzer__
#define fail(err, code, ...) (fail(err, code, __VA_ARGS__), -EIO)
#define bad_input(err, ...) (bad_input(err, __VA_ARGS__), -EINVAL)
#endif

#endif /* OVERHIGH_BASE_ERROR_H */
