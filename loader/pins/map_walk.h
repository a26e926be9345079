/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pins/map_walk.h - walking the keys of a hash map while entries come and go.
 *
 * The kernel is asked for the key behind a given one; if that one is not there
 * any more, it begins anew with the first.  Here the next key is fetched before
 * the caller sees the current one, which the caller may therefore delete.  If
 * somebody else deletes the next one meanwhile, keys are seen twice; none that
 * stays is left out.  Does not belong here: what is in a map.
 *
 *	struct map_walk walk = map_walk_of(fd);
 *	__u32 pid;
 *
 *	while (map_walk_next(&walk, &pid, sizeof(pid)))
 *		bpf_map_delete_elem(fd, &pid);
 */
#ifndef OVERHIGH_PINS_MAP_WALK_H
#define OVERHIGH_PINS_MAP_WALK_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include "overhigh.h"

#define MAP_WALK_KEY_MAX 16 /* bytes of the longest key */

struct map_walk {
	int fd;
	bool more;	   /* next is valid */
	unsigned int seen; /* keys so far */
	__u64 next[MAP_WALK_KEY_MAX / sizeof(__u64)];
};

struct map_walk map_walk_of(int fd);

/* Copies the next key: true; false at the end.  key_size: of the map's keys. */
bool map_walk_next(struct map_walk *walk, void *key, size_t key_size);

/* How many entries the map has. */
unsigned int map_walk_count(int fd);

#endif /* OVERHIGH_PINS_MAP_WALK_H */
