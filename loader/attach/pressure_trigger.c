// SPDX-License-Identifier: GPL-2.0
/* attach/pressure_trigger.c - see attach/pressure_trigger.h. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "attach/pressure_trigger.h"
#include "base/cgroup.h"

size_t pressure_trigger_text(const struct overhigh_extension *extension,
			     char *text, size_t size)
{
	int n = snprintf(
		text, size, "%s %u %u",
		extension->pressure == OVERHIGH_PRESSURE_FULL ? "full" : "some",
		extension->pressure_window_ms * extension->pressure_permille,
		extension->pressure_window_ms * 1000);

	/* the kernel overwrites the last byte with a NUL */
	return n + 1;
}

int pressure_trigger_open(int dir_fd, bool machine,
			  const struct overhigh_extension *extension)
{
	char text[64];
	size_t size = pressure_trigger_text(extension, text, sizeof(text));
	int fd = openat(dir_fd, machine ? "memory" : "memory.pressure",
			O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	if (write(fd, text, size) == (ssize_t)size)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

const char *pressure_trigger_reason(int code)
{
	/* all else that it means does not pass overhigh_extension_check() */
	return code == EINVAL ? "without CAP_SYS_RESOURCE the time must be a "
				"multiple of 2s" :
				strerror(code);
}

int pressure_dir_open(__u64 cgroup_id)
{
	char path[PATH_MAX];
	int fd, ret;

	if (cgroup_id) {
		ret = cgroup_by_id(cgroup_id, path, sizeof(path), NULL);
		if (ret)
			return ret;
	}
	fd = open(cgroup_id ? path : PRESSURE_DIR,
		  O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int pressure_check(const struct overhigh_extension *extension,
		   struct error *err)
{
	int dir_fd, fd;

	if (!extension->pressure)
		return 0;
	dir_fd = pressure_dir_open(0);
	fd = dir_fd < 0 ? dir_fd :
			  pressure_trigger_open(dir_fd, true, extension);
	if (fd >= 0)
		close(fd);
	if (dir_fd >= 0)
		close(dir_fd);
	if (fd >= 0)
		return 0;
	if (fd != -ENOENT && fd != -EOPNOTSUPP)
		return fail(err, -fd, "cannot watch memory pressure: %s",
			    pressure_trigger_reason(-fd));
	bad_input(err, "this kernel does not account memory pressure, which "
		       "the policy waits for: boot with psi=1");
	return -EOPNOTSUPP;
}
