// SPDX-License-Identifier: GPL-2.0
/*
 * counted_ops.c - the operations that the counting benchmark counts, and the
 * process that does them.
 *
 * Belongs here: what is done between two looks at the counter.  Does not: what
 * overhigh does meanwhile (counted.c).
 */
#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "counted.h"
#include "overhigh.h"

#define PAGE 4096UL
#define HUGE_BYTES (2UL << 20)
#define HUGE_PAGES 8
#define HELD_BYTES (16UL << 20)
#define PASSES 9
#define POLICIES "/sys/fs/bpf/overhigh/process_policy"
#define SETTLE 0x7f /* asks a worker to take what it holds */

static char *get(size_t bytes, int advice)
{
	char *p = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || madvise(p, bytes + HUGE_BYTES, advice))
		give_up("mmap: %s", strerror(errno));
	return p;
}

static uint64_t count_touch(size_t bytes, size_t step, int advice)
{
	char *p = get(bytes, advice), *from;
	uint64_t start;
	size_t at;

	from = (char *)(((uintptr_t)p + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
	/* the page table is there: only the pages are counted */
	if (advice == MADV_NOHUGEPAGE)
		for (at = 0; at < bytes; at += HUGE_BYTES)
			*(volatile char *)(from + at + HUGE_BYTES - 1) = 1;
	start = __rdtsc();
	for (at = 0; at < bytes; at += step)
		*(volatile char *)(from + at) = 1;
	start = __rdtsc() - start;
	munmap(p, bytes + HUGE_BYTES);
	return start / (bytes / step);
}

static uint64_t count_fork(void)
{
	uint64_t start = __rdtsc();
	unsigned int i;
	pid_t pid;

	for (i = 0; i < 8; i++) {
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return (__rdtsc() - start) / 8;
}

static uint64_t count_exec(void)
{
	uint64_t start = __rdtsc();
	unsigned int i;
	pid_t pid;

	for (i = 0; i < 4; i++) {
		pid = vfork();
		if (!pid) {
			execl("/proc/self/exe", "counted", NOTHING_TO_DO, NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
	return (__rdtsc() - start) / 4;
}

static uint64_t count_mmap(void)
{
	uint64_t start = __rdtsc();
	unsigned int i;
	void *p;

	for (i = 0; i < 256; i++) {
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(p, PAGE);
	}
	return (__rdtsc() - start) / 256;
}

static uint64_t count_once(enum op_id op)
{
	switch (op) {
	case OP_FAULT:
		return count_touch(WINDOW_BYTES, PAGE, MADV_NOHUGEPAGE);
	case OP_HUGE:
		return count_touch(HUGE_PAGES * HUGE_BYTES, HUGE_BYTES,
				   MADV_HUGEPAGE);
	case OP_FORK:
		return count_fork();
	case OP_EXEC:
		return count_exec();
	default:
		return count_mmap();
	}
}

const char *op_name(enum op_id op)
{
	static const char *const names[OPS] = {
		[OP_FAULT] = "fault-4k",   [OP_HUGE] = "fault-huge",
		[OP_FORK] = "fork+exit",   [OP_EXEC] = "exec",
		[OP_MMAP] = "mmap+munmap",
	};

	return names[op];
}

/* Interrupts only add: the least is what the operation takes. */
static double count_passes(enum op_id op)
{
	uint64_t least = UINT64_MAX, count;
	unsigned int i;

	for (i = 0; i < PASSES; i++) {
		count = count_once(op);
		if (count < least)
			least = count;
	}
	return least;
}

/* Not copied at fork: a fork is measured as that of a small process. */
static void hold(void)
{
	char *held = get(HELD_BYTES, MADV_NOHUGEPAGE);

	if (madvise(held, HELD_BYTES + HUGE_BYTES, MADV_DONTFORK))
		give_up("madvise: %s", strerror(errno));
	memset(held, 1, HELD_BYTES);
}

static void work(int ask_fd, int answer_fd)
{
	double count = 0;
	char byte;

	while (read(ask_fd, &byte, 1) == 1) {
		if (byte == SETTLE)
			hold();
		else
			count = count_passes(byte);
		if (write(answer_fd, &count, sizeof(count)) != sizeof(count))
			break;
	}
	_exit(0);
}

void worker_start(struct worker *w)
{
	int ask[2], answer[2];

	if (pipe(ask) || pipe(answer))
		give_up("pipe: %s", strerror(errno));
	w->pid = fork();
	if (w->pid < 0)
		give_up("fork: %s", strerror(errno));
	if (!w->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ask[1]);
		close(answer[0]);
		work(ask[0], answer[1]);
	}
	close(ask[0]);
	close(answer[1]);
	w->ask_fd = ask[1];
	w->answer_fd = answer[0];
}

static double ask(const struct worker *w, char what)
{
	double count;

	if (write(w->ask_fd, &what, 1) != 1 ||
	    read(w->answer_fd, &count, sizeof(count)) != sizeof(count))
		give_up("the measured process has ended");
	return count;
}

void worker_settle(const struct worker *w)
{
	ask(w, SETTLE);
}

double worker_do(const struct worker *w, enum op_id op)
{
	return ask(w, op);
}

unsigned long long worker_rss(const struct worker *w)
{
	unsigned long long kib, sum = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", w->pid);
	f = fopen(path, "r");
	if (!f)
		give_up("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %llu", &kib) == 1 ||
		    sscanf(line, "RssShmem: %llu", &kib) == 1 ||
		    sscanf(line, "VmSwap: %llu", &kib) == 1)
			sum += kib << 10;
	fclose(f);
	return sum;
}

void worker_end(const struct worker *w)
{
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
}

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

void write_policy(unsigned int pid)
{
	static int map_fd = -1;
	struct overhigh_policy policy = {
		.control = OVERHIGH_KILL | (OVERHIGH_DIRECT | OVERHIGH_RSS_ANON)
						   << 16,
		.process_limit = 1UL << 30,
	};
	union bpf_attr attr = { .pathname = (uintptr_t)POLICIES };

	if (map_fd < 0)
		map_fd = bpf(BPF_OBJ_GET, &attr);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = map_fd;
	attr.key = (uintptr_t)&pid;
	attr.value = (uintptr_t)&policy;
	if (map_fd < 0 || bpf(BPF_MAP_UPDATE_ELEM, &attr))
		give_up(POLICIES ": %s", strerror(errno));
}
