/* SPDX-License-Identifier: GPL-2.0 */
/*
 * docs.h - for the tests of the documentation: README, docs/ and man/ in
 * memory.
 *
 * Does not belong here: what is expected of them.
 */
#ifndef OVERHIGH_TESTS_DOCS_H
#define OVERHIGH_TESTS_DOCS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MOST_TEXT (1 << 18)
#define MOST_PAGES 32

struct page {
	char *path, *text;
};

static struct page pages[MOST_PAGES]; /* README, CHANGELOG, docs, examples */
static size_t nr_pages;

static inline char *read_all(FILE *f)
{
	char *text = calloc(1, MOST_TEXT);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, MOST_TEXT - 1, f) < MOST_TEXT - 1);
	return text;
}

static inline char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text;

	if (!f)
		fail_msg("cannot read %s", path);
	text = read_all(f);
	fclose(f);
	return text;
}

/* roff writes the dash of an option \-, and a quote \(aq. */
static inline char *read_man(const char *path)
{
	char *text = read_file(path), *from, *to = text;

	for (from = text; *from; from++) {
		if (!strncmp(from, "\\(aq", 4)) {
			*to++ = '\'';
			from += 3;
		} else if (strncmp(from, "\\-", 2)) {
			*to++ = *from; /* the dash itself comes next */
		}
	}
	*to = 0;
	return text;
}

static inline void add_pages(const char *pattern)
{
	glob_t found;
	size_t i;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (i = 0; i < found.gl_pathc && nr_pages < MOST_PAGES; i++) {
		pages[nr_pages].path = strdup(found.gl_pathv[i]);
		pages[nr_pages].text = read_file(found.gl_pathv[i]);
		nr_pages++;
	}
	globfree(&found);
}

static inline void read_pages(void)
{
	add_pages("README.md");
	add_pages("CHANGELOG.md");
	add_pages("docs/*.md");
	add_pages("examples/*/README");
}

#endif /* OVERHIGH_TESTS_DOCS_H */
