// SPDX-License-Identifier: GPL-2.0
/*
 * commands/table.c - the list of subcommands, and what is made from it.
 *
 * Does not belong here: a subcommand's options, which stand in its own file;
 * parsing them (commands/command.c).
 */
#include "commands/command.h"
#include "text/policy_options.h"

const struct command *const commands[] = {
	&command_run,	  &command_exec,   &command_set,
	&command_get,	  &command_unset,  &command_list,
	&command_events,  &command_handle, &command_release,
	&command_extend,  &command_kill,   &command_check,
	&command_explain, &command_reload, &command_status,
	&command_probe,	  &command_policy, &command_save,
	&command_restore, &command_unload, NULL,
};

static void each_of(const struct command *command,
		    const struct argp_option *option, command_option_fn fn,
		    void *ctx)
{
	for (; option && option->name; option++)
		fn(command, option, ctx);
}

void command_each_option(const struct command *const *list,
			 command_option_fn fn, void *ctx)
{
	for (; *list; list++) {
		each_of(*list, (*list)->options, fn, ctx);
		if ((*list)->governs)
			each_of(*list, policy_argp_options(), fn, ctx);
		if ((*list)->subcommands)
			command_each_option((*list)->subcommands, fn, ctx);
	}
}

static const char *or_dash(const char *word)
{
	return word ? word : "-";
}

static void dump_option(const struct command *command,
			const struct argp_option *option, void *ctx)
{
	/* argp: a key that is no printable character is of the long form alone
	 */
	const char key[] = { option->key, 0 };
	bool has_key = option->key > ' ' && option->key < 127;

	fprintf(ctx, "option\t%s\t--%s\t%s%s\t%s\t%s\n", command->name,
		option->name, has_key ? "-" : "", has_key ? key : "-",
		or_dash(option->arg), option->doc);
}

static void dump_commands(FILE *out, const struct command *const *list)
{
	for (; *list; list++) {
		fprintf(out, "command\t%s\t%s\t%s\n", (*list)->name,
			or_dash((*list)->arguments), (*list)->summary);
		if ((*list)->subcommands)
			dump_commands(out, (*list)->subcommands);
	}
}

void command_dump(FILE *out, const struct command *const *list)
{
	dump_commands(out, list);
	command_each_option(list, dump_option, out);
}
