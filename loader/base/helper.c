// SPDX-License-Identifier: GPL-2.0
/* base/helper.c - see base/helper.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "base/helper.h"

void helper_ignore_signals(void)
{
	static const int signals[] = { SIGINT,	SIGTERM, SIGHUP,  SIGQUIT,
				       SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU };
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void helper_die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

static bool is_in(const int *list, unsigned int nr, int fd)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (list[i] == fd)
			return true;
	return false;
}

void helper_close_others(const int *keep, unsigned int nr)
{
	int fd, max = sysconf(_SC_OPEN_MAX);

	if (max > 4096)
		max = 4096;
	for (fd = 0; fd < max; fd++)
		if (!is_in(keep, nr, fd))
			close(fd);
	/* a stray write to standard output must not land in a map */
	fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 2)
		fd = dup(fd);
}

void helper_spare(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "-1000", 5) < 0)
		errno = 0; /* the loader's protect_memory() says so */
	close(fd);
}
