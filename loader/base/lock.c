// SPDX-License-Identifier: GPL-2.0
/* base/lock.c - see base/lock.h. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/lock.h"
#include "base/namespace.h"

int directory_make_private(const char *path, struct error *err)
{
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return fail(err, errno, "cannot make %s: %s", path,
			    strerror(errno));
	if (lstat(path, &st) || !S_ISDIR(st.st_mode) || st.st_uid)
		return fail(err, EPERM, "%s is not a directory of root's",
			    path);
	if ((st.st_mode & 07777) != 0700 && chmod(path, 0700))
		return fail(err, errno, "cannot set %s to mode 0700: %s", path,
			    strerror(errno));
	return 0;
}

int lock_take(const char *name, bool wait, struct error *err)
{
	char path[PATH_MAX], pid[32];
	int fd, ret;

	ret = directory_make_private(RUN_DIR, err);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/%s", RUN_DIR, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(err, errno, "cannot open %s: %s", path,
			    strerror(errno));
	if (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB))) {
		ret = errno == EWOULDBLOCK ? EBUSY : errno;
		close(fd);
		return fail(err, ret, "cannot lock %s: %s", path,
			    strerror(ret));
	}
	snprintf(pid, sizeof(pid), "%d %u\n", getpid(), namespace_of_pids());
	if (ftruncate(fd, 0) || write(fd, pid, strlen(pid)) < 0) {
		ret = errno;
		close(fd);
		return fail(err, ret, "cannot write %s: %s", path,
			    strerror(ret));
	}
	return fd;
}

int lock_owner(void)
{
	int fd = open(RUN_DIR "/" LOCK_LOADER, O_RDONLY | O_CLOEXEC);
	unsigned int namespace;
	char text[32] = "";
	int pid = 0;

	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK &&
	    read(fd, text, sizeof(text) - 1) > 0 &&
	    (sscanf(text, "%d %u", &pid, &namespace) != 2 ||
	     namespace != namespace_of_pids()))
		pid = -1;
	close(fd);
	return pid;
}

const char *lock_owner_text(char *text, size_t size)
{
	int pid = lock_owner();

	if (pid < 0)
		snprintf(text, size, "in another pid namespace");
	else
		snprintf(text, size, "pid %d", pid);
	return text;
}
