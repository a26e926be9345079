// SPDX-License-Identifier: GPL-2.0
/*
 * child.c - the processes of the benchmark, first of all overhigh.
 *
 * Belongs here: starting and ending them, and what overhigh says.  Does not:
 * measuring.  Children end when the benchmark does (PR_SET_PDEATHSIG).
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define PINS "/sys/fs/bpf/overhigh"
#define LINKS PINS "/links"
#define TURN_S 1800 /* how long we wait while others use overhigh */
#define MAX_WORDS 32

static char programs[256]; /* where this one is */
static pid_t bench_pid, loader_pid;
static FILE *loader_events, *loader_messages;

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void give_up(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "bench: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

static void on_signal(int sig)
{
	/* the loader ends with us: PR_SET_PDEATHSIG */
	_exit(128 + sig);
}

static void at_exit(void)
{
	if (getpid() == bench_pid)
		loader_down();
}

void children_init(void)
{
	bench_pid = getpid();
	if (readlink("/proc/self/exe", programs, sizeof(programs) - 1) < 0)
		give_up("/proc/self/exe: %s", strerror(errno));
	*strrchr(programs, '/') = '\0';
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	atexit(at_exit);
}

static const char *program(const char *name)
{
	static char path[512];
	const char *from_env = getenv("OVERHIGH");

	if (!strcmp(name, "overhigh") && from_env)
		return from_env;
	snprintf(path, sizeof(path), "%s/%s", programs, name);
	if (access(path, X_OK))
		snprintf(path, sizeof(path), "%s/../%s", programs, name);
	return path;
}

static void move_fd(int from, int to)
{
	if (from >= 0)
		dup2(from, to);
}

pid_t child_start(char *const argv[], int in_fd, int out_fd, int err_fd)
{
	const char *path = program(argv[0]);
	pid_t pid = fork();

	if (pid < 0)
		give_up("fork: %s", strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG,
	      strcmp(argv[0], "overhigh") ? SIGKILL : SIGTERM);
	if (getppid() != bench_pid)
		_exit(0);
	setpgid(0, 0); /* Ctrl-C is for us */
	move_fd(in_fd, 0);
	move_fd(out_fd, 1);
	move_fd(err_fd, 2);
	execv(path, argv);
	fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
	_exit(127);
}

void child_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- overhigh ---- */

static FILE *pipe_to(int *write_fd)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		give_up("pipe: %s", strerror(errno));
	*write_fd = ends[1];
	return fdopen(ends[0], "r");
}

static void loader_reap(void)
{
	fclose(loader_events);
	fclose(loader_messages);
	waitpid(loader_pid, NULL, 0);
	loader_pid = 0;
}

/* Returns true once it is ready, false if it is another's turn. */
static bool loader_try(void)
{
	char *argv[] = { "overhigh", "run", "--json", NULL };
	char line[512] = "";
	int out_fd, err_fd;

	if (!access(PINS, F_OK)) /* what a loader has left is not ours */
		return false;
	loader_events = pipe_to(&out_fd);
	loader_messages = pipe_to(&err_fd);
	loader_pid = child_start(argv, -1, out_fd, err_fd);
	close(out_fd);
	close(err_fd);
	while (fgets(line, sizeof(line), loader_messages))
		if (strstr(line, "ready:"))
			return true;
	loader_reap();
	if (!strstr(line, "another loader"))
		give_up("overhigh does not load here: %s", line);
	return false;
}

void loader_up(void)
{
	uint64_t end_ns = now_ns() + TURN_S * 1000000000ULL;

	while (!loader_try()) {
		if (now_ns() > end_ns)
			give_up("overhigh has been in use here for %d s",
				TURN_S);
		sleep(1);
	}
}

void loader_down(void)
{
	if (!loader_pid)
		return;
	kill(loader_pid, SIGTERM);
	waitpid(loader_pid, NULL, 0);
	loader_pid = 0;
	fclose(loader_events);
	fclose(loader_messages);
}

void overhigh(const char *format, ...)
{
	char line[256], *argv[MAX_WORDS] = { "overhigh" }, *save = NULL, *word;
	int n = 1, status;
	va_list args;
	pid_t pid;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (word = strtok_r(line, " ", &save); word && n < MAX_WORDS - 1;
	     word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	pid = child_start(argv, -1, -1, -1);
	waitpid(pid, &status, 0);
	if (status)
		give_up("overhigh %s failed", argv[1]);
}

static bool is_act_of(const char *line, pid_t pid, uint64_t *excess_bytes)
{
	cJSON *event = cJSON_Parse(line);
	const cJSON *type = cJSON_GetObjectItem(event, "type");
	const cJSON *who = cJSON_GetObjectItem(event, "pid");
	const cJSON *excess = cJSON_GetObjectItem(event, "excess_bytes");
	bool is = type && who && excess &&
		  !strcmp(type->valuestring, "acted") &&
		  (!pid || who->valueint == pid);

	if (is)
		*excess_bytes = excess->valuedouble;
	cJSON_Delete(event);
	return is;
}

bool loader_acted(pid_t pid, uint64_t *excess_bytes)
{
	struct pollfd p = { .fd = fileno(loader_events), .events = POLLIN };
	char line[4096];

	/* unbuffered: what is not read yet can be waited for */
	setvbuf(loader_events, NULL, _IONBF, 0);
	while (poll(&p, 1, 5000) == 1 &&
	       fgets(line, sizeof(line), loader_events))
		if (is_act_of(line, pid, excess_bytes))
			return true;
	return false;
}

void attached_hooks(char *text, size_t size)
{
	char command[600], json[1 << 14];
	const cJSON *hook;
	size_t used;
	cJSON *root;
	FILE *f;

	snprintf(command, sizeof(command), "%s status --json",
		 program("overhigh"));
	f = popen(command, "re");
	used = f ? fread(json, 1, sizeof(json) - 1, f) : 0;
	json[used] = '\0';
	if (!f || pclose(f))
		give_up("overhigh status failed");
	root = cJSON_Parse(json);
	text[0] = '\0';
	cJSON_ArrayForEach(hook, cJSON_GetObjectItem(root, "hooks"))
	{
		if (strcmp(hook->valuestring, "attached"))
			continue;
		snprintf(text + strlen(text), size - strlen(text), "%s%s",
			 text[0] ? ", " : "", hook->string);
	}
	if (!text[0])
		snprintf(text, size, "none");
	cJSON_Delete(root);
}

/* ---- what others have attached ---- */

static unsigned int own_links(void)
{
	unsigned int n = 0;
	struct dirent *entry;
	DIR *dir = opendir(LINKS);

	while (dir && (entry = readdir(dir)))
		/* "look" is an iterator, which runs only when it is read */
		n += entry->d_name[0] != '.' && strcmp(entry->d_name, "look");
	if (dir)
		closedir(dir);
	return n;
}

static bool link_traces(__u32 id)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int fd = bpf_link_get_fd_by_id(id);
	bool traces;

	if (fd < 0)
		return false;
	traces = !bpf_obj_get_info_by_fd(fd, &info, &size) &&
		 (info.type == BPF_LINK_TYPE_RAW_TRACEPOINT ||
		  info.type == BPF_LINK_TYPE_TRACING);
	close(fd);
	return traces;
}

bool nothing_foreign(void)
{
	unsigned int n = 0;
	__u32 id = 0;

	while (!bpf_link_get_next_id(id, &id))
		n += link_traces(id);
	return n <= own_links();
}
