/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commands/command.h - the subcommands, and what each has in common with the
 * others.
 *
 * Belongs here: one prototype for each cmd_*.c.  Does not: their options.
 */
#ifndef OVERHIGH_COMMANDS_COMMAND_H
#define OVERHIGH_COMMANDS_COMMAND_H

#include <argp.h>
#include "base/error.h"

#define OVERHIGH_VERSION "0.2.0"

/* argv[0] is the subcommand.  Returns the exit status if it is not negative;
 * otherwise *err holds the line to print. */
typedef int (*command_fn)(int argc, char **argv, struct error *err);

int cmd_run(int argc, char **argv, struct error *err);
int cmd_exec(int argc, char **argv, struct error *err);
int cmd_set(int argc, char **argv, struct error *err);
int cmd_get(int argc, char **argv, struct error *err);
int cmd_unset(int argc, char **argv, struct error *err);
int cmd_list(int argc, char **argv, struct error *err);
int cmd_handle(int argc, char **argv, struct error *err);
int cmd_release(int argc, char **argv, struct error *err);
int cmd_extend(int argc, char **argv, struct error *err);
int cmd_kill(int argc, char **argv, struct error *err);
int cmd_events(int argc, char **argv, struct error *err);
int cmd_reload(int argc, char **argv, struct error *err);
int cmd_explain(int argc, char **argv, struct error *err);
int cmd_check(int argc, char **argv, struct error *err);
int cmd_status(int argc, char **argv, struct error *err);
int cmd_probe(int argc, char **argv, struct error *err);
int cmd_policy(int argc, char **argv, struct error *err);
int cmd_unload(int argc, char **argv, struct error *err);

/*
 * argp_parse() with errors as one line in *err in place of a usage message.  A
 * parser that has filled *err itself returns EINVAL and keeps its line.
 */
int command_parse(const struct argp *argp, int argc, char **argv,
		  unsigned int flags, void *input, struct error *err);

/* For subcommands that take no option but --json: *json is set by it. */
int command_parse_json(int argc, char **argv, const char *doc, int *json,
		       struct error *err);

#endif /* OVERHIGH_COMMANDS_COMMAND_H */
