/* SPDX-License-Identifier: GPL-2.0 */
/*
 * watch_internal.h - between watch.c and loader.c alone.
 */
#ifndef WATCH_INTERNAL_H
#define WATCH_INTERNAL_H

#include <sys/types.h>

const char *program(const char *name);
pid_t start(char *const argv[], int out_fd, int err_fd, int death_signal);
/* Exit status as a shell sees it, *pid then 0; -1: it goes on after ms. */
int wait_for(pid_t *pid, unsigned int ms);
void check_interrupted(void);

/* Waits for events of the loader, or for fd (-1: none), and handles them. */
void loader_collect(int wait_ms, int fd);
void loader_stop(void);

#endif /* WATCH_INTERNAL_H */
