/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroups/writer.h - writes to files of cgroups that can take long, done by
 * other processes: the kernel reclaims memory within a write to memory.reclaim
 * and to memory.high, and the loader must not wait for it.
 *
 * One process, started with the loader, forks another for each write, so that
 * one that is stuck holds nobody up.  They die with the loader; until the last
 * is gone they hold LOCK_WRITERS.  Does not belong here: what is written
 * (cgroups/response.h).
 */
#ifndef OVERHIGH_CGROUPS_WRITER_H
#define OVERHIGH_CGROUPS_WRITER_H

#include <linux/types.h>
#include <sys/types.h>
#include "base/error.h"

struct writer {
	pid_t pid; /* 0: there is none */
	int pidfd;
	int fd;
	unsigned int under_way;
};

struct write_request {
	__u64 tag;  /* comes back with the reply */
	__u32 what; /* and this */
	char text[28];
};

struct write_reply {
	__u64 tag;
	__u32 what;
	__s32 error; /* 0, or a negative errno */
};

int writer_start(struct writer *writer, struct error *err);
/* Ends what is under way, and waits for that. */
void writer_stop(struct writer *writer);

/* Takes fd over, whatever it returns; -EAGAIN: too much is under way. */
int writer_ask(struct writer *writer, int fd,
	       const struct write_request *request);
/* 1: *reply is filled in; 0: there is none; negative: the process is gone. */
int writer_reply(struct writer *writer, struct write_reply *reply);

#endif /* OVERHIGH_CGROUPS_WRITER_H */
