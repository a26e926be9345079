// SPDX-License-Identifier: GPL-2.0
/*
 * test_rules_escape.c - a user cannot choose the rule that governs him: he
 * tries to pass for a program that is protected.
 *
 * The rules here govern nobody but uid 65534, who has no processes otherwise.
 */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live.h"
#include "overhigh_rules.h"

#define UID "65534"

static struct live_cmd cmd;
static char target[256]; /* the program that is protected */

static const char *prog(const char *name)
{
	const char *dir = getenv("TEST_PROGS");
	static char path[2][512];
	static int n;

	n = !n;
	snprintf(path[n], sizeof(path[n]), "%s/%s", dir ? dir : "build/tests",
		 name);
	return path[n];
}

/* protect: the lines of its section, with %s for the program's path. */
static void run_with(const char *protect)
{
	char line[512];
	FILE *file;

	chmod(live_dir(), 0755);
	snprintf(target, sizeof(target), "%s/safe", live_dir());
	live_shell(&cmd, "cp %s %s && cp %s %s/own && mkfifo -m 666 %s/fifo",
		   prog("eat"), target, prog("escape"), live_dir(), live_dir());
	LIVE_ASSERT(cmd.status == 0, "%s", cmd.err);
	snprintf(line, sizeof(line), "%s/rules.conf", live_dir());
	file = fopen(line, "we");
	assert_non_null(file);
	fprintf(file, "[protect p]\nmatch-uid = " UID "\n");
	fprintf(file, protect, target);
	fprintf(file, "\n[rule r]\nmatch-uid = " UID "\nlimit = 32M\n"
		      "action = kill\n");
	fclose(file);
	snprintf(line, sizeof(line), "--config %s/rules.conf", live_dir());
	live_run(line);
}

/* As the user, in the directory; he is killed whatever he does. */
static void caught(const char *line)
{
	live_shell(&cmd,
		   "cd %s && exec /usr/bin/setpriv --reuid " UID
		   " --clear-groups %s",
		   live_dir(), line);
	if (cmd.status == 77)
		print_message("not open here: %s: %s", line, cmd.err);
	else
		LIVE_ASSERT(cmd.status == 128 + SIGKILL, "%s: exit %d: %s",
			    line, cmd.status, cmd.err);
}

static void tries(const char *way)
{
	char line[512];

	snprintf(line, sizeof(line), "./own %s %s", way, target);
	caught(line);
}

static void the_protected_program_itself_is_spared(void **state)
{
	(void)state;
	LIVE_NEED("kill");
	run_with("match-exe = %s");
	live_shell(&cmd,
		   "/usr/bin/setpriv --reuid " UID
		   " --clear-groups %s touch=64M",
		   target);
	LIVE_ASSERT(cmd.status == 0, "exit %d: %s", cmd.status, cmd.err);
	live_run_stop();
}

static void nobody_passes_for_another_path(void **state)
{
	(void)state;
	LIVE_NEED("kill");
	run_with("match-exe = %s");
	tries("none");
	tries("name");
	tries("mount");
	tries("exe-link");
	tries("memfd");
	tries("user");
	live_run_stop();
}

static void a_name_that_is_changed_later_counts_for_nothing(void **state)
{
	(void)state;
	LIVE_NEED("kill");
	run_with("match-comm = safe # %s");
	tries("name");
	live_run_stop();
}

/* Names of files, links and scripts. */
static void links_scripts_and_long_paths_are_seen_through(void **state)
{
	char line[1024], part[256];

	(void)state;
	LIVE_NEED("kill");
	run_with("match-exe = %s");
	live_shell(
		&cmd,
		"cd %s && mkdir -m 777 his && cp own his/safe && ln -s "
		"../own his/link && printf '#!%s/own take\\n' >his/script && "
		"chmod 755 his/script",
		live_dir(), live_dir());
	LIVE_ASSERT(cmd.status == 0, "%s", cmd.err);
	caught("his/safe take");
	caught("his/link take");
	caught("his/script");
	memset(part, 'x', sizeof(part));
	part[200] = 0;
	live_shell(&cmd,
		   "cd %s/his && for i in 1 2 3 4 5 6; do mkdir %s && cd %s || "
		   "exit 1; done && cp %s/own long && chmod -R 755 %s/his",
		   live_dir(), part, part, live_dir(), live_dir());
	LIVE_ASSERT(cmd.status == 0, "%s", cmd.err);
	snprintf(
		line, sizeof(line),
		"sh -c 'cd his && for i in 1 2 3 4 5 6; do cd x*; done && exec "
		"./long take'");
	caught(line);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(the_protected_program_itself_is_spared),
		LIVE_TEST(nobody_passes_for_another_path),
		LIVE_TEST(a_name_that_is_changed_later_counts_for_nothing),
		LIVE_TEST(links_scripts_and_long_paths_are_seen_through),
	};

	return live_tests("rules_escape", tests, NULL, NULL);
}
