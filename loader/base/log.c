// SPDX-License-Identifier: GPL-2.0
/* base/log.c - see base/log.h. */
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include "base/log.h"

void say(const char *format, ...)
{
	va_list args;

	fputs("overhigh: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static int print_all(enum libbpf_print_level level, const char *format,
		     va_list args)
{
	(void)level;
	return vfprintf(stderr, format, args);
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
