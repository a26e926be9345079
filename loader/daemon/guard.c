// SPDX-License-Identifier: GPL-2.0
/* daemon/guard.c - see daemon/guard.h. */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/helper.h"
#include "daemon/guard.h"
#include "daemon/stopped.h"
#include "govern/gears.h"
#include "cgroups/undo_file.h"

/* While the loader lives but does not do its work (stopped, hung), release in
 * its place what is due. */
static void watch(const struct pins *pins, int alive_fd, pid_t loader)
{
	struct pollfd p = { .fd = alive_fd, .events = POLLIN };
	struct error ignored;
	__u64 next_ns;

	for (;;) {
		int n = poll(&p, 1, 250);

		if (n > 0 || (n < 0 && errno != EINTR))
			return;
		if (clock_now_ns() >
		    pins->control->heartbeat_ns + OVERHIGH_HEARTBEAT_MAX_NS) {
			hold_release_due(pins, false, &next_ns);
			undo_overdue(loader);
			gears_near_on(pins, &ignored);
		}
	}
}

/* As hold_end() does, but only while no other loader is there: what that one
 * has stopped is its own to continue. */
static void release_all(const struct pins *pins)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	__u64 next_ns;
	__u32 key;
	int quiet;

	pins->control->guard_pid = 0;
	pins->control->heartbeat_ns = 0;
	for (quiet = 0; quiet < 5 && !pins->control->loader_pid; quiet++) {
		if (!bpf_map_get_next_key(pins->map_fd[MAP_HELD], NULL, &key))
			quiet = 0;
		hold_release_due(pins, true, &next_ns);
		nanosleep(&pause, NULL);
	}
}

static void __attribute__((noreturn))
guard_main(const struct pins *pins, int alive_fd, pid_t loader,
	   __u32 loader_pid)
{
	__u64 next_ns;
	struct error ignored;

	prctl(PR_SET_NAME, "overhigh-guard");
	setsid();
	helper_ignore_signals();
	mlockall(MCL_CURRENT | MCL_FUTURE);
	watch(pins, alive_fd, loader);
	/* another loader may have taken over, or take over now: whoever changes
	 * the pid first has the duties */
	if (__sync_bool_compare_and_swap(&pins->control->loader_pid, loader_pid,
					 0)) {
		/* nobody is there any more to put it on in time */
		gears_near_on(pins, &ignored);
		release_all(pins);
	} else {
		hold_release_due(pins, false, &next_ns);
	}
	undo_of(loader);
	_exit(0);
}

/* In the child: closes everything that it was not given on purpose. */
static void keep_its_own(const struct pins *pins, int alive_fd)
{
	int keep[MAPS + 2];
	unsigned int nr = 0, i;

	for (i = 0; i < MAPS; i++)
		keep[nr++] = pins->map_fd[i];
	keep[nr++] = alive_fd;
	keep[nr++] = pins->names_link_fd;
	helper_close_others(keep, nr);
}

int guard_start(struct guard *guard, const struct pins *pins, struct error *err)
{
	pid_t loader = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return fail(err, errno, "cannot make a pipe: %s",
			    strerror(errno));
	guard->pid = fork();
	if (guard->pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return fail(err, errno, "cannot start the guard: %s",
			    strerror(errno));
	}
	if (!guard->pid) {
		keep_its_own(pins, ends[0]);
		guard_main(pins, ends[0], loader, pins->control->loader_pid);
	}
	close(ends[0]);
	guard->alive_fd = ends[1];
	pins->control->guard_pid = pid_to_initial(pins, guard->pid);
	return 0;
}

void guard_stop(struct guard *guard)
{
	if (guard->pid <= 0)
		return;
	close(guard->alive_fd);
	waitpid(guard->pid, NULL, 0);
	guard->pid = 0;
}
