// SPDX-License-Identifier: GPL-2.0
/*
 * inside.c - runs a program in namespaces of its own, and waits for it.
 *
 *   inside WORD... -- PROGRAM [ARG...]
 *
 * pid: a pid namespace with its own /proc; pid-old-proc: without.  next=N: the
 * next process in it has the number N.  time=S: clocks that are S seconds late.
 * mount: a mount namespace.  Words are followed in order, so that "pid pid" is
 * one namespace within another.  Its exit status is the program's, or 128 and
 * the signal.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static void __attribute__((noreturn)) give_up(const char *what)
{
	perror(what);
	_exit(99);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		give_up(path);
}

/* The rest is done by a child; this process becomes its shell. */
static void go_on_in_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		give_up("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return;
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				    WEXITSTATUS(status));
}

static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		give_up("mount namespace");
}

static void enter(const char *word)
{
	char text[128];

	if (!strncmp(word, "pid", 3)) {
		if (unshare(CLONE_NEWPID))
			give_up("pid namespace");
		go_on_in_child();
		if (strcmp(word, "pid"))
			return;
		own_mounts();
		if (mount("proc", "/proc", "proc", 0, NULL))
			give_up("/proc");
	} else if (!strncmp(word, "next=", 5)) {
		snprintf(text, sizeof(text), "%d", atoi(word + 5) - 1);
		write_file("/proc/sys/kernel/ns_last_pid", text);
	} else if (!strncmp(word, "time=", 5)) {
		if (unshare(CLONE_NEWTIME))
			give_up("time namespace");
		snprintf(text, sizeof(text), "monotonic %s 0\nboottime %s 0\n",
			 word + 5, word + 5);
		write_file("/proc/self/timens_offsets", text);
		go_on_in_child();
	} else if (!strcmp(word, "mount")) {
		own_mounts();
	} else {
		fprintf(stderr, "inside: what is %s?\n", word);
		_exit(98);
	}
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		enter(argv[i]);
	if (i + 1 >= argc) {
		fprintf(stderr, "usage: inside WORD... -- PROGRAM [ARG...]\n");
		return 98;
	}
	execvp(argv[i + 1], argv + i + 1);
	give_up(argv[i + 1]);
}
