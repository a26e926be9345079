/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report/stream.h - events from the loader to other commands, over a socket in
 * RUN_DIR: a ring buffer has one reader, an event may have many.
 *
 * Does not belong here: the ring buffer (daemon/daemon.h), printing
 * (report/events.h).
 */
#ifndef OVERHIGH_REPORT_STREAM_H
#define OVERHIGH_REPORT_STREAM_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/error.h"
#include "overhigh.h"

#define STREAM_CLIENTS 16

enum stream_kind {
	STREAM_EVENT = 1,
	STREAM_LOST, /* no event, but lost tells of some */
	STREAM_FULL, /* there are STREAM_CLIENTS readers already */
};

/* One packet.  lost: events before it that did not come: they did not fit into
 * the socket, or not into the ring buffer. */
struct stream_packet {
	__u32 kind; /* enum stream_kind; event is of STREAM_EVENT alone */
	__u32 pad;
	__u64 lost;
	struct overhigh_event event;
};

struct stream_client {
	int fd; /* -1: free */
	__u64 lost;
};

struct stream {
	int listen_fd;
	struct stream_client clients[STREAM_CLIENTS];
};

/* With no reader, and not open: stream_close() may be called from here on. */
void stream_init(struct stream *stream);
int stream_open(struct stream *stream, struct error *err);
/* Takes one waiting connection; epoll_fd tells when it ends. */
void stream_accept(struct stream *stream, int epoll_fd);
/* fd has something to say: if it is a client, that is its end.  False if it is
 * none. */
bool stream_hangup(struct stream *stream, int fd);
/* To every client; never waits for one. */
void stream_send(struct stream *stream, const struct overhigh_event *event);
/* So many events came to nobody; also tells, with 0, those who had no room when
 * events were lost and to whom none has come since. */
void stream_lost(struct stream *stream, __u64 events);
void stream_close(struct stream *stream);

/* The other end; -ENOENT if no loader listens. */
int stream_connect(struct error *err);
/* Whether a packet of n bytes is what a loader of this version sends to a
 * reader that it has room for. */
int stream_check(const struct stream_packet *packet, ssize_t n,
		 struct error *err);

#endif /* OVERHIGH_REPORT_STREAM_H */
