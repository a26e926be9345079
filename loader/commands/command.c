// SPDX-License-Identifier: GPL-2.0
/*
 * commands/command.c - parsing a subcommand's options with argp, and its
 * errors as one line; finding a subcommand in a list.
 *
 * Does not belong here: what the options of one subcommand mean, the list of
 * subcommands (commands/table.c).
 */
#include <stdlib.h>
#include <string.h>
#include "commands/command.h"
#include "text/policy_options.h"

static const char *last_word(const char *name)
{
	const char *space = strrchr(name, ' ');

	return space ? space + 1 : name;
}

const struct command *command_find(const struct command *const *list,
				   const char *word)
{
	for (; *list; list++)
		if (!strcmp(last_word((*list)->name), word))
			return *list;
	return NULL;
}

void command_print_list(FILE *out, const struct command *const *list)
{
	for (; *list; list++)
		fprintf(out, "  %-8s %s\n", last_word((*list)->name),
			(*list)->summary);
}

struct catcher {
	void *input; /* of the subcommand's own parser */
	int at;	     /* argv index behind what stopped the parsing */
};

/* Above each subcommand's parser: argp tells nobody else where it stopped. */
static error_t catch_error(int key, char *arg, struct argp_state *state)
{
	struct catcher *catcher = state->input;

	(void)arg;
	if (key == ARGP_KEY_INIT) {
		state->child_inputs[0] = catcher->input;
		return 0;
	}
	if (key == ARGP_KEY_ERROR) {
		catcher->at = state->next;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* ARGP_NO_ERRS silences argp's own --help too. */
static void help_if_asked(const struct argp *argp, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (strcmp(argv[i], "--help") && strcmp(argv[i], "-?"))
			continue;
		argp_help(argp, stdout,
			  ARGP_HELP_LONG | ARGP_HELP_USAGE | ARGP_HELP_DOC,
			  argv[0]);
		exit(0);
	}
}

int command_parse(const struct command *command, int argc, char **argv,
		  void *input, struct error *err)
{
	const struct argp_child policy[] = {
		{ policy_argp(), 0, "What happens, and when:", 1 }, { 0 }
	};
	const struct argp argp = { .options = command->options,
				   .parser = command->parse,
				   .args_doc = command->arguments,
				   .doc = command->doc,
				   .children =
					   command->governs ? policy : NULL };
	const struct argp_child children[] = { { &argp, 0, NULL, 0 }, { 0 } };
	const struct argp top = { .parser = catch_error, .children = children };
	struct catcher catcher = { .input = input };
	char name[64];
	int end = argc, ret;

	/* --help names the subcommand too */
	snprintf(name, sizeof(name), "overhigh %s", command->name);
	argv[0] = name;
	err->text[0] = 0;
	help_if_asked(&argp, argc, argv);
	ret = argp_parse(&top, argc, argv, command->flags | ARGP_NO_ERRS, &end,
			 &catcher);
	if (!ret && end < argc) /* words that no parser took */
		return bad_input(err,
				 "'%s' is one word too many: see '%s --help'",
				 argv[end], name);
	if (!ret)
		return 0;
	if (err->text[0])
		return -EINVAL;
	while (catcher.at > 1 &&
	       (catcher.at >= argc || argv[catcher.at][0] != '-' ||
		argv[catcher.at - 1][0] == '-'))
		catcher.at--;
	return bad_input(err,
			 "'%s' is not an option that is known, or lacks its "
			 "value: see '%s --help'",
			 argv[catcher.at], name);
}

const struct argp_option command_json[] = {
	{ "json", 'j', NULL, 0, "JSON in place of text", 0 },
	{ 0 },
};

error_t command_parse_json(int key, char *arg, struct argp_state *state)
{
	int *json = state->input;

	(void)arg;
	if (key == 'j') {
		*json = 1;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}
