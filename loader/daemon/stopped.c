// SPDX-License-Identifier: GPL-2.0
/* daemon/stopped.c - see daemon/stopped.h. */
#include <bpf/bpf.h>
#include <signal.h>
#include <time.h>
#include "base/clock.h"
#include "daemon/stopped.h"
#include "base/process.h"
#include "pins/map_walk.h"

/*
 * The signal, which takes the record away (signal_to_held() in bpf/), or leaves
 * it: a stop by the user that came just before was undone, the record tells,
 * and he gets his stop back.  A record that nobody took away goes after the
 * signal: if we die in between, the next to read the map sends it again, and a
 * second SIGCONT harms nobody.
 */
static void release(const struct pins *pins, __u32 pid,
		    const struct overhigh_held *held)
{
	__u32 local = pid_to_local(pins, pid);
	int map_fd = pins->map_fd[MAP_HELD];
	struct overhigh_held now;

	if (!held->user_stop)
		process_signal(local, held->start_ns, SIGCONT);
	/* a stop of ours that is newer than what we looked at has its own
	 * deadline */
	if (bpf_map_lookup_elem(map_fd, &pid, &now) ||
	    now.since_ns != held->since_ns)
		return;
	if (now.user_stop && !held->user_stop)
		process_signal(local, held->start_ns, SIGSTOP);
	bpf_map_delete_elem(map_fd, &pid);
}

int hold_release_due(const struct pins *pins, bool all, __u64 *next_ns)
{
	int fd = pins->map_fd[MAP_HELD];
	__u64 now_ns = clock_now_ns();
	struct overhigh_held held;
	struct map_walk walk = map_walk_of(fd);
	int remain = 0;
	__u32 key;

	*next_ns = 0;
	while (map_walk_next(&walk, &key, sizeof(key))) {
		if (bpf_map_lookup_elem(fd, &key, &held))
			continue;
		if (all || held.deadline_ns <= now_ns) {
			release(pins, key, &held);
			continue;
		}
		remain++;
		if (!*next_ns || held.deadline_ns < *next_ns)
			*next_ns = held.deadline_ns;
	}
	return remain;
}

void hold_release(const struct pins *pins, __u32 pid)
{
	struct overhigh_held held;

	if (!bpf_map_lookup_elem(pins->map_fd[MAP_HELD], &pid, &held))
		release(pins, pid, &held);
}

void hold_release_below(const struct pins *pins, __u32 pid)
{
	struct overhigh_held held;

	if (!bpf_map_lookup_elem(pins->map_fd[MAP_HELD], &pid, &held) &&
	    !held.for_rate)
		release(pins, pid, &held);
}

void hold_end(const struct pins *pins)
{
	/* a charge that saw the last heartbeat may be about to stop its
	 * process: look again until none has come for 50 ms */
	const struct timespec pause = { .tv_nsec = 10000000 };
	__u64 next_ns;
	int quiet;

	pins->control->heartbeat_ns = 0;
	for (quiet = 0; quiet < 5; quiet++) {
		if (map_walk_count(pins->map_fd[MAP_HELD]))
			quiet = 0;
		hold_release_due(pins, true, &next_ns);
		nanosleep(&pause, NULL);
	}
}
