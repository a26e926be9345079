// SPDX-License-Identifier: GPL-2.0
/* base/namespace.c - see base/namespace.h. */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/namespace.h"

/* PID_NS_INIT_INO and MAX_PID_NS_LEVEL of the kernel */
#define INITIAL_PIDS 0xeffffffcU
#define MOST_LEVELS 32
#define NS_PER_S 1000000000ULL

static void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
}

static __u64 offset_of(const char *text, const char *clock)
{
	const char *line = strstr(text, clock);
	long long seconds = 0, ns = 0;

	if (line)
		sscanf(line + strlen(clock), "%lld %lld", &seconds, &ns);
	return seconds * NS_PER_S + ns;
}

struct clock_offsets clock_offsets_parse(const char *text)
{
	return (struct clock_offsets){ offset_of(text, "monotonic"),
				       offset_of(text, "boottime") };
}

const struct clock_offsets *clock_offsets(void)
{
	static struct clock_offsets offsets;
	static bool known;
	char text[256];

	if (!known) {
		read_text("/proc/self/timens_offsets", text, sizeof(text));
		offsets = clock_offsets_parse(text);
		known = true;
	}
	return &offsets;
}

static __u32 inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

__u32 namespace_of_pids(void)
{
	return inode_of("/proc/self/ns/pid");
}

bool namespace_is_initial(void)
{
	return namespace_of_pids() == INITIAL_PIDS;
}

bool namespace_has(__u32 pid, __u32 namespace)
{
	int fd, parent, level;
	bool found = false;
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/ns/pid", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (level = 0; fd >= 0 && !found && level <= MOST_LEVELS; level++) {
		found = !fstat(fd, &st) && st.st_ino == namespace;
		/* EPERM: the next one is above ours, and so is all beyond */
		parent = found ? -1 : ioctl(fd, NS_GET_PARENT);
		close(fd);
		fd = parent;
	}
	return found;
}

/* Whether /proc is that of our own namespace: it then shows one number of ours,
 * else that in its own namespace first. */
static bool proc_is_ours(void)
{
	char text[4096], *line;
	unsigned int first, second;

	read_text("/proc/self/status", text, sizeof(text));
	line = strstr(text, "\nNSpid:");
	if (!line) /* after a very long list of groups */
		return true;
	return sscanf(line + 7, "%u%*[ \t]%u", &first, &second) == 1;
}

int namespace_check(struct error *err)
{
	if (access("/proc/self/status", R_OK))
		return bad_input(err, "/proc does not show this process: mount "
				      "it: mount -t proc proc /proc");
	if (!proc_is_ours())
		return bad_input(err, "/proc shows the processes of another "
				      "pid namespace than this one: mount -t "
				      "proc proc /proc, or unshare "
				      "--mount-proc");
	/* timens_offsets are those of the children to come */
	if (inode_of("/proc/self/ns/time") !=
	    inode_of("/proc/self/ns/time_for_children"))
		return bad_input(err, "this process is not in the time "
				      "namespace that it has made: unshare "
				      "--fork");
	return 0;
}
