// SPDX-License-Identifier: GPL-2.0
/*
 * test_docs.c - the pages and the program name the same options and commands.
 *
 * Does not belong here: the pages as such (test_docs_pages.c), what comes out
 * of the program (test_docs_output.c).  Run from the top of the tree; what the
 * program has is in its table of subcommands, loader/commands/table.c.
 */
#include <ctype.h>
#include <stdbool.h>
#include "commands/command.h"
#include "text/policy_options.h"
#include "docs.h" /* last: cmocka.h has a macro fail() */

static char *man8, *man5;
static char *help, *known_commands; /* " --keep --json ", " run exec " */

/* What the pages name and no --help does: of mokutil, tests/vm/run, and
 * 'overhigh help'. */
static const char others[] = " --import --add --dump-options ";

static bool has_word(const char *words, const char *word)
{
	char padded[128];

	snprintf(padded, sizeof(padded), " %s ", word);
	return strstr(words, padded);
}

static void add_word(char *words, const char *word)
{
	assert_true(strlen(words) + strlen(word) + 2 < MOST_TEXT);
	if (!has_word(words, word))
		strcat(strcat(words, word), " ");
}

/* The next "--name" at or behind *at; false at the end of the text. */
static bool next_option(const char **at, char *name, size_t size)
{
	const char *text = *at, *p = text;
	size_t length;

	while ((p = strstr(p, "--"))) {
		length = strspn(p + 2, "abcdefghijklmnopqrstuvwxyz-");
		*at = p + 2 + length;
		if (islower(p[2]) && length + 3 < size &&
		    (p == text || !strchr("-|", p[-1]))) {
			snprintf(name, size, "%.*s", (int)length + 2, p);
			return true;
		}
		p = *at;
	}
	return false;
}

static void learn_option(const struct command *command,
			 const struct argp_option *option, void *ctx)
{
	char name[64];

	(void)command;
	(void)ctx;
	snprintf(name, sizeof(name), "--%s", option->name);
	add_word(help, name);
}

static void learn(const struct command *const *list)
{
	for (; *list; list++) {
		add_word(known_commands, (*list)->name);
		if ((*list)->subcommands)
			learn((*list)->subcommands);
	}
}

static int read_everything(void **state)
{
	(void)state;
	help = calloc(1, MOST_TEXT);
	known_commands = calloc(1, MOST_TEXT);
	strcpy(help, " ");
	strcpy(known_commands, " ");
	read_pages();
	man8 = read_man("man/overhigh.8");
	man5 = read_man("man/overhigh.conf.5");
	learn(commands);
	command_each_option(commands, learn_option, NULL);
	add_word(help, "--help");
	add_word(help, "--version");
	return 0;
}

static bool names_option(const char *text, const char *option)
{
	size_t length = strlen(option);

	for (; (text = strstr(text, option)); text += length)
		if (!islower(text[length]) && text[length] != '-')
			return true;
	return false;
}

static bool a_page_names(const char *option)
{
	size_t i;

	for (i = 0; i < nr_pages; i++)
		if (names_option(pages[i].text, option))
			return true;
	return false;
}

static void every_option_is_in_the_man_page_and_in_docs(void **state)
{
	const char *at = help;
	char name[64];

	(void)state;
	while (next_option(&at, name, sizeof(name))) {
		if (!names_option(man8, name))
			fail_msg("man/overhigh.8 lacks %s", name);
		if (!a_page_names(name))
			fail_msg("no page of docs/ has %s", name);
	}
}

struct synopsis {
	const char *line, *command; /* of the man page; its name */
	const char *option;	    /* that is looked for, in the other way */
	bool found;
};

/* POLICY stands for the options of one, TARGET for --default too. */
static void check_in_synopsis(const struct command *command,
			      const struct argp_option *option, void *ctx)
{
	const struct synopsis *s = ctx;
	char name[64];
	size_t i;

	if (strcmp(command->name, s->command))
		return;
	for (i = 0; i < POLICY_FIELDS; i++)
		if (!strcmp(option->name, policy_fields[i].name))
			return;
	snprintf(name, sizeof(name), "--%s", option->name);
	if (!names_option(s->line, name) &&
	    (strcmp(name, "--default") || !strstr(s->line, "TARGET")))
		fail_msg("man/overhigh.8: the synopsis of %s lacks %s",
			 command->name, name);
}

static void find_option(const struct command *command,
			const struct argp_option *option, void *ctx)
{
	struct synopsis *s = ctx;

	s->found |= !strcmp(command->name, s->command) &&
		    !strcmp(option->name, s->option + 2);
}

static void check_synopsis(const char *line, const char *command)
{
	struct synopsis s = { .line = line, .command = command };
	const char *at = line;
	char name[64];

	command_each_option(commands, check_in_synopsis, &s);
	s.option = name;
	while (next_option(&at, name, sizeof(name))) {
		s.found = false;
		command_each_option(commands, find_option, &s);
		if (!s.found)
			fail_msg("man/overhigh.8: %s has no %s", command, name);
	}
}

static void
the_synopsis_has_the_options_of_each_command_and_no_other(void **state)
{
	char *copy = strdup(man8), *rest = strstr(copy, ".SH SYNOPSIS"), *line;
	char command[64];
	unsigned int lines = 0;

	(void)state;
	*strstr(rest, ".fi\n") = 0;
	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "\\fBoverhigh %63[a-z ]", command) != 1)
			continue;
		check_synopsis(line, command);
		lines++;
	}
	assert_true(lines > 15); /* or this looks at nothing */
	free(copy);
}

static void every_key_of_a_rule_is_in_its_man_page(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < POLICY_FIELDS; i++)
		if (!strstr(man5, policy_fields[i].name))
			fail_msg("man/overhigh.conf.5 lacks %s",
				 policy_fields[i].name);
}

static void check_options(const char *path, const char *text)
{
	char name[64];

	while (next_option(&text, name, sizeof(name)))
		if (!has_word(help, name) && !has_word(others, name))
			fail_msg("%s: no command has %s", path, name);
}

static void pages_name_no_option_that_is_not_there(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < nr_pages; i++)
		check_options(pages[i].path, pages[i].text);
	check_options("man/overhigh.8", man8);
	check_options("man/overhigh.conf.5", man5);
}

/* "overhigh NAME" in code is a command; NAME as in "policy load". */
static void check_commands(const char *path, const char *text)
{
	char name[32], next[32], both[65];
	const char *at = text;
	int n;

	for (; (at = strstr(at, "overhigh ")); at += 9) {
		if (at < text + 4 ||
		    (at[-1] != '`' && strncmp(at - 4, "    ", 4)))
			continue;
		n = sscanf(at + 9, "%31[a-z] %31[a-z]", name, next);
		if (n < 1)
			continue;
		if (!has_word(known_commands, name) && strcmp(name, "help"))
			fail_msg("%s: 'overhigh %s' is no command", path, name);
		snprintf(both, sizeof(both), "policy %s", next);
		if (n == 2 && !strcmp(name, "policy") &&
		    !has_word(known_commands, both))
			fail_msg("%s: 'overhigh %s' is no command", path, both);
	}
}

static void every_command_is_in_the_man_page_and_no_other_anywhere(void **state)
{
	char *copy = strdup(known_commands), *word, *rest = copy;
	size_t i;

	(void)state;
	for (i = 0; i < nr_pages; i++)
		check_commands(pages[i].path, pages[i].text);
	while ((word = strsep(&rest, " ")))
		if (*word && !strstr(man8, word))
			fail_msg("man/overhigh.8 lacks the command %s", word);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_is_in_the_man_page_and_in_docs),
		cmocka_unit_test(
			the_synopsis_has_the_options_of_each_command_and_no_other),
		cmocka_unit_test(every_key_of_a_rule_is_in_its_man_page),
		cmocka_unit_test(pages_name_no_option_that_is_not_there),
		cmocka_unit_test(
			every_command_is_in_the_man_page_and_no_other_anywhere),
	};

	return cmocka_run_group_tests(tests, read_everything, NULL);
}
