/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroups/episode.h - one cgroup in which something is over: what is changed
 * there, and how it is changed back.
 *
 * For cgroups/response.c alone.  Does not belong here: which cgroups, and why
 * (cgroups/response.h).
 */
#ifndef OVERHIGH_CGROUPS_EPISODE_H
#define OVERHIGH_CGROUPS_EPISODE_H

#include <limits.h>
#include <stdbool.h>
#include "cgroups/writer.h"
#include "pins/pins.h"
#include "cgroups/undo_file.h"

#define MAX_EPISODES 256
#define MAX_SAID 256

enum change_state {
	CHANGE_NONE,	/* the file is as it was */
	CHANGE_WRITING, /* a helper process is writing our value */
	CHANGE_HELD,	/* the file has our value */
	CHANGE_UNDOING, /* a helper process is writing the old value */
	CHANGE_OVER,	/* undone, or a user's: not touched again in this
			 * episode */
};

struct change {
	enum change_state state;
	char old[KNOB_TEXT_MAX];
	char wrote[KNOB_TEXT_MAX];
	__u64 until_ns; /* 0: as long as the episode */
};

/* What is asked for a cgroup by all that are over there. */
struct wanted {
	__u32 responses;
	__u32 cpu_weight;   /* the lowest */
	__u32 freeze_ms;    /* the shortest */
	__u64 high_bytes;   /* the lowest */
	__u64 excess_bytes; /* the sum */
};

struct episode {
	__u64 cgroup_id; /* 0: not in use */
	int cgroup_fd;
	struct wanted wanted; /* as of the last look */
	struct change change[KNOBS];
	bool reclaiming;  /* a helper process is writing memory.reclaim */
	__u64 backoff_ns; /* after a reclaim that brought nothing: doubles */
	__u64 next_reclaim_ns; /* not before */
};

/* Why something is not done; said once for each cgroup. */
enum cause {
	CAUSE_ROOT,
	CAUSE_NO_PATH,
	CAUSE_FULL,
	CAUSE_OURS,
	CAUSE_UNDO_FILE,
	CAUSE_WRITER,
	CAUSE_RECLAIM,
	CAUSE_USER,
	CAUSE_KNOB, /* + enum knob */
};

struct said {
	__u64 cgroup_id;
	__u32 cause;
};

struct responses {
	const struct pins *pins;
	struct writer writer;
	char mount[PATH_MAX];
	__u64 root_id; /* 0: there is no cgroup2 */
	struct episode episode[MAX_EPISODES];
	unsigned int nr;	    /* in use */
	struct said said[MAX_SAID]; /* a ring */
	unsigned int nr_said;
};

/* Whether it is the first time that this is to be said of this cgroup. */
bool first_time(struct responses *r, __u64 cgroup_id, __u32 cause);

/* The path of a process's cgroup in cgroup2, as /proc has it. */
int read_cgroup(__u32 pid, char path[PATH_MAX]);
/* Whether a path is, or is below, another. */
bool path_is_below(const char *path, const char *above);

struct episode *episode_find(struct responses *r, __u64 cgroup_id);
/* Takes fd, of the cgroup, over.  NULL: there are too many. */
struct episode *episode_new(struct responses *r, __u64 cgroup_id, int fd);

/* Makes the files of the cgroup what episode.wanted asks for, and undoes what
 * it does not ask for any more. */
void episode_go_on(struct responses *r, struct episode *e);
/* Undoes all.  What helper processes are just writing has to be waited for, so
 * this has to be called again until cgroup_id is 0. */
void episode_end(struct responses *r, struct episode *e);
/* Ends the freeze if it is time for that.  Returns when it will be, or 0 if
 * nothing is frozen. */
__u64 episode_thaw(struct responses *r, struct episode *e, __u64 now_ns);
/* To be called with what the helper processes answer; and once if they have
 * died, when no answer will come. */
void episode_reply(struct responses *r, const struct write_reply *reply);
void episode_writers_ended(struct episode *e);

#endif /* OVERHIGH_CGROUPS_EPISODE_H */
