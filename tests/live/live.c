// SPDX-License-Identifier: GPL-2.0
/*
 * live.c - processes, files and cgroups of the live tests; what a test leaves
 * behind.  See live.h.  The loader under test is in live_run.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h> /* struct clone_args */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "live.h"
#include "live_internal.h"

#define MAX_PROCS 64
#define MAX_PLACES 32
#define MAX_WORDS 64

static char work_dir[64];

static struct {
	struct live_proc procs[MAX_PROCS];
	unsigned int nr_procs;
	char mounts[MAX_PLACES][128];
	unsigned int nr_mounts;
	char cgroups[MAX_PLACES][256];
	unsigned int nr_cgroups;
	pid_t next_pid;
	char cgroup_root[256];
} live;

uint64_t live_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void live_pause(unsigned int ms)
{
	uint64_t end = live_now_ns() + ms * 1000000ULL;
	struct timespec t = { 0, (ms < 20 ? ms : 20) * 1000000L };

	do {
		nanosleep(&t, NULL);
		live_collect();
	} while (live_now_ns() < end);
}

bool live_is_emulated(void)
{
	static int emulated = -1;
	char line[256];
	FILE *file;

	if (emulated >= 0)
		return emulated;
	emulated = 0;
	file = fopen("/proc/cpuinfo", "r");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "model name", 10) && strstr(line, "TCG"))
			emulated = 1;
	if (file)
		fclose(file);
	return emulated;
}

unsigned int live_late_ms(void)
{
	return live_is_emulated() ? 2500 : 500;
}

void live_say_skip(const char *test, const char *format, ...)
{
	va_list args;

	printf("SKIP %s: ", test);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

/* ---- which tests ---- */

char live_once[] = "once", live_long[] = "long";

static bool is_wanted(const struct CMUnitTest *test)
{
	const char *set = getenv("TEST_SET");
	bool is_long = test->initial_state == live_long;

	if (!set || getenv("TEST_ONLY"))
		return true;
	if (!strcmp(set, "every-kernel"))
		return !is_long && test->initial_state != live_once;
	return is_long == !strcmp(set, "long");
}

int live_run_tests(const char *name, const struct CMUnitTest *tests, size_t nr,
		   int (*setup)(void **state), int (*teardown)(void **state))
{
	struct CMUnitTest wanted[nr];
	size_t i, nr_wanted = 0;

	for (i = 0; i < nr; i++)
		if (is_wanted(&tests[i]))
			wanted[nr_wanted++] = tests[i];
	return _cmocka_run_group_tests(name, wanted, nr_wanted, setup,
				       teardown);
}

/* ---- before and after a test ---- */

/*
 * A bpffs and a /run of our own, in a mount namespace of our own: an overhigh
 * that runs on this machine is not seen, and does not see us.
 */
static int isolate(void)
{
	static bool done;

	if (done)
		return 0;
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700") ||
	    mount("run", "/run", "tmpfs", 0, "mode=0755")) {
		print_error("cannot make a mount namespace: %s\n",
			    strerror(errno));
		return -1;
	}
	done = true;
	return 0;
}

int live_setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	snprintf(work_dir, sizeof(work_dir), "/tmp/overhigh-live-XXXXXX");
	if (isolate() || !mkdtemp(work_dir))
		return -1;
	return 0;
}

const char *live_dir(void)
{
	return work_dir;
}

static void end_procs(void)
{
	struct live_proc *proc;
	unsigned int i;

	for (i = 0; i < live.nr_procs; i++) {
		proc = &live.procs[i];
		if (!proc->ended) {
			kill(proc->pid, SIGKILL);
			kill(proc->pid, SIGCONT);
			waitpid(proc->pid, &proc->status, 0);
		}
		if (proc->slot)
			munmap((void *)proc->slot, sizeof(struct progress));
	}
	/* grandchildren whose parents are gone: they have PR_SET_PDEATHSIG, and
	 * come to us as we are the subreaper */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	live.nr_procs = 0;
}

static void remove_cgroup(const char *path)
{
	uint64_t end = live_now_ns() + 5000000000ULL;

	while (rmdir(path) && errno == EBUSY && live_now_ns() < end)
		live_pause(5);
}

static void empty_dir(const char *path)
{
	char name[512];
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.' && unlink(name))
			rmdir(name);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

int live_teardown(void **state)
{
	bool clean;

	(void)state;
	/* the loader first: it continues what it has stopped */
	clean = live_run_cleanup();
	end_procs();
	while (live.nr_mounts)
		umount2(live.mounts[--live.nr_mounts], MNT_DETACH);
	while (live.nr_cgroups)
		remove_cgroup(live.cgroups[--live.nr_cgroups]);
	live.cgroup_root[0] = '\0';
	live.next_pid = 0;
	empty_dir(work_dir);
	return clean ? 0 : -1;
}

/* ---- processes ---- */

/* What is between two ' is one word, as for a shell. */
int live_words(char *line, char **words, int most)
{
	int n = 0;

	while (*(line += strspn(line, " ")) && n < most) {
		bool quoted = *line == '\'';

		words[n] = line + quoted;
		line = words[n] + strcspn(words[n], quoted ? "'" : " ");
		if (*line)
			*line++ = '\0';
		n++;
	}
	return n;
}

static pid_t fork_as(pid_t wanted)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	if (!wanted)
		return fork();
	args.set_tid = (uintptr_t)&wanted;
	args.set_tid_size = 1;
	return syscall(SYS_clone3, &args, sizeof(args));
}

pid_t live_start(char *const argv[], int out_fd, int err_fd)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = fork_as(live.next_pid);

	live.next_pid = 0;
	if (pid < 0)
		LIVE_FAIL("fork: %s", strerror(errno));
	if (pid) {
		close(null_fd);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null_fd, 0);
	dup2(out_fd < 0 ? null_fd : out_fd, 1);
	dup2(err_fd < 0 ? null_fd : err_fd, 2);
	execv(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

void live_next_pid(pid_t pid)
{
	live.next_pid = pid;
}

static const char *program(const char *name)
{
	const char *dir = getenv("TEST_PROGS");
	static char path[512];

	if (strchr(name, '/'))
		return name;
	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "build/tests", name);
	return path;
}

/* A process record with a progress file. */
static struct live_proc *new_proc(void)
{
	struct live_proc *proc = &live.procs[live.nr_procs];
	int fd;

	if (live.nr_procs == MAX_PROCS)
		LIVE_FAIL("more than %d processes in one test", MAX_PROCS);
	memset(proc, 0, sizeof(*proc));
	snprintf(proc->path, sizeof(proc->path), "%s/progress%u", work_dir,
		 live.nr_procs);
	fd = open(proc->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(struct progress)))
		LIVE_FAIL("%s: %s", proc->path, strerror(errno));
	proc->slot = mmap(NULL, sizeof(struct progress), PROT_READ | PROT_WRITE,
			  MAP_SHARED, fd, 0);
	close(fd);
	if (proc->slot == MAP_FAILED)
		LIVE_FAIL("%s: %s", proc->path, strerror(errno));
	return proc;
}

static void start_proc(struct live_proc *proc, char *const argv[])
{
	bool verbose = getenv("LIVE_VERBOSE");

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	proc->pid = live_start(argv, verbose ? 1 : -1, 2);
	live.nr_procs++;
}

void live_forget(struct live_proc *proc)
{
	assert_true(proc->ended && proc == &live.procs[live.nr_procs - 1]);
	munmap((void *)proc->slot, sizeof(struct progress));
	live.nr_procs--;
}

struct live_proc *live_spawn(char *const argv[])
{
	struct live_proc *proc = new_proc();
	char *copy[MAX_WORDS];
	int i;

	for (i = 0; argv[i] && i < MAX_WORDS - 1; i++)
		copy[i] = argv[i];
	copy[i] = NULL;
	copy[0] = (char *)program(argv[0]);
	start_proc(proc, copy);
	return proc;
}

struct live_proc *live_eat(const char *format, ...)
{
	struct live_proc *proc = new_proc();
	char line[1024], *words[MAX_WORDS];
	bool has_gate;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	has_gate = strstr(line, "wait");
	words[0] = (char *)program("eat");
	words[1] = "--progress";
	words[2] = proc->path;
	words[3 + live_words(line, words + 3, MAX_WORDS - 4)] = NULL;
	start_proc(proc, words);
	if (has_gate)
		live_at_gate(proc, 0, 1);
	return proc;
}

struct live_proc *live_neighbour(size_t bytes, double seconds)
{
	struct live_proc *proc = new_proc();
	char size[32], time[32];
	char *argv[] = { (char *)program("neighbour"), proc->path, size, time,
			 NULL };

	snprintf(size, sizeof(size), "%zu", bytes);
	snprintf(time, sizeof(time), "%g", seconds);
	start_proc(proc, argv);
	LIVE_UNTIL(proc->slot->touched_bytes, LIVE_WAIT_MS,
		   "the neighbour does not begin");
	return proc;
}

bool live_has_ended(struct live_proc *proc)
{
	struct rusage usage;

	live_collect();
	if (!proc->ended &&
	    wait4(proc->pid, &proc->status, WNOHANG, &usage) == proc->pid) {
		proc->ended = true;
		proc->max_rss_bytes = usage.ru_maxrss * 1024ULL;
	}
	return proc->ended;
}

int live_wait_end(struct live_proc *proc, unsigned int ms)
{
	LIVE_UNTIL(live_has_ended(proc), ms,
		   "pid %d goes on, in state %c, %llu bytes touched", proc->pid,
		   live_task_state(proc->pid),
		   (unsigned long long)proc->slot->touched_bytes);
	return proc->status;
}

void live_open_gate(struct live_proc *proc, unsigned int slot)
{
	__atomic_add_fetch(&proc->slot[slot].gates, 1, __ATOMIC_SEQ_CST);
}

void live_at_gate(struct live_proc *proc, unsigned int slot, unsigned int nth)
{
	LIVE_UNTIL(proc->slot[slot].waits >= nth, LIVE_WAIT_MS,
		   "pid %d slot %u does not come to gate %u (state %c)",
		   proc->pid, slot, nth, live_task_state(proc->pid));
}

char live_task_state(pid_t pid)
{
	char path[64], line[512], *after;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	after = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	return after ? after[2] : 0;
}

uint64_t live_smaps(pid_t pid, const char *name)
{
	char path[64], line[256];
	unsigned long long kib = 0;
	size_t length = strlen(name);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) && line[length] == ':')
			kib = strtoull(line + length + 1, NULL, 10);
	if (file)
		fclose(file);
	return kib << 10;
}

/* ---- places ---- */

const char *live_mount(const char *type)
{
	char *path = live.mounts[live.nr_mounts];

	snprintf(path, sizeof(live.mounts[0]), "%s/%s%u", work_dir, type,
		 live.nr_mounts);
	if (mkdir(path, 0700) || mount("none", path, type, 0, NULL))
		LIVE_FAIL("mount %s: %s", type, strerror(errno));
	live.nr_mounts++;
	return path;
}

static bool has_word(const char *path, const char *word)
{
	char text[512] = " ";
	FILE *file = fopen(path, "r");
	char pattern[64];
	size_t n;

	if (!file)
		return false;
	n = fread(text + 1, 1, sizeof(text) - 3, file);
	fclose(file);
	text[strcspn(text, "\n")] = ' ';
	text[n + 1] = '\0';
	snprintf(pattern, sizeof(pattern), " %s ", word);
	return strstr(text, pattern);
}

const char *live_cgroup_root(const char *controller)
{
	char line[512], type[32], path[300];
	FILE *file = fopen("/proc/mounts", "r");
	bool found = false;

	while (!found && file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %255s %31s", live.cgroup_root, type) != 2)
			continue;
		found = !strcmp(type, "cgroup2");
	}
	if (file)
		fclose(file);
	if (!found)
		return NULL;
	if (!controller)
		return live.cgroup_root;
	snprintf(path, sizeof(path), "%s/cgroup.controllers", live.cgroup_root);
	if (!has_word(path, controller))
		return NULL;
	snprintf(line, sizeof(line), "+%s", controller);
	live_cgroup_write(live.cgroup_root, "cgroup.subtree_control", line);
	return live.cgroup_root;
}

const char *live_cgroup(const char *parent, const char *name)
{
	char *path = live.cgroups[live.nr_cgroups];

	snprintf(path, sizeof(live.cgroups[0]), "%s/%s-%d", parent, name,
		 getpid());
	if (mkdir(path, 0755))
		LIVE_FAIL("%s: %s", path, strerror(errno));
	live.nr_cgroups++;
	return path;
}

void live_cgroup_write(const char *cgroup, const char *file, const char *text)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		LIVE_FAIL("%s to %s: %s", text, path, strerror(errno));
	close(fd);
}

uint64_t live_cgroup_read(const char *cgroup, const char *file, const char *key)
{
	char path[512], name[64], value[64];
	uint64_t number = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	f = fopen(path, "r");
	if (!f)
		LIVE_FAIL("%s: %s", path, strerror(errno));
	if (!key && fscanf(f, "%63s", value) == 1)
		number = strtoull(value, NULL, 10);
	while (key && fscanf(f, "%63s %63s", name, value) == 2)
		if (!strcmp(name, key))
			number = strtoull(value, NULL, 10);
	fclose(f);
	return number;
}

void live_cgroup_no_swap(const char *cgroup)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/memory.swap.max", cgroup);
	if (!access(path, W_OK))
		live_cgroup_write(cgroup, "memory.swap.max", "0");
}

void live_assert_killed(struct live_proc *proc, unsigned int ms)
{
	int status = live_wait_end(proc, ms);

	LIVE_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		    "status %#x, %llu bytes touched", status,
		    (unsigned long long)proc->slot->touched_bytes);
}

void live_assert_unharmed(struct live_proc *proc)
{
	int status = live_wait_end(proc, 60000);

	LIVE_ASSERT(status == 0, "status %#x, %llu bytes touched", status,
		    (unsigned long long)proc->slot->touched_bytes);
}

void live_cgroup_enter(const char *cgroup, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	live_cgroup_write(cgroup, "cgroup.procs", text);
}
