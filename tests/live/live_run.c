// SPDX-License-Identifier: GPL-2.0
/*
 * live_run.c - the loader under test: starting and ending it, its events, its
 * commands.  See live.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "live_internal.h"

#define MAX_EVENTS 65536
#define MAX_WORDS 64

static struct {
	pid_t pid;
	int out_fd, err_fd;
	char line[1 << 16]; /* of stdout, not complete yet */
	size_t line_bytes;
	char err[1 << 16];
	size_t err_bytes;
	cJSON *events[MAX_EVENTS];
	unsigned int nr_events;
	cJSON *status;
} run;

const char *live_binary(void)
{
	const char *path = getenv("OVERHIGH");

	return path ? path : "build/overhigh";
}

/* ---- what it says ---- */

static void take_line(const char *line)
{
	cJSON *event = cJSON_Parse(line);

	if (!event)
		print_error("not JSON: %s\n", line);
	else if (run.nr_events < MAX_EVENTS)
		run.events[run.nr_events++] = event;
	else
		cJSON_Delete(event);
	if (event && getenv("LIVE_VERBOSE"))
		print_message("%s\n", line);
}

static void collect_out(void)
{
	ssize_t n;
	char *end;

	while ((n = read(run.out_fd, run.line + run.line_bytes,
			 sizeof(run.line) - 1 - run.line_bytes)) > 0) {
		run.line_bytes += n;
		run.line[run.line_bytes] = '\0';
		while ((end = strchr(run.line, '\n'))) {
			*end++ = '\0';
			take_line(run.line);
			run.line_bytes -= end - run.line;
			memmove(run.line, end, run.line_bytes + 1);
		}
	}
}

static void collect_err(void)
{
	char overflow[512];
	ssize_t n;

	for (;;) {
		size_t room = sizeof(run.err) - 1 - run.err_bytes;

		n = read(run.err_fd, room ? run.err + run.err_bytes : overflow,
			 room ? room : sizeof(overflow));
		if (n <= 0)
			return;
		if (room)
			run.err_bytes += n;
		run.err[run.err_bytes] = '\0';
	}
}

void live_collect(void)
{
	if (run.out_fd > 0)
		collect_out();
	if (run.err_fd > 0)
		collect_err();
}

const char *live_run_stderr(void)
{
	live_collect();
	return run.err;
}

/* ---- events ---- */

static bool matches(const cJSON *event, pid_t pid, const char *type)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(event, "pid");

	return (!pid || (item && item->valuedouble == pid)) &&
	       !strcmp(live_string(event, "type"), type);
}

cJSON *live_event_seen(pid_t pid, const char *type, unsigned int nth)
{
	unsigned int i;

	live_collect();
	for (i = 0; i < run.nr_events; i++)
		if (matches(run.events[i], pid, type) && !--nth)
			return run.events[i];
	return NULL;
}

unsigned int live_events(pid_t pid, const char *type)
{
	unsigned int i, n = 0;

	live_collect();
	for (i = 0; i < run.nr_events; i++)
		n += matches(run.events[i], pid, type);
	return n;
}

static void print_events(void)
{
	unsigned int i;
	char *text;

	for (i = 0; i < run.nr_events && i < 20; i++) {
		text = cJSON_PrintUnformatted(run.events[i]);
		print_error("  event %s\n", text);
		free(text);
	}
	print_error("  %u events; loader's stderr: %s\n", run.nr_events,
		    run.err);
}

cJSON *live_event(pid_t pid, const char *type, unsigned int nth)
{
	uint64_t end = live_now_ns() + LIVE_WAIT_MS * 1000000ULL;
	cJSON *event;

	while (!(event = live_event_seen(pid, type, nth))) {
		if (live_now_ns() > end) {
			print_events();
			LIVE_FAIL("no event %s number %u of pid %d", type, nth,
				  pid);
		}
		live_pause(2);
	}
	return event;
}

double live_number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (!cJSON_IsNumber(item))
		LIVE_FAIL("no number \"%s\" where there should be", name);
	return item->valuedouble;
}

const char *live_string(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

/* ---- its life ---- */

static int reap(pid_t pid, unsigned int ms)
{
	uint64_t end = live_now_ns() + ms * 1000000ULL;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (live_now_ns() > end)
			return -1;
		live_pause(2);
	}
	return status;
}

void live_run(const char *options)
{
	live_run_into(-1, options);
}

void live_run_into(int out_fd, const char *options)
{
	char *words[MAX_WORDS], line[512];
	uint64_t end = live_now_ns() + 60000000000ULL;
	int out[2], err[2];

	snprintf(line, sizeof(line), "%s run --json %s", live_binary(),
		 options);
	words[live_words(line, words, MAX_WORDS - 1)] = NULL;
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		LIVE_FAIL("pipe: %s", strerror(errno));
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	fcntl(out[1], F_SETPIPE_SZ, 1 << 20);
	run.err_bytes = run.line_bytes = 0;
	run.err[0] = '\0';
	run.pid = live_start(words, out_fd < 0 ? out[1] : out_fd, err[1]);
	close(out[1]);
	close(err[1]);
	run.out_fd = out[0];
	run.err_fd = err[0];
	while (!strstr(live_run_stderr(), "overhigh: ready")) {
		if (live_now_ns() > end || reap(run.pid, 0) >= 0)
			LIVE_FAIL("overhigh run did not get ready: %s",
				  run.err);
		live_pause(5);
	}
}

pid_t live_run_pid(void)
{
	return run.pid;
}

static void close_run(void)
{
	live_collect();
	close(run.out_fd);
	close(run.err_fd);
	run.pid = run.out_fd = run.err_fd = 0;
}

void live_run_stop(void)
{
	int status;

	kill(run.pid, SIGTERM);
	status = reap(run.pid, LIVE_WAIT_MS);
	if (status == -1)
		LIVE_FAIL("overhigh run did not end on SIGTERM");
	if (status)
		LIVE_FAIL("overhigh run ended with status %#x: %s", status,
			  live_run_stderr());
	close_run();
}

void live_run_kill(void)
{
	kill(run.pid, SIGKILL);
	reap(run.pid, LIVE_WAIT_MS);
	close_run();
}

/* The end of a test, whatever state it is in; false: something is left. */
bool live_run_cleanup(void)
{
	struct live_cmd cmd;
	bool clean = true;

	if (run.pid > 0) {
		kill(run.pid, SIGCONT);
		kill(run.pid, SIGTERM);
		if (reap(run.pid, LIVE_WAIT_MS) == -1) {
			print_error("overhigh run does not end\n");
			kill(run.pid, SIGKILL);
			reap(run.pid, LIVE_WAIT_MS);
		}
		close_run();
	}
	if (!access(LIVE_PINS, F_OK))
		live_overhigh(&cmd, "unload --force");
	if (!access(LIVE_PINS, F_OK)) {
		print_error("after unload there still is %s\n", LIVE_PINS);
		clean = false;
	}
	while (run.nr_events)
		cJSON_Delete(run.events[--run.nr_events]);
	cJSON_Delete(run.status);
	run.status = NULL;
	return clean;
}

/* ---- commands ---- */

static void drain(int fd, char *text, size_t size, size_t *used)
{
	char overflow[512];
	ssize_t n;

	for (;;) {
		size_t room = size - 1 - *used;

		n = read(fd, room ? text + *used : overflow,
			 room ? room : sizeof(overflow));
		if (n <= 0)
			return;
		if (room)
			*used += n;
		text[*used] = '\0';
	}
}

static void run_command(struct live_cmd *cmd, char *const argv[])
{
	uint64_t end = live_now_ns() + 60000000000ULL;
	size_t out_used = 0, err_used = 0;
	int out[2], err[2], status = 0;
	bool ended = false;
	pid_t pid;

	cmd->out[0] = cmd->err[0] = '\0';
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		LIVE_FAIL("pipe: %s", strerror(errno));
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	pid = live_start(argv, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	while (!ended && live_now_ns() < end) {
		ended = waitpid(pid, &status, WNOHANG) == pid;
		drain(out[0], cmd->out, sizeof(cmd->out), &out_used);
		drain(err[0], cmd->err, sizeof(cmd->err), &err_used);
		if (!ended)
			live_pause(1);
	}
	if (!ended) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	close(out[0]);
	close(err[0]);
	cmd->status = !ended		? -1 :
		      WIFEXITED(status) ? WEXITSTATUS(status) :
					  128 + WTERMSIG(status);
}

static void run_line(struct live_cmd *cmd, char *line)
{
	char *words[MAX_WORDS];

	words[0] = (char *)live_binary();
	words[1 + live_words(line, words + 1, MAX_WORDS - 2)] = NULL;
	run_command(cmd, words);
}

void live_overhigh(struct live_cmd *cmd, const char *format, ...)
{
	char line[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	run_line(cmd, line);
}

void live_ok(const char *format, ...)
{
	char line[4096], words[4096];
	struct live_cmd cmd;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	run_line(&cmd, strcpy(words, line)); /* it takes the line apart */
	if (cmd.status)
		LIVE_FAIL("overhigh %s: exit %d: %s", line, cmd.status,
			  cmd.err);
}

int live_lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

void live_shell(struct live_cmd *cmd, const char *format, ...)
{
	char line[8192];
	char *argv[] = { "/bin/sh", "-c", line, NULL };
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	run_command(cmd, argv);
}

cJSON *live_status(void)
{
	struct live_cmd cmd;

	live_overhigh(&cmd, "status --json");
	if (cmd.status)
		LIVE_FAIL("overhigh status: exit %d: %s", cmd.status, cmd.err);
	cJSON_Delete(run.status);
	run.status = cJSON_Parse(cmd.out);
	if (!run.status)
		LIVE_FAIL("overhigh status --json is not JSON: %s", cmd.out);
	return run.status;
}

double live_counter(const char *name)
{
	return live_number(
		cJSON_GetObjectItemCaseSensitive(live_status(), "counters"),
		name);
}

/* What the kernel has to offer: asked once, and once more with the module. */
static cJSON *probe_result(struct live_cmd *cmd)
{
	static char *answers[2];
	char **answer = &answers[!access("/sys/module/overhigh_hook", F_OK)];

	cmd->err[0] = '\0';
	if (!*answer) {
		live_overhigh(cmd, "probe --json");
		*answer = strdup(cmd->out);
	}
	return cJSON_Parse(*answer);
}

bool live_can(const char *action, char *why, size_t size)
{
	struct live_cmd cmd;
	cJSON *probe = probe_result(&cmd), *item;
	bool can;

	item = cJSON_GetObjectItemCaseSensitive(probe, "actions");
	item = cJSON_GetObjectItemCaseSensitive(item, action);
	if (!item)
		LIVE_FAIL("overhigh probe --json does not speak of %s: %s",
			  action, cmd.err);
	can = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "available"));
	snprintf(why, size, "%s: %s", action, live_string(item, "reason"));
	cJSON_Delete(probe);
	return can;
}
