// SPDX-License-Identifier: GPL-2.0
/*
 * share.c - processes that use the memory of another one, or whose main thread
 * has left.  Prints key=value words.
 *
 *	share spawn MIB N	take MIB, start N children by posix_spawn and
 *				one by vfork, wait for each; SIGTERM is counted
 *	share vfork MIB		a child of vfork takes MIB, waits 3 s, ends
 *	share clone MIB		children by clone(CLONE_VM) touch a page each
 *				until MIB are taken
 *	share leader MIB	the main thread leaves; another one takes MIB,
 *				sleeps for 5 s, ends
 *	share fork MIB N	take MIB, fork N children, which exec; SIGTERM
 *				is counted
 *	share join MIB PROCS	take MIB, fork a child that writes its pid to
 *				the file PROCS, takes 16 MiB, then execs
 *	share save MIB OWN	take MIB, fork a child that takes OWN MiB, ends
 *	share crowd N		fork N children, kill them once all are there
 *	share nothing		ends with 0
 *
 * What ought to come of it is said in tests/live/test_shared_mm.c.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

extern char **environ;

static volatile sig_atomic_t handled;
static volatile size_t taken;
static char *memory;
static size_t bytes;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
}

static void die(const char *what)
{
	perror(what);
	exit(99);
}

static void map_memory(const char *mib)
{
	bytes = strtoull(mib, NULL, 10) << 20;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	madvise(memory, bytes, MADV_NOHUGEPAGE);
}

static void take(void)
{
	size_t at;

	for (at = 0; at < bytes; at += PAGE)
		memory[at] = 1;
}

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t))
		;
}

static int was_hit(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		;
	return !WIFEXITED(status) || WEXITSTATUS(status);
}

static int spawn(int n)
{
	char *argv[] = { "share", "nothing", NULL };
	static int hit, i; /* a child of vfork uses them too */
	pid_t pid;

	signal(SIGTERM, on_signal);
	take();
	for (i = 0; i < n; i++) {
		if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv,
				environ))
			die("posix_spawn");
		hit += was_hit(pid);
	}
	pid = vfork();
	if (!pid) {
		/* as much as a shell does between the two */
		for (i = 0; i < 16; i++)
			memory[i * PAGE]++;
		execv("/proc/self/exe", argv);
		_exit(98);
	}
	hit += was_hit(pid);
	printf("hit=%d handled=%d\n", hit, (int)handled);
	return 0;
}

static void exec_nothing(void)
{
	char *argv[] = { "share", "nothing", NULL };

	execv("/proc/self/exe", argv);
	_exit(98);
}

/* What a child does between fork and exec: a little. */
static int fork_and_exec(int n)
{
	int hit = 0, i;
	pid_t pid;

	signal(SIGTERM, on_signal);
	take();
	signal(SIGTERM, SIG_DFL); /* ours has come */
	while (n--) {
		pid = fork();
		if (!pid) {
			map_memory("1");
			take();
			for (i = 0; i < 3; i++)
				pause_ms(10);
			exec_nothing();
		}
		hit += was_hit(pid);
	}
	printf("hit=%d handled=%d\n", hit, (int)handled);
	return 0;
}

static int join(const char *procs)
{
	pid_t pid;
	FILE *f;

	take();
	pid = fork();
	if (!pid) {
		f = fopen(procs, "w");
		if (!f || fprintf(f, "%d\n", getpid()) < 0 || fclose(f))
			_exit(97);
		map_memory("16");
		take();
		exec_nothing();
	}
	printf("hit=%d\n", was_hit(pid));
	return 0;
}

static int save(const char *own)
{
	pid_t pid;

	take();
	pid = fork();
	if (!pid) {
		map_memory(own);
		take();
		_exit(0);
	}
	printf("hit=%d\n", was_hit(pid));
	return 0;
}

static int crowd(int n)
{
	static pid_t children[4096];
	int i;

	for (i = 0; i < n && i < 4096; i++) {
		children[i] = fork();
		if (children[i] < 0)
			die("fork");
		if (children[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	printf("there=%d\n", i);
	while (i--) {
		kill(children[i], SIGKILL);
		was_hit(children[i]);
	}
	return 0;
}

static int grow_in_vfork(void)
{
	pid_t pid = vfork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		take();
		pause_ms(3000);
		_exit(0);
	}
	printf("alive hit=%d\n", was_hit(pid));
	return 0;
}

/* Each takes one page, ever another: as it dies of it, the next one comes. */
static int take_one_page(void *arg)
{
	size_t at = taken;

	(void)arg;
	taken = at + PAGE;
	memory[at] = 1;
	return 0;
}

static int grow_in_clones(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid;

	while (taken < bytes) {
		pid = clone(take_one_page, stack + sizeof(stack),
			    CLONE_VM | SIGCHLD, NULL);
		if (pid < 0)
			die("clone");
		was_hit(pid);
	}
	pause_ms(1000);
	printf("alive\n");
	return 0;
}

/* The main thread is a zombie until the others are gone. */
static void wait_for_leader(void)
{
	char text[256] = "";
	const char *state;
	FILE *f;

	do {
		pause_ms(5);
		f = fopen("/proc/self/stat", "r");
		if (!f || !fgets(text, sizeof(text), f))
			die("/proc/self/stat");
		fclose(f);
		state = strrchr(text, ')');
	} while (!state || state[2] != 'Z');
}

static void *outlive_leader(void *arg)
{
	(void)arg;
	wait_for_leader();
	take();
	pause_ms(5000);
	printf("alive\n");
	exit(0);
}

static int leave(void)
{
	pthread_t other;

	if (pthread_create(&other, NULL, outlive_leader, NULL))
		die("pthread_create");
	/* pthread_exit() needs a library that guests do not have */
	syscall(SYS_exit, 0);
	return 96;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "nothing"))
		return 0;
	if (argc < 3)
		return 97;
	setvbuf(stdout, NULL, _IONBF, 0);
	if (!strcmp(argv[1], "crowd"))
		return crowd(atoi(argv[2]));
	map_memory(argv[2]);
	if (!strcmp(argv[1], "spawn"))
		return spawn(argc > 3 ? atoi(argv[3]) : 5);
	if (!strcmp(argv[1], "vfork"))
		return grow_in_vfork();
	if (!strcmp(argv[1], "clone"))
		return grow_in_clones();
	if (!strcmp(argv[1], "fork") && argc > 3)
		return fork_and_exec(atoi(argv[3]));
	if (!strcmp(argv[1], "join") && argc > 3)
		return join(argv[3]);
	if (!strcmp(argv[1], "save") && argc > 3)
		return save(argv[3]);
	if (!strcmp(argv[1], "leader"))
		return leave();
	return 97;
}
