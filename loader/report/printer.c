// SPDX-License-Identifier: GPL-2.0
/* report/printer.c - see report/printer.h. */
#include <errno.h>
#include <string.h>
#include "base/log.h"
#include "report/events.h"
#include "report/printer.h"

#define PRINTER_LINES 1024
#define END_MS 500

int printer_start(struct printer *printer, FILE *out, bool json)
{
	memset(printer, 0, sizeof(*printer));
	printer->json = json;
	if (!out)
		return 0;
	fflush(out);
	printer->outlet = outlet_start(fileno(out), PRINTER_LINES);
	return printer->outlet ? 0 : -errno;
}

/* Once for many: not before a part of the room is free again. */
static void say_left_out(struct printer *printer, unsigned int room)
{
	char line[OUTLET_LINE_MAX];
	int n;

	if (!printer->left_out || outlet_room(printer->outlet) < room)
		return;
	n = event_lost_line(line, sizeof(line), printer->left_out,
			    printer->json);
	if (n > 0 && outlet_put(printer->outlet, line, n))
		printer->left_out = 0;
}

static void give_up(struct printer *printer)
{
	say("cannot write events (%s): going on without",
	    strerror(outlet_broken(printer->outlet)));
	outlet_end(printer->outlet, END_MS);
	printer->outlet = NULL;
}

void printer_event(struct printer *printer, const struct overhigh_event *event)
{
	char line[OUTLET_LINE_MAX];
	int n;

	if (!printer->outlet)
		return;
	say_left_out(printer, PRINTER_LINES / 4);
	n = event_line(line, sizeof(line), event, printer->json);
	/* what comes after a gap comes after the line that tells of it */
	if (n <= 0 || printer->left_out ||
	    !outlet_put(printer->outlet, line, n))
		printer->left_out++;
}

void printer_lost(struct printer *printer, __u64 events)
{
	if (!printer->outlet && events)
		say("%llu events were lost", events);
	else
		printer->left_out += events;
}

void printer_tick(struct printer *printer)
{
	if (!printer->outlet)
		return;
	if (outlet_broken(printer->outlet))
		give_up(printer);
	else
		say_left_out(printer, PRINTER_LINES / 4);
}

void printer_end(struct printer *printer)
{
	__u64 left = printer->left_out;

	if (!printer->outlet)
		return;
	say_left_out(printer, 1);
	if (!printer->left_out)
		left = 0;
	left += outlet_end(printer->outlet, END_MS);
	printer->outlet = NULL;
	if (left)
		say("%llu events could not be written: nobody read them", left);
}
