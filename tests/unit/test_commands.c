// SPDX-License-Identifier: GPL-2.0
/*
 * test_commands.c - the table of subcommands and their options.
 *
 * Does not belong here: that the pages have them (test_docs.c), what they do
 * (tests/live).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "commands/command.h"
#include <cmocka.h> /* last: it has a macro fail() */

static void each(const struct command *const *list,
		 void (*fn)(const struct command *command))
{
	for (; *list; list++) {
		fn(*list);
		if ((*list)->subcommands)
			each((*list)->subcommands, fn);
	}
}

static void check_command(const struct command *command)
{
	assert_non_null(command->name);
	assert_non_null(command->summary);
	assert_non_null(command->run);
	/* one that only chooses among others prints its own help */
	assert_true(command->doc || command->subcommands);
	assert_true(!command->options || command->parse);
}

static void every_command_says_what_it_is(void **state)
{
	(void)state;
	each(commands, check_command);
}

static void a_command_is_found_by_its_name_alone(void **state)
{
	const struct command *const *command;

	(void)state;
	for (command = commands; *command; command++)
		assert_ptr_equal(command_find(commands, (*command)->name),
				 *command);
	assert_null(command_find(commands, ""));
	assert_null(command_find(commands, "ru"));
	assert_null(command_find(commands, "policy load"));
	assert_string_equal(
		command_find(command_policy.subcommands, "load")->name,
		"policy load");
}

struct twice {
	const struct command *command;
	const struct argp_option *option;
};

static void differs(const struct command *command,
		    const struct argp_option *option, void *ctx)
{
	const struct twice *other = ctx;

	if (command != other->command || option == other->option)
		return;
	assert_string_not_equal(option->name, other->option->name);
	assert_int_not_equal(option->key, other->option->key);
}

static void is_alone(const struct command *command,
		     const struct argp_option *option, void *ctx)
{
	struct twice twice = { command, option };

	(void)ctx;
	assert_non_null(option->doc);
	command_each_option(commands, differs, &twice);
}

static void no_command_has_two_options_of_one_name_or_key(void **state)
{
	(void)state;
	command_each_option(commands, is_alone, NULL);
}

static void count_one(const struct command *command,
		      const struct argp_option *option, void *ctx)
{
	(void)command;
	(void)option;
	++*(unsigned int *)ctx;
}

/* What completions are made from: six words of an option, four of a command,
 * none empty, in each line. */
static void the_dump_has_a_line_for_each_option_and_command(void **state)
{
	unsigned int options = 0, seen = 0, tabs;
	FILE *file = tmpfile();
	char line[1024], *c;

	(void)state;
	assert_non_null(file);
	command_dump(file, commands);
	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		for (c = line, tabs = 0; *c; c++) {
			tabs += *c == '\t';
			assert_false(*c == '\t' &&
				     (c[1] == '\t' || c[1] == '\n'));
		}
		if (strncmp(line, "option\t", 7)) {
			assert_int_equal(strncmp(line, "command\t", 8), 0);
			assert_int_equal(tabs, 3);
		} else {
			assert_int_equal(tabs, 5);
			seen++;
		}
	}
	fclose(file);
	command_each_option(commands, count_one, &options);
	assert_true(options > 60);
	assert_int_equal(seen, options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_says_what_it_is),
		cmocka_unit_test(a_command_is_found_by_its_name_alone),
		cmocka_unit_test(no_command_has_two_options_of_one_name_or_key),
		cmocka_unit_test(
			the_dump_has_a_line_for_each_option_and_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
