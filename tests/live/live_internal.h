/* SPDX-License-Identifier: GPL-2.0 */
/* live_internal.h - between live.c and live_run.c only. */
#ifndef LIVE_INTERNAL_H
#define LIVE_INTERNAL_H

/* Starts a child that dies with the test; out, err: -1 is /dev/null. */
pid_t live_start(char *const argv[], int out_fd, int err_fd);
/* Splits a line at spaces into words, in place; returns how many. */
int live_words(char *line, char **words, int most);
const char *live_binary(void);
void live_collect(void);
bool live_run_cleanup(void);

#endif /* LIVE_INTERNAL_H */
