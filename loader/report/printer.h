/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report/printer.h - the loader's own lines of events: to where they are
 * printed, without ever waiting for who reads them.
 *
 * What finds no room is left out and counted, and the count is a line of its
 * own as soon as there is room again.  Does not belong here: what a line says
 * (report/events.h), other commands that follow events (report/stream.h).
 */
#ifndef OVERHIGH_REPORT_PRINTER_H
#define OVERHIGH_REPORT_PRINTER_H

#include <stdbool.h>
#include <stdio.h>
#include "base/outlet.h"
#include "overhigh.h"

struct printer {
	struct outlet *outlet; /* NULL: nothing is printed */
	bool json;
	__u64 left_out; /* events, since it was said last */
};

/* out: NULL for a printer that prints nothing. */
int printer_start(struct printer *printer, FILE *out, bool json);
void printer_event(struct printer *printer, const struct overhigh_event *event);
/* Events that did not even come this far. */
void printer_lost(struct printer *printer, __u64 events);
/* Says what is to be said, if there is room now. */
void printer_tick(struct printer *printer);
/* Waits half a second at most for a reader. */
void printer_end(struct printer *printer);

#endif /* OVERHIGH_REPORT_PRINTER_H */
