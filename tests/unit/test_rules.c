// SPDX-License-Identifier: GPL-2.0
/*
 * test_rules.c - what loader/rules/rules.h promises: which file gives which
 * rules, and what is refused, with file, line and words.  Matching is in
 * test_rules_match.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "rules/rules.h"
/* last: it makes a macro of the name fail, which error.h uses */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define RAM (8ULL << 30)
#define DO "limit = 1G\naction = kill\n"
#define MATCH "match-comm = a\n"
#define RULE "[rule a]\n" MATCH
#define PATTERN_20 "/aaaaaaaaaaaaaaaaaaa"

struct refusal {
	const char *text;
	unsigned int line;
	const char *words; /* part of the message */
};

static const struct refusal refusals[] = {
	/* lines */
	{ "limit = 1G\n", 1, "in no section" },
	{ "[rule a]\nmatch-comm\n", 2, "KEY = VALUE" },
	{ "junk\n", 1, "KEY = VALUE" },
	{ "[rule a\nmatch-comm = a\n", 1, "a ] is missing" },
	{ "# ok\n\n[rule a] limit = 1G\n", 3, "follows the ]" },
	{ RULE DO "x = \n", 5, "no value" },
	/* sections */
	{ "[rules a]\nlimit = 1G\n", 1, "no section that is known" },
	{ "[rule]\nlimit = 1G\n", 1, "no section that is known" },
	{ "[]\nlimit = 1G\n", 1, "no section that is known" },
	{ "[Rule a]\nlimit = 1G\n", 1, "no section that is known" },
	{ "[rule a b]\nlimit = 1G\n", 1, "is no name" },
	{ "[rule \xc3\xa4]\nlimit = 1G\n", 1, "is no name" },
	{ "[rule abcdefghijklmnopqrstuvwxyz0123456789]\na = b\n", 1,
	  "is no name" },
	{ RULE DO "[rule a]\n" MATCH DO, 5, "taken by test.conf:1" },
	{ RULE DO "[protect a]\n" MATCH, 5, "taken by test.conf:1" },
	{ RULE DO "\n[rule b]\n", 6, "empty" },
	{ "[rule b]\n" RULE DO, 1, "empty" },
	{ "[rule a]\n" DO, 1, "names no process" },
	{ RULE DO "[rule b]\n" DO "[rule c]\n" MATCH DO, 5,
	  "b names no process" },
	{ "[protect a]\nmatch-comm = a\nlimit = 1G\n", 3, "[protect]" },
	/* keys */
	{ RULE "limits = 1G\n", 3, "no key that is known" },
	{ RULE "Limit = 1G\n", 3, "no key that is known" },
	{ RULE "match-name = a\n", 3, "no key that is known" },
	{ RULE "force = yes\n", 3, "no key that is known" },
	{ RULE "limit = 1G\nlimit = 2G\naction = kill\n", 4, "twice" },
	{ RULE DO MATCH, 5, "twice" },
	{ RULE DO "grace = 5s\ngrace = 6s\nthen = kill\n", 6, "twice" },
	{ RULE DO "grace = 5s\nthen = signal TERM\nthen = kill\n", 1,
	  "kill after 10s" },
	{ RULE DO "then = kill after\n", 5, "kill after" },
	{ RULE DO "then = kill after soon\n", 5, "soon" },
	{ RULE DO "grace = 5s\nthen = kill after 10s\n", 1, "both say when" },
	{ RULE DO "then = kill after 1s\nthen = kill after 1s\nthen = kill "
		  "after 1s\nthen = kill after 1s\nthen = kill after 1s\n",
	  9, "too many" },
	{ RULE DO "hysteresis = 5\n", 5, "share of the limit" },
	{ RULE DO "hysteresis = 5%\n", 1, "then" },
	{ RULE DO "rate = 50M\n", 5, "no rate" },
	{ RULE DO "rate = 50M/s\n", 1, "slowdown" },
	{ RULE DO "when-pressure = some\n", 5, "some 10% over 2s" },
	{ RULE DO "respond = panic\n", 5, "no response" },
	{ RULE DO "respond = freeze\n", 1, "then" },
	/* what is matched */
	{ "[rule a]\nmatch-comm = cc1plus, , ld\n" DO, 2, "empty item" },
	{ "[rule a]\nmatch-comm = a,\n" DO, 2, "empty item" },
	{ "[rule a]\nmatch-comm = a-name-of-more-than-15\n" DO, 2, "15" },
	{ "[rule a]\nmatch-exe = cc1plus\n" DO, 2, "full path" },
	{ "[rule a]\nmatch-exe = */cc1plus\n" DO, 2, "full path" },
	{ "[rule a]\nmatch-cgroup = user.slice\n" DO, 2, "full path" },
	{ "[rule a]\nmatch-exe = /a***\n" DO, 2, "too many stars" },
	{ "[rule a]\nmatch-exe = /a\tb\001\n" DO, 2, "control character" },
	{ "[rule a]\nmatch-exe = " PATTERN_20 PATTERN_20 PATTERN_20 PATTERN_20
		  PATTERN_20 PATTERN_20 PATTERN_20 "\n" DO,
	  2, "too long" },
	{ "[rule a]\nmatch-uid = root\n" DO, 2, "no user id" },
	{ "[rule a]\nmatch-uid = -1\n" DO, 2, "no user id" },
	{ "[rule a]\nmatch-uid = 1000-\n" DO, 2, "no user id" },
	{ "[rule a]\nmatch-uid = 1000-x\n" DO, 2, "no user id" },
	{ "[rule a]\nmatch-uid = 1 000\n" DO, 2, "no user id" },
	{ "[rule a]\nmatch-uid = 1999-1000\n" DO, 2, "write 1000-1999" },
	{ "[rule a]\nmatch-uid = 0, 4294967295\n" DO, 2, "largest" },
	/* the policy */
	{ RULE "limit = 1G\n", 1, "nothing says what happens" },
	{ RULE "action = kill\n", 1, "when a process is over" },
	{ RULE "action = stop\n", 3, "stop" },
	{ RULE "limit = much\naction = kill\n", 3, "much" },
	{ RULE "limit = 0\naction = kill\n", 3, "limit 0" },
	{ RULE "limit = 300\naction = kill\n", 3, "at least 64K" },
	{ RULE "limit = 25%\naction = kill\n", 3, "does not say of what" },
	{ RULE "limit = 25% of disk\naction = kill\n", 3, "25% of RAM" },
	{ RULE "limit = 0% of RAM\naction = kill\n", 3, "no share" },
	{ RULE "limit = 101% of RAM\naction = kill\n", 3, "no share" },
	{ RULE "limit = 2.5% of RAM\naction = kill\n", 3, "no share" },
	{ RULE DO "rss = heap\n", 5, "heap" },
	{ RULE "limit = 1G\naction = signal\n", 1, "signal" },
	{ RULE "limit = 1G\naction = signal\nsignal = FOO\n", 5, "FOO" },
	{ RULE DO "grace = 5\n", 5, "5" },
	{ RULE DO "grace = 5s\n", 1, "then" },
	{ RULE DO "then = signal TERM\n", 1, "grace" },
	{ RULE DO "direct = true\n", 5, "yes or no" },
	{ RULE DO "max-delay = 3s\n", 5, "too large" },
	{ RULE DO "on-stuck = kill\n", 1, "slowdown" },
};

static int parse(struct rules *rules, const char *text, struct error *err)
{
	rules_init(rules, RAM);
	memset(err, 0, sizeof(*err));
	return rules_parse(rules, "test.conf", text, err);
}

static void what_is_wrong_is_refused_with_file_and_line(void **state)
{
	char where[32];
	struct rules rules;
	struct error err;
	size_t i;

	(void)state;
	assert_true(COUNT(refusals) >= 40);
	for (i = 0; i < COUNT(refusals); i++) {
		const struct refusal *r = &refusals[i];

		if (!parse(&rules, r->text, &err))
			fail_msg("taken: %s", r->text);
		snprintf(where, sizeof(where), "test.conf:%u: ", r->line);
		if (strncmp(err.text, where, strlen(where)) ||
		    !strstr(err.text, r->words) || strchr(err.text, '\n') ||
		    err.exit_status != 2)
			fail_msg("%s\ngives '%s',\nnot '%s...%s'", r->text,
				 err.text, where, r->words);
		/* options are keys here */
		if (strstr(err.text, "--"))
			fail_msg("'%s' speaks of options", err.text);
		rules_free(&rules);
	}
}

static void a_line_that_is_too_long_is_refused(void **state)
{
	static char text[4000];
	struct rules rules;
	struct error err;

	(void)state;
	memset(text, '#', sizeof(text) - 1);
	memcpy(text, "\n\n", 2);
	assert_int_not_equal(parse(&rules, text, &err), 0);
	assert_string_equal(err.text, "test.conf:3: the line is too long; at "
				      "most 1023 bytes");
	rules_free(&rules);
}

static void more_rules_than_fit_are_refused(void **state)
{
	char *text = calloc(1, 1 << 20), *end = text;
	struct rules rules;
	struct error err;
	int i;

	(void)state;
	for (i = 0; i < OVERHIGH_MAX_RULES; i++)
		end += sprintf(end, "[rule r%d]\nmatch-comm = a\n" DO, i);
	assert_int_equal(parse(&rules, text, &err), 0);
	assert_int_equal(rules.nr, OVERHIGH_MAX_RULES);
	rules_free(&rules);
	sprintf(end, "[protect last]\nmatch-comm = a\n");
	assert_int_not_equal(parse(&rules, text, &err), 0);
	assert_string_equal(err.text, "test.conf:4097: this is rule 1025; at "
				      "most 1024 can be in force, so join "
				      "some");
	rules_free(&rules);
	free(text);
}

static void more_patterns_than_fit_are_refused(void **state)
{
	char *text = calloc(1, 1 << 20), *end = text;
	struct rule_tables tables;
	struct rules rules;
	struct error err;
	int i, j;

	(void)state;
	for (i = 0; i < 600; i++) {
		end += sprintf(end, "[rule r%d]\nmatch-comm = ", i);
		for (j = 0; j < 8; j++)
			end += sprintf(end, "%sa%db%d", j ? "," : "", i, j);
		end += sprintf(end, "\n" DO);
	}
	assert_int_equal(parse(&rules, text, &err), 0);
	assert_int_not_equal(rules_compile(&rules, &tables, &err), 0);
	assert_string_equal(err.text,
			    "test.conf:2050: with this line there are more "
			    "than 4096 different patterns; join some");
	rules_free(&rules);
	free(text);
}

/* The example of the README and the man page, as it is. */
static void the_example_gives_the_policy_that_it_says(void **state)
{
	static const char text[] =
		"\xef\xbb\xbf# a comment\r\n"
		"[rule build-jobs]\r\n"
		"match-comm   = cc1plus, ld*, rustc\r\n"
		"match-cgroup = /user.slice/**\r\n"
		"match-exe    = /usr/lib/gcc/**   # full path\r\n"
		"match-uid    = 1000-1999\r\n"
		"limit        = 2G            # RSS\r\n"
		"rss          = anon,swap\r\n"
		"action       = slowdown\r\n"
		"log          = no\r\n"
		"grace        = 5s ; another\r\n"
		"then         = signal TERM\r\n"
		"  [protect ssh]\r\n"
		"match-comm = sshd";
	const __u32 flags =
		OVERHIGH_DIRECT | OVERHIGH_RSS_ANON | OVERHIGH_RSS_SWAP;
	const struct overhigh_policy *policy;
	char shown[2 * OVERHIGH_PATTERN_LEN];
	struct rules rules;
	struct error err;

	(void)state;
	if (parse(&rules, text, &err))
		fail_msg("%s", err.text);
	assert_int_equal(rules.nr, 2);
	policy = &rules.rule[0].record.policy;
	assert_string_equal(rules.rule[0].record.name, "build-jobs");
	assert_int_equal(rules.rule[0].line, 2);
	assert_int_equal(rules.rule[0].nr_matches, 6);
	assert_string_equal(
		rule_pattern_text(rules.rule[0].matches[4].pattern, shown),
		"/usr/lib/gcc/**");
	assert_int_equal(policy->control,
			 overhigh_control_word(OVERHIGH_SLOWDOWN, 0, flags));
	assert_int_equal(
		policy->escalation,
		overhigh_control_word(OVERHIGH_SIGNAL, SIGTERM, flags));
	assert_int_equal(policy->grace_ms, 5000);
	assert_true(policy->process_limit == 2ULL << 30);
	assert_string_equal(rules.rule[1].record.name, "ssh");
	assert_int_equal(rules.rule[1].record.flags, OVERHIGH_RULE_PROTECT);
	rules_free(&rules);
}

/* What editors put before the first line. */
static void a_mark_of_utf_8_is_passed_over(void **state)
{
	struct rules rules;
	struct error err;

	(void)state;
	if (parse(&rules, "\xef\xbb\xbf[rule a]\n" MATCH DO, &err))
		fail_msg("%s", err.text);
	assert_int_equal(rules.nr, 1);
	rules_free(&rules);
}

static void a_limit_may_be_a_share(void **state)
{
	static const char text[] =
		"[rule a]\n" MATCH "action = kill\nlimit = 25% of RAM\n"
		"[rule b]\n" MATCH "action = kill\nlimit = 50% of memory.max\n"
		"[rule c]\n" MATCH
		"action = kill\nlimit = 5% of the cgroup's memory.max\n";
	struct rules rules;
	struct error err;

	(void)state;
	if (parse(&rules, text, &err))
		fail_msg("%s", err.text);
	assert_true(rules.rule[0].record.policy.process_limit ==
		    RAM / 100 * 25);
	assert_int_equal(rules.rule[0].record.percent_of_max, 0);
	assert_int_equal(rules.rule[1].record.percent_of_max, 50);
	assert_int_equal(rules.rule[2].record.percent_of_max, 5);
	rules_free(&rules);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void files_are_read_in_name_order(void **state)
{
	char dir[] = "/tmp/overhigh-rules-XXXXXX", path[128], *wrong;
	struct rules rules;
	struct error err;
	int i;

	(void)state;
	assert_non_null(mkdtemp(dir));
	put(dir, "20-b.conf", "[rule second]\n" MATCH DO);
	put(dir, "10-a.conf", "[rule first]\n" MATCH DO);
	put(dir, "30-c.conf.old", "junk");
	put(dir, ".hidden.conf", "junk");
	rules_init(&rules, RAM);
	assert_int_equal(rules_read(&rules, dir, &err), 0);
	assert_int_equal(rules.nr, 2);
	assert_string_equal(rules.rule[0].record.name, "first");
	assert_string_equal(rules.rule[1].record.name, "second");
	rules_free(&rules);
	/* names are told apart across files, and the wrong file is named */
	put(dir, "40-d.conf", "\n[rule first]\n" MATCH DO);
	assert_int_not_equal(rules_read(&rules, dir, &err), 0);
	assert_true(asprintf(&wrong,
			     "%s/40-d.conf:2: the name first is taken by "
			     "%s/10-a.conf:1; use another",
			     dir, dir) > 0);
	assert_string_equal(err.text, wrong);
	free(wrong);
	rules_free(&rules);
	snprintf(path, sizeof(path), "%s/none.conf", dir);
	assert_int_not_equal(rules_read(&rules, path, &err), 0);
	assert_non_null(strstr(err.text, "No such file"));
	for (i = 0; i < 5; i++) {
		static const char *const names[] = { "20-b.conf", "10-a.conf",
						     "30-c.conf.old",
						     ".hidden.conf",
						     "40-d.conf" };

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

/* Whether the folder is read; words: why not. */
static void reads(const char *dir, const char *words)
{
	struct rules rules;
	struct error err;

	rules_init(&rules, RAM);
	if (words) {
		assert_int_equal(rules_read(&rules, dir, &err), -EINVAL);
		if (!strstr(err.text, words))
			fail_msg("%s: not %s", err.text, words);
		assert_null(strchr(err.text, '\n'));
	} else if (rules_read(&rules, dir, &err)) {
		fail_msg("%s", err.text);
	}
	rules_free(&rules);
}

static void what_others_could_write_is_refused(void **state)
{
	char dir[] = "/tmp/overhigh-rules-XXXXXX", path[128];

	(void)state;
	assert_non_null(mkdtemp(dir));
	put(dir, "a.conf", "[rule a]\n" MATCH DO);
	snprintf(path, sizeof(path), "%s/a.conf", dir);
	reads(dir, NULL);
	chmod(path, 0666);
	reads(dir, "chmod go-w");
	chmod(path, 0664);
	reads(dir, "its group");
	chmod(path, 0644);
	chmod(dir, 0777);
	reads(dir, "chmod go-w");
	chmod(dir, 0755);
	if (!chown(path, 65534, 0)) {
		reads(dir, "belongs to user 65534");
		assert_int_equal(chown(path, 0, 0), 0);
	}
	if (!chown(dir, 65534, 0)) {
		reads(dir, "belongs to user 65534");
		assert_int_equal(chown(dir, 0, 0), 0);
	}
	reads(dir, NULL);
	unlink(path);
	rmdir(dir);
}

/* It would be waited for until somebody writes to it. */
static void a_fifo_or_a_device_is_refused_at_once(void **state)
{
	char dir[] = "/tmp/overhigh-rules-XXXXXX", path[128];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.conf", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(10);
	reads(dir, "no regular file");
	alarm(0);
	unlink(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
	reads(dir, "no regular file");
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_refused_with_file_and_line),
		cmocka_unit_test(a_line_that_is_too_long_is_refused),
		cmocka_unit_test(more_rules_than_fit_are_refused),
		cmocka_unit_test(more_patterns_than_fit_are_refused),
		cmocka_unit_test(the_example_gives_the_policy_that_it_says),
		cmocka_unit_test(a_mark_of_utf_8_is_passed_over),
		cmocka_unit_test(a_limit_may_be_a_share),
		cmocka_unit_test(files_are_read_in_name_order),
		cmocka_unit_test(what_others_could_write_is_refused),
		cmocka_unit_test(a_fifo_or_a_device_is_refused_at_once),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
