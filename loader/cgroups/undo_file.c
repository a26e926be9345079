// SPDX-License-Identifier: GPL-2.0
/* cgroups/undo_file.c - see cgroups/undo_file.h. */
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>
#include "base/cgroup.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "cgroups/undo_file.h"

#define UNDO_PATH RUN_DIR "/responses"
#define UNDO_NEW RUN_DIR "/responses.new" /* under LOCK_RESPONSES */
#define WRITERS_END_MS 2000		  /* a killed one is gone by then */

int knob_read(int cgroup_fd, enum knob knob, char text[KNOB_TEXT_MAX])
{
	int fd = openat(cgroup_fd, knob_files[knob], O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, KNOB_TEXT_MAX - 1);
	n = n < 0 ? -errno : n;
	close(fd);
	if (n < 0)
		return n;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return 0;
}

int knob_write(int cgroup_fd, enum knob knob, const char *text)
{
	int fd = openat(cgroup_fd, knob_files[knob], O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* ---- writing it ---- */

static void put_line(struct undo_file *file, const char *line)
{
	ssize_t length = strlen(line);
	ssize_t n = write(file->fd, line, length);

	if (n != length && !file->error)
		file->error = n < 0 ? errno : ENOSPC;
}

int undo_begin(struct undo_file *file, pid_t owner, bool wait,
	       struct error *err)
{
	char line[64];

	memset(file, 0, sizeof(*file));
	file->lock_fd = lock_take(LOCK_RESPONSES, wait, err);
	if (file->lock_fd < 0)
		return file->lock_fd;
	file->fd = open(UNDO_NEW,
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0600);
	if (file->fd < 0) {
		int ret = fail(err, errno, "cannot make %s: %s", UNDO_NEW,
			       strerror(errno));

		close(file->lock_fd);
		return ret;
	}
	undo_head_format(line, sizeof(line), owner);
	put_line(file, line);
	return 0;
}

void undo_put(struct undo_file *file, const struct undo *undo)
{
	char line[UNDO_LINE_MAX];

	if (undo_format(line, sizeof(line), undo))
		file->error = ENAMETOOLONG;
	else
		put_line(file, line);
	file->nr++;
}

int undo_commit(struct undo_file *file, struct error *err)
{
	int ret = 0;

	if (!file->error && fsync(file->fd))
		file->error = errno;
	close(file->fd);
	if (!file->error && file->nr && rename(UNDO_NEW, UNDO_PATH))
		file->error = errno;
	if (!file->error && !file->nr && unlink(UNDO_PATH) && errno != ENOENT)
		file->error = errno;
	if (file->error)
		ret = fail(err, file->error, "cannot write %s: %s", UNDO_PATH,
			   strerror(file->error));
	if (ret || !file->nr)
		unlink(UNDO_NEW);
	close(file->lock_fd);
	return ret;
}

/* ---- reading it ---- */

/* The cgroup of the line; negative if it is not there any more, or is no
 * cgroup that we could have changed. */
static int open_cgroup(const struct undo *undo)
{
	char mount[PATH_MAX];
	struct statfs fs;
	struct stat st;
	size_t length;
	int fd;

	if (cgroup2_mount(mount, sizeof(mount)))
		return -ENOENT;
	length = strlen(mount);
	if (strncmp(undo->path, mount, length) || undo->path[length] != '/' ||
	    !undo->path[length + 1])
		return -EINVAL;
	fd = open(undo->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstatfs(fd, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC &&
	    !fstat(fd, &st) && st.st_ino == undo->cgroup_id)
		return fd;
	close(fd);
	return -ESTALE;
}

/* Negative if it has to be tried again. */
static int undo_one(const struct undo *undo)
{
	char now[KNOB_TEXT_MAX];
	int fd = open_cgroup(undo), ret;

	if (fd < 0)
		return fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ? fd : 0;
	ret = knob_read(fd, undo->knob, now);
	if (!ret && !strcmp(now, undo->wrote))
		ret = knob_write(fd, undo->knob, undo->old);
	else if (!ret && strcmp(now, undo->old))
		say("%s/%s was changed meanwhile: it stays %s", undo->path,
		    knob_files[undo->knob], now);
	if (ret == -ENODEV || ret == -ENOENT)
		ret = 0; /* the cgroup is gone */
	if (ret)
		say("cannot write %s to %s/%s: %s", undo->old, undo->path,
		    knob_files[undo->knob], strerror(-ret));
	close(fd);
	return ret;
}

typedef void (*undo_fn)(const struct undo *undo, void *ctx);

/* Calls fn for each valid line of the file that owner (0: anyone) made. */
static int each(pid_t owner, undo_fn fn, void *ctx)
{
	char line[UNDO_LINE_MAX];
	FILE *file = fopen(UNDO_PATH, "re");
	struct undo undo;
	pid_t who = 0;

	if (!file)
		return -errno;
	if (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (undo_head_parse(line, &who))
			say("%s is not a file of overhigh's: ignored",
			    UNDO_PATH);
	}
	if (!who || (owner && owner != who)) {
		fclose(file);
		return -ESRCH;
	}
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (undo_parse(line, &undo))
			say("a line of %s is not valid: ignored", UNDO_PATH);
		else
			fn(&undo, ctx);
	}
	fclose(file);
	return 0;
}

static void undo_line(const struct undo *undo, void *ctx)
{
	bool *failed = ctx;

	*failed |= undo_one(undo) < 0;
}

/* What a dead loader's writers are just doing must not come after us. */
static void wait_for_writers(void)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	struct error err;
	int i, lock = -EBUSY;

	for (i = 0; lock == -EBUSY && i < WRITERS_END_MS / 10; i++) {
		if (i)
			nanosleep(&pause, NULL);
		lock = lock_take(LOCK_WRITERS, false, &err);
	}
	if (lock >= 0)
		close(lock);
}

static void undo_everything(pid_t owner)
{
	struct error err;
	bool failed = false;
	int lock, ret;

	if (access(UNDO_PATH, F_OK))
		return;
	wait_for_writers();
	lock = lock_take(LOCK_RESPONSES, true, &err);
	if (lock < 0) {
		say("%s", err.text);
		return;
	}
	ret = each(owner, undo_line, &failed);
	/* what could not be read or written back is for whoever comes next */
	if (!failed && (!ret || (ret == -ESRCH && !owner)))
		unlink(UNDO_PATH);
	else if (ret != -ESRCH)
		say("%s stays, as not all of it could be undone", UNDO_PATH);
	close(lock);
}

void undo_all(void)
{
	undo_everything(0);
}

void undo_of(pid_t loader)
{
	undo_everything(loader);
}

struct overdue {
	__u64 now_ns;
	bool found;
};

static void undo_if_overdue(const struct undo *undo, void *ctx)
{
	struct overdue *overdue = ctx;

	if (!undo->until_ns || undo->until_ns > overdue->now_ns)
		return;
	undo_one(undo);
	overdue->found = true;
}

struct keep {
	struct undo_file file;
	__u64 now_ns;
};

static void keep_others(const struct undo *undo, void *ctx)
{
	struct keep *keep = ctx;

	if (!undo->until_ns || undo->until_ns > keep->now_ns)
		undo_put(&keep->file, undo);
}

void undo_overdue(pid_t loader)
{
	struct overdue overdue = { .now_ns = clock_now_ns() };
	struct keep keep = { .now_ns = overdue.now_ns };
	struct error err;

	if (access(UNDO_PATH, F_OK))
		return;
	each(loader, undo_if_overdue, &overdue);
	/* a user's freeze that comes now is not ours to end; no waiting, as the
	 * loader may have been stopped while it wrote the file */
	if (!overdue.found || undo_begin(&keep.file, loader, false, &err))
		return;
	each(loader, keep_others, &keep);
	undo_commit(&keep.file, &err);
}

struct count {
	__u64 last_id;
	unsigned int nr;
};

/* The lines of one cgroup follow each other. */
static void count_line(const struct undo *undo, void *ctx)
{
	struct count *count = ctx;

	count->nr += undo->cgroup_id != count->last_id;
	count->last_id = undo->cgroup_id;
}

unsigned int undo_count(void)
{
	struct count count = {};

	each(0, count_line, &count);
	return count.nr;
}
