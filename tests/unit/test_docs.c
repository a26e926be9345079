// SPDX-License-Identifier: GPL-2.0
/*
 * test_docs.c - the man pages know every option of a policy.
 *
 * Run from the top of the tree.  What the options do is tested elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "text/policy_options.h"
#include <cmocka.h>

/* before: what stands before an option's name. */
static void look_for_options(const char *path, const char *before)
{
	static char page[1 << 16];
	FILE *f = fopen(path, "re");
	char name[64], *to;
	const char *from;
	size_t i;

	assert_non_null(f);
	page[fread(page, 1, sizeof(page) - 1, f)] = 0;
	fclose(f);
	for (i = 0; i < POLICY_FIELDS; i++) {
		/* in roff a dash of an option is written \- */
		to = name + snprintf(name, sizeof(name), "%s", before);
		for (from = policy_fields[i].name; *from; from++) {
			if (*from == '-')
				*to++ = '\\';
			*to++ = *from;
		}
		*to = 0;
		if (!strstr(page, name))
			fail_msg("%s lacks %s", path, name);
	}
}

static void the_man_pages_name_every_option(void **state)
{
	(void)state;
	look_for_options("man/overhigh.8", "\\-\\-");
	look_for_options("man/overhigh.conf.5", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_man_pages_name_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
