/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attach/attach.h - links: attaching the pinned programs to the kernel and
 * pinning the links, so that they outlive the loader.
 *
 * Does not belong here: which hooks are wanted (attach/plan.h).
 */
#ifndef OVERHIGH_ATTACH_ATTACH_H
#define OVERHIGH_ATTACH_ATTACH_H

#include "base/error.h"
#include "pins/hooks.h"

/* HOOK_BIT()s of the programs that are pinned, and of the pinned links. */
__u32 attach_loaded(void);
__u32 attach_attached(void);

/* Attaches what is in wanted and is not attached, then detaches the rest.
 * On an error what was attached before still is. */
int attach_exactly(__u32 wanted, struct error *err);

/* Detaches what is in unwanted. */
int attach_not(__u32 unwanted, struct error *err);

/* Attaches what is missing of wanted; detaches nothing. */
int attach_also(__u32 wanted, struct error *err);

/* Attaches the new programs, whose descriptors are given, in place of those
 * that are attached; there is no moment with neither. */
int attach_replace(const int *program_fd, struct error *err);

/* How often the kernel has not run a pinned program, because it was in the
 * midst of it on that CPU already; 0 if that is not known. */
__u64 attach_misses(enum hook_id id);

/* Pins a link to an iterator program, replacing one that is there. */
int attach_iterator(const char *name, int program_fd, struct error *err);

#endif /* OVERHIGH_ATTACH_ATTACH_H */
