// SPDX-License-Identifier: GPL-2.0
/*
 * test_handler.c - handle starts a command for each crossing, in bounded number
 * and for a bounded time, and nothing waits for it.
 *
 * Does not belong here: what handlers may do with a process (test_verdict.c).
 *
 * Runs: once.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

static struct live_cmd cmd;

/* What a busy machine may add before something is seen to be done. */
#define LATE_MS live_late_ms()
#define LATE_NS (LATE_MS * 1e6)

/* ---- the handler ---- */

static pid_t handle_pid; /* 0: it does not run */

static const char *in_dir(const char *name)
{
	static char paths[8][256];
	static unsigned int turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", live_dir(), name);
	return path;
}

static const char *contents(const char *name)
{
	static char text[1 << 14];
	FILE *file = fopen(in_dir(name), "r");

	text[0] = '\0';
	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
	}
	return text;
}

static unsigned int times_in(const char *name, const char *words)
{
	const char *at = contents(name);
	unsigned int n = 0;

	while ((at = strstr(at, words))) {
		at += strlen(words);
		n++;
	}
	return n;
}

static void write_script(const char *name, const char *lines)
{
	FILE *file = fopen(in_dir(name), "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\ncd %s\n%s\n", live_dir(), lines);
	fclose(file);
	assert_int_equal(chmod(in_dir(name), 0755), 0);
}

/* Its standard error goes to the file log of the test's directory. */
static pid_t start(char *const argv[])
{
	int log_fd = open(in_dir("log"), O_WRONLY | O_CREAT | O_APPEND, 0600);
	pid_t pid;

	assert_true(log_fd >= 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(log_fd, 2);
		execv(argv[0], argv);
		_exit(127);
	}
	close(log_fd);
	assert_true(pid > 0);
	return pid;
}

static void wait_ready(void)
{
	LIVE_UNTIL(strstr(contents("log"), "ready"), LIVE_WAIT_MS,
		   "handle does not get ready: %s", contents("log"));
}

static const char *binary(void)
{
	const char *path = getenv("OVERHIGH");

	return path ? path : "build/overhigh";
}

/* lines: of the script that is to be CMD. */
static void start_handle(const char *timeout, const char *most,
			 const char *lines)
{
	char *argv[] = { (char *)binary(),
			 "handle",
			 "--timeout",
			 (char *)timeout,
			 "--most",
			 (char *)most,
			 "--",
			 (char *)in_dir("cmd"),
			 "first",
			 NULL };

	write_script("cmd", lines);
	handle_pid = start(argv);
	wait_ready();
}

/* Its exit status, or 128 + signal. */
static int end_of_handle(void)
{
	int status = 0;

	LIVE_UNTIL(waitpid(handle_pid, &status, WNOHANG) == handle_pid,
		   LIVE_WAIT_MS, "handle does not end: %s", contents("log"));
	handle_pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void stop_handle(void)
{
	int status;

	kill(handle_pid, SIGTERM);
	status = end_of_handle();
	LIVE_ASSERT(status == 0, "handle ends with %d: %s", status,
		    contents("log"));
}

static int teardown(void **state)
{
	int i;

	if (handle_pid) {
		kill(handle_pid, SIGTERM);
		for (i = 0; i < 500 && !waitpid(handle_pid, NULL, WNOHANG); i++)
			live_pause(10);
		kill(handle_pid, SIGKILL);
		waitpid(handle_pid, NULL, WNOHANG);
	}
	handle_pid = 0;
	return live_teardown(state);
}

#define HANDLER_TEST(function)                                                 \
	cmocka_unit_test_setup_teardown(function, live_setup, teardown)

/* Gone, and so is all of its process group. */
static bool is_gone(pid_t pid)
{
	while (waitpid(-pid, NULL, WNOHANG) > 0)
		;
	return kill(pid, 0) && kill(-pid, 0);
}

static pid_t first_run(void)
{
	LIVE_UNTIL(strchr(contents("runs"), '\n'), LIVE_WAIT_MS,
		   "no handler runs: %s", contents("log"));
	return atoi(contents("runs"));
}

/* ---- what a handler gets ---- */

static void assert_same(const char *text, const cJSON *event, const char *name)
{
	double number = live_number(event, name);

	LIVE_ASSERT(strtod(text, NULL) == number, "%s: %s, not %.0f", name,
		    text, number);
}

static double rss_of(const cJSON *event)
{
	const cJSON *rss = cJSON_GetObjectItemCaseSensitive(event, "rss");

	return live_number(rss, "file") + live_number(rss, "anon") +
	       live_number(rss, "swap") + live_number(rss, "shmem");
}

/* The same event.  Its time of day was worked out twice, by two processes that
 * have looked at the clocks at different moments. */
static bool same_event(const cJSON *a, const cJSON *b)
{
	cJSON *copy[2] = { cJSON_Duplicate(a, true), cJSON_Duplicate(b, true) };
	char time[2][20];
	bool same;
	int i;

	for (i = 0; i < 2; i++) {
		snprintf(time[i], sizeof(time[i]), "%s",
			 live_string(copy[i], "time"));
		cJSON_DeleteItemFromObjectCaseSensitive(copy[i], "time");
	}
	same = cJSON_Compare(copy[0], copy[1], true) &&
	       !strncmp(time[0], time[1], strlen("2026-11-25T10:13"));
	cJSON_Delete(copy[0]);
	cJSON_Delete(copy[1]);
	return same;
}

static void assert_told(const char *file, const cJSON *event)
{
	static const char *const names[] = { "pid",	    "tid",
					     "cgroup_id",   "usage_bytes",
					     "limit_bytes", "excess_bytes",
					     "time_ns" };
	char *line = strdup(contents(file)), *save = NULL, *json, *word;
	cJSON *input;
	size_t i;

	json = strchr(line, '\n');
	assert_non_null(json);
	*json++ = '\0';
	input = cJSON_Parse(json);
	LIVE_ASSERT(same_event(input, event), "on its input: %s", json);
	cJSON_Delete(input);
	word = strtok_r(line, " ", &save);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_same(word, event, names[i]);
		word = strtok_r(NULL, " ", &save);
	}
	LIVE_ASSERT(strtod(word, NULL) == rss_of(event), "rss %s", word);
	assert_string_equal(save, "eat none process first");
	free(line);
}

#define TELL                                                                   \
	"{ echo $OVERHIGH_PID $OVERHIGH_TID $OVERHIGH_CGROUP_ID "              \
	"$OVERHIGH_USAGE_BYTES $OVERHIGH_LIMIT_BYTES $OVERHIGH_EXCESS_BYTES "  \
	"$OVERHIGH_TIME_NS $OVERHIGH_RSS_BYTES $OVERHIGH_COMM "                \
	"$OVERHIGH_ACTION $OVERHIGH_SOURCE $1; cat; } >told.$$\n"              \
	"echo $$ >>runs"

static void a_handler_runs_once_per_crossing_and_is_told(void **state)
{
	struct live_proc *proc;
	char name[64], *second;

	(void)state;
	live_run("");
	start_handle("20s", "4", TELL);
	proc = live_eat("wait touch=32M free wait touch=24M hold=60");
	live_ok("set %d --action none --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	snprintf(name, sizeof(name), "told.%d", first_run());
	assert_told(name, live_event(proc->pid, "crossed", 1));
	live_at_gate(proc, 0, 2);
	live_pause(300);
	assert_int_equal(times_in("runs", "\n"), 1);
	live_open_gate(proc, 0);
	LIVE_UNTIL(times_in("runs", "\n") == 2, LIVE_WAIT_MS,
		   "not for the second crossing: %s", contents("log"));
	second = strchr(contents("runs"), '\n') + 1;
	snprintf(name, sizeof(name), "told.%d", atoi(second));
	assert_told(name, live_event(proc->pid, "crossed", 2));
	live_pause(300);
	assert_int_equal(times_in("runs", "\n"), 2);
	stop_handle();
	live_run_stop();
}

/* ---- handlers that misbehave ---- */

static void assert_killed_in_time(struct live_proc *proc, double grace_ns)
{
	double crossed, escalated;

	live_assert_killed(proc, LIVE_WAIT_MS);
	crossed = live_number(live_event(proc->pid, "crossed", 1), "time_ns");
	escalated =
		live_number(live_event(proc->pid, "escalated", 1), "time_ns");
	LIVE_ASSERT(escalated - crossed >= grace_ns &&
			    escalated - crossed <= grace_ns + LATE_NS,
		    "escalated after %.0f ns", escalated - crossed);
}

static void one_that_hangs_is_killed_and_the_ladder_goes_on(void **state)
{
	struct live_proc *proc;
	uint64_t start_ns;
	pid_t pid;

	(void)state;
	live_run("");
	start_handle("1500ms", "4",
		     "trap '' TERM INT HUP\nsleep 60 &\n"
		     "echo $$ >>runs\nsleep 60");
	proc = live_eat("wait touch=32M hold=60");
	live_ok("set %d --action none --limit 16M --grace 300ms --then kill",
		proc->pid);
	live_open_gate(proc, 0);
	pid = first_run();
	start_ns = live_now_ns();
	assert_killed_in_time(proc, 300e6);
	LIVE_UNTIL(is_gone(pid), 1500 + LATE_MS, "handler %d is still there",
		   pid);
	LIVE_ASSERT(live_now_ns() - start_ns > 700000000ULL, "after %llu ns",
		    (unsigned long long)(live_now_ns() - start_ns));
	assert_non_null(strstr(contents("log"), "it has run for 1.5s"));
	stop_handle();
	live_run_stop();
}

static void one_that_dies_changes_nothing(void **state)
{
	struct live_proc *proc;

	(void)state;
	live_run("");
	/* at the first crossing; what it leaves behind ends with it */
	start_handle("20s", "1", "sleep 60 &\necho $$ >>runs\nkill -SEGV $$");
	proc = live_eat("wait touch=32M free wait touch=32M hold=60");
	live_ok("set %d --action none --limit 16M --grace 500ms --then kill",
		proc->pid);
	live_open_gate(proc, 0);
	LIVE_UNTIL(is_gone(first_run()), LATE_MS, "its child is there");
	live_at_gate(proc, 0, 2);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	LIVE_UNTIL(times_in("runs", "\n") == 2, LIVE_WAIT_MS,
		   "not for the second crossing: %s", contents("log"));
	stop_handle();
	live_run_stop();
}

#define FLOOD 8

static void of_a_flood_no_more_than_so_many_run(void **state)
{
	struct live_proc *procs[FLOOD];
	pid_t first, second;
	int i;

	(void)state;
	live_run("");
	start_handle("1m", "2", "echo $$ >>runs\nsleep 60");
	for (i = 0; i < FLOOD; i++) {
		procs[i] = live_eat("wait touch=32M hold=60");
		live_ok("set %d --action none --limit 16M", procs[i]->pid);
	}
	for (i = 0; i < FLOOD; i++)
		live_open_gate(procs[i], 0);
	for (i = 0; i < FLOOD; i++)
		live_event(procs[i]->pid, "crossed", 1);
	LIVE_UNTIL(times_in("log", "was not handled: 2 handlers run") ==
			   FLOOD - 2,
		   LIVE_WAIT_MS, "it says %s", contents("log"));
	LIVE_UNTIL(times_in("runs", "\n") == 2, LIVE_WAIT_MS, "%u run",
		   times_in("runs", "\n"));
	live_pause(300);
	assert_int_equal(times_in("runs", "\n"), 2);
	first = first_run();
	second = atoi(strchr(contents("runs"), '\n') + 1);
	stop_handle();
	LIVE_UNTIL(is_gone(first) && is_gone(second), LATE_MS,
		   "handlers are left");
	live_run_stop();
}

static void handle_ends_when_the_loader_does(void **state)
{
	struct live_proc *proc;
	pid_t pid;

	(void)state;
	live_run("");
	start_handle("1m", "2", "echo $$ >>runs\nsleep 60");
	proc = live_eat("wait touch=32M hold=60");
	live_ok("set %d --action none --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	pid = first_run();
	live_run_stop();
	assert_int_equal(end_of_handle(), 1);
	assert_non_null(strstr(contents("log"), "the loader has ended"));
	LIVE_UNTIL(is_gone(pid), LATE_MS, "handler %d is left", pid);
}

/* ---- handlers and policies ---- */

/* Becomes handle once the test has set a policy for it. */
static void start_handle_under(const char *policy)
{
	char lines[1024];
	int fd;

	snprintf(lines, sizeof(lines),
		 "read x <fifo\nexec %s handle --most 1 -- %s", "./overhigh",
		 in_dir("cmd"));
	write_script("start", lines);
	live_shell(&cmd, "cp %s %s", binary(), in_dir("overhigh"));
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	handle_pid = start((char *[]){ (char *)in_dir("start"), NULL });
	fd = open(in_dir("fifo"), O_WRONLY | O_CLOEXEC);
	live_ok("set %d %s", handle_pid, policy);
	assert_int_equal(write(fd, "\n", 1), 1);
	close(fd);
	wait_ready();
}

/* NULL where handle cannot be protected from it, as in some containers. */
static const char *put_into_governed_cgroup(pid_t pid)
{
	const char *root = live_cgroup_root(NULL), *cgroup;

	if (!root || strstr(contents("log"), "cannot set oom_score_adj"))
		return NULL;
	cgroup = live_cgroup(root, "handle");
	live_cgroup_enter(cgroup, pid);
	live_ok("set %s --action slowdown --limit 64K --grace 100ms "
		"--then kill",
		cgroup);
	return cgroup;
}

static void a_handler_is_held_by_no_policy(void **state)
{
	const char *cgroup;
	struct overhigh_policy policy;
	struct live_proc *proc;
	unsigned int before;
	uint32_t key;
	int i;

	(void)state;
	LIVE_NEED("slowdown");
	live_run("");
	write_script("cmd", "echo $$ >>runs\nx=$(cat)\necho done >>finished");
	start_handle_under("--action slowdown --limit 256K --max-delay 20ms");
	key = handle_pid;
	assert_int_not_equal(live_map_get("process_policy", &key, &policy), 0);
	cgroup = put_into_governed_cgroup(handle_pid);
	before = live_events(handle_pid, "crossed");
	proc = live_eat("wait touch=32M free wait touch=32M free wait "
			"touch=32M hold=60");
	live_ok("set %d --action none --limit 16M", proc->pid);
	for (i = 1; i <= 3; i++) {
		live_at_gate(proc, 0, i);
		live_open_gate(proc, 0);
		LIVE_UNTIL(times_in("finished", "done") == (unsigned int)i,
			   LIVE_WAIT_MS, "handler %d does not finish: %s", i,
			   contents("log"));
		live_pause(200);
	}
	assert_int_equal(live_events(handle_pid, "crossed"), before);
	assert_int_equal(live_events(first_run(), "crossed"), 0);
	stop_handle();
	if (cgroup)
		live_ok("unset %s", cgroup);
	live_run_stop();
}

/* ---- what is refused ---- */

static void a_command_that_is_not_there_is_refused(void **state)
{
	static const char *const names[] = { "/no/such/program",
					     "no-such-program", "/tmp" };
	size_t i;

	(void)state;
	live_overhigh(&cmd, "handle -- /bin/true");
	LIVE_ASSERT(cmd.status == 1 && strstr(cmd.err, "overhigh run"),
		    "without a loader: exit %d: %s", cmd.status, cmd.err);
	live_run("");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		live_overhigh(&cmd, "handle -- %s", names[i]);
		LIVE_ASSERT(cmd.status == 2 && strstr(cmd.err, names[i]),
			    "%s: exit %d: %s", names[i], cmd.status, cmd.err);
	}
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HANDLER_TEST(a_handler_runs_once_per_crossing_and_is_told),
		HANDLER_TEST(one_that_hangs_is_killed_and_the_ladder_goes_on),
		HANDLER_TEST(one_that_dies_changes_nothing),
		HANDLER_TEST(of_a_flood_no_more_than_so_many_run),
		HANDLER_TEST(handle_ends_when_the_loader_does),
		HANDLER_TEST(a_handler_is_held_by_no_policy),
		HANDLER_TEST(a_command_that_is_not_there_is_refused),
	};

	return live_tests("handler", tests, NULL, NULL);
}
