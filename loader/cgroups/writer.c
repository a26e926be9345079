// SPDX-License-Identifier: GPL-2.0
/* cgroups/writer.c - see cgroups/writer.h. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/helper.h"
#include "base/lock.h"
#include "base/process.h"
#include "cgroups/undo_file.h"
#include "cgroups/writer.h"

#define MOST_UNDER_WAY 32

static void send_reply(int socket, const struct write_request *request,
		       int error)
{
	struct write_reply reply = { .tag = request->tag,
				     .what = request->what,
				     .error = error };

	if (send(socket, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void serve(int socket, int fd, const struct write_request *request)
{
	pid_t parent = getpid(), pid = fork();

	if (pid > 0)
		return;
	if (pid < 0) {
		send_reply(socket, request, -errno);
		return;
	}
	helper_die_with(parent);
	send_reply(socket, request,
		   write(fd, request->text, strlen(request->text)) < 0 ?
			   -errno :
			   0);
	_exit(0);
}

union fd_message {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* The request and its file; negative when there will be no more. */
static int receive(int socket, struct write_request *request)
{
	struct iovec part = { request, sizeof(*request) };
	union fd_message control;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.space,
				  .msg_controllen = sizeof(control.space) };
	struct cmsghdr *head;
	int fd;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != sizeof(*request))
		return -1;
	head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	request->text[sizeof(request->text) - 1] = 0;
	return fd;
}

static void __attribute__((noreturn))
writer_main(int socket, int lock_fd, pid_t loader)
{
	struct write_request request;
	int fd;

	prctl(PR_SET_NAME, "overhigh-writer");
	setsid();
	helper_ignore_signals();
	signal(SIGCHLD, SIG_IGN); /* nobody waits for those that write */
	helper_close_others((const int[]){ socket, lock_fd }, 2);
	helper_die_with(loader);
	while ((fd = receive(socket, &request)) >= 0) {
		serve(socket, fd, &request);
		close(fd);
	}
	_exit(0);
}

int writer_start(struct writer *writer, struct error *err)
{
	pid_t loader = getpid();
	int ends[2], lock_fd;

	memset(writer, 0, sizeof(*writer));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return fail(err, errno, "cannot make a socket: %s",
			    strerror(errno));
	/* if one of a loader before us is stuck, ours go without */
	lock_fd = lock_take(LOCK_WRITERS, false, err);
	writer->pid = fork();
	if (!writer->pid)
		writer_main(ends[0], lock_fd, loader);
	if (lock_fd >= 0)
		close(lock_fd);
	close(ends[0]);
	writer->fd = ends[1];
	if (writer->pid > 0) {
		helper_spare(writer->pid);
		writer->pidfd = process_open(writer->pid);
		return 0;
	}
	close(ends[1]);
	writer->pid = 0;
	return fail(err, errno, "cannot start a process that writes: %s",
		    strerror(errno));
}

void writer_stop(struct writer *writer)
{
	if (writer->pid <= 0)
		return;
	/* it may have ended, and the loop may have waited for it */
	syscall(SYS_pidfd_send_signal, writer->pidfd, SIGKILL, NULL, 0);
	waitpid(writer->pid, NULL, 0);
	close(writer->pidfd);
	close(writer->fd);
	writer->pid = 0;
	writer->under_way = 0;
}

static int send_request(struct writer *writer, int fd,
			const struct write_request *request)
{
	struct iovec part = { (void *)request, sizeof(*request) };
	union fd_message control = {};
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.space,
				  .msg_controllen = sizeof(control.space) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	if (sendmsg(writer->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	writer->under_way++;
	return 0;
}

int writer_ask(struct writer *writer, int fd,
	       const struct write_request *request)
{
	int ret = -EAGAIN;

	/* a reply will tell that it has ended, if it has */
	if (writer->pid > 0 && writer->under_way < MOST_UNDER_WAY &&
	    !send_request(writer, fd, request))
		ret = 0;
	close(fd);
	return ret;
}

int writer_reply(struct writer *writer, struct write_reply *reply)
{
	ssize_t n;

	if (writer->pid <= 0)
		return -ESRCH;
	n = recv(writer->fd, reply, sizeof(*reply), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n != sizeof(*reply))
		return -ESRCH;
	if (writer->under_way)
		writer->under_way--;
	return 1;
}
