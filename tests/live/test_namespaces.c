// SPDX-License-Identifier: GPL-2.0
/*
 * test_namespaces.c - overhigh in containers: a process is the one that the
 * user means, whatever pid namespace he, the loader and the process are in; and
 * time is the kernel's, whatever their time namespaces make of it.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

static struct live_cmd cmd;

static const char *prog(const char *name)
{
	const char *dir = getenv("TEST_PROGS");
	static char path[4][512];
	static int n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "%s/%s", dir ? dir : "build/tests",
		 name);
	return path[n];
}

static const char *binary(void)
{
	const char *path = getenv("OVERHIGH");

	return path ? path : "build/overhigh";
}

/* Runs overhigh inside the namespaces that the words name. */
#define INSIDE(words, format, ...)                                             \
	live_shell(&cmd, "%s %s -- %s " format, prog("inside"), words,         \
		   binary(), ##__VA_ARGS__)

#define ASSERT_STATUS(wanted)                                                  \
	LIVE_ASSERT(cmd.status == (wanted), "status %d, not %d: %s%s",         \
		    cmd.status, wanted, cmd.out, cmd.err)

#define SAYS(text, words)                                                      \
	LIVE_ASSERT(strstr(text, words), "\"%s\" is not in: %s%s", words,      \
		    cmd.out, cmd.err)

static bool has_policies(void)
{
	return strstr(live_policies(), "process_policy");
}

static void exec_in_a_pid_namespace_governs_its_command(void **state)
{
	(void)state;
	LIVE_NEED("kill");
	INSIDE("pid", "exec --action kill --limit 32M -- %s touch=256M",
	       prog("eat"));
	ASSERT_STATUS(128 + SIGKILL);
}

static void exec_two_pid_namespaces_deep_governs_its_command(void **state)
{
	(void)state;
	LIVE_NEED("kill");
	INSIDE("pid pid", "exec --action kill --limit 32M -- %s touch=256M",
	       prog("eat"));
	ASSERT_STATUS(128 + SIGKILL);
}

static void exec_in_a_pid_namespace_under_a_loader_outside(void **state)
{
	cJSON *event;

	(void)state;
	LIVE_NEED("kill");
	live_run("");
	INSIDE("pid pid", "exec --action kill --limit 32M -- %s touch=256M",
	       prog("eat"));
	ASSERT_STATUS(128 + SIGKILL);
	event = live_event(0, "crossed", 1);
	LIVE_ASSERT(live_number(event, "pid") > 2 &&
			    !cJSON_GetObjectItem(event, "initial_pid"),
		    "the loader's user could not use pid %.0f",
		    live_number(event, "pid"));
	live_run_stop();
}

/* An innocent outside has the number that the command has inside. */
static void nobody_with_the_same_number_elsewhere_is_hit(void **state)
{
	struct live_proc *innocent, *inside;
	char next[32];

	(void)state;
	LIVE_NEED("kill");
	innocent = live_eat("wait touch=128M");
	snprintf(next, sizeof(next), "next=%d", innocent->pid);
	inside = live_spawn((char *[]){ "inside", "pid", next, "--",
					(char *)binary(), "exec", "--action",
					"kill", "--limit", "32M", "--", "sleep",
					"30", NULL });
	LIVE_UNTIL(!access(LIVE_PINS "/control", F_OK) && has_policies(),
		   LIVE_WAIT_MS, "exec set no policy");
	live_open_gate(innocent, 0);
	live_assert_unharmed(innocent);
	kill(inside->pid, SIGKILL);
	live_wait_end(inside, LIVE_WAIT_MS);
	LIVE_UNTIL(!has_policies(), LIVE_WAIT_MS, "its policy stays");
	live_ok("unload");
}

static void what_is_shown_is_what_the_caller_can_use(void **state)
{
	(void)state;
	live_run("");
	live_shell(&cmd,
		   "%s pid -- sh -c 'sleep 30 & p=$!; %s set $p --action kill "
		   "--limit 1G && %s get $p && %s list && %s explain $p; echo "
		   "expected $p; %s status; kill $p'",
		   prog("inside"), binary(), binary(), binary(), binary(),
		   binary());
	ASSERT_STATUS(0);
	SAYS(cmd.out, "\nexpected 2\n");
	SAYS(cmd.out, "target         2\n");
	SAYS(cmd.out, "\n2    ");
	SAYS(cmd.out, "pid          2\n");
	SAYS(cmd.out, "loader: outside of this pid namespace");
	live_run_stop();
}

static void a_slowdown_in_a_pid_namespace_ends(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	INSIDE("pid", "exec --action slowdown --limit 32M -- %s touch=34M",
	       prog("eat"));
	ASSERT_STATUS(0);
}

static void a_step_comes_in_time_in_a_pid_namespace(void **state)
{
	uint64_t begin = live_now_ns();

	(void)state;
	LIVE_NEED("kill");
	INSIDE("pid",
	       "exec --action none --limit 32M --then 'kill after 500ms' -- %s "
	       "touch=64M hold=30",
	       prog("eat"));
	ASSERT_STATUS(128 + SIGKILL);
	LIVE_ASSERT(live_now_ns() - begin < LIVE_WAIT_MS * 1000000ULL,
		    "it came late");
}

static void a_loader_in_a_time_namespace_lets_go_in_time(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	INSIDE("time=100000",
	       "exec --action slowdown --limit 32M -- %s "
	       "touch=34M",
	       prog("eat"));
	ASSERT_STATUS(0);
}

static void a_process_in_a_time_namespace_is_let_go_in_time(void **state)
{
	(void)state;
	LIVE_NEED("slowdown");
	live_overhigh(&cmd,
		      "exec --action slowdown --limit 32M -- %s time=100000 "
		      "-- %s touch=34M",
		      prog("inside"), prog("eat"));
	ASSERT_STATUS(0);
}

static void the_proc_of_another_pid_namespace_is_refused(void **state)
{
	(void)state;
	INSIDE("pid-old-proc", "exec --action kill --limit 32M -- %s touch=64M",
	       prog("eat"));
	ASSERT_STATUS(2);
	SAYS(cmd.err, "mount -t proc");
	LIVE_ASSERT(access(LIVE_PINS, F_OK), "and something is loaded");
}

/* A loader inside cannot look after what is outside. */
static void what_a_loader_inside_cannot_see_is_refused(void **state)
{
	struct live_proc *loader, *outside = live_eat("hold=30");
	char config[256];

	(void)state;
	snprintf(config, sizeof(config), "%s", live_dir());
	loader = live_spawn((char *[]){ "inside", "pid", "--", (char *)binary(),
					"run", "--config", config, NULL });
	LIVE_UNTIL(!access(LIVE_PINS "/control", F_OK) &&
			   live_number(live_status(), "loader_pid") > 0,
		   LIVE_WAIT_MS, "no loader");
	live_overhigh(&cmd, "set %d --action slowdown --limit 1G",
		      outside->pid);
	ASSERT_STATUS(2);
	SAYS(cmd.err, "does not see");
	live_overhigh(&cmd, "set --default --action slowdown --limit 1G");
	ASSERT_STATUS(2);
	live_overhigh(&cmd, "exec --action kill --limit 1G -- %s exit=0",
		      prog("eat"));
	ASSERT_STATUS(2);
	LIVE_ASSERT(!has_policies(), "set all the same: %s", live_policies());
	kill(outside->pid, SIGKILL);
	kill((pid_t)live_number(live_status(), "loader_pid"), SIGTERM);
	live_wait_end(loader, LIVE_WAIT_MS);
	LIVE_ASSERT(access(LIVE_PINS, F_OK), "the loader left its pins");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(exec_in_a_pid_namespace_governs_its_command),
		LIVE_TEST(exec_two_pid_namespaces_deep_governs_its_command),
		LIVE_TEST(exec_in_a_pid_namespace_under_a_loader_outside),
		LIVE_TEST(nobody_with_the_same_number_elsewhere_is_hit),
		LIVE_TEST(what_is_shown_is_what_the_caller_can_use),
		LIVE_TEST(a_slowdown_in_a_pid_namespace_ends),
		LIVE_TEST(a_step_comes_in_time_in_a_pid_namespace),
		LIVE_TEST(a_loader_in_a_time_namespace_lets_go_in_time),
		LIVE_TEST(a_process_in_a_time_namespace_is_let_go_in_time),
		LIVE_TEST(the_proc_of_another_pid_namespace_is_refused),
		LIVE_TEST(what_a_loader_inside_cannot_see_is_refused),
	};

	return live_tests("namespaces", tests, NULL, NULL);
}
