// SPDX-License-Identifier: GPL-2.0
/*
 * watch.c - see watch.h; the loader and its events are in loader.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "watch.h"
#include "watch_internal.h"

#define CGROUP "/sys/fs/cgroup/overhigh-demo"
#define GATE_MS 20000 /* an emulated CPU takes some time to load overhigh */

volatile struct runaway_page *runaway;
volatile struct progress_slot *neighbour;

static char runaway_file[32], neighbour_file[32];
static char programs[256]; /* where this one is */
static pid_t demo_pid, neighbour_pid, exec_pid;
static int runaway_fd = -1; /* a pidfd */
static bool in_cgroup;
static volatile sig_atomic_t interrupted;

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void pause_ms(unsigned int ms)
{
	uint64_t now = now_ns(), end_ns = now + ms * 1000000ULL;

	for (; now < end_ns; now = now_ns()) {
		loader_collect((end_ns - now) / 1000000 + 1, -1);
		check_interrupted();
	}
}

void give_up(int status, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "demo: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(status); /* watch_end() is run by exit() */
}

static void on_interrupt(int sig)
{
	interrupted = sig;
}

void check_interrupted(void)
{
	if (interrupted)
		give_up(128 + interrupted, "interrupted");
}

/* ---- processes ---- */

const char *program(const char *name)
{
	static char path[512];
	const char *overhigh = getenv("OVERHIGH");

	if (!strcmp(name, "overhigh") && overhigh)
		return overhigh;
	snprintf(path, sizeof(path), "%s/%s", programs, name);
	if (access(path, X_OK))
		snprintf(path, sizeof(path), "%s/../%s", programs, name);
	return path;
}

/* A child that ends, with this signal, when the demo does.  Ctrl-C is for the
 * demo alone, which then ends its children in order. */
pid_t start(char *const argv[], int out_fd, int err_fd, int death_signal)
{
	const char *path = program(argv[0]);
	pid_t pid = fork();

	if (pid < 0)
		give_up(DEMO_FAILED, "fork: %s", strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, death_signal);
	if (getppid() != demo_pid)
		_exit(0);
	setpgid(0, 0);
	if (out_fd >= 0)
		dup2(out_fd, 1);
	if (err_fd >= 0)
		dup2(err_fd, 2);
	execv(path, argv);
	fprintf(stderr, "demo: %s: %s\n", path, strerror(errno));
	_exit(127);
}

int wait_for(pid_t *pid, unsigned int ms)
{
	uint64_t end_ns = now_ns() + ms * 1000000ULL;
	const struct timespec pause = { .tv_nsec = 1000000 };
	int status;

	while (waitpid(*pid, &status, WNOHANG) == 0) {
		if (now_ns() > end_ns)
			return -1;
		loader_collect(0, -1);
		nanosleep(&pause, NULL);
	}
	*pid = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* ---- the neighbour ---- */

void neighbour_start(size_t bytes)
{
	char size[32];
	char *argv[] = { "neighbour", neighbour_file, size, "3600", NULL };
	uint64_t end_ns = now_ns() + GATE_MS * 1000000ULL;

	snprintf(size, sizeof(size), "%zu", bytes);
	neighbour_pid = start(argv, open("/dev/null", O_WRONLY | O_CLOEXEC), -1,
			      SIGKILL);
	while (!neighbour->touched_bytes) {
		pause_ms(1);
		if (now_ns() > end_ns || !neighbour_alive())
			give_up(DEMO_FAILED, "the neighbour does not begin");
	}
}

bool neighbour_alive(void)
{
	return neighbour_pid && wait_for(&neighbour_pid, 0) < 0;
}

uint64_t neighbour_waited_ns(void)
{
	unsigned long long ran, waited = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", neighbour_pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%llu %llu", &ran, &waited) != 2)
		waited = 0;
	if (f)
		fclose(f);
	return waited;
}

/* ---- the runaway ---- */

static void open_runaway_fd(void)
{
	runaway_fd = syscall(SYS_pidfd_open, runaway->pid, 0);
	if (runaway_fd < 0)
		give_up(DEMO_FAILED, "pidfd_open: %s", strerror(errno));
}

void runaway_start(const char *options, size_t most_bytes)
{
	char line[256], size[32], *save = NULL, *word;
	char *argv[32] = { "overhigh", "exec" };
	uint64_t end_ns = now_ns() + GATE_MS * 1000000ULL;
	int n = 2;

	memset((void *)runaway, 0, sizeof(*runaway));
	snprintf(line, sizeof(line), "%s", options);
	snprintf(size, sizeof(size), "%zu", most_bytes);
	for (word = strtok_r(line, " ", &save); word && n < 26;
	     word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	argv[n++] = "--";
	argv[n++] = strdup(program("runaway"));
	argv[n++] = runaway_file;
	argv[n++] = size;
	exec_pid = start(argv, -1, -1, SIGTERM);
	while (!runaway->pid) {
		pause_ms(1);
		if (wait_for(&exec_pid, 0) >= 0 || now_ns() > end_ns)
			give_up(DEMO_FAILED, "overhigh exec %s failed",
				options);
	}
	open_runaway_fd();
}

bool runaway_ended(unsigned int wait_ms, uint64_t *end_ns)
{
	struct pollfd p = { .fd = runaway_fd, .events = POLLIN };

	loader_collect(wait_ms, runaway_fd);
	check_interrupted();
	if (poll(&p, 1, 0) != 1)
		return false;
	*end_ns = now_ns();
	return true;
}

void runaway_kill(void)
{
	if (runaway_fd >= 0)
		syscall(SYS_pidfd_send_signal, runaway_fd, SIGKILL, NULL, 0);
}

int runaway_status(void)
{
	int status = wait_for(&exec_pid, 10000);

	if (status < 0)
		give_up(DEMO_FAILED, "overhigh exec does not end");
	close(runaway_fd);
	runaway_fd = -1;
	return status;
}

/* ---- the cgroup ---- */

static bool cgroup_write(const char *file, const char *text)
{
	char path[128];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", CGROUP, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, text, strlen(text)) >= 0;
	if (fd >= 0)
		close(fd);
	return done;
}

bool cgroup_enter(uint64_t high_bytes)
{
	char text[32];

	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		return false;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)high_bytes);
	in_cgroup = cgroup_write("memory.high", text) &&
		    cgroup_write("cgroup.procs", "0");
	if (!in_cgroup)
		rmdir(CGROUP);
	return in_cgroup;
}

unsigned long cgroup_high_events(void)
{
	unsigned long high = 0;
	char line[128];
	FILE *f = in_cgroup ? fopen(CGROUP "/memory.events", "re") : NULL;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "high %lu", &high) == 1)
			break;
	if (f)
		fclose(f);
	return high;
}

static void cgroup_leave(void)
{
	FILE *f;

	if (!in_cgroup)
		return;
	f = fopen(CGROUP "/../cgroup.procs", "w");
	if (f) {
		fputs("0", f);
		fclose(f);
	}
	if (rmdir(CGROUP))
		fprintf(stderr, "demo: cannot remove %s: %s\n", CGROUP,
			strerror(errno));
	in_cgroup = false;
}

/* ---- beginning and end ---- */

static volatile void *share(size_t bytes, char *file, size_t size)
{
	int fd = memfd_create("overhigh-demo", 0); /* children inherit it */
	void *p;

	if (fd < 0 || ftruncate(fd, bytes))
		give_up(DEMO_FAILED, "memfd: %s", strerror(errno));
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		 fd, 0);
	if (p == MAP_FAILED)
		give_up(DEMO_FAILED, "mmap: %s", strerror(errno));
	snprintf(file, size, "/proc/self/fd/%d", fd);
	return p;
}

void watch_start(void)
{
	struct sigaction sa = { .sa_handler = on_interrupt };
	char *slash;

	demo_pid = getpid();
	if (readlink("/proc/self/exe", programs, sizeof(programs) - 1) < 0)
		give_up(DEMO_FAILED, "/proc/self/exe: %s", strerror(errno));
	slash = strrchr(programs, '/');
	*slash = '\0';
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	atexit(watch_end);
	runaway = share(sizeof(*runaway), runaway_file, sizeof(runaway_file));
	neighbour = share(sizeof(struct progress), neighbour_file,
			  sizeof(neighbour_file));
}

/* The loader last: it continues what it has stopped, and detaches. */
void watch_end(void)
{
	if (getpid() != demo_pid)
		return;
	runaway_kill();
	if (exec_pid && !runaway->pid)
		kill(exec_pid, SIGTERM);
	if (exec_pid && wait_for(&exec_pid, 5000) < 0)
		kill(exec_pid, SIGKILL);
	if (neighbour_pid && !kill(neighbour_pid, SIGKILL))
		wait_for(&neighbour_pid, 5000);
	loader_stop();
	cgroup_leave();
}
