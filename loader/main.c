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

static int usage(FILE *out)
{
	fprintf(out, "Usage: overhigh COMMAND [OPTION...]\n"
		     "Say what happens to one process that uses too much "
		     "memory.\n\n");
	command_print_list(out, commands);
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

/* What was printed may not have got where it was to go: a full disk. */
static int end_output(void)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (!fflush(stdout) && !failed)
		return 0;
	say("cannot write to standard output: %s",
	    errno ? strerror(errno) : "some of it is lost");
	return 1;
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct error err = {};
	int ret;

	fill_standard_fds();
	if (argc == 3 && !strcmp(argv[1], "help") &&
	    !strcmp(argv[2], "--dump-options")) {
		command_dump(stdout, commands);
		return 0;
	}

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
	command = command_find(commands, argv[1]);
	if (command) {
		ret = command->run(argc - 1, argv + 1, &err);
		if (ret >= 0)
			return ret ? ret : end_output();
		say("%s", err.text);
		return err.exit_status;
	}
	say("'%s' is not a command: see 'overhigh --help'", argv[1]);
	return 2;
}
