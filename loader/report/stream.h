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

#include "base/error.h"
#include "overhigh.h"

#define STREAM_CLIENTS 16

/* One packet.  lost: events that did not fit into the socket before it. */
struct stream_packet {
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

int stream_open(struct stream *stream, struct error *err);
/* Takes one waiting connection. */
void stream_accept(struct stream *stream);
/* To every client; never waits for one. */
void stream_send(struct stream *stream, const struct overhigh_event *event);
void stream_close(struct stream *stream);

/* The other end; -ENOENT if no loader listens. */
int stream_connect(struct error *err);

#endif /* OVERHIGH_REPORT_STREAM_H */
