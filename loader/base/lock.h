/* SPDX-License-Identifier: GPL-2.0 */
/*
 * base/lock.h - overhigh's directory in /run, and the lock files in it.
 *
 * Belongs here: directories that are root's alone, taking a lock, who holds
 * the loader's.  Does not: the other files in RUN_DIR (cgroups/undo_file.h,
 * report/stream.h, daemon/reload_result.h).
 */
#ifndef OVERHIGH_BASE_LOCK_H
#define OVERHIGH_BASE_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

#define RUN_DIR "/run/overhigh"

/* Makes a directory that is root's alone (0700), or checks that it is. */
int directory_make_private(const char *path, struct error *err);

/*
 * Locks in RUN_DIR, so that two commands do not change the same thing at once.
 * Returns a file descriptor that holds the lock, or a negative errno; -EBUSY
 * if it is held; with wait only if it still is after 10 s, as who holds it may
 * be stopped.  Where RUN_DIR is full or read-only the locks are in bpffs.
 */
int lock_take(const char *name, bool wait, struct error *err);
int lock_take_within(const char *name, unsigned int ms, struct error *err);
/* pid of the loader that holds the lock "loader", 0 if none does, -1 if that
 * is not known, as for one of another pid namespace. */
int lock_owner(void);
/* "pid 123" for a message, or why there is none. */
const char *lock_owner_text(char *text, size_t size);

#define LOCK_LOADER "loader.lock" /* who consumes events and continues */
#define LOCK_POLICY "policy.lock" /* who changes policies and links */

#endif /* OVERHIGH_BASE_LOCK_H */
