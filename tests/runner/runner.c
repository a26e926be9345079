// SPDX-License-Identifier: GPL-2.0
/*
 * runner.c - runs test programs one after the other, here or inside a guest,
 * and says of each test in one line how it went and how long it took.
 *
 * Belongs here: starting programs, reading what cmocka says, bounds of time, a
 * second try.  Does not: which programs run where, and adding up (tests/check).
 *
 * With --retry a test that fails is run once more, alone: the tests hold real
 * time against bounds, and a guest's clock, or a busy machine's, runs on while
 * their CPU is with others.  What the first try said is shown.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAID_BYTES (1 << 16)
#define NAME_BYTES 256
#define MAX_RETRIES 8 /* a program in which more fail is broken, not late */

static const char usage[] =
	"usage: runner [OPTION...] PROGRAM[:TEST[,TEST...]]...\n"
	"       runner [OPTION...] --ask FOLDER\n"
	"  --retry          a test that fails is run once more, alone\n"
	"  --bound SECONDS  a test that takes longer has hung (default 150)\n"
	"  --ask FOLDER     says 'next?' and reads PROGRAM of FOLDER from standard\n"
	"                   input, until that ends or says 'end'\n"
	"one line a test: ok|skip|again|FAIL SECONDS PROGRAM TEST; and one a program:\n"
	"ended SECONDS PROGRAM; lines of detail begin with blanks\n"
	"exit status: 1 if something failed\n";

static struct {
	bool retry;
	unsigned int bound_s;
} options = { .bound_s = 150 };

/* One program on its way. */
struct run {
	const char *name;
	pid_t pid;
	int pidfd, out_fd;
	char line[4096];
	size_t line_bytes;
	char test[NAME_BYTES]; /* that runs now; "": none */
	char said[SAID_BYTES]; /* since it began, or since the last one */
	size_t said_bytes;
	uint64_t test_start_ns, start_ns;
	unsigned int ran, failed;
	bool first_try; /* failures are noted in again, not counted */
	char again[MAX_RETRIES][NAME_BYTES];
	unsigned int nr_again;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void say(const char *how, const struct run *run, uint64_t since_ns,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

static void say(const char *how, const struct run *run, uint64_t since_ns,
		const char *format, ...)
{
	va_list args;

	printf("%-5s %7.2f %s ", how, (now_ns() - since_ns) / 1e9, run->name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

/* ---- what cmocka says ---- */

static void remember(struct run *run, const char *line)
{
	size_t bytes = strlen(line);

	/* the end tells more than the beginning */
	if (run->said_bytes + bytes + 2 > sizeof(run->said)) {
		size_t half = run->said_bytes / 2;

		memmove(run->said, run->said + half, run->said_bytes - half);
		run->said_bytes -= half;
	}
	memcpy(run->said + run->said_bytes, line, bytes);
	run->said_bytes += bytes;
	run->said[run->said_bytes++] = '\n';
}

static void show_said(struct run *run)
{
	char *line = run->said, *end = run->said + run->said_bytes;

	while (line < end) {
		size_t bytes = (char *)memchr(line, '\n', end - line) - line;

		printf("      %.*s\n", (int)bytes, line);
		line += bytes + 1;
	}
	fflush(stdout);
}

static void begin(struct run *run, const char *test)
{
	snprintf(run->test, sizeof(run->test), "%s", test);
	run->said_bytes = 0;
	run->test_start_ns = now_ns();
}

static void not_passed(struct run *run, const char *test, const char *why)
{
	bool again = run->first_try && *test && run->nr_again < MAX_RETRIES;

	if (again)
		snprintf(run->again[run->nr_again++], NAME_BYTES, "%s", test);
	else
		run->failed++;
	say(again ? "again" : "FAIL", run, run->test_start_ns, "%s%s", test,
	    why);
	show_said(run);
}

/* The reason is in a line "SKIP test: reason". */
static void skipped(struct run *run)
{
	const char *line = run->said, *end = run->said + run->said_bytes;
	char reason[NAME_BYTES] = "";

	for (; line < end; line = (char *)memchr(line, '\n', end - line) + 1)
		if (!strncmp(line, "SKIP ", 5) && memchr(line, ':', end - line))
			snprintf(reason, sizeof(reason), "%.*s",
				 (int)strcspn(strchr(line, ':'), "\n"),
				 strchr(line, ':'));
	say("skip", run, run->test_start_ns, "%s%s", run->test, reason);
}

/* "[       OK ] name" and the like; at the end of a group cmocka names those
 * that failed again, when none runs. */
static void take_line(struct run *run, const char *line)
{
	static const char *const marks[] = { "[ RUN      ] ", "[       OK ] ",
					     "[  SKIPPED ] ", "[  FAILED  ] ",
					     "[  ERROR   ] " };
	const char *test = line + strlen(marks[0]);
	unsigned int i = 0;

	while (i < 5 && strncmp(line, marks[i], strlen(marks[i])))
		i++;
	if (i == 0) {
		begin(run, test);
		return;
	}
	if (i == 5 || !*run->test || strcmp(test, run->test)) {
		remember(run, line);
		return;
	}
	run->ran++;
	if (i == 1) {
		say("ok", run, run->test_start_ns, "%s", test);
	} else if (i == 2) {
		skipped(run);
	} else {
		not_passed(run, test, "");
	}
	begin(run, "");
}

static bool take_output(struct run *run)
{
	ssize_t n;
	char *end;

	n = read(run->out_fd, run->line + run->line_bytes,
		 sizeof(run->line) - 1 - run->line_bytes);
	if (n <= 0)
		return n < 0 && errno == EINTR;
	run->line_bytes += n;
	run->line[run->line_bytes] = '\0';
	while ((end = strchr(run->line, '\n')) ||
	       run->line_bytes == sizeof(run->line) - 1) {
		if (end)
			*end++ = '\0';
		else
			end = run->line + run->line_bytes;
		take_line(run, run->line);
		run->line_bytes -= end - run->line;
		memmove(run->line, end, run->line_bytes + 1);
	}
	return true;
}

/* ---- a program ---- */

static void start(struct run *run, const char *path, const char *only)
{
	int out[2];

	if (pipe2(out, O_CLOEXEC)) {
		perror("runner: pipe");
		exit(1);
	}
	run->start_ns = now_ns();
	run->pid = fork();
	if (!run->pid) {
		/* a group of its own, so that it can be ended as a whole */
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], 1);
		dup2(out[1], 2);
		if (only)
			setenv("TEST_ONLY", only, 1);
		execl(path, path, NULL);
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		_exit(127);
	}
	close(out[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	run->out_fd = out[0];
	run->pidfd = syscall(SYS_pidfd_open, run->pid, 0);
	begin(run, "");
}

/* Returns its wait status; -1: it has hung, and was killed. */
static int follow(struct run *run)
{
	struct pollfd fds[] = { { run->out_fd, POLLIN, 0 },
				{ run->pidfd, POLLIN, 0 } };
	uint64_t bound_ns = options.bound_s * 1000000000ULL;
	bool hung = false;
	int status;

	while (poll(fds, 2, 1000) >= 0 || errno == EINTR) {
		while (fds[0].revents && take_output(run))
			;
		if (fds[0].revents & POLLHUP)
			fds[0].fd = -1;
		if (fds[1].revents)
			break;
		hung = now_ns() - run->test_start_ns > bound_ns;
		if (hung)
			break;
	}
	if (hung)
		kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
		;
	while (take_output(run))
		;
	close(run->out_fd);
	close(run->pidfd);
	return hung ? -1 : status;
}

/* Runs it, or one test of it.  Returns false if it ended in another way than
 * cmocka's: by a signal, a hang, an error of its own. */
static bool run_once(struct run *run, const char *path, const char *only)
{
	unsigned int bad = run->failed + run->nr_again;
	char why[NAME_BYTES] = "";
	int status;

	start(run, path, only);
	status = follow(run);
	if (status == -1)
		snprintf(why, sizeof(why), " has hung: killed after %u s",
			 options.bound_s);
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), " ended by signal %d",
			 WTERMSIG(status));
	else if (status && (*run->test || bad == run->failed + run->nr_again))
		snprintf(why, sizeof(why), " ended with status %d",
			 WEXITSTATUS(status));
	else if (*run->test)
		snprintf(why, sizeof(why), " ended the program");
	if (!*why)
		return true;
	if (!*run->test)
		run->test_start_ns = run->start_ns;
	not_passed(run, run->test, why);
	return false;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool run_program(const char *path, char *only)
{
	static struct run run;
	unsigned int i, nr_again;
	uint64_t begin_ns = now_ns();
	bool whole = true;

	memset(&run, 0, sizeof(run));
	run.name = base_name(path);
	run.first_try = options.retry;
	if (!only)
		whole = run_once(&run, path, NULL);
	for (only = only ? strtok(only, ",") : NULL; only;
	     only = strtok(NULL, ","))
		run_once(&run, path, only);
	run.first_try = false;
	nr_again = run.nr_again;
	/* what comes after a test that took the program with it has not run */
	if (!whole && nr_again)
		run_once(&run, path, NULL);
	for (i = 0; i < nr_again && whole; i++)
		run_once(&run, path, run.again[i]);
	if (!run.ran && !run.failed)
		not_passed(&run, "", "no test has run");
	say("ended", &run, begin_ns, "%s", run.failed ? "FAIL" : "ok");
	return !run.failed;
}

/* PROGRAM[:TEST,...] */
static bool run_spec(char *spec)
{
	char *only = strchr(spec, ':');

	if (only)
		*only++ = '\0';
	return run_program(spec, only);
}

/* Whoever started us knows what is left to be run. */
static bool ask(const char *folder)
{
	char line[1024], path[2048];
	bool good = true;

	for (;;) {
		printf("next?\n");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return good;
		line[strcspn(line, "\r\n")] = '\0';
		if (!strcmp(line, "end"))
			return good;
		snprintf(path, sizeof(path), "%s/%s", folder, line);
		good = run_spec(path) && good;
	}
}

int main(int argc, char **argv)
{
	const char *folder = NULL;
	bool good = true;
	int i;

	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--retry")) {
			options.retry = true;
		} else if (!strcmp(argv[i], "--bound") && i + 1 < argc) {
			options.bound_s = atoi(argv[++i]);
		} else if (!strcmp(argv[i], "--ask") && i + 1 < argc) {
			folder = argv[++i];
		} else {
			fputs(usage, stderr);
			return 2;
		}
	}
	if (folder)
		return !ask(folder);
	for (; i < argc; i++)
		good = run_spec(argv[i]) && good;
	return !good;
}
