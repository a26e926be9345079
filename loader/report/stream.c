// SPDX-License-Identifier: GPL-2.0
/* report/stream.c - see report/stream.h. */
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/lock.h"
#include "base/log.h"
#include "report/events.h"
#include "report/stream.h"

/* RUN_DIR is root's alone, so no one else can connect or take the place. */
static const struct sockaddr_un address = { .sun_family = AF_UNIX,
					    .sun_path = RUN_DIR "/events" };

void stream_init(struct stream *stream)
{
	int i;

	for (i = 0; i < STREAM_CLIENTS; i++)
		stream->clients[i] = (struct stream_client){ .fd = -1 };
	stream->listen_fd = -1;
}

int stream_open(struct stream *stream, struct error *err)
{
	int fd;

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

static void drop(struct stream_client *client)
{
	close(client->fd);
	client->fd = -1;
	client->lost = 0;
}

void stream_accept(struct stream *stream, int epoll_fd)
{
	const struct stream_packet full = { .kind = STREAM_FULL };
	struct epoll_event end = { .events = EPOLLRDHUP };
	int i, fd = accept4(stream->listen_fd, NULL, NULL,
			    SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	end.data.fd = fd;
	for (i = 0; i < STREAM_CLIENTS; i++) {
		if (stream->clients[i].fd >= 0)
			continue;
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &end))
			break;
		stream->clients[i].fd = fd;
		return;
	}
	say("more than %d readers of events: one was turned away",
	    STREAM_CLIENTS);
	if (send(fd, &full, sizeof(full), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		say("and could not be told: %s", strerror(errno));
	close(fd);
}

bool stream_hangup(struct stream *stream, int fd)
{
	int i;

	for (i = 0; i < STREAM_CLIENTS; i++) {
		if (stream->clients[i].fd != fd)
			continue;
		drop(&stream->clients[i]);
		return true;
	}
	return false;
}

/* One packet, which also tells of those before it that did not fit. */
static void send_to(struct stream_client *client, struct stream_packet *packet)
{
	packet->lost = client->lost;
	if (send(client->fd, packet, sizeof(*packet),
		 MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*packet))
		client->lost = 0;
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS)
		drop(client);
	else if (packet->kind == STREAM_EVENT)
		client->lost++;
}

void stream_lost(struct stream *stream, __u64 events)
{
	struct stream_packet packet = { .kind = STREAM_LOST };
	struct stream_client *client;
	int i;

	for (i = 0; i < STREAM_CLIENTS; i++) {
		client = &stream->clients[i];
		if (client->fd < 0)
			continue;
		client->lost += events;
		if (client->lost)
			send_to(client, &packet);
	}
}

void stream_send(struct stream *stream, const struct overhigh_event *event)
{
	struct stream_packet packet = { .kind = STREAM_EVENT, .event = *event };
	int i;

	for (i = 0; i < STREAM_CLIENTS; i++)
		if (stream->clients[i].fd >= 0)
			send_to(&stream->clients[i], &packet);
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

int stream_check(const struct stream_packet *packet, ssize_t n,
		 struct error *err)
{
	if (n == sizeof(*packet) && packet->kind == STREAM_FULL)
		return fail(err, EBUSY,
			    "%d commands follow the events already: end one of "
			    "them first",
			    STREAM_CLIENTS);
	if (n == sizeof(*packet) &&
	    (packet->kind == STREAM_LOST ||
	     (packet->kind == STREAM_EVENT &&
	      event_valid(&packet->event, sizeof(packet->event)))))
		return 0;
	return fail(err, EPROTO,
		    "the loader is of another version: restart it");
}
