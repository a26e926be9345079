/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report/events.h - report: one event as a line of text or of JSON.
 *
 * Does not belong here: where events come from (daemon/daemon.h,
 * report/stream.h).
 */
#ifndef OVERHIGH_REPORT_EVENTS_H
#define OVERHIGH_REPORT_EVENTS_H

#include <stdbool.h>
#include <stdio.h>
#include "overhigh.h"

#define EVENT_LINE_MAX 1022 /* of those below, with its end */

/* An event as one line of text or JSON; its length, or -ENOMEM, -ENOSPC. */
int event_line(char *line, size_t size, const struct overhigh_event *event,
	       bool json);

/* The line that says that events were left out. */
int event_lost_line(char *line, size_t size, __u64 lost, bool json);

/* Writes one line to out and flushes it; a negative errno if that failed. */
int event_print(FILE *out, const struct overhigh_event *event, bool json);

/* The same line of JSON in a buffer; its length, or -ENOMEM, or -ENOSPC. */
int event_json(char *line, size_t size, const struct overhigh_event *event);

/* The comm of an event into OVERHIGH_COMM_LEN bytes, with nothing in it that
 * could move a cursor: it is what a process calls itself. */
void event_comm(const struct overhigh_event *event, char *comm);

int event_print_lost(FILE *out, __u64 lost, bool json);

/* Whether an event that came over a buffer or socket has sane values. */
bool event_valid(const struct overhigh_event *event, size_t size);

/* For the kernel log: what the RFC's LOG flag asks for. */
void event_kernel_log(const struct overhigh_event *event);

#endif /* OVERHIGH_REPORT_EVENTS_H */
