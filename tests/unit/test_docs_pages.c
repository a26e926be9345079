// SPDX-License-Identifier: GPL-2.0
/*
 * test_docs_pages.c - README, docs/, man/ and examples/ by themselves: files
 * and links that they name are there, command lines and rules in them are
 * accepted.
 *
 * Does not belong here: what those do.  Run from the top of the tree.
 */
#include <ctype.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <unistd.h>
#include "rules/rules.h"
#include "text/policy_options.h"
#include "docs.h" /* last: cmocka.h has a macro fail() */

#define README_LINES 130

static char *man8, *man5;

static int read_everything(void **state)
{
	(void)state;
	read_pages();
	man8 = read_man("man/overhigh.8");
	man5 = read_man("man/overhigh.conf.5");
	return 0;
}

static void check_files(const struct page *page)
{
	static const char *const folders[] = {
		"`loader/",   "`bpf/",	    "`tests/", "`include/", "`kernel/",
		"`policies/", "`examples/", "`man/",   "`docs/",    "`vmlinux.h"
	};
	char path[PATH_MAX];
	const char *at;
	glob_t found;
	size_t i;

	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		for (at = page->text; (at = strstr(at, folders[i])); at++) {
			snprintf(path, sizeof(path), "%.*s",
				 (int)strcspn(at + 1, "` \n"), at + 1);
			if (glob(path, 0, NULL, &found))
				fail_msg("%s: there is no %s", page->path,
					 path);
			globfree(&found);
		}
}

static void files_that_the_pages_name_are_there(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < nr_pages; i++)
		check_files(&pages[i]);
}

/* As GitHub makes an anchor of a heading. */
static void make_anchor(const char *heading, char *anchor, size_t size)
{
	size_t n = 0;

	for (; *heading && *heading != '\n' && n + 1 < size; heading++) {
		if (isalnum(*heading) || strchr("-_", *heading))
			anchor[n++] = tolower(*heading);
		else if (*heading == ' ')
			anchor[n++] = '-';
	}
	anchor[n] = 0;
}

static bool has_anchor(const char *text, const char *wanted)
{
	char anchor[256];

	for (; (text = strstr(text, "\n#")); text++) {
		make_anchor(text + 1 + strspn(text + 1, "# "), anchor,
			    sizeof(anchor));
		if (!strcmp(anchor, wanted))
			return true;
	}
	return false;
}

static void check_link(const struct page *page, const char *link)
{
	char folder[PATH_MAX], path[2 * PATH_MAX + 2], target[PATH_MAX],
		*anchor;
	char *text;

	snprintf(target, sizeof(target), "%.*s", (int)strcspn(link, ")"), link);
	if (strstr(target, "://"))
		return;
	anchor = strchr(target, '#');
	if (anchor)
		*anchor++ = 0;
	snprintf(folder, sizeof(folder), "%s", page->path);
	snprintf(path, sizeof(path), "%s/%s", dirname(folder), target);
	if (access(*target ? path : page->path, F_OK))
		fail_msg("%s: a link to %s, which is not there", page->path,
			 target);
	if (!anchor)
		return;
	text = read_file(*target ? path : page->path);
	if (!has_anchor(text, anchor))
		fail_msg("%s: %s has no heading #%s", page->path, path, anchor);
	free(text);
}

static void links_between_pages_resolve(void **state)
{
	const char *at;
	size_t i;

	(void)state;
	for (i = 0; i < nr_pages; i++) {
		for (at = pages[i].text; (at = strstr(at, "](")); at++)
			check_link(&pages[i], at + 2);
		/* none that nobody finds */
		if (!strncmp(pages[i].path, "docs/", 5) &&
		    !strstr(pages[0].text, pages[i].path))
			fail_msg("README.md has no link to %s", pages[i].path);
	}
}

/* The next word of a command line, quotes taken off; NULL at its end. */
static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " "), quote;

	if (!*word || *word == '#')
		return NULL;
	quote = strchr("'\"", *word) ? *word++ : 0;
	*at = quote ? strchr(word, quote) : word + strcspn(word, " ");
	assert_non_null(*at);
	if (**at)
		*(*at)++ = 0;
	return word;
}

static void check_line(const char *path, char *line)
{
	char *copy = strdup(line), *at = copy, *word;
	struct overhigh_policy policy;
	struct policy_options options;
	size_t i;
	int ret = 0;

	policy_options_init(&options);
	while (!ret && (word = next_word(&at)) && strcmp(word, "--"))
		for (i = 0; i < POLICY_FIELDS; i++)
			if (!strncmp(word, "--", 2) &&
			    !strcmp(word + 2, policy_fields[i].name)) {
				ret = policy_option_set(
					&options, policy_fields[i].key,
					policy_fields[i].metavar ?
						next_word(&at) :
						NULL,
					&options.err);
				break;
			}
	if (!ret && policy_options_any(&options))
		ret = policy_options_finish(&options, &policy, &options.err);
	if (ret)
		fail_msg("%s: '%s': %s", path, line, options.err.text);
	free(copy);
}

/* Lines and spans of code that begin with a set or an exec. */
static unsigned int check_lines(const char *path, const char *text)
{
	const char *at = text, *end;
	unsigned int lines = 0;
	char line[1024];
	size_t n;

	for (; (at = strstr(at, "overhigh ")); at++) {
		if (at == text || !strchr("` \n", at[-1]) ||
		    (strncmp(at + 9, "set ", 4) && strncmp(at + 9, "exec ", 5)))
			continue;
		end = at[-1] == '`' ? "`" : "\n";
		for (n = 0; at[n] && at[n] != *end && n + 1 < sizeof(line);
		     n++) {
			line[n] = at[n];
			if (at[n] == '\\' && at[n + 1] == '\n') {
				line[n++] = ' ';
				line[n] = ' ';
			}
		}
		line[n] = 0;
		check_line(path, line);
		lines++;
	}
	return lines;
}

static void command_lines_in_the_pages_are_accepted(void **state)
{
	unsigned int lines = 0;
	size_t i;

	(void)state;
	for (i = 0; i < nr_pages; i++)
		lines += check_lines(pages[i].path, pages[i].text);
	lines += check_lines("man/overhigh.8", man8);
	assert_true(lines > 15); /* or this looks at nothing */
}

static void check_rules(const char *path, const char *from, const char *to)
{
	struct rules rules;
	struct error err;
	char *text;

	assert_non_null(from);
	assert_non_null(to);
	text = strndup(from, to - from);
	rules_init(&rules, 1ULL << 34);
	if (rules_parse(&rules, path, text, &err))
		fail_msg("%s", err.text);
	assert_true(rules.nr > 0);
	rules_free(&rules);
	free(text);
}

static void rules_in_pages_and_examples_are_accepted(void **state)
{
	char *page = read_file("docs/rules.md"), *at, *to, *from, *file;
	const char *example = strstr(man5, ".SH EXAMPLE");
	glob_t found;
	size_t i;

	(void)state;
	/* blanks at the start of a line would continue the one before it */
	for (from = page; (from = strstr(from, "\n    ")); from++)
		memmove(from + 1, from + 5, strlen(from + 5) + 1);
	at = strstr(page, "\n[protect");
	to = at ? strstr(at, "\n\n`examples/rules`") : NULL;
	check_rules("docs/rules.md", at, to);
	check_rules("man/overhigh.conf.5", strstr(example, "[protect"),
		    strstr(example, ".fi"));
	free(page);
	assert_int_equal(glob("examples/rules/*.conf", 0, NULL, &found), 0);
	for (i = 0; i < found.gl_pathc; i++) {
		file = read_file(found.gl_pathv[i]);
		check_rules(found.gl_pathv[i], file, file + strlen(file));
		free(file);
	}
	globfree(&found);
}

/* ROOMS of the Makefile are the rows of a table, in that order. */
static void architecture_lists_the_rooms_of_the_loader(void **state)
{
	char *makefile = read_file("Makefile"), *list, *room, row[64];
	char *page = read_file("docs/architecture.md");
	const char *at = page;

	(void)state;
	list = strstr(makefile, "\nROOMS := ");
	assert_non_null(list);
	list += strlen("\nROOMS := ");
	list[strcspn(list, "\n")] = 0;
	while ((room = strsep(&list, " "))) {
		snprintf(row, sizeof(row), "\n| `loader/%s/` |", room);
		at = strstr(at, row);
		if (!at)
			fail_msg("docs/architecture.md lacks the room %s, or "
				 "has it in another place",
				 room);
	}
	free(makefile);
	free(page);
}

/* The text between before and the next quote. */
static void find_version(const char *path, const char *before, char *version,
			 size_t size)
{
	char *text = read_file(path), *at = strstr(text, before);

	if (!at)
		fail_msg("%s does not say %s", path, before);
	at += strlen(before);
	snprintf(version, size, "%.*s", (int)strcspn(at, "\""), at);
	free(text);
}

static void assert_says(const char *path, const char *text)
{
	char *page = read_file(path);

	if (!strstr(page, text))
		fail_msg("%s lacks '%s'", path, text);
	free(page);
}

static void versions_in_the_pages_are_the_current_ones(void **state)
{
	char version[32], text[64];

	(void)state;
	find_version("loader/commands/command.h", "OVERHIGH_VERSION \"",
		     version, sizeof(version));
	snprintf(text, sizeof(text), "\"overhigh %s\"", version);
	assert_says("man/overhigh.8", text);
	assert_says("man/overhigh.conf.5", text);
	find_version("kernel/overhigh_hook.c", "MODULE_VERSION(\"", version,
		     sizeof(version));
	snprintf(text, sizeof(text), "overhigh-hook/%s ", version);
	assert_says("docs/kernels.md", text);
}

static void the_readme_is_short(void **state)
{
	const char *at = pages[0].text;
	unsigned int lines = 0;

	(void)state;
	assert_string_equal(pages[0].path, "README.md");
	for (; (at = strchr(at, '\n')); at++)
		lines++;
	if (lines > README_LINES)
		fail_msg("README.md has %u lines, more than %u: the rest "
			 "belongs in docs/",
			 lines, README_LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_the_pages_name_are_there),
		cmocka_unit_test(links_between_pages_resolve),
		cmocka_unit_test(command_lines_in_the_pages_are_accepted),
		cmocka_unit_test(rules_in_pages_and_examples_are_accepted),
		cmocka_unit_test(architecture_lists_the_rooms_of_the_loader),
		cmocka_unit_test(versions_in_the_pages_are_the_current_ones),
		cmocka_unit_test(the_readme_is_short),
	};

	return cmocka_run_group_tests(tests, read_everything, NULL);
}
