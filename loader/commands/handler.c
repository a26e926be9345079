// SPDX-License-Identifier: GPL-2.0
/* commands/handler.c - see commands/handler.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "report/events.h"
#include "text/format.h"
#include "commands/handler.h"
#include "base/log.h"
#include "overhigh_policy.h"

/* ---- the program ---- */

static bool can_run(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

int handlers_find(struct handlers *handlers, struct error *err)
{
	const char *name = handlers->command[0];
	const char *path = getenv("PATH"), *end;

	if (strchr(name, '/')) {
		snprintf(handlers->program, sizeof(handlers->program), "%s",
			 name);
		if (can_run(handlers->program))
			return 0;
		return bad_input(err, "%s is not a program that can be run",
				 name);
	}
	for (path = path ? path : "/bin:/usr/bin"; *name; path = end + 1) {
		end = strchrnul(path, ':');
		snprintf(handlers->program, sizeof(handlers->program),
			 "%.*s%s%s", (int)(end - path), path,
			 end == path ? "./" : "/", name);
		if (can_run(handlers->program))
			return 0;
		if (!*end)
			break;
	}
	return bad_input(err, "there is no program '%s' in PATH: give its path",
			 name);
}

/* ---- starting ---- */

static void set_number(const char *name, __u64 number)
{
	char text[FORMAT_MAX];

	snprintf(text, sizeof(text), "%llu", number);
	setenv(name, text, 1);
}

static void set_environment(const struct overhigh_event *event)
{
	char comm[OVERHIGH_COMM_LEN], text[FORMAT_MAX];
	__u64 rss_bytes = 0;
	int kind;

	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		rss_bytes += event->rss_bytes[kind];
	event_comm(event, comm);
	setenv("OVERHIGH_COMM", comm, 1);
	format_action(text, sizeof(text), overhigh_action(event->control));
	setenv("OVERHIGH_ACTION", text, 1);
	format_source(text, sizeof(text), event->source);
	setenv("OVERHIGH_SOURCE", text, 1);
	set_number("OVERHIGH_PID", event->seen_pid);
	set_number("OVERHIGH_TID", event->seen_tid);
	set_number("OVERHIGH_CGROUP_ID", event->cgroup_id);
	set_number("OVERHIGH_RSS_BYTES", rss_bytes);
	set_number("OVERHIGH_USAGE_BYTES", event->usage_bytes);
	set_number("OVERHIGH_LIMIT_BYTES", event->limit_bytes);
	set_number("OVERHIGH_EXCESS_BYTES", event->excess_bytes);
	set_number("OVERHIGH_TIME_NS", event->time_ns);
	set_number("OVERHIGH_DRY_RUN", !!(event->flags & OVERHIGH_EVF_DRY_RUN));
}

static void __attribute__((noreturn))
run_command(const struct handlers *handlers, const struct overhigh_event *event,
	    int in_fd)
{
	setpgid(0, 0);
	dup2(in_fd, STDIN_FILENO);
	set_environment(event);
	sigprocmask(SIG_SETMASK, &handlers->mask, NULL);
	execv(handlers->program, handlers->command);
	say("cannot run %s: %s", handlers->program, strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* A pipe with the event in it, whose other end is closed: a line is shorter
 * than PIPE_BUF, so that nobody has to wait. */
static int open_input(const struct overhigh_event *event)
{
	char line[PIPE_BUF];
	int n = event_json(line, sizeof(line), event);
	int ends[2];
	ssize_t written;

	if (n < 0)
		return n;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	written = write(ends[1], line, n);
	close(ends[1]);
	if (written == n)
		return ends[0];
	close(ends[0]);
	return -EIO;
}

static pid_t start(const struct handlers *handlers,
		   const struct overhigh_event *event)
{
	int in_fd = open_input(event);
	pid_t pid;

	if (in_fd < 0)
		return in_fd;
	pid = fork();
	if (!pid)
		run_command(handlers, event, in_fd);
	if (pid < 0)
		pid = -errno;
	else
		setpgid(pid, pid); /* as it does: whoever comes first */
	close(in_fd);
	return pid;
}

static struct handler *free_slot(struct handlers *handlers)
{
	unsigned int i;

	for (i = 0; i < handlers->most; i++)
		if (!handlers->slots[i].pid)
			return &handlers->slots[i];
	return NULL;
}

void handlers_start(struct handlers *handlers,
		    const struct overhigh_event *event)
{
	struct handler *handler = free_slot(handlers);
	pid_t pid;

	if (!handler) {
		handlers->unrun++;
		say("a crossing of %u was not handled: %u handlers run "
		    "(%lu not handled so far)",
		    event->seen_pid, handlers->most, handlers->unrun);
		return;
	}
	pid = start(handlers, event);
	if (pid < 0) {
		handlers->unrun++;
		say("a crossing of %u was not handled: cannot start a process: "
		    "%s (%lu not handled so far)",
		    event->seen_pid, strerror(-pid), handlers->unrun);
		return;
	}
	handler->pid = pid;
	handler->for_pid = event->seen_pid;
	handler->deadline_ns = clock_now_ns() + handlers->timeout_ns;
}

/* ---- ending ---- */

void handlers_reap(struct handlers *handlers)
{
	struct handler *handler;
	siginfo_t info;
	unsigned int i;

	for (i = 0; i < handlers->most; i++) {
		handler = &handlers->slots[i];
		info.si_pid = 0;
		if (!handler->pid ||
		    waitid(P_PID, handler->pid, &info,
			   WEXITED | WNOHANG | WNOWAIT) ||
		    !info.si_pid)
			continue;
		/* before its number can be that of somebody else */
		kill(-handler->pid, SIGKILL);
		waitpid(handler->pid, NULL, WNOHANG);
		handler->pid = 0;
	}
}

__u64 handlers_expire(struct handlers *handlers)
{
	__u64 now_ns = clock_now_ns(), next_ns = 0;
	struct handler *handler;
	char text[FORMAT_MAX];
	unsigned int i;

	format_duration(text, sizeof(text), handlers->timeout_ns);
	for (i = 0; i < handlers->most; i++) {
		handler = &handlers->slots[i];
		if (!handler->pid || !handler->deadline_ns)
			continue;
		if (handler->deadline_ns > now_ns) {
			if (!next_ns || handler->deadline_ns < next_ns)
				next_ns = handler->deadline_ns;
			continue;
		}
		kill(-handler->pid, SIGKILL);
		handler->deadline_ns = 0;
		say("the handler %d for process %u was killed: it has run for "
		    "%s",
		    handler->pid, handler->for_pid, text);
	}
	return next_ns;
}

void handlers_end(struct handlers *handlers)
{
	unsigned int i;

	for (i = 0; i < handlers->most; i++)
		if (handlers->slots[i].pid)
			kill(-handlers->slots[i].pid, SIGKILL);
}
