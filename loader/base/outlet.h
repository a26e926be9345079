/* SPDX-License-Identifier: GPL-2.0 */
/*
 * base/outlet.h - lines to a terminal, a pipe or a file that may not take them:
 * whoever puts a line in never waits.
 *
 * A thread of its own does the writing.  Looking whether a write would block
 * does not serve (another writer may fill the pipe in between, a file on a hung
 * disk is always ready), and O_NONBLOCK would be set for all that share the
 * terminal.  The thread allocates nothing and holds no lock.
 *
 * A line is written whole: what a full disk has cut is finished when there is
 * room again, before anything else.
 *
 * Does not belong here: what the lines say, and saying that some were left out
 * (report/printer.h, base/log.h).
 */
#ifndef OVERHIGH_BASE_OUTLET_H
#define OVERHIGH_BASE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

#define OUTLET_LINE_MAX 1022

struct outlet;

/* For lines to fd, which stays the caller's; so many may wait to be written.
 * NULL with errno set if that cannot be. */
struct outlet *outlet_start(int fd, unsigned int lines);

/* Takes a whole line, or none of it: false if there is no room. */
bool outlet_put(struct outlet *outlet, const char *line, size_t bytes);

/* How many lines there is room for; 0 for good once the reader has gone. */
unsigned int outlet_room(const struct outlet *outlet);

/* The errno for which nothing will ever be written again; 0: none. */
int outlet_broken(const struct outlet *outlet);

/*
 * The end: gives what waits so many milliseconds to be written.  Returns how
 * many lines were not.  A thread that is still stuck in a write then ends with
 * the process.
 */
unsigned int outlet_end(struct outlet *outlet, unsigned int ms);

#endif /* OVERHIGH_BASE_OUTLET_H */
