/* SPDX-License-Identifier: GPL-2.0 */
/*
 * base/helper.h - processes that the loader forks to help it: what the guard
 * (daemon/guard.h) and the writer (cgroups/writer.h) do first.
 *
 * Does not belong here: what they do then; commands of the user.
 */
#ifndef OVERHIGH_BASE_HELPER_H
#define OVERHIGH_BASE_HELPER_H

#include <sys/types.h>

/*
 * Nothing that a terminal, a service manager or a user sends to the loader's
 * process group ends the helper: SIGKILL and its own reasons do.
 */
void helper_ignore_signals(void);

/* The caller is killed when its parent ends; at once if it has ended already,
 * which is seen by the caller having another parent than this. */
void helper_die_with(pid_t parent);

/* Closes every file descriptor but these; 0 to 2 become /dev/null, unless they
 * are among them. */
void helper_close_others(const int *keep, unsigned int nr);

/*
 * Sets oom_score_adj to -1000: the OOM killer looks elsewhere, and policies of
 * cgroups, rules and the default leave such a process alone.  Fails in silence:
 * the loader tries the same for itself, and says so.
 */
void helper_spare(pid_t pid);

#endif /* OVERHIGH_BASE_HELPER_H */
