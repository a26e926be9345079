/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is a file fuzz_X.c for one parser of bytes from outside.  It hands
 * them over as they come and aborts where the parser has broken its word: one
 * line about what is wrong, the same value back after writing and reading.
 * What it has been tried with is in corpus/X.  Tests by example are in
 * tests/unit.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* libFuzzer's two entries */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define PROMISE(condition)                                                     \
	do {                                                                   \
		if (!(condition)) {                                            \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
				__LINE__, #condition);                         \
			abort();                                               \
		}                                                              \
	} while (0)

/* A refusal is one line that says something, and is bad input. */
static inline void fuzz_refused(int ret, const struct error *err)
{
	PROMISE(ret < 0);
	PROMISE(err->text[0] && !strchr(err->text, '\n'));
	PROMISE(memchr(err->text, 0, sizeof(err->text)));
	PROMISE(err->exit_status == 1 || err->exit_status == 2);
}

/* The bytes as a string: exactly as long, so that reading past it is seen. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	PROMISE(text);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif /* FUZZ_H */
