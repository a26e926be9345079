/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroups/undo_file.h - the file in RUN_DIR that says which files of cgroups
 * were changed, and undoing what it lists: after a crash, or in a stuck
 * loader's place.
 *
 * A change is in the file before it is made.  Whoever undoes one does it only
 * while the file of the cgroup holds what we wrote: a user's change stays.
 * Does not belong here: when something is changed (cgroups/response.h).
 */
#ifndef OVERHIGH_CGROUPS_UNDO_FILE_H
#define OVERHIGH_CGROUPS_UNDO_FILE_H

#include <stdbool.h>
#include "base/error.h"
#include "cgroups/undo_line.h"

#define LOCK_RESPONSES "responses.lock"	    /* who changes the file */
#define LOCK_WRITERS "responses-write.lock" /* see cgroups/writer.h */

/* Reads a file of a cgroup, without the newline; writes it. */
int knob_read(int cgroup_fd, enum knob knob, char text[KNOB_TEXT_MAX]);
int knob_write(int cgroup_fd, enum knob knob, const char *text);

/* Writing a new file, which takes the place of the old one at once. */
struct undo_file {
	int fd;
	int lock_fd;
	int error;
	unsigned int nr;
};

/* wait: for LOCK_RESPONSES, else -EBUSY. */
int undo_begin(struct undo_file *file, pid_t owner, bool wait,
	       struct error *err);
void undo_put(struct undo_file *file, const struct undo *undo);
/* Without a line there is no file. */
int undo_commit(struct undo_file *file, struct error *err);

/* Undoes everything; the caller holds LOCK_LOADER, and no loader lives. */
void undo_all(void);
/* The same if that loader, which is dead, made the file: the guard's. */
void undo_of(pid_t loader);
/* What that loader, which does not do its work, ought to have undone. */
void undo_overdue(pid_t loader);

/* How many cgroups the file lists. */
unsigned int undo_count(void);

#endif /* OVERHIGH_CGROUPS_UNDO_FILE_H */
