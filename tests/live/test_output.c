// SPDX-License-Identifier: GPL-2.0
/*
 * test_output.c - whoever should read what the loader says may stop, go away or
 * be slow: the loader does its work, leaves lines out, and tells how many.
 * Runs: once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

static struct live_cmd cmd;

static const char *overhigh(void)
{
	return getenv("OVERHIGH") ? getenv("OVERHIGH") : "build/overhigh";
}

/* A process that crosses all the time for so many seconds. */
static struct live_proc *flood(const char *seconds)
{
	char *argv[] = { "flood", "16", "16", (char *)seconds, NULL };
	struct live_proc *proc = live_spawn(argv);

	/* it sleeps: it has all of them, and waits */
	LIVE_UNTIL(live_smaps(proc->pid, "Anonymous") >= 16 * MIB &&
			   live_task_state(proc->pid) == 'S',
		   LIVE_WAIT_MS, "flood does not start");
	live_ok("set %d --action none --direct --rss anon --limit %llu",
		proc->pid,
		(unsigned long long)live_smaps(proc->pid, "Anonymous") +
			2 * PAGE);
	kill(proc->pid, SIGUSR1);
	return proc;
}

/* Enough for more events than a pipe and the loader's room hold: of one process
 * only so many are sent. */
static void floods(const char *seconds)
{
	struct live_proc *proc[12];
	int i;

	for (i = 0; i < 12; i++)
		proc[i] = flood(seconds);
	for (i = 0; i < 12; i++)
		live_wait_end(proc[i], LIVE_WAIT_MS);
}

static void assert_the_loader_works(void)
{
	struct live_proc *proc;

	/* this kill is the kernel side's; the later step is the loader's */
	proc = live_eat("wait touch=64M");
	live_ok("set %d --action kill --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	proc = live_eat("wait touch=64M hold=30");
	live_ok("set %d --action none --limit 32M --grace 300ms --then kill",
		proc->pid);
	live_open_gate(proc, 0);
	live_assert_killed(proc, LIVE_WAIT_MS);
	live_overhigh(&cmd, "reload");
	LIVE_ASSERT(!cmd.status, "reload: %d %s", cmd.status, cmd.err);
}

/* All of a pipe that was filled and is read only now. */
static size_t drain(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (used < size - 1 &&
	       (n = read(fd, text + used, size - 1 - used)) > 0)
		used += n;
	text[used] = 0;
	return used;
}

static void assert_lines_are_json(char *text, bool last_may_be_cut)
{
	char *line, *end;
	cJSON *one;

	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		one = cJSON_Parse(line);
		LIVE_ASSERT(one, "not JSON: %s", line);
		cJSON_Delete(one);
	}
	LIVE_ASSERT(last_may_be_cut || !*line, "cut: %s", line);
}

static char text[4 << 20];

static void a_reader_that_stops_stops_nothing(void **state)
{
	uint64_t end;
	size_t used;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	live_run_into(ends[1], "");
	close(ends[1]);
	floods("1");
	assert_the_loader_works();
	/* read again: what was left out is told */
	used = drain(ends[0], text, sizeof(text));
	end = live_now_ns() + LIVE_WAIT_MS * 1000000ULL;
	while (!strstr(text, "\"type\":\"lost\"")) {
		LIVE_ASSERT(live_now_ns() < end, "nobody tells of the gap");
		live_pause(20);
		used += drain(ends[0], text + used, sizeof(text) - used);
	}
	assert_lines_are_json(text, true);
	live_run_stop();
	close(ends[0]);
}

static void a_run_ends_in_time_though_nobody_reads_it(void **state)
{
	uint64_t began;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	live_run_into(ends[1], "");
	close(ends[1]);
	floods("0.5");
	began = live_now_ns();
	live_run_stop();
	LIVE_ASSERT(live_now_ns() - began < 5000000000ULL, "it took %llu ms",
		    (unsigned long long)(live_now_ns() - began) / 1000000);
	assert_int_not_equal(access(LIVE_PINS, F_OK), 0);
	close(ends[0]);
}

static void a_reader_that_goes_away_is_done_without(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	live_run_into(ends[1], "");
	close(ends[1]);
	close(ends[0]);
	live_wait_end(flood("0.2"), LIVE_WAIT_MS);
	LIVE_UNTIL(strstr(live_run_stderr(), "cannot write events"),
		   LIVE_WAIT_MS, "it does not say so");
	assert_the_loader_works();
	live_run_stop();
}

/* A full disk cuts a line; the rest of it comes when there is room. */
static void a_full_disk_tears_no_line_and_output_resumes(void **state)
{
	const char *dir = live_mount("tmpfs");
	char path[256], fill[256];
	size_t before, used;
	int fd, out;

	(void)state;
	live_shell(&cmd, "mount -o remount,size=256k %s", dir);
	assert_int_equal(cmd.status, 0);
	snprintf(path, sizeof(path), "%s/events", dir);
	snprintf(fill, sizeof(fill), "%s/fill", dir);
	live_shell(&cmd, "head -c 208k /dev/zero >%s", fill);
	out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	live_run_into(out, "");
	close(out);
	floods("1");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	before = drain(fd, text, sizeof(text));
	LIVE_ASSERT(before > 0, "nothing was written");
	assert_the_loader_works();
	assert_int_equal(unlink(fill), 0);
	live_shell(&cmd, "mount -o remount,size=8m %s", dir);
	used = before;
	while (used < before + 8192) {
		used += drain(fd, text + used, sizeof(text) - used);
		live_pause(20);
	}
	live_run_stop();
	used += drain(fd, text + used, sizeof(text) - used);
	assert_lines_are_json(text, false);
	close(fd);
}

/* What the loader opens first would have the number of what is closed. */
static void a_run_with_closed_standard_output_goes_on(void **state)
{
	char line[512];
	char *argv[] = { "/bin/sh", "-c", line, NULL };
	struct live_proc *run;

	(void)state;
	snprintf(line, sizeof(line), "exec %s run >&- 2>%s/err <&-", overhigh(),
		 live_dir());
	run = live_spawn(argv);
	LIVE_UNTIL(!access("/run/overhigh/events", F_OK), LIVE_WAIT_MS,
		   "it does not start");
	live_wait_end(flood("0.3"), LIVE_WAIT_MS);
	assert_the_loader_works();
	kill(run->pid, SIGTERM);
	assert_int_equal(live_wait_end(run, LIVE_WAIT_MS), 0);
}

/* ---- the stream to other commands ---- */

static struct live_proc *follower(const char *out)
{
	char line[512];
	char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line), "exec %s events --json >%s 2>%s.err",
		 overhigh(), out, out);
	return live_spawn(argv);
}

/* Sixteen that ended make room for sixteen, though nothing happened. */
static void readers_that_ended_make_room_at_once(void **state)
{
	struct live_proc *readers[17];
	char path[256];
	int i, round;

	(void)state;
	live_run("");
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 16; i++) {
			snprintf(path, sizeof(path), "%s/%d.%d", live_dir(),
				 round, i);
			readers[i] = follower(path);
		}
		live_pause(500);
		for (i = 0; i < 16; i++)
			LIVE_ASSERT(!live_has_ended(readers[i]),
				    "round %d: reader %d was turned away",
				    round, i);
		snprintf(path, sizeof(path), "%s/%d.more", live_dir(), round);
		readers[16] = follower(path);
		assert_int_equal(
			WEXITSTATUS(live_wait_end(readers[16], LIVE_WAIT_MS)),
			1);
		live_shell(&cmd, "cat %s.err", path);
		LIVE_ASSERT(strstr(cmd.out, "16 commands"), "says: %s",
			    cmd.out);
		for (i = 0; i < 16; i++) {
			kill(readers[i]->pid, SIGKILL);
			live_wait_end(readers[i], LIVE_WAIT_MS);
		}
	}
	live_run_stop();
}

static void what_the_ring_lost_reaches_who_follows(void **state)
{
	struct live_proc *reader, *over, *procs[40];
	char path[256];
	int i;

	(void)state;
	live_run("");
	snprintf(path, sizeof(path), "%s/events", live_dir());
	reader = follower(path);
	live_pause(500);
	/* while one process is over, what notices every fall is attached */
	over = live_eat("wait touch=8M hold=120");
	live_ok("set %d --action none --limit 1M", over->pid);
	live_open_gate(over, 0);
	live_event(over->pid, "crossed", 1);
	live_pause(500);
	/* nobody reads the ring while the loader is stopped */
	kill(live_run_pid(), SIGSTOP);
	for (i = 0; i < 40; i++)
		procs[i] = flood("1");
	for (i = 0; i < 40; i++)
		live_wait_end(procs[i], LIVE_WAIT_MS);
	kill(live_run_pid(), SIGCONT);
	LIVE_ASSERT(live_counter("lost_events") > 0, "no event was lost");
	LIVE_UNTIL((live_shell(&cmd, "grep -c '\"lost\"' %s", path),
		    atoi(cmd.out) > 0),
		   LIVE_WAIT_MS, "nobody tells the reader");
	kill(reader->pid, SIGTERM);
	live_wait_end(reader, LIVE_WAIT_MS);
	live_run_stop();
}

/* One that crosses all the time leaves room for what others have to tell, and
 * for what is due to them. */
static void a_flood_of_one_process_is_cut_and_counted(void **state)
{
	struct live_proc *proc, *other;
	unsigned int seen;

	(void)state;
	live_run("");
	proc = flood("3");
	other = live_eat("wait touch=64M hold=30");
	live_ok("set %d --action none --limit 32M --grace 200ms --then kill",
		other->pid);
	live_open_gate(other, 0);
	live_assert_killed(other, LIVE_WAIT_MS);
	live_event(other->pid, "crossed", 1);
	live_wait_end(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(live_counter("left_out_events") > 1000, "only %.0f",
		    live_counter("left_out_events"));
	assert_true(live_counter("lost_events") == 0);
	live_event(proc->pid, "exited", 1);
	seen = live_events(proc->pid, "crossed") +
	       live_events(proc->pid, "below");
	LIVE_ASSERT(seen >= 200 && seen < 400, "%u events", seen);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(a_reader_that_stops_stops_nothing),
		LIVE_TEST(a_run_ends_in_time_though_nobody_reads_it),
		LIVE_TEST(a_reader_that_goes_away_is_done_without),
		LIVE_TEST(a_full_disk_tears_no_line_and_output_resumes),
		LIVE_TEST(a_run_with_closed_standard_output_goes_on),
		LIVE_TEST(readers_that_ended_make_room_at_once),
		LIVE_TEST(what_the_ring_lost_reaches_who_follows),
		LIVE_TEST(a_flood_of_one_process_is_cut_and_counted),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
