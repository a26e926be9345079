// SPDX-License-Identifier: GPL-2.0
/*
 * test_rules_match.c - which rule matches which process: the compiled tables
 * and the glob matcher that the kernel side runs too, held against a recursive
 * matcher.  What text is a rule is in test_rules.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rules/rules.h"
/* last: it makes a macro of the name fail, which error.h uses */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define DO "limit = 1G\naction = kill\n"

static void compile(const char *text, struct rules *rules,
		    struct rule_tables *tables)
{
	struct error err = {};

	rules_init(rules, 1 << 30);
	if (rules_parse(rules, "test.conf", text, &err) ||
	    rules_compile(rules, tables, &err))
		fail_msg("%s", err.text);
}

static bool matches(const char *key, const char *pattern,
		    const struct rule_subject *subject)
{
	struct rule_tables tables;
	struct rules rules;
	char text[512];
	int found;

	snprintf(text, sizeof(text), "[rule a]\nmatch-%s = %s\n" DO, key,
		 pattern);
	compile(text, &rules, &tables);
	found = rule_tables_match(&tables, subject);
	rule_tables_free(&tables);
	rules_free(&rules);
	return found == 0;
}

static const struct {
	const char *pattern, *path;
	bool match;
} paths[] = {
	{ "/usr/bin/cc", "/usr/bin/cc", true },
	{ "/usr/bin/cc", "/usr/bin/cc1", false },
	{ "/usr/bin/cc1", "/usr/bin/cc", false },
	{ "/usr/bin/*", "/usr/bin/cc", true },
	{ "/usr/bin/*", "/usr/bin/", true },
	{ "/usr/bin/*", "/usr/bin/a/b", false },
	{ "/usr/*/cc", "/usr/bin/cc", true },
	{ "/usr/*/cc", "/usr/local/bin/cc", false },
	{ "/usr/**/cc", "/usr/local/bin/cc", true },
	{ "/usr/**/cc", "/usr/cc", true },
	{ "/usr/**/cc", "/usrcc", false },
	{ "/usr/**/lib/**/cc", "/usr/lib/cc", true },
	{ "/usr/**/lib/**/cc", "/usr/x/lib/y/z/cc", true },
	{ "/usr/**", "/usr/a/b/c", true },
	{ "/usr/**", "/usr", false },
	{ "**", "/", true },
	{ "**/cc1plus", "/usr/lib/gcc/x/12/cc1plus", true },
	{ "**/cc1plus", "/usr/lib/gcc/x/12/cc1plusx", false },
	{ "**/cc1*/x?", "/a/cc1p/b/cc1q/xy", true },
	{ "/a?c", "/abc", true },
	{ "/a?c", "/a/c", false },
	{ "/user.slice/user-*.slice/**/*.scope",
	  "/user.slice/user-1000.slice/session-2.scope", true },
	{ "/user.slice/user-*.slice/**/*.scope",
	  "/user.slice/user-1000.slice/a.service/b/c.scope", true },
	{ "/", "/", true },
	{ "/", "/a", false },
	{ "/a*b*c", "/aXbYbZc", true },
	{ "/a*b*c", "/aXbYbZ", false },
	{ "/**a*b/c", "/xa/ab/c", true },
	{ "/**a*b/c", "/xa/a/b/c", false },
};

static void paths_match_by_parts(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(paths); i++) {
		struct rule_subject s = {};

		snprintf(s.exe, sizeof(s.exe), "%s", paths[i].path);
		snprintf(s.cgroup, sizeof(s.cgroup), "%s", paths[i].path);
		if (matches("exe", paths[i].pattern, &s) != paths[i].match ||
		    matches("cgroup", paths[i].pattern, &s) != paths[i].match)
			fail_msg("%s and %s", paths[i].pattern, paths[i].path);
	}
}

static void a_star_in_a_comm_stands_for_anything(void **state)
{
	struct rule_subject s = { .comm = "kworker/0:1-mm" };

	(void)state;
	assert_true(matches("comm", "kw*mm", &s));
	assert_true(matches("comm", "x, kworker/0:1-mm", &s));
	assert_false(matches("comm", "kworker", &s));
	assert_true(matches("comm", "*", &s));
}

static void uids_match_by_range(void **state)
{
	struct rule_subject s = { .uid = 1000 };

	(void)state;
	assert_true(matches("uid", "1000", &s));
	assert_true(matches("uid", "0, 1000-1999", &s));
	assert_true(matches("uid", "0-1000", &s));
	assert_false(matches("uid", "1001-4294967294", &s));
	assert_false(matches("uid", "0-999", &s));
}

static void all_keys_must_match_and_the_first_rule_wins(void **state)
{
	static const char text[] =
		"[rule a]\nmatch-comm = x\nmatch-uid = 5\n" DO
		"[protect b]\nmatch-exe = /usr/**\n"
		"[rule c]\nmatch-comm = x, y\n" DO;
	struct rule_subject s = { .comm = "x", .uid = 5, .exe = "/usr/x" };
	struct rule_tables tables;
	struct rules rules;

	(void)state;
	compile(text, &rules, &tables);
	assert_int_equal(rule_tables_match(&tables, &s), 0);
	s.uid = 6;
	assert_int_equal(rule_tables_match(&tables, &s), 1);
	strcpy(s.exe, "/bin/x");
	assert_int_equal(rule_tables_match(&tables, &s), 2);
	strcpy(s.comm, "z");
	assert_int_equal(rule_tables_match(&tables, &s), -1);
	rule_tables_free(&tables);
	rules_free(&rules);
}

static void every_one_of_1024_rules_is_found(void **state)
{
	char *text = calloc(1, 1 << 20), *end = text;
	struct rule_tables tables;
	struct rules rules;
	int i;

	(void)state;
	for (i = 0; i < OVERHIGH_MAX_RULES; i++)
		end += sprintf(end, "[rule r%d]\nmatch-comm = c%d\n" DO, i, i);
	compile(text, &rules, &tables);
	assert_int_equal(tables.nr_tests, OVERHIGH_MAX_RULES);
	for (i = 0; i < OVERHIGH_MAX_RULES; i++) {
		struct rule_subject s = {};

		snprintf(s.comm, sizeof(s.comm), "c%d", i);
		assert_int_equal(rule_tables_match(&tables, &s), i);
		assert_int_equal(overhigh_lowest_bit(3ULL << i % 63), i % 63);
	}
	rule_tables_free(&tables);
	rules_free(&rules);
	free(text);
}

/* A pattern that many rules share is there once. */
static void a_pattern_is_tested_once(void **state)
{
	static const char text[] =
		"[rule a]\nmatch-comm = x\nmatch-exe = /usr/**\n" DO
		"[rule b]\nmatch-comm = y\nmatch-exe = /usr/**\n" DO;
	struct rule_tables tables;
	struct rules rules;

	(void)state;
	compile(text, &rules, &tables);
	assert_int_equal(tables.nr_tests, 3);
	rule_tables_free(&tables);
	rules_free(&rules);
}

/* ---- against a matcher that tries everything ---- */

static bool slow_match(const char *pattern, const char *text)
{
	if (!*pattern)
		return !*text;
	if (*pattern == OVERHIGH_GLOB_STAR || *pattern == OVERHIGH_GLOB_STARS)
		return slow_match(pattern + 1, text) ||
		       (*text &&
			(*pattern == OVERHIGH_GLOB_STARS || *text != '/') &&
			slow_match(pattern, text + 1));
	if (!*text)
		return false;
	if (*pattern == OVERHIGH_GLOB_ONE ? *text == '/' : *pattern != *text)
		return false;
	return slow_match(pattern + 1, text + 1);
}

static void random_word(char *word, int most, const char *letters)
{
	int length = rand() % most, i;

	for (i = 0; i < length; i++)
		word[i] = letters[rand() % strlen(letters)];
	word[length] = 0;
}

static void the_matcher_agrees_with_one_that_tries_everything(void **state)
{
	unsigned int i, found = 0;

	(void)state;
	srand(1);
	for (i = 0; i < 300000; i++) {
		char pattern[OVERHIGH_PATTERN_LEN] = "";
		char text[OVERHIGH_PATH_LEN] = "";
		struct overhigh_glob glob = {};
		int steps = 0;

		random_word(pattern, 9, "ab/\1\2\3\2\3");
		random_word(text, 12, "aabb/");
		while (!overhigh_glob_step(&glob, pattern, text))
			assert_true(++steps < OVERHIGH_MATCH_STEPS);
		if (glob.matches != slow_match(pattern, text)) {
			char shown[2 * OVERHIGH_PATTERN_LEN];

			fail_msg("'%s' and '%s'",
				 rule_pattern_text(pattern, shown), text);
		}
		found += glob.matches;
	}
	assert_true(found > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_match_by_parts),
		cmocka_unit_test(a_star_in_a_comm_stands_for_anything),
		cmocka_unit_test(uids_match_by_range),
		cmocka_unit_test(all_keys_must_match_and_the_first_rule_wins),
		cmocka_unit_test(every_one_of_1024_rules_is_found),
		cmocka_unit_test(a_pattern_is_tested_once),
		cmocka_unit_test(
			the_matcher_agrees_with_one_that_tries_everything),
	};

	return cmocka_run_group_tests_name("rules_match", tests, NULL, NULL);
}
