// SPDX-License-Identifier: GPL-2.0
/* daemon/protect.c - see daemon/protect.h. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/lock.h"
#include "base/log.h"
#include "daemon/protect.h"

#define HEAP_BYTES (4 << 20) /* far more than the loop ever needs */

void protect_memory(bool quiet)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if ((fd < 0 || write(fd, "-1000", 5) < 0) && !quiet)
		say("cannot set oom_score_adj to -1000, so that the OOM killer "
		    "does not spare this process: %s",
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	if (mlockall(MCL_CURRENT | MCL_FUTURE) && !quiet)
		say("cannot lock memory: %s", strerror(errno));
}

/*
 * Hundreds of threads that have just been continued must not keep from its turn
 * who continues and kills on time.  The lowest real-time priority is above all
 * that is not real-time; the kernel's throttling bounds what an endless loop of
 * ours could do.  Children get none of that.
 */
static void protect_turn(bool quiet)
{
	const struct sched_param lowest = { .sched_priority = 1 };
	const struct sched_param none = { .sched_priority = 0 };
	int reason;

	if (!sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest))
		return;
	reason = errno;
	if (sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none) ||
	    setpriority(PRIO_PROCESS, 0, -20)) {
		if (!quiet)
			say("no priority on the CPU is to be had (%s): many "
			    "busy threads can make this process late",
			    strerror(errno));
	} else if (!quiet) {
		say("no real-time priority is to be had (%s): nice -20 instead",
		    strerror(reason));
	}
}

/*
 * Events as JSON, and libbpf, allocate.  What they get is from a heap that is
 * here already, locked, and given back to nobody: with the machine out of
 * memory the loader asks the kernel for none.
 */
static void reserve_heap(void)
{
	char *heap;

	mallopt(M_TRIM_THRESHOLD, -1);
	mallopt(M_MMAP_MAX, 0);
	heap = malloc(HEAP_BYTES);
	if (heap)
		memset(heap, 1, HEAP_BYTES);
	/* else the compiler may leave both calls out */
	__asm__ volatile("" : : "r"(heap) : "memory");
	free(heap);
}

void protect_self(bool quiet)
{
	protect_memory(quiet);
	protect_turn(quiet);
	reserve_heap();
}

int protect_drop_policy(const struct pins *pins, struct error *err)
{
	int lock = lock_take(LOCK_POLICY, true, err);
	__u32 pid = pid_to_initial(pins, getpid());

	if (lock < 0)
		return lock;
	if (!bpf_map_delete_elem(pins->map_fd[MAP_PROCESS_POLICY], &pid))
		__sync_fetch_and_add(&pins->control->generation, 1);
	/* after its policy: a note alone would make nothing of what is set */
	bpf_map_delete_elem(pins->map_fd[MAP_PROCESS_RULE], &pid);
	close(lock);
	return 0;
}
