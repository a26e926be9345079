// SPDX-License-Identifier: GPL-2.0
/* attach/sample.c - see attach/sample.h. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "pins/hooks.h"
#include "attach/sample.h"

int sample_open(__u32 tid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.sample_period = OVERHIGH_SAMPLE_FAULTS,
		.inherit = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, tid, -1, -1,
			 PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A pin's name says whose event it is: PID-TID, the first in the initial pid
 * namespace, the other in that of who made it. */
static void pin_path(char *path, size_t size, __u32 pid, __u32 tid)
{
	snprintf(path, size, "%s/%u-%u", PIN_SAMPLES, pid, tid);
}

/* 0 also if the thread has ended meanwhile; 1 if the pin is there already. */
static int sample_thread(__u32 pid, __u32 tid, int program_fd,
			 struct error *err)
{
	char path[PATH_MAX];
	int event, link, ret = 0;

	pin_path(path, sizeof(path), pid, tid);
	if (!access(path, F_OK))
		return 1;
	event = sample_open(tid);
	if (event == -ESRCH)
		return 0;
	if (event < 0)
		return fail(err, -event,
			    "cannot open a perf event for thread %u: %s", tid,
			    strerror(-event));
	link = bpf_link_create(program_fd, event, BPF_PERF_EVENT, NULL);
	if (link < 0 || bpf_obj_pin(link, path))
		ret = fail(err, errno, "cannot attach to thread %u: %s", tid,
			   strerror(errno));
	if (link >= 0)
		close(link);
	close(event);
	return ret;
}

/* One pass over the threads; local: the pid as /proc has it; *fresh: how many
 * were new. */
static int sample_threads(__u32 pid, __u32 local, int program_fd,
			  unsigned int *fresh, struct error *err)
{
	char path[64];
	struct dirent *entry;
	DIR *tasks;
	int ret = 0;

	*fresh = 0;
	snprintf(path, sizeof(path), "/proc/%u/task", local);
	tasks = opendir(path);
	while (tasks && ret >= 0 && (entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		ret = sample_thread(pid, strtoul(entry->d_name, NULL, 10),
				    program_fd, err);
		*fresh += !ret;
	}
	if (tasks)
		closedir(tasks);
	return ret < 0 ? ret : 0;
}

int sample_process(const struct pins *pins, __u32 pid, struct error *err)
{
	int program_fd, ret;
	unsigned int fresh;

	program_fd = bpf_obj_get(PIN_PROGS "/sample");
	if (program_fd < 0)
		return fail(err, errno, "cannot open %s/sample: %s", PIN_PROGS,
			    strerror(errno));
	/* a thread that an event-less thread has just started is found in the
	 * next pass; those of threads with an event inherit it */
	do {
		ret = sample_threads(pid, pid_to_local(pins, pid), program_fd,
				     &fresh, err);
	} while (!ret && fresh);
	close(program_fd);
	if (!ret &&
	    bpf_map_update_elem(pins->map_fd[MAP_SAMPLED], &pid, &pid, BPF_ANY))
		ret = fail(err, errno, "cannot note process %u as sampled: %s",
			   pid, strerror(errno));
	return ret;
}

static bool has_policy(const struct pins *pins, __u32 pid)
{
	struct overhigh_policy policy;

	return !bpf_map_lookup_elem(pins->map_fd[MAP_PROCESS_POLICY], &pid,
				    &policy);
}

/* Children that were sampled by events of root, which is to go, get their
 * own first. */
static int adopt_children(const struct pins *pins, __u32 root,
			  struct error *err)
{
	int fd = pins->map_fd[MAP_SAMPLED];
	__u32 key, next, value;
	int ret = 0;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);

	while (more && !ret) {
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (key == root || bpf_map_lookup_elem(fd, &key, &value) ||
		    value != root)
			continue;
		if (has_policy(pins, key))
			ret = sample_process(pins, key, err);
		else
			bpf_map_delete_elem(fd, &key);
	}
	return ret;
}

static int drop_pins(const struct pins *pins, bool all, struct error *err)
{
	DIR *dir = opendir(PIN_SAMPLES);
	struct dirent *entry;
	__u32 pid;
	int ret = 0;

	while (dir && !ret && (entry = readdir(dir))) {
		pid = strtoul(entry->d_name, NULL, 10);
		if (!pid || (!all && has_policy(pins, pid)))
			continue;
		if (!all)
			ret = adopt_children(pins, pid, err);
		if (!ret && unlinkat(dirfd(dir), entry->d_name, 0) &&
		    errno != ENOENT)
			ret = fail(err, errno, "cannot remove %s/%s: %s",
				   PIN_SAMPLES, entry->d_name, strerror(errno));
		bpf_map_delete_elem(pins->map_fd[MAP_SAMPLED], &pid);
	}
	if (dir)
		closedir(dir);
	return ret;
}

int sample_refit(const struct pins *pins, bool wanted, struct error *err)
{
	int policies = pins->map_fd[MAP_PROCESS_POLICY];
	__u32 key, next, root;
	int ret = 0;
	bool more = wanted && !bpf_map_get_next_key(policies, NULL, &next);

	while (more && !ret) {
		key = next;
		more = !bpf_map_get_next_key(policies, &key, &next);
		if (bpf_map_lookup_elem(pins->map_fd[MAP_SAMPLED], &key, &root))
			ret = sample_process(pins, key, err);
	}
	return ret ? ret : drop_pins(pins, !wanted, err);
}
