// SPDX-License-Identifier: GPL-2.0
/* base/cgroup.c - see base/cgroup.h. */
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include "base/cgroup.h"

/* include/linux/exportfs.h: a kernfs handle is the 64-bit id of the node */
#define FILEID_KERNFS 0xfe

int cgroup2_mount(char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	int ret = -ENOENT;

	if (!mounts)
		return -errno;
	while (ret && (entry = getmntent(mounts))) {
		if (strcmp(entry->mnt_type, "cgroup2"))
			continue;
		snprintf(path, size, "%s", entry->mnt_dir);
		ret = 0;
	}
	endmntent(mounts);
	return ret;
}

/* Number of path components below the mount point: the root has none. */
static unsigned int level_below(const char *path, const char *mount)
{
	unsigned int level = 0;

	path += strlen(mount);
	for (; *path; path++)
		if (path[0] == '/' && path[1] && path[1] != '/')
			level++;
	return level;
}

int cgroup_by_path(const char *path, __u64 *id, unsigned int *level,
		   struct error *err)
{
	char mount[PATH_MAX], real[PATH_MAX];
	struct statfs fs;
	struct stat st;

	if (cgroup2_mount(mount, sizeof(mount)))
		return bad_input(err, "cgroup2 is not mounted: mount -t "
				      "cgroup2 none /sys/fs/cgroup");
	if (!realpath(path, real))
		return bad_input(err, "%s: %s; give a directory below %s", path,
				 strerror(errno), mount);
	if (statfs(real, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC)
		return bad_input(
			err, "%s is not in cgroup2: give a directory below %s",
			path, mount);
	if (stat(real, &st) || !S_ISDIR(st.st_mode))
		return bad_input(err, "%s is not a directory below %s", path,
				 mount);
	*id = st.st_ino;
	*level = level_below(real, mount);
	return 0;
}

int cgroup_by_id(__u64 id, char *path, size_t size, unsigned int *level)
{
	struct {
		struct file_handle handle;
		__u64 id;
	} h = { .handle = { .handle_bytes = sizeof(id),
			    .handle_type = FILEID_KERNFS } };
	char mount[PATH_MAX], link[64];
	int mount_fd, fd;
	ssize_t n;

	if (cgroup2_mount(mount, sizeof(mount)))
		return -ENOENT;
	memcpy(h.handle.f_handle, &id, sizeof(id));
	mount_fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0)
		return -errno;
	fd = open_by_handle_at(mount_fd, &h.handle, O_PATH | O_CLOEXEC);
	n = fd < 0 ? -errno : 0;
	close(mount_fd);
	if (fd < 0)
		return n;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	path[n] = 0;
	if (level)
		*level = level_below(path, mount);
	return 0;
}
