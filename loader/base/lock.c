// SPDX-License-Identifier: GPL-2.0
/* base/lock.c - see base/lock.h. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/lock.h"
#include "base/namespace.h"

#define LOCK_ELSEWHERE "/sys/fs/bpf/overhigh"
#define MOST_WAIT_MS 10000 /* a holder may be stopped, or frozen */
#define PAUSE_MS 5

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

/* Where RUN_DIR takes no file (it is full, or read-only): a lock needs no
 * bytes, and a directory of bpffs can be locked as well. */
static int open_in_bpffs(const char *name)
{
	char path[PATH_MAX];
	struct error ignored;

	/* no name there has a dot */
	snprintf(path, sizeof(path), "%s-%.*s", LOCK_ELSEWHERE,
		 (int)strcspn(name, "."), name);
	if (directory_make_private(path, &ignored))
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static int open_lock(const char *name, struct error *err)
{
	int fd = -1, ret = directory_make_private(RUN_DIR, err);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", RUN_DIR, name);
	if (!ret) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			  0600);
		if (fd < 0 && errno == EROFS)
			fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			ret = fail(err, errno, "cannot open %s: %s", path,
				   strerror(errno));
	}
	if (ret == -EROFS || ret == -ENOSPC || ret == -EDQUOT || ret == -ENOENT)
		fd = open_in_bpffs(name);
	return fd >= 0 ? fd : ret;
}

/* -EBUSY if it is held for longer than so many milliseconds. */
static int lock_file(int fd, unsigned int ms)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	unsigned int waited;

	for (waited = 0; flock(fd, LOCK_EX | LOCK_NB); waited += PAUSE_MS) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return -errno;
		if (waited >= ms)
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* For people and for lock_owner(); on a full disk it stays unsaid. */
static void write_owner(int fd)
{
	char pid[32];
	int n = snprintf(pid, sizeof(pid), "%d %u\n", getpid(),
			 namespace_of_pids());

	if (!ftruncate(fd, 0) && pwrite(fd, pid, n, 0) < 0)
		errno = 0;
}

int lock_take_within(const char *name, unsigned int ms, struct error *err)
{
	int fd = open_lock(name, err), ret;
	char pid[32] = "";

	if (fd < 0)
		return fd;
	ret = lock_file(fd, ms);
	if (!ret) {
		write_owner(fd);
		return fd;
	}
	if (pread(fd, pid, sizeof(pid) - 1, 0) < 0)
		pid[0] = 0;
	close(fd);
	pid[strcspn(pid, " \n")] = 0;
	return fail(err, -ret, "cannot lock %s/%s: %s (process %s)", RUN_DIR,
		    name,
		    ret == -EBUSY ? "another one holds it" : strerror(-ret),
		    pid[0] ? pid : "unknown");
}

int lock_take(const char *name, bool wait, struct error *err)
{
	return lock_take_within(name, wait ? MOST_WAIT_MS : 0, err);
}

/* 0 if nobody holds it, -1 if it is not known who does. */
static int owner_of(int fd)
{
	unsigned int namespace;
	char text[32] = "";
	int pid;

	if (!flock(fd, LOCK_SH | LOCK_NB) || errno != EWOULDBLOCK)
		return 0;
	if (pread(fd, text, sizeof(text) - 1, 0) > 0 &&
	    sscanf(text, "%d %u", &pid, &namespace) == 2 &&
	    namespace == namespace_of_pids())
		return pid;
	return -1;
}

int lock_owner(void)
{
	static const char *const paths[] = { RUN_DIR "/" LOCK_LOADER,
					     LOCK_ELSEWHERE "-loader" };
	int i, fd, pid = 0;

	for (i = 0; i < 2 && !pid; i++) {
		fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		pid = owner_of(fd);
		close(fd);
	}
	return pid;
}

const char *lock_owner_text(char *text, size_t size)
{
	int pid = lock_owner();

	if (pid < 0)
		snprintf(text, size,
			 "of unknown pid, or in another pid "
			 "namespace");
	else
		snprintf(text, size, "pid %d", pid);
	return text;
}
