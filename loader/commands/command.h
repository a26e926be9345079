/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commands/command.h - what a subcommand is: its name, its options, what it
 * does; the one list of all of them; parsing a command line by it.
 *
 * A file of commands/ that is named as a subcommand holds its struct command,
 * commands/table.c lists it.  From there come the parser, --help, the list in
 * 'overhigh --help', what 'overhigh help --dump-options' prints for other
 * programs, and what the tests of the man page ask for.  Does not belong here:
 * what the options mean.
 */
#ifndef OVERHIGH_COMMANDS_COMMAND_H
#define OVERHIGH_COMMANDS_COMMAND_H

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include "base/error.h"

#define OVERHIGH_VERSION "0.2.0"

/* argv[0] is the subcommand.  Returns the exit status if it is not negative;
 * otherwise *err holds the line to print. */
typedef int (*command_fn)(int argc, char **argv, struct error *err);

struct command {
	const char *name;      /* of a subcommand's subcommand two words */
	const char *summary;   /* one line of a list of commands */
	const char *arguments; /* behind the options; NULL: there are none */
	const char *doc;       /* of --help: before the options \v behind */
	/* name, key, metavar, flags, help; ended by an empty one.  NULL: none
	 */
	const struct argp_option *options;
	argp_parser_t parse; /* of these and of the arguments; NULL: none */
	bool governs;	     /* takes the options of a policy too */
	unsigned int flags;  /* of argp_parse() */
	const struct command *const *subcommands; /* ended by NULL; or NULL */
	command_fn run;
};

/* All of them, in the order of 'overhigh --help'; ended by NULL. */
extern const struct command *const commands[];

extern const struct command command_run, command_exec, command_set, command_get,
	command_unset, command_list, command_events, command_handle,
	command_release, command_extend, command_kill, command_check,
	command_explain, command_reload, command_status, command_probe,
	command_policy, command_save, command_restore, command_unload;

/* The one whose name, or whose name's last word, is word; NULL if none is. */
const struct command *command_find(const struct command *const *list,
				   const char *word);

/* Prints names and summaries. */
void command_print_list(FILE *out, const struct command *const *list);

/* Calls fn for each option of each command of list, --help excepted. */
typedef void (*command_option_fn)(const struct command *command,
				  const struct argp_option *option, void *ctx);
void command_each_option(const struct command *const *list,
			 command_option_fn fn, void *ctx);

/*
 * For programs: "command NAME ARGUMENTS SUMMARY" and "option COMMAND NAME KEY
 * METAVAR HELP", one a line, with a tab between words; one that is not there is
 * "-".  KEY is the short option.
 */
void command_dump(FILE *out, const struct command *const *list);

/*
 * Parses by the table, with errors as one line in *err in place of a usage
 * message.  A parser that has filled *err itself returns EINVAL and keeps its
 * line.  input: of command->parse.  Prints --help, and exits, if it is asked.
 */
int command_parse(const struct command *command, int argc, char **argv,
		  void *input, struct error *err);

/* For commands that take no option but --json: an int, which is set to 1. */
extern const struct argp_option command_json[];
error_t command_parse_json(int key, char *arg, struct argp_state *state);

#endif /* OVERHIGH_COMMANDS_COMMAND_H */
