// SPDX-License-Identifier: GPL-2.0
/* daemon/background.c - see daemon/background.h. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/helper.h"
#include "base/log.h"
#include "daemon/background.h"
#include "daemon/daemon.h"

#define LEAVE_MS 2000

/* What the loader tells who has started it. */
struct answer {
	int ret; /* of daemon_start() */
	struct error err;
};

/* Nobody waits for the end of a pipe because we hold it open.  Messages are
 * lines of the kernel log, a write each. */
static void leave_terminal(void)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	log_end();
	if (fd < 0)
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		dup2(fd, STDERR_FILENO);
		close(fd);
	}
	log_start();
}

static void __attribute__((noreturn)) loader_main(int starter_fd)
{
	const int keep[] = { STDERR_FILENO, starter_fd };
	struct daemon d = { .background = true, .starter_fd = starter_fd };
	struct answer answer = {};
	struct pins pins;

	prctl(PR_SET_NAME, "overhigh-loader");
	setsid();
	helper_close_others(keep, 2);
	if (chdir("/"))
		_exit(1);
	d.pins = &pins;
	answer.ret = daemon_start(&d, &answer.err);
	if (!answer.ret)
		leave_terminal();
	if (send(starter_fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
		d.starter_fd = -1;
	if (answer.ret)
		_exit(1);
	if (daemon_loop(&d, &answer.err))
		say("%s", answer.err.text);
	/* told to end while there are policies: whoever comes next takes them
	 * over */
	daemon_stop(&d, !d.policies);
	_exit(0);
}

int background_start(struct error *err)
{
	struct answer answer;
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return fail(err, errno, "cannot make a socket: %s",
			    strerror(errno));
	pid = fork();
	if (!pid) {
		log_forget();
		/* twice, so that it is nobody's child */
		if (fork())
			_exit(0);
		loader_main(ends[1]);
	}
	close(ends[1]);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	if (pid > 0 &&
	    recv(ends[0], &answer, sizeof(answer), 0) == sizeof(answer)) {
		if (!answer.ret)
			return ends[0];
		*err = answer.err;
	} else {
		answer.ret = fail(err, ECHILD, "cannot start a loader");
	}
	close(ends[0]);
	return answer.ret;
}

void background_leave(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	shutdown(fd, SHUT_WR);
	poll(&p, 1, LEAVE_MS);
	close(fd);
}
