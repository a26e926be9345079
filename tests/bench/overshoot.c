// SPDX-License-Identifier: GPL-2.0
/*
 * overshoot.c - how far past its limit a process gets that touches memory at
 * full speed.
 *
 * Belongs here: KILL and SIGNAL, with 4 KiB pages and with huge ones.  Does
 * not: the output.  The signal is SIGSTOP: the process then stands where the
 * signal met it, and the kernel can be asked for its memory by page tables,
 * without the counters that overhigh reads.  What has been killed cannot be
 * asked any more: there its own stores count, and overhigh's event.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "../demo/resident.h"
#include "../prog/progress.h"

#define LIMIT_BYTES (64 << 20)
#define LIMIT "64M"

struct run {
	pid_t pid;
	volatile struct progress_slot *slot;
	char path[64];
	uint64_t base_bytes; /* what counts before it begins to touch */
};

static void *share_progress(struct run *run)
{
	int fd = memfd_create("overhigh-bench", 0); /* the child inherits it */
	void *p;

	if (fd < 0 || ftruncate(fd, sizeof(struct progress)))
		give_up("memfd: %s", strerror(errno));
	p = mmap(NULL, sizeof(struct progress), PROT_READ | PROT_WRITE,
		 MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		give_up("mmap: %s", strerror(errno));
	snprintf(run->path, sizeof(run->path), "/proc/self/fd/%d", fd);
	return p;
}

/* Starts the process; it stands at a gate, and its policy is set. */
static void begin(struct run *run, const struct overshoot *o)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	char *argv[] = { "eat",	    "--progress", run->path,
			 "hold=0",  "wait",	  "touch=256M",
			 "hold=60", NULL,	  NULL };
	FILE *null = fopen("/dev/null", "we");

	if (o->huge) {
		memmove(argv + 2, argv + 1, 6 * sizeof(argv[0]));
		argv[1] = "--thp";
	}
	memset((void *)run->slot, 0, sizeof(*run->slot));
	run->pid = child_start(argv, -1, fileno(null), -1);
	fclose(null);
	while (!run->slot->waits) {
		if (waitpid(run->pid, NULL, WNOHANG))
			give_up("eat has ended");
		nanosleep(&pause, NULL);
	}
	run->base_bytes = resident_bytes(run->pid);
	overhigh("set %d --action %s --limit " LIMIT, run->pid, o->action);
}

static double past_limit(uint64_t bytes)
{
	return bytes > LIMIT_BYTES ? bytes - LIMIT_BYTES : 0;
}

/* One run: bytes past the limit. */
static void run_once(struct run *run, const struct overshoot *o,
		     double *written, double *charged)
{
	bool is_kill = !strcmp(o->action, "kill");
	uint64_t excess_bytes = 0;
	int status;

	begin(run, o);
	run->slot->gates = 1;
	if (waitpid(run->pid, &status, WUNTRACED) != run->pid ||
	    (is_kill ? !WIFSIGNALED(status) : !WIFSTOPPED(status)))
		give_up("%s did not happen, status %#x", o->action, status);
	if (!loader_acted(run->pid, &excess_bytes))
		give_up("no event came for %s", o->action);
	*written = past_limit(run->base_bytes + run->slot->touched_bytes);
	*charged = excess_bytes;
	if (is_kill)
		return;
	*charged = past_limit(resident_bytes(run->pid));
	child_end(run->pid);
}

void measure_overshoot(const struct settings *settings,
		       struct overshoot overshoots[OVERSHOOTS])
{
	static const struct overshoot kinds[OVERSHOOTS] = {
		{ .action = "kill" },
		{ .action = "signal --signal STOP" },
		{ .action = "kill", .huge = true },
		{ .action = "signal --signal STOP", .huge = true },
	};
	static double written[MAX_RUNS], charged[MAX_RUNS];
	struct run run = {};
	unsigned int i, n;

	run.slot = ((struct progress *)share_progress(&run))->slot;
	loader_up();
	for (i = 0; i < OVERSHOOTS; i++) {
		overshoots[i] = kinds[i];
		for (n = 0; n < settings->runs; n++)
			run_once(&run, &kinds[i], &written[n], &charged[n]);
		overshoots[i].written = spread_of(written, n);
		overshoots[i].charged = spread_of(charged, n);
	}
	loader_down();
}
