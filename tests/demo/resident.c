// SPDX-License-Identifier: GPL-2.0
/*
 * resident.c - see resident.h.
 */
#include <ctype.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "resident.h"

/* Is this line of smaps the head of a mapping, and of one that counts as
 * shared memory: a memfd, or a file in a tmpfs (in a guest, every file)? */
static bool maps_shmem(char *line)
{
	char *path = strchr(line, '/');
	struct statfs fs;

	if (!path)
		return false;
	path[strcspn(path, "\n")] = '\0';
	return strstr(path, "/memfd:") ||
	       (!statfs(path, &fs) && fs.f_type == TMPFS_MAGIC);
}

uint64_t resident_bytes(pid_t pid)
{
	char path[64], line[512];
	unsigned long kib;
	uint64_t bytes = 0;
	bool shmem = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (!isupper(line[0]))
			shmem = maps_shmem(line);
		/* what a private mapping has copied is anonymous */
		else if (sscanf(line, shmem ? "Rss: %lu" : "Anonymous: %lu",
				&kib) == 1)
			bytes += kib * 1024;
	}
	if (f)
		fclose(f);
	return bytes;
}
