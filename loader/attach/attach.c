// SPDX-License-Identifier: GPL-2.0
/* attach/attach.c - see attach/attach.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "attach/attach.h"
#include "pins/pins.h"

static __u32 pinned_in(const char *directory)
{
	char path[PATH_MAX];
	__u32 found = 0;
	int id;

	for (id = 0; id < HOOKS; id++) {
		snprintf(path, sizeof(path), "%s/%s", directory,
			 hooks[id].name);
		if (!access(path, F_OK))
			found |= HOOK_BIT(id);
	}
	return found;
}

__u32 attach_loaded(void)
{
	return pinned_in(PIN_PROGS);
}

__u32 attach_attached(void)
{
	return pinned_in(PIN_LINKS);
}

/* Pins fd at path, atomically in place of what may be there. */
static int pin_over(int fd, const char *path, struct error *err)
{
	char fresh[PATH_MAX];

	snprintf(fresh, sizeof(fresh), "%s-new", path);
	unlink(fresh);
	if (bpf_obj_pin(fd, fresh))
		return fail(err, errno, "cannot pin %s: %s", fresh,
			    strerror(errno));
	if (rename(fresh, path))
		return fail(err, errno, "cannot rename %s: %s", fresh,
			    strerror(errno));
	return 0;
}

/* A tracing program needs no more than its descriptor to be attached where it
 * was loaded for. */
static int attach_one(enum hook_id id, int program_fd, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	char path[PATH_MAX];
	int link, ret, tries;

	snprintf(path, sizeof(path), "%s/%s", PIN_LINKS, hooks[id].name);
	link = bpf_raw_tracepoint_open(NULL, program_fd);
	/* loader, guard and a command may all be about to do the same: another
	 * one has attached it, and pins it now */
	for (tries = 0; link < 0 && errno == EBUSY && tries < 1000; tries++) {
		if (!access(path, F_OK))
			return 0;
		nanosleep(&pause, NULL);
		link = bpf_raw_tracepoint_open(NULL, program_fd);
	}
	if (link < 0)
		return fail(err, errno, "cannot attach %s to %s: %s",
			    hooks[id].name, hooks[id].target, strerror(errno));
	ret = pin_over(link, path, err);
	close(link);
	return ret;
}

static int attach_pinned(enum hook_id id, struct error *err)
{
	char path[PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", PIN_PROGS, hooks[id].name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return fail(err, errno, "cannot open %s: %s", path,
			    strerror(errno));
	ret = attach_one(id, fd, err);
	close(fd);
	return ret;
}

int attach_also(__u32 wanted, struct error *err)
{
	__u32 missing = wanted & ~attach_attached();
	int id, ret = 0;

	for (id = 0; !ret && id < HOOKS; id++)
		if (missing & HOOK_BIT(id))
			ret = attach_pinned(id, err);
	return ret;
}

int attach_not(__u32 unwanted, struct error *err)
{
	__u32 attached = attach_attached();
	char path[PATH_MAX];
	int id, ret = 0;

	for (id = 0; !ret && id < HOOKS; id++) {
		if (!(attached & unwanted & HOOK_BIT(id)))
			continue;
		snprintf(path, sizeof(path), "%s/%s", PIN_LINKS,
			 hooks[id].name);
		if (unlink(path) && errno != ENOENT)
			ret = fail(err, errno, "cannot detach %s: %s", path,
				   strerror(errno));
	}
	return ret;
}

int attach_exactly(__u32 wanted, struct error *err)
{
	int ret = attach_also(wanted, err);

	return ret ? ret : attach_not(~wanted, err);
}

int attach_replace(const int *program_fd, struct error *err)
{
	__u32 attached = attach_attached();
	char path[PATH_MAX];
	int id, ret = 0;

	for (id = 0; !ret && id < HOOKS; id++) {
		snprintf(path, sizeof(path), "%s/%s", PIN_PROGS,
			 hooks[id].name);
		if (program_fd[id] < 0) {
			unlink(path);
			continue;
		}
		ret = pin_over(program_fd[id], path, err);
		if (!ret && (attached & HOOK_BIT(id)))
			ret = attach_one(id, program_fd[id], err);
	}
	return ret;
}

int attach_iterator(const char *name, int program_fd, struct error *err)
{
	int link = bpf_link_create(program_fd, 0, BPF_TRACE_ITER, NULL);
	char path[PATH_MAX];
	int ret;

	if (link < 0)
		return fail(err, errno, "cannot make the task iterator: %s",
			    strerror(errno));
	snprintf(path, sizeof(path), "%s/%s", PIN_LINKS, name);
	ret = pin_over(link, path, err);
	close(link);
	return ret;
}

__u64 attach_misses(enum hook_id id)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", PIN_PROGS, hooks[id].name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		info.recursion_misses = 0;
	close(fd);
	return info.recursion_misses;
}
