/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroups/undo_line.h - one line of the file that says which files of cgroups
 * were changed and what they held before.
 *
 * Belongs here: reading and writing a line.  Does not: the file
 * (cgroups/undo_file.h), cgroups.  Depends on nothing, so that it can be tested
 * alone.
 */
#ifndef OVERHIGH_CGROUPS_UNDO_LINE_H
#define OVERHIGH_CGROUPS_UNDO_LINE_H

#include <linux/types.h>
#include <stddef.h>
#include <sys/types.h>

/* The files of a cgroup that are changed for a time. */
enum knob {
	KNOB_HIGH,
	KNOB_WEIGHT,
	KNOB_FREEZE,
	KNOBS,
};

extern const char *const knob_files[KNOBS];

#define KNOB_TEXT_MAX 24    /* of a value: "max", or 20 digits */
#define UNDO_LINE_MAX 4352  /* of a line: a path and the rest */
#define UNDO_KNOB_MAX ~0ULL /* what "max" is as a number */

/* What is to be put back, if it still is as we left it. */
struct undo {
	__u64 cgroup_id;
	__u64 until_ns; /* when at the latest, 0: no such time */
	enum knob knob;
	char old[KNOB_TEXT_MAX];   /* as read before */
	char wrote[KNOB_TEXT_MAX]; /* as it reads after our change */
	const char *path;	   /* of the cgroup */
};

/* A value as those files have them; -EINVAL if it is none. */
int knob_number(const char *text, __u64 *number);

/* The first line: who wrote the file. */
int undo_head_format(char *line, size_t size, pid_t owner);
int undo_head_parse(const char *line, pid_t *owner);

/* With the newline; -E2BIG if it does not fit. */
int undo_format(char *line, size_t size, const struct undo *undo);

/* Takes a line without newline apart, in place: undo->path points into it.
 * -EINVAL if anything of it is not as undo_format() writes it. */
int undo_parse(char *line, struct undo *undo);

#endif /* OVERHIGH_CGROUPS_UNDO_LINE_H */
