// SPDX-License-Identifier: GPL-2.0
/* pins/pid_names.c - see pins/pid_names.h. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/namespace.h"
#include "pins/pid_names.h"
#include "pins/pins.h"

#define FRESH_NS 20000000ULL

struct pid_names {
	int link_fd; /* of the iterator; not ours to close */
	struct overhigh_name *name;
	size_t nr, room;
	__u64 read_ns;
};

struct pid_names *pid_names_new(int link_fd)
{
	struct pid_names *names;

	if (namespace_is_initial())
		return NULL;
	names = calloc(1, sizeof(*names));
	if (names)
		names->link_fd = link_fd;
	return names;
}

void pid_names_free(struct pid_names *names)
{
	if (names)
		free(names->name);
	free(names);
}

/* Room for at least one more record; no less than what a walk needs. */
static bool make_room(struct pid_names *names)
{
	size_t room = names->room ? 2 * names->room : 512;
	struct overhigh_name *more;

	if (names->nr < names->room)
		return true;
	more = realloc(names->name, room * sizeof(*more));
	if (!more)
		return false;
	names->name = more;
	names->room = room;
	return true;
}

/* Walks the namespace.  A read may end within a record. */
static void read_names(struct pid_names *names)
{
	size_t bytes = 0, size = sizeof(*names->name);
	int fd = bpf_iter_create(names->link_fd);
	ssize_t n;

	names->nr = 0;
	while (fd >= 0 && make_room(names)) {
		n = read(fd, (char *)names->name + bytes,
			 names->room * size - bytes);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		bytes += n;
		names->nr = bytes / size;
	}
	if (fd >= 0)
		close(fd);
	names->read_ns = clock_now_ns();
}

static __u32 find_local(const struct pid_names *names, __u32 pid)
{
	size_t i;

	for (i = 0; i < names->nr; i++)
		if (names->name[i].pid == pid)
			return names->name[i].local;
	return 0;
}

__u32 pid_to_initial(const struct pins *pins, __u32 local)
{
	struct pid_names *names = pins->names;
	size_t i;

	if (!names)
		return local;
	/* it may have been started just now */
	read_names(names);
	for (i = 0; i < names->nr; i++)
		if (names->name[i].local == local)
			return names->name[i].pid;
	return 0;
}

__u32 pid_to_local(const struct pins *pins, __u32 pid)
{
	struct pid_names *names = pins->names;
	__u32 local = 0;

	if (!names || !pid)
		return pid;
	if (clock_now_ns() < names->read_ns + FRESH_NS)
		local = find_local(names, pid);
	if (!local) {
		read_names(names);
		local = find_local(names, pid);
	}
	return local;
}

__u32 pid_names_level(const struct pins *pins)
{
	struct pid_names *names = pins->names;

	if (!names)
		return 0;
	read_names(names);
	return names->nr ? names->name[0].level : 0;
}

void pid_names_event(const struct pins *pins, struct overhigh_event *event)
{
	if (pins->control->loader_namespace == namespace_of_pids())
		return;
	event->seen_pid = pid_to_local(pins, event->pid);
	event->seen_tid = pid_to_local(pins, event->tid);
}
