// SPDX-License-Identifier: GPL-2.0
/* report/stream.c - see report/stream.h. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/lock.h"
#include "base/log.h"
#include "report/stream.h"

/* RUN_DIR is root's alone, so no one else can connect or take the place. */
static const struct sockaddr_un address = { .sun_family = AF_UNIX,
					    .sun_path = RUN_DIR "/events" };

int stream_open(struct stream *stream, struct error *err)
{
	int i, fd;

	for (i = 0; i < STREAM_CLIENTS; i++)
		stream->clients[i].fd = -1;
	stream->listen_fd = -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(err, errno, "cannot make a socket: %s",
			    strerror(errno));
	unlink(address.sun_path); /* a dead loader's; we hold its lock */
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, STREAM_CLIENTS)) {
		int code = errno;

		close(fd);
		return fail(err, code, "cannot listen at %s: %s",
			    address.sun_path, strerror(code));
	}
	stream->listen_fd = fd;
	return 0;
}

void stream_accept(struct stream *stream)
{
	int fd = accept4(stream->listen_fd, NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);
	int i;

	if (fd < 0)
		return;
	for (i = 0; i < STREAM_CLIENTS; i++) {
		if (stream->clients[i].fd >= 0)
			continue;
		stream->clients[i].fd = fd;
		stream->clients[i].lost = 0;
		return;
	}
	say("more than %d readers of events: one was turned away",
	    STREAM_CLIENTS);
	close(fd);
}

static void send_to(struct stream_client *client,
		    const struct overhigh_event *event)
{
	struct stream_packet packet = { .lost = client->lost, .event = *event };

	if (send(client->fd, &packet, sizeof(packet),
		 MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(packet)) {
		client->lost = 0;
		return;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
		client->lost++;
		return;
	}
	close(client->fd);
	client->fd = -1;
}

void stream_send(struct stream *stream, const struct overhigh_event *event)
{
	int i;

	for (i = 0; i < STREAM_CLIENTS; i++)
		if (stream->clients[i].fd >= 0)
			send_to(&stream->clients[i], event);
}

void stream_close(struct stream *stream)
{
	int i;

	for (i = 0; i < STREAM_CLIENTS; i++)
		if (stream->clients[i].fd >= 0)
			close(stream->clients[i].fd);
	if (stream->listen_fd >= 0) {
		unlink(address.sun_path);
		close(stream->listen_fd);
	}
	stream->listen_fd = -1;
}

int stream_connect(struct error *err)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(err, errno, "cannot make a socket: %s",
			    strerror(errno));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return fail(
			err, ENOENT,
			"no 'overhigh run' is alive to send events: start one");
	}
	return fd;
}
