// SPDX-License-Identifier: GPL-2.0
/* pins/map_walk.c - see pins/map_walk.h. */
#include <bpf/bpf.h>
#include <string.h>
#include "pins/map_walk.h"

/*
 * No map that is walked has more entries than process_policy.  Under a storm of
 * exits a walk could begin anew again and again: it ends here, and whoever
 * walks comes again.
 */
#define MOST_KEYS (4 * OVERHIGH_MAX_POLICIES)

struct map_walk map_walk_of(int fd)
{
	struct map_walk walk = { .fd = fd };

	walk.more = !bpf_map_get_next_key(fd, NULL, walk.next);
	return walk;
}

bool map_walk_next(struct map_walk *walk, void *key, size_t key_size)
{
	if (!walk->more || walk->seen == MOST_KEYS ||
	    key_size > sizeof(walk->next))
		return false;
	memcpy(key, walk->next, key_size);
	walk->seen++;
	walk->more = !bpf_map_get_next_key(walk->fd, key, walk->next);
	return true;
}

unsigned int map_walk_count(int fd)
{
	__u64 key[MAP_WALK_KEY_MAX / sizeof(__u64)];
	struct map_walk walk = map_walk_of(fd);

	while (map_walk_next(&walk, key, sizeof(key)))
		;
	return walk.seen;
}
