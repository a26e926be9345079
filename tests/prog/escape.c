// SPDX-License-Identifier: GPL-2.0
/*
 * escape.c - tries to be taken for another program by rules, and takes memory.
 *
 *   escape WAY TARGET
 *
 * name: under TARGET's name, from a fork on.  mount: at TARGET's path, in a
 * mount namespace of a user's own.  exe-link: /proc/self/exe shows TARGET.
 * memfd: from a file in memory that has TARGET's path as its name.  user: as
 * another user of a user namespace.  Exit status: 0 alive with 64 MiB, 77 the
 * way is not open here.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES (64UL << 20)

static void __attribute__((noreturn)) closed(const char *what)
{
	fprintf(stderr, "escape: %s: %s\n", what, strerror(errno));
	_exit(77);
}

static void take(void)
{
	char *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		closed("mmap");
	memset(memory, 1, BYTES);
	_exit(0);
}

/* A child takes it, so that who matches at fork is fooled, too. */
static void take_in_child(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		take();
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		closed("fork");
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	_exit(WEXITSTATUS(status));
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		closed(path);
	close(fd);
}

static void enter_user_namespace(int more)
{
	char map[64];

	snprintf(map, sizeof(map), "0 %d 1", getuid());
	if (unshare(CLONE_NEWUSER | more))
		closed("user namespace");
	write_file("/proc/self/uid_map", map);
}

static void run_at(const char *target, const char *self)
{
	char *argv[] = { (char *)target, "take", NULL };

	enter_user_namespace(CLONE_NEWNS);
	if (mount(self, target, NULL, MS_BIND, NULL))
		closed("bind mount");
	execv(target, argv);
	closed(target);
}

static void run_from_memory(const char *target, const char *self)
{
	char *argv[] = { (char *)target, "take", NULL };
	int in = open(self, O_RDONLY), out = memfd_create(target, 0);
	struct stat st;

	if (in < 0 || out < 0 || fstat(in, &st) ||
	    sendfile(out, in, NULL, st.st_size) != st.st_size)
		closed("memfd");
	fexecve(out, argv, (char *[]){ NULL });
	closed("fexecve");
}

/* All that is mapped of the old one must be gone first. */
static void show_as_exe(const char *target)
{
	int fd = open(target, O_RDONLY);

	enter_user_namespace(0);
	if (fd < 0 || prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0))
		closed("PR_SET_MM_EXE_FILE");
}

int main(int argc, char **argv)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc > 1 && !strcmp(argv[1], "take"))
		take_in_child();
	if (argc != 3 || n < 0)
		return 98;
	self[n] = 0;
	if (!strcmp(argv[1], "name"))
		prctl(PR_SET_NAME, basename(argv[2]));
	else if (!strcmp(argv[1], "mount"))
		run_at(argv[2], self);
	else if (!strcmp(argv[1], "memfd"))
		run_from_memory(argv[2], self);
	else if (!strcmp(argv[1], "exe-link"))
		show_as_exe(argv[2]);
	else if (!strcmp(argv[1], "user"))
		enter_user_namespace(0);
	take_in_child();
}
