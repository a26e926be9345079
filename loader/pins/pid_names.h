/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pins/pid_names.h - the two numbers of a process: the one of the initial pid
 * namespace, by which the maps know it, and the one of our own namespace, by
 * which the user, /proc and system calls do.
 *
 * In the initial namespace the two are one and nothing here costs anything.
 * Elsewhere the BPF iterator "names" tells: it walks the tasks of its reader's
 * namespace.
 *
 * Does not belong here: what is in /proc (base/process.h).
 */
#ifndef OVERHIGH_PINS_PID_NAMES_H
#define OVERHIGH_PINS_PID_NAMES_H

#include <linux/types.h>
#include "overhigh.h"

struct pid_names;
struct pins;

/* NULL in the initial namespace, or without memory. */
struct pid_names *pid_names_new(int link_fd);
void pid_names_free(struct pid_names *names);

/* The number in the initial namespace of a process, or thread, that has this
 * one in ours; 0 if there is none. */
__u32 pid_to_initial(const struct pins *pins, __u32 local);

/* The other way round; 0 if it has none in our namespace.  What was true a few
 * ms ago is told: who sends a signal also compares start times. */
__u32 pid_to_local(const struct pins *pins, __u32 pid);

/* How deep our namespace lies; 0: it is the initial one. */
__u32 pid_names_level(const struct pins *pins);

/* Makes the numbers that an event shows, which are the loader's, our own. */
void pid_names_event(const struct pins *pins, struct overhigh_event *event);

#endif /* OVERHIGH_PINS_PID_NAMES_H */
