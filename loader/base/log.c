// SPDX-License-Identifier: GPL-2.0
/* base/log.c - see base/log.h. */
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/outlet.h"

#define LOG_LINES 128
#define END_MS 500

static struct outlet *outlet; /* NULL: straight to standard error */
static unsigned long long left_out;

static void put(const char *text)
{
	char line[OUTLET_LINE_MAX];
	size_t bytes = strnlen(text, sizeof(line));

	if (!outlet) {
		fputs(text, stderr);
		return;
	}
	if (left_out && outlet_room(outlet) > LOG_LINES / 4) {
		int n = snprintf(line, sizeof(line),
				 "overhigh: %llu messages were left out\n",
				 left_out);

		if (outlet_put(outlet, line, n))
			left_out = 0;
	}
	if (left_out || !outlet_put(outlet, text, bytes))
		left_out++;
}

void say(const char *format, ...)
{
	static const char name[] = "overhigh: ";
	char line[OUTLET_LINE_MAX];
	va_list args;
	size_t bytes = sizeof(name) - 1;
	int n;

	memcpy(line, name, bytes);
	va_start(args, format);
	n = vsnprintf(line + bytes, sizeof(line) - bytes - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	bytes += n;
	if (bytes > sizeof(line) - 2)
		bytes = sizeof(line) - 2;
	memcpy(line + bytes, "\n", 2);
	put(line);
}

static int print_all(enum libbpf_print_level level, const char *format,
		     va_list args)
{
	char line[OUTLET_LINE_MAX];
	int n;

	(void)level;
	if (!outlet) /* the verifier's log is longer than a line of ours */
		return vfprintf(stderr, format, args);
	n = vsnprintf(line, sizeof(line), format, args);
	put(line);
	return n;
}

static int print_nothing(enum libbpf_print_level level, const char *format,
			 va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

void log_libbpf(bool verbose)
{
	libbpf_set_print(verbose ? print_all : print_nothing);
}

void log_start(void)
{
	fflush(stderr);
	if (!outlet)
		outlet = outlet_start(STDERR_FILENO, LOG_LINES);
}

void log_end(void)
{
	/* with a reader that does not read it stays: say() still must not
	 * wait, and finds no room */
	if (outlet && !outlet_end(outlet, END_MS))
		outlet = NULL;
}

void log_forget(void)
{
	outlet = NULL;
	left_out = 0;
}
