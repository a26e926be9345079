/* SPDX-License-Identifier: GPL-2.0 */
/*
 * base/cgroup.h - cgroup2: where it is mounted, ids, levels and paths.
 *
 * Does not belong here: what policies say about cgroups.
 */
#ifndef OVERHIGH_BASE_CGROUP_H
#define OVERHIGH_BASE_CGROUP_H

#include <linux/types.h>
#include <stddef.h>
#include "base/error.h"

/* Copies the mount point of the cgroup2 hierarchy; -ENOENT if none. */
int cgroup2_mount(char *path, size_t size);

/*
 * The id (inode number) and the level (0: the root) of the cgroup at path,
 * which must be a directory in the cgroup2 hierarchy.
 */
int cgroup_by_path(const char *path, __u64 *id, unsigned int *level,
		   struct error *err);

/*
 * Path and level of the cgroup with this id; -ESTALE if it is gone.  level may
 * be NULL.
 */
int cgroup_by_id(__u64 id, char *path, size_t size, unsigned int *level);

#endif /* OVERHIGH_BASE_CGROUP_H */
