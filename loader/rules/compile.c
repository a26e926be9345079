// SPDX-License-Identifier: GPL-2.0
/*
 * rules/compile.c - the model of rules to the tables that the kernel side
 * matches with, and matching with them in user space.
 *
 * Pure.  Does not belong here: writing tables into maps (govern/rules_maps.c).
 */
#include <stdlib.h>
#include <string.h>
#include "rules/rules.h"

/* Patterns that one is turned into: each of up to so many "/ ** /" is also
 * nothing but a slash. */
#define MOST_SPLITS 3

static void set_bit(__u64 *bits, unsigned int nr)
{
	bits[nr / 64] |= 1ULL << nr % 64;
}

static bool has_bit(const __u64 *bits, unsigned int nr)
{
	return bits[nr / 64] >> nr % 64 & 1;
}

/* What a text must begin with: the pattern up to its first wildcard, with the
 * NUL at the end if there is none. */
static void set_head(struct overhigh_rule_test *test)
{
	size_t most = sizeof(test->head), i;
	char *head = (char *)test->head, *mask = (char *)test->head_mask;

	for (i = 0; i < most; i++) {
		unsigned char c = test->pattern[i];

		if (c && c <= OVERHIGH_GLOB_STARS)
			break;
		head[i] = c;
		mask[i] = (char)0xff;
		if (!c)
			break;
	}
}

/* And what it must end with: from behind the last wildcard on. */
static void set_tail(struct overhigh_rule_test *test)
{
	size_t most = sizeof(test->tail), length = strlen(test->pattern), i;
	char *tail = (char *)test->tail, *mask = (char *)test->tail_mask;

	for (i = 1; i <= most && i <= length; i++) {
		unsigned char c = test->pattern[length - i];

		if (c <= OVERHIGH_GLOB_STARS)
			break;
		tail[most - i] = c;
		mask[most - i] = (char)0xff;
	}
}

static struct overhigh_rule_test *
find_test(struct rule_tables *tables, const struct overhigh_rule_test *wanted,
	  unsigned int first)
{
	unsigned int i;

	for (i = first; i < tables->nr_tests; i++)
		if (tables->tests[i].first == wanted->first &&
		    tables->tests[i].last == wanted->last &&
		    !strcmp(tables->tests[i].pattern, wanted->pattern))
			return &tables->tests[i];
	return NULL;
}

/* first: where the tests of this attribute begin. */
static int add_test(struct rule_tables *tables, unsigned int first,
		    const struct overhigh_rule_test *wanted, unsigned int rule)
{
	struct overhigh_rule_test *test = find_test(tables, wanted, first);

	if (!test) {
		if (tables->nr_tests == OVERHIGH_MAX_TESTS)
			return -E2BIG;
		test = &tables->tests[tables->nr_tests++];
		*test = *wanted;
		set_head(test);
		set_tail(test);
	}
	set_bit(test->rules, rule);
	return 0;
}

/* The pattern with each slash-stars-slash whose bit is set in drop cut down to
 * its first slash. */
static void drop_stars(const char *pattern, unsigned int drop, char *out)
{
	unsigned int nth = 0;

	for (; *pattern; pattern++) {
		*out++ = *pattern;
		if (pattern[0] == '/' && pattern[1] == OVERHIGH_GLOB_STARS &&
		    pattern[2] == '/' && nth < MOST_SPLITS && drop >> nth++ & 1)
			pattern += 2;
	}
	*out = 0;
}

static unsigned int count_stars(const char *pattern)
{
	static const char part[] = { '/', OVERHIGH_GLOB_STARS, '/', 0 };
	unsigned int nr = 0;

	for (; (pattern = strstr(pattern, part)); pattern += 2)
		nr++;
	return nr < MOST_SPLITS ? nr : MOST_SPLITS;
}

/* The tests of one match of a rule. */
static int add_match(struct rule_tables *tables, unsigned int first,
		     const struct rule_match *match, unsigned int rule)
{
	struct overhigh_rule_test test;
	unsigned int drop;
	int ret = 0;

	for (drop = 0; !ret && drop < 1U << count_stars(match->pattern);
	     drop++) {
		memset(&test, 0, sizeof(test));
		test.first = match->first;
		test.last = match->last;
		drop_stars(match->pattern, drop, test.pattern);
		ret = add_test(tables, first, &test, rule);
	}
	return ret;
}

static int compile_attribute(const struct rules *rules,
			     struct rule_tables *tables,
			     enum overhigh_attribute attribute,
			     struct error *err)
{
	unsigned int first = tables->nr_tests, i, j;
	const struct rule *rule;
	bool looks;

	for (i = 0; i < rules->nr; i++) {
		rule = &rules->rule[i];
		looks = false;
		for (j = 0; j < rule->nr_matches; j++) {
			if (rule->matches[j].attribute != attribute)
				continue;
			looks = true;
			if (add_match(tables, first, &rule->matches[j], i))
				return bad_input(
					err,
					"%s:%u: with this line there are more "
					"than %d different patterns; join some",
					rule->file, rule->matches[j].line,
					OVERHIGH_MAX_TESTS);
		}
		if (!looks)
			set_bit(tables->set.any[attribute], i);
	}
	tables->set.first[attribute] = first;
	tables->set.nr[attribute] = tables->nr_tests - first;
	return 0;
}

/* FILE:LINE, if need be without the beginning. */
static void set_where(struct overhigh_rule *record, const struct rule *rule)
{
	size_t room = sizeof(record->where) - 12, length = strlen(rule->file);

	snprintf(record->where, sizeof(record->where), "%s:%u",
		 length > room ? rule->file + length - room : rule->file,
		 rule->line);
}

int rules_compile(const struct rules *rules, struct rule_tables *tables,
		  struct error *err)
{
	unsigned int i;
	int ret = 0;

	memset(tables, 0, sizeof(*tables));
	tables->rules = calloc(rules->nr + 1, sizeof(*tables->rules));
	tables->extensions = calloc(rules->nr + 1, sizeof(*tables->extensions));
	tables->tests = calloc(OVERHIGH_MAX_TESTS, sizeof(*tables->tests));
	if (!tables->rules || !tables->extensions || !tables->tests)
		ret = fail(err, ENOMEM, "out of memory");
	for (i = 0; !ret && i < rules->nr; i++) {
		tables->rules[i] = rules->rule[i].record;
		tables->extensions[i] = rules->rule[i].extension;
		set_where(&tables->rules[i], &rules->rule[i]);
	}
	tables->set.nr_rules = rules->nr;
	tables->set.ram_bytes = rules->ram_bytes;
	for (i = 0; !ret && i < OVERHIGH_ATTRIBUTES; i++)
		ret = compile_attribute(rules, tables, i, err);
	if (ret)
		rule_tables_free(tables);
	return ret;
}

void rule_tables_free(struct rule_tables *tables)
{
	free(tables->rules);
	free(tables->extensions);
	free(tables->tests);
	memset(tables, 0, sizeof(*tables));
}

static bool ends_fit(const struct overhigh_rule_test *test, const char *text)
{
	__u64 head[2] = {}, tail[2] = {};
	size_t length = strlen(text), most = sizeof(tail);

	memcpy(head, text, length < most ? length : most);
	if (length < most)
		memcpy((char *)tail + most - length, text, length);
	else
		memcpy(tail, text + length - most, most);
	return (head[0] & test->head_mask[0]) == test->head[0] &&
	       (head[1] & test->head_mask[1]) == test->head[1] &&
	       (tail[0] & test->tail_mask[0]) == test->tail[0] &&
	       (tail[1] & test->tail_mask[1]) == test->tail[1];
}

static bool glob_matches(const char *pattern, const char *text)
{
	struct overhigh_glob glob = {};
	int i;

	for (i = 0; i < OVERHIGH_MATCH_STEPS; i++)
		if (overhigh_glob_step(&glob, pattern, text))
			break;
	return glob.matches;
}

bool rule_test_holds(const struct overhigh_rule_test *test,
		     enum overhigh_attribute attribute,
		     const struct rule_subject *subject)
{
	const char *text = attribute == OVERHIGH_ATTR_COMM ? subject->comm :
			   attribute == OVERHIGH_ATTR_EXE  ? subject->exe :
							     subject->cgroup;
	if (attribute == OVERHIGH_ATTR_UID)
		return subject->uid >= test->first &&
		       subject->uid <= test->last;
	return ends_fit(test, text) && glob_matches(test->pattern, text);
}

int rule_tables_match(const struct rule_tables *tables,
		      const struct rule_subject *subject)
{
	__u64 bits[OVERHIGH_RULE_WORDS], left[OVERHIGH_RULE_WORDS];
	unsigned int a, i, w;

	memset(left, 0xff, sizeof(left));
	for (a = 0; a < OVERHIGH_ATTRIBUTES; a++) {
		memcpy(bits, tables->set.any[a], sizeof(bits));
		for (i = 0; i < tables->set.nr[a]; i++) {
			const struct overhigh_rule_test *test =
				&tables->tests[tables->set.first[a] + i];

			if (!rule_test_holds(test, a, subject))
				continue;
			for (w = 0; w < OVERHIGH_RULE_WORDS; w++)
				bits[w] |= test->rules[w];
		}
		for (w = 0; w < OVERHIGH_RULE_WORDS; w++)
			left[w] &= bits[w];
	}
	for (i = 0; i < tables->set.nr_rules; i++)
		if (has_bit(left, i))
			return i;
	return -1;
}

const char *rule_pattern_text(const char *pattern,
			      char text[2 * OVERHIGH_PATTERN_LEN])
{
	char *out = text;

	for (; *pattern; pattern++) {
		if (*pattern == OVERHIGH_GLOB_ONE) {
			*out++ = '?';
		} else if (*pattern == OVERHIGH_GLOB_STAR ||
			   *pattern == OVERHIGH_GLOB_STARS) {
			*out++ = '*';
			if (*pattern == OVERHIGH_GLOB_STARS)
				*out++ = '*';
		} else {
			*out++ = *pattern;
		}
	}
	*out = 0;
	return text;
}
