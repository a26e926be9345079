// SPDX-License-Identifier: GPL-2.0
/*
 * loader.c - overhigh as the demo's child, and what it says: see watch.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch.h"
#include "watch_internal.h"

#define PINS "/sys/fs/bpf/overhigh"
#define READY_MS                                                               \
	60000 /* an emulated CPU takes some time to verify programs            \
	       */

/* Lines of a pipe, as they come. */
struct lines {
	int fd;
	size_t used;
	char text[1 << 16];
	void (*handle)(const char *line);
};

static void handle_event_line(const char *line);
static void handle_message(const char *line);

static struct lines events = { .fd = -1, .handle = handle_event_line };
static struct lines messages = { .fd = -1, .handle = handle_message };
static void (*on_event)(const cJSON *event);
static pid_t loader_pid;
static bool ready;
static char last_message[512];

static void handle_event_line(const char *line)
{
	cJSON *event = cJSON_Parse(line);

	if (!event)
		give_up(DEMO_FAILED, "overhigh wrote no JSON: %s", line);
	on_event(event);
	cJSON_Delete(event);
}

/* What it says before it is ready is shown only if that does not come. */
static void handle_message(const char *line)
{
	snprintf(last_message, sizeof(last_message), "%s", line);
	if (strstr(line, "ready:"))
		ready = true;
	else if (ready)
		fprintf(stderr, "%s\n", line);
}

static void read_lines(struct lines *l)
{
	char *line = l->text, *end;
	ssize_t n =
		read(l->fd, l->text + l->used, sizeof(l->text) - l->used - 1);

	if (n <= 0) {
		close(l->fd);
		l->fd = -1;
		return;
	}
	l->used += n;
	l->text[l->used] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		l->handle(line);
		line = end + 1;
	}
	l->used -= line - l->text;
	memmove(l->text, line, l->used);
}

void loader_collect(int wait_ms, int fd)
{
	struct pollfd p[] = {
		{ .fd = events.fd, .events = POLLIN },
		{ .fd = messages.fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	if (poll(p, 3, wait_ms) <= 0)
		return;
	if (p[0].revents)
		read_lines(&events);
	if (p[1].revents)
		read_lines(&messages);
}

bool loader_alive(void)
{
	return loader_pid && wait_for(&loader_pid, 0) < 0;
}

static int pipe_for(struct lines *l)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		give_up(DEMO_FAILED, "pipe: %s", strerror(errno));
	l->fd = ends[0];
	return ends[1];
}

void loader_start(void (*handler)(const cJSON *event))
{
	char *argv[] = { "overhigh", "run", "--json", NULL };
	int out_fd = pipe_for(&events), err_fd = pipe_for(&messages);
	uint64_t end_ns = now_ns() + READY_MS * 1000000ULL;

	on_event = handler;
	loader_pid = start(argv, out_fd, err_fd, SIGTERM);
	close(out_fd);
	close(err_fd);
	while (!ready && now_ns() < end_ns && messages.fd >= 0) {
		loader_collect(10, -1);
		check_interrupted();
	}
	if (ready)
		return;
	if (strstr(last_message, "another loader"))
		give_up(DEMO_BUSY, "%s", last_message);
	give_up(DEMO_NOT_LOADED, "overhigh does not load on this kernel: %s",
		last_message);
}

void loader_stop(void)
{
	if (!loader_pid)
		return;
	kill(loader_pid, SIGTERM);
	if (wait_for(&loader_pid, 20000) < 0) {
		fprintf(stderr, "demo: overhigh does not end: killing it\n");
		kill(loader_pid, SIGKILL);
		wait_for(&loader_pid, 5000);
	}
}

/* What `overhigh COMMAND --json` prints; NULL if it fails. */
static cJSON *ask(const char *command)
{
	char line[600], text[1 << 14];
	size_t used;
	FILE *f;

	snprintf(line, sizeof(line), "%s %s --json", program("overhigh"),
		 command);
	f = popen(line, "re");
	used = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[used] = '\0';
	check_interrupted(); /* it cut that short */
	return f && !pclose(f) ? cJSON_Parse(text) : NULL;
}

/* Policies of somebody else must not end with the demo. */
static void refuse_if_in_use(void)
{
	const cJSON *loader;
	cJSON *status;

	if (access(PINS, F_OK))
		return;
	status = ask("status");
	loader = cJSON_GetObjectItem(status, "loader_pid");
	if (loader && loader->valueint)
		give_up(DEMO_BUSY,
			"a loader is already running (pid %d); the demo needs "
			"one of its own and leaves that one alone",
			loader->valueint);
	give_up(DEMO_BUSY,
		"overhigh is loaded already, without a loader: 'overhigh "
		"unload' ends that");
}

cJSON *probe_actions(void)
{
	cJSON *root;

	if (geteuid())
		give_up(DEMO_FAILED, "this needs root: try sudo");
	refuse_if_in_use();
	root = ask("probe");
	if (!root)
		give_up(DEMO_NOT_LOADED,
			"overhigh cannot be used on this kernel");
	return root;
}
