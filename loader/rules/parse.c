// SPDX-License-Identifier: GPL-2.0
/*
 * rules/parse.c - the text of rules to the model of rules/rules.h, by inih.
 *
 * Belongs here: sections, keys, and what their values may be; every refusal
 * names file and line.  Does not: the policy options, which have their own
 * table (text/policy_options.h), finding files (rules/files.c).
 */
#include <ctype.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include "text/parse.h"
#include "text/policy_options.h"
#include "rules/rules.h"

#define MAX_LINE 1024 /* of a file */
#define COMM_MAX 15   /* what the kernel keeps of a name */

const char *const attribute_names[OVERHIGH_ATTRIBUTES] = {
	[OVERHIGH_ATTR_COMM] = "comm",
	[OVERHIGH_ATTR_UID] = "uid",
	[OVERHIGH_ATTR_CGROUP] = "cgroup",
	[OVERHIGH_ATTR_EXE] = "exe",
};

/* One file on its way through inih, which asks for lines and hands out keys. */
struct parser {
	struct rules *rules;
	const char *file;
	const char *rest; /* of the text */
	unsigned int line;
	unsigned int header_line; /* of the section that we are in; 0: none */
	bool header_open;	  /* it has had no key yet */
	bool in_rule;		  /* options and seen are those of a rule */
	struct policy_options options;
	bool has_policy;
	unsigned int seen_attributes;
	struct error *err;
	int failed;
};

void rules_init(struct rules *rules, __u64 ram_bytes)
{
	struct sysinfo info = {};

	memset(rules, 0, sizeof(*rules));
	if (!ram_bytes && !sysinfo(&info))
		ram_bytes = (__u64)info.totalram * info.mem_unit;
	rules->ram_bytes = ram_bytes;
}

void rules_free(struct rules *rules)
{
	unsigned int i;

	for (i = 0; i < rules->nr; i++) {
		free(rules->rule[i].matches);
		free(rules->rule[i].file);
	}
	free(rules->rule);
	rules->rule = NULL;
	rules->nr = 0;
}

/* Puts FILE:LINE before what err says. */
static int at_line(struct parser *p, unsigned int line)
{
	char text[sizeof(p->err->text)];

	memcpy(text, p->err->text, sizeof(text));
	bad_input(p->err, "%s:%u: %.400s", p->file, line, text);
	p->failed = -EINVAL;
	return p->failed;
}

#define REFUSE(p, line, ...)                                                   \
	(bad_input((p)->err, __VA_ARGS__), at_line(p, line))

/* The options' own messages speak of --limit; here it is limit. */
static int option_refused(struct parser *p, unsigned int line)
{
	char *from, *to = p->err->text;

	for (from = to; *from; from++) {
		if (from[0] == '-' && from[1] == '-' && islower(from[2]))
			from += 2;
		*to++ = *from;
	}
	*to = 0;
	return at_line(p, line);
}

static struct rule *current_rule(struct parser *p)
{
	return &p->rules->rule[p->rules->nr - 1];
}

static bool is_protect(struct parser *p)
{
	return current_rule(p)->record.flags & OVERHIGH_RULE_PROTECT;
}

/* ---- the end of a section ---- */

static int end_section(struct parser *p)
{
	struct rule *rule;

	if (p->header_open)
		return REFUSE(p, p->header_line,
			      "the section is empty; give it a match-comm, "
			      "match-exe, match-cgroup or match-uid");
	if (!p->in_rule)
		return 0;
	p->in_rule = false;
	rule = current_rule(p);
	if (!rule->nr_matches)
		return REFUSE(p, rule->line,
			      "%s names no process; add match-comm, match-exe, "
			      "match-cgroup or match-uid",
			      rule->record.name);
	if (is_protect(p))
		return 0;
	if (policy_options_finish(&p->options, &rule->record.policy, p->err))
		return option_refused(p, rule->line);
	rule->extension = p->options.extension;
	return 0;
}

/* ---- section headers ---- */

static bool is_name(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return length && length < OVERHIGH_RULE_NAME_LEN && !text[length];
}

static const char *section_name(const char *section, const char *kind)
{
	size_t length = strlen(kind);

	if (strncmp(section, kind, length) || !isblank(section[length]))
		return NULL;
	section += length;
	return section + strspn(section, " \t");
}

static int add_rule(struct parser *p, const char *name, __u32 flags)
{
	struct rules *rules = p->rules;
	struct rule *extension, *rule;
	unsigned int i;

	for (i = 0; i < rules->nr; i++)
		if (!strcmp(rules->rule[i].record.name, name))
			return REFUSE(p, p->header_line,
				      "the name %s is taken by %s:%u; use "
				      "another",
				      name, rules->rule[i].file,
				      rules->rule[i].line);
	if (rules->nr == OVERHIGH_MAX_RULES)
		return REFUSE(p, p->header_line,
			      "this is rule %d; at most %d can be in force, so "
			      "join some",
			      OVERHIGH_MAX_RULES + 1, OVERHIGH_MAX_RULES);
	extension = realloc(rules->rule, (rules->nr + 1) * sizeof(*extension));
	if (!extension)
		return REFUSE(p, p->header_line, "out of memory");
	rules->rule = extension;
	rule = &extension[rules->nr++];
	memset(rule, 0, sizeof(*rule));
	rule->file = strdup(p->file);
	if (!rule->file) {
		rules->nr--;
		return REFUSE(p, p->header_line, "out of memory");
	}
	rule->line = p->header_line;
	rule->record.flags = flags;
	snprintf(rule->record.name, sizeof(rule->record.name), "%s", name);
	policy_options_init(&p->options);
	p->seen_attributes = 0;
	p->in_rule = true;
	p->has_policy = false;
	return 0;
}

static int begin_section(struct parser *p, const char *section)
{
	const char *name = section_name(section, "rule");
	__u32 flags = 0;

	p->header_open = false;
	if (!name) {
		name = section_name(section, "protect");
		flags = OVERHIGH_RULE_PROTECT;
	}
	if (!name)
		return REFUSE(p, p->header_line,
			      "[%.40s] is no section that is known; use [rule "
			      "NAME] or [protect NAME]",
			      section);
	if (!is_name(name))
		return REFUSE(
			p, p->header_line,
			"'%.40s' is no name; use 1 to %d letters, digits, "
			"dots, - and _",
			name, OVERHIGH_RULE_NAME_LEN - 1);
	return add_rule(p, name, flags);
}

/* ---- match-* ---- */

static int parse_uids(struct parser *p, const char *text,
		      struct rule_match *match)
{
	unsigned long long first, last;
	char *end, *rest;

	first = strtoull(text, &end, 10);
	last = first;
	rest = end;
	if (*end == '-')
		last = strtoull(end + 1, &rest, 10);
	if (!isdigit(text[0]) || *rest || (*end && !isdigit(end[1])))
		return REFUSE(p, p->line,
			      "'%.40s' is no user id; use a number like 1000 "
			      "or a range like 1000-1999",
			      text);
	if (first > last)
		return REFUSE(p, p->line,
			      "the range %.40s ends before it begins; write "
			      "%llu-%llu",
			      text, last, first);
	if (last > 0xfffffffeULL)
		return REFUSE(p, p->line,
			      "%llu is no user id; the largest is 4294967294",
			      last);
	match->first = first;
	match->last = last;
	return 0;
}

/* Wildcards become ops.  A * in a comm passes slashes: they are not paths. */
static void encode_pattern(const char *text, bool is_path, char *out)
{
	for (; *text; text++) {
		if (*text == '?') {
			*out++ = OVERHIGH_GLOB_ONE;
		} else if (*text != '*') {
			*out++ = *text;
		} else if (text[1] == '*' || !is_path) {
			while (text[1] == '*')
				text++;
			*out++ = OVERHIGH_GLOB_STARS;
		} else {
			*out++ = OVERHIGH_GLOB_STAR;
		}
	}
	*out = 0;
}

static int parse_pattern(struct parser *p, const char *text,
			 struct rule_match *match)
{
	bool is_path = match->attribute != OVERHIGH_ATTR_COMM;
	const char *c;

	for (c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			return REFUSE(p, p->line,
				      "a control character is in the pattern; "
				      "use ? for a character that cannot be "
				      "written");
	if (strlen(text) >= OVERHIGH_PATTERN_LEN)
		return REFUSE(p, p->line,
			      "'%.20s...' is too long; a pattern has at most "
			      "%d characters, and ** stands for any of them",
			      text, OVERHIGH_PATTERN_LEN - 1);
	if (is_path && text[0] != '/' && strncmp(text, "**", 2))
		return REFUSE(
			p, p->line,
			"'%.60s' is no full path; begin it with / or with "
			"**/",
			text);
	if (!is_path && !strpbrk(text, "*?") && strlen(text) > COMM_MAX)
		return REFUSE(p, p->line,
			      "'%.60s' never matches, comm has %d characters "
			      "only; use %.15s or match-exe",
			      text, COMM_MAX, text);
	if (strstr(text, "***"))
		return REFUSE(p, p->line,
			      "'%.60s' has too many stars in a row; use * "
			      "within a part of a path, ** across parts",
			      text);
	encode_pattern(text, is_path, match->pattern);
	return 0;
}

static int add_match(struct parser *p, enum overhigh_attribute attribute,
		     const char *text)
{
	struct rule_match match = { .attribute = attribute, .line = p->line };
	struct rule *rule = current_rule(p);
	struct rule_match *extension;
	int ret;

	if (!*text)
		return REFUSE(p, p->line,
			      "match-%s has an empty item; put one pattern "
			      "between commas",
			      attribute_names[attribute]);
	ret = attribute == OVERHIGH_ATTR_UID ? parse_uids(p, text, &match) :
					       parse_pattern(p, text, &match);
	if (ret)
		return ret;
	extension = realloc(rule->matches,
			    (rule->nr_matches + 1) * sizeof(*extension));
	if (!extension)
		return REFUSE(p, p->line, "out of memory");
	rule->matches = extension;
	extension[rule->nr_matches++] = match;
	return 0;
}

/* Blanks at both ends go; returns where the rest begins. */
static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = 0;
	return text + strspn(text, " \t");
}

static int parse_matches(struct parser *p, enum overhigh_attribute attribute,
			 const char *value)
{
	char copy[MAX_LINE], *rest = copy, *item;
	int ret = 0;

	if (p->seen_attributes & 1U << attribute)
		return REFUSE(p, p->line,
			      "match-%s is here twice; give one list, with "
			      "commas",
			      attribute_names[attribute]);
	p->seen_attributes |= 1U << attribute;
	snprintf(copy, sizeof(copy), "%s", value);
	while (!ret && (item = strsep(&rest, ",")))
		ret = add_match(p, attribute, trim(item));
	return ret;
}

/* ---- the policy ---- */

/* "25% of RAM", "50% of memory.max"; returns 1 if value is no percentage. */
static int parse_share(struct parser *p, const char *value)
{
	const char *percent = strchr(value, '%');
	struct rule *rule = current_rule(p);
	char bytes[32], *end;
	unsigned long share;

	if (!percent)
		return 1;
	share = strtoul(value, &end, 10);
	if (!isdigit(value[0]) || end != percent || share < 1 || share > 100)
		return REFUSE(
			p, p->line,
			"'%.40s' is no share; use 1%% to 100%%, without a "
			"fraction",
			value);
	percent += 1 + strspn(percent + 1, " \t");
	snprintf(bytes, sizeof(bytes), "%llu",
		 p->rules->ram_bytes / 100 * share);
	if (!strcmp(percent, "of memory.max") ||
	    !strcmp(percent, "of the cgroup's memory.max"))
		rule->record.percent_of_max = share;
	else if (strcasecmp(percent, "of RAM"))
		return REFUSE(p, p->line,
			      "'%.40s' does not say of what; use %lu%% of RAM "
			      "or %lu%% of memory.max",
			      value, share, share);
	if (policy_option_set(&p->options, POLICY_KEY_LIMIT, bytes, p->err))
		return option_refused(p, p->line);
	return 0;
}

static int parse_switch(struct parser *p, const struct policy_field *field,
			const char *value)
{
	if (!strcmp(value, "no"))
		return 0;
	if (strcmp(value, "yes"))
		return REFUSE(p, p->line, "%s is yes or no, not '%.40s'",
			      field->name, value);
	if (policy_option_set(&p->options, field->key, NULL, p->err))
		return option_refused(p, p->line);
	return 0;
}

static int parse_option(struct parser *p, const struct policy_field *field,
			const char *value)
{
	int ret;

	if (is_protect(p))
		return REFUSE(p, p->line,
			      "%s is no key of [protect], which only names "
			      "processes; use a [rule]",
			      field->name);
	/* each then is a step */
	if (policy_option_given(&p->options, field->key) &&
	    field->key != POLICY_KEY_THEN)
		return REFUSE(p, p->line, "%s is here twice; keep one of them",
			      field->name);
	if (!field->metavar)
		return parse_switch(p, field, value);
	if (field->key == POLICY_KEY_LIMIT) {
		ret = parse_share(p, value);
		if (ret <= 0)
			return ret;
	}
	if (policy_option_set(&p->options, field->key, value, p->err))
		return option_refused(p, p->line);
	return 0;
}

static int unknown_key(struct parser *p, const char *name)
{
	char known[256] = "match-comm, match-uid, match-cgroup, match-exe";
	int i;

	for (i = 0; i < POLICY_FIELDS && !is_protect(p); i++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known),
			 ", %s", policy_fields[i].name);
	return REFUSE(p, p->line,
		      "'%.40s' is no key that is known; use one of "
		      "%s",
		      name, known);
}

static int parse_key(struct parser *p, const char *name, const char *value)
{
	int i;

	if (!*value)
		return REFUSE(p, p->line,
			      "%.40s has no value; write one after the =, or "
			      "take the line out",
			      name);
	for (i = 0; i < OVERHIGH_ATTRIBUTES; i++)
		if (!strncmp(name, "match-", 6) &&
		    !strcmp(name + 6, attribute_names[i]))
			return parse_matches(p, i, value);
	for (i = 0; i < POLICY_FIELDS; i++)
		if (!strcmp(name, policy_fields[i].name))
			return parse_option(p, &policy_fields[i], value);
	return unknown_key(p, name);
}

/* ---- inih's side ---- */

/* Called by inih for each key; 0 ends the parsing. */
static int take_key(void *ctx, const char *section, const char *name,
		    const char *value)
{
	struct parser *p = ctx;
	int ret = p->failed;

	if (!ret && !p->header_line)
		ret = REFUSE(
			p, p->line,
			"this line is in no section; put [rule NAME] above "
			"it");
	if (!ret && p->header_open)
		ret = begin_section(p, section);
	if (!ret)
		ret = parse_key(p, name, value);
	return !ret;
}

/* inih does not tell of a section before its first key. */
static int take_header(struct parser *p, const char *text)
{
	const char *end = strchr(text, ']');
	int ret = end_section(p);

	if (ret)
		return ret;
	if (!end)
		return REFUSE(p, p->line,
			      "a ] is missing; a section begins with [rule "
			      "NAME]");
	end += 1 + strspn(end + 1, " \t\r\n");
	if (*end && *end != '#' && *end != ';')
		return REFUSE(p, p->line,
			      "'%.*s' follows the ]; give each key a line of "
			      "its own",
			      (int)strcspn(end, "\r\n"), end);
	p->header_line = p->line;
	p->header_open = true;
	return 0;
}

/* Called by inih for each line, like fgets(). */
static char *next_line(char *buffer, int size, void *ctx)
{
	struct parser *p = ctx;
	size_t length = strcspn(p->rest, "\n");
	const char *text;

	if (!*p->rest || p->failed)
		return NULL;
	p->line++;
	if (length >= MAX_LINE || length + 2 > (size_t)size) {
		REFUSE(p, p->line, "the line is too long; at most %d bytes",
		       MAX_LINE - 1);
		return NULL;
	}
	memcpy(buffer, p->rest, length);
	buffer[length] = '\n';
	buffer[length + 1] = 0;
	p->rest += length + (p->rest[length] == '\n');
	text = buffer + strspn(buffer, " \t");
	if (*text == '[' && take_header(p, text))
		return NULL;
	return buffer;
}

int rules_parse(struct rules *rules, const char *file, const char *text,
		struct error *err)
{
	struct parser p = {
		.rules = rules, .file = file, .rest = text, .err = err
	};
	static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8 */
	int bad;

	if (!strncmp(text, mark, 3))
		p.rest += 3;
	ini_allow_multiline = false;
	ini_inline_comment_prefixes = "#;";
	ini_stop_on_first_error = true;
	ini_use_stack = false;
	ini_allow_realloc = false;
	ini_max_line = ini_initial_alloc = MAX_LINE + 2;
	bad = ini_parse_stream(next_line, &p, take_key, &p);
	if (p.failed)
		return p.failed;
	if (bad > 0)
		return REFUSE(&p, bad,
			      "this is neither [rule NAME] nor KEY = VALUE; "
			      "begin comments with #");
	if (bad)
		return REFUSE(&p, p.line, "out of memory");
	return end_section(&p);
}
