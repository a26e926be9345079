// SPDX-License-Identifier: GPL-2.0
/*
 * storm.c - many processes that live no longer than it takes them to look for
 * their own policy.
 *
 *	storm exec|fork N LIMIT[,LIMIT]
 *	storm time N
 *
 * Each of N processes, new by fork or by exec, reads its record of the pinned
 * process_policy as the first thing that it does, and ends; prints "escaped=K"
 * for those that had none, or one with another limit.  Exit status 1 if K > 0.
 * time prints how many ns a process takes that is started by exec, does nothing
 * and is waited for.
 * What makes the records, and what they say, is not its business.
 */
#include <linux/bpf.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "overhigh.h"

extern char **environ;

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* 0: this process has a policy with one of the limits. */
static int look(const char *limits)
{
	static const char path[] = "/sys/fs/bpf/overhigh/process_policy";
	struct overhigh_policy policy = {};
	uint32_t pid = getpid();
	union bpf_attr attr = {};

	attr.pathname = (uintptr_t)path;
	attr.map_fd = bpf(BPF_OBJ_GET, &attr);
	attr.key = (uintptr_t)&pid;
	attr.value = (uintptr_t)&policy;
	attr.flags = 0;
	if (bpf(BPF_MAP_LOOKUP_ELEM, &attr))
		return 1;
	for (; limits; limits = strchr(limits, ',')) {
		limits += *limits == ',';
		if (strtoull(limits, NULL, 10) == policy.process_limit)
			return 0;
	}
	return 2;
}

static pid_t start(const char *self, int by_exec, const char *limits)
{
	char *argv[] = { (char *)self, "look", (char *)limits, NULL };
	pid_t pid;

	if (by_exec)
		return posix_spawn(&pid, self, NULL, NULL, argv, environ) ? -1 :
									    pid;
	pid = fork();
	if (!pid)
		_exit(look(limits));
	return pid;
}

static int time_them(const char *self, int n)
{
	char *argv[] = { (char *)self, NULL };
	struct timespec begin, end;
	int i, status;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < n; i++) {
		if (posix_spawn(&pid, self, NULL, NULL, argv, environ) ||
		    waitpid(pid, &status, 0) != pid)
			return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%lld\n", ((end.tv_sec - begin.tv_sec) * 1000000000LL +
			  end.tv_nsec - begin.tv_nsec) /
				 (n ? n : 1));
	return 0;
}

int main(int argc, char **argv)
{
	int n, i, status, escaped = 0, first = 0;

	if (argc == 1)
		return 0;
	if (argc == 3 && !strcmp(argv[1], "time"))
		return time_them(argv[0], atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "look"))
		return look(argv[2]);
	if (argc != 4) {
		fprintf(stderr, "usage: storm exec|fork N LIMIT[,LIMIT]\n");
		return 2;
	}
	n = atoi(argv[2]);
	for (i = 0; i < n; i++) {
		pid_t pid = start(argv[0], !strcmp(argv[1], "exec"), argv[3]);

		if (pid < 0 || waitpid(pid, &status, 0) != pid) {
			perror("storm");
			return 2;
		}
		escaped += status != 0;
		if (status && !first)
			first = i + 1;
	}
	printf("n=%d escaped=%d first=%d\n", n, escaped, first);
	if (escaped)
		fprintf(stderr, "%d of %d escaped, the first was number %d\n",
			escaped, n, first);
	return escaped > 0;
}
