// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - which subcommand, and the one place that prints an error.
 *
 * Does not belong here: anything that a subcommand does.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "commands/command.h"
#include "base/log.h"

struct command {
	const char *name;
	command_fn run;
	const char *summary;
};

static const struct command commands[] = {
	{ "run", cmd_run, "load, enforce and report until stopped" },
	{ "exec", cmd_exec, "start a command under a policy" },
	{ "set", cmd_set,
	  "set the policy of processes, a cgroup, the default" },
	{ "get", cmd_get,
	  "show the policy of a process, a cgroup, the default" },
	{ "unset", cmd_unset, "remove a policy" },
	{ "list", cmd_list, "show every policy and how its process stands" },
	{ "events", cmd_events, "follow what happens" },
	{ "handle", cmd_handle, "start a command for each crossing" },
	{ "release", cmd_release, "let a process that is over go on" },
	{ "extend", cmd_extend, "put the next step for such a process off" },
	{ "kill", cmd_kill, "end such a process" },
	{ "check", cmd_check, "check files of rules" },
	{ "explain", cmd_explain, "say what governs a process, and why" },
	{ "reload", cmd_reload, "have the loader read its rules anew" },
	{ "status", cmd_status, "show what is attached and what serves" },
	{ "probe", cmd_probe, "the same for a kernel with nothing loaded" },
	{ "policy", cmd_policy, "load, show, unload a policy program" },
	{ "unload", cmd_unload, "detach everything and remove the pins" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int usage(FILE *out)
{
	size_t i;

	fprintf(out, "Usage: overhigh COMMAND [OPTION...]\n"
		     "Say what happens to one process that uses too much "
		     "memory.\n\n");
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name,
			commands[i].summary);
	fprintf(out,
		"\nExamples:\n"
		"  overhigh exec --action kill --limit 200M -- CMD\n"
		"  overhigh run --json\n"
		"  overhigh set 1234 --action signal --signal TERM --limit 1G "
		"\\\n"
		"           --grace 10s --then kill\n\n"
		"'overhigh COMMAND --help' shows the options of a command, "
		"'overhigh --version' the\nversion.\n");
	return 0;
}

/* What is opened later must not become standard output: a descriptor that is
 * not there would have its number. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	struct error err = {};
	size_t i;
	int ret;

	fill_standard_fds();
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("overhigh " OVERHIGH_VERSION "\n");
		return 0;
	}
	log_libbpf(getenv("OVERHIGH_VERBOSE") != NULL);
	for (i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		ret = commands[i].run(argc - 1, argv + 1, &err);
		if (ret >= 0)
			return ret;
		say("%s", err.text);
		return err.exit_status;
	}
	say("'%s' is not a command: see 'overhigh --help'", argv[1]);
	return 2;
}
