// SPDX-License-Identifier: GPL-2.0
/* base/process.c - see base/process.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/namespace.h"
#include "base/process.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h, field 9 of stat */

/* Reads a small file of /proc without stdio: no allocation. */
static ssize_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n >= 0)
		text[n] = 0;
	return n;
}

static int read_tgid(__u32 pid, __u32 *tgid)
{
	char path[64], text[1024], *line;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	if (read_file(path, text, sizeof(text)) <= 0)
		return -ESRCH;
	line = strstr(text, "\nTgid:");
	if (!line)
		return -ESRCH;
	*tgid = strtoul(line + 6, NULL, 10);
	return 0;
}

int process_read(__u32 pid, struct process *process)
{
	char path[64], text[1024], *open_paren, *close_paren;
	unsigned int flags;
	unsigned long long start;

	memset(process, 0, sizeof(*process));
	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if (read_file(path, text, sizeof(text)) <= 0)
		return -ESRCH;
	/* comm may contain anything, so the last ')' ends it */
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')');
	if (!open_paren || !close_paren)
		return -ESRCH;
	*close_paren = 0;
	snprintf(process->comm, sizeof(process->comm), "%s", open_paren + 1);
	/* fields 3, 4, 9 and 22 of proc_pid_stat(5) */
	if (sscanf(close_paren + 2,
		   "%c %u %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d "
		   "%*d %*d %*d %*d %llu",
		   &process->state, &process->ppid, &flags, &start) != 4)
		return -ESRCH;
	process->start_ticks = start;
	process->kernel_thread = flags & PF_KTHREAD;
	return read_tgid(pid, &process->tgid);
}

int process_open(__u32 pid)
{
	int fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

bool process_same(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	/* readable: it has ended */
	return pidfd >= 0 && poll(&p, 1, 0) == 0;
}

bool process_exists(__u32 pid)
{
	int fd = process_open(pid);
	bool alive = process_same(fd);

	if (fd >= 0)
		close(fd);
	return alive;
}

bool process_started_at(const struct process *process, __u64 start_ns)
{
	/* /proc shows it as the clock of our time namespace would */
	__u64 ours_ns = start_ns + clock_offsets()->boottime_ns;
	__u64 ticks = ours_ns / (1000000000ULL / sysconf(_SC_CLK_TCK));

	return process->start_ticks == ticks;
}

int process_signal(__u32 pid, __u64 start_ns, int sig)
{
	int pidfd = process_open(pid);
	struct process process;
	int ret = 0;

	if (pidfd < 0)
		return pidfd;
	if (process_read(pid, &process) ||
	    !process_started_at(&process, start_ns))
		ret = -ESRCH;
	else if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0))
		ret = -errno;
	close(pidfd);
	return ret;
}
