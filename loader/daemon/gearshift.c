// SPDX-License-Identifier: GPL-2.0
/* daemon/gearshift.c - see daemon/gearshift.h. */
#include <unistd.h>
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "daemon/gearshift.h"
#include "govern/gears.h"

#define LOOK_NS 1000000000ULL /* look at all that is governed this often */
/* what fitting the near gear is taken for at first, and at the most */
#define FIRST_ATTACH_NS 20000000ULL
#define MOST_ATTACH_NS 1000000000ULL

void gearshift_start(struct daemon *d)
{
	volatile struct overhigh_control *control = d->pins->control;

	control->exact = d->exact;
	control->attach_ns = FIRST_ATTACH_NS;
	control->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	d->near = true; /* as a loader that died has left it */
}

/*
 * Who asked was at some distance from its limit; that shall be as far as it
 * gets in the time that this took.
 */
static void note_attach_time(struct daemon *d)
{
	volatile struct overhigh_control *control = d->pins->control;
	__u64 took_ns;

	if (!d->near_event_ns)
		return;
	took_ns = clock_now_ns() - d->near_event_ns;
	if (took_ns > MOST_ATTACH_NS)
		took_ns = MOST_ATTACH_NS;
	control->attach_ns =
		took_ns > control->attach_ns ?
			took_ns :
			control->attach_ns - (control->attach_ns - took_ns) / 8;
}

/* Before the near gear is taken off, and each second: those that run into no
 * batch may have come near otherwise. */
static void look_for_near(struct daemon *d)
{
	__u64 began_ns = clock_cpu_ns();
	struct error err;

	if (d->now_ns < d->gear_look_ns || !d->pins->control->near_hooks)
		return;
	if (gears_look(d->pins, &err))
		say("%s", err.text);
	d->gear_look_ns =
		d->now_ns + LOOK_NS + 20 * (clock_cpu_ns() - began_ns);
}

static int take_near_off(struct daemon *d, struct error *err)
{
	int lock = lock_take(LOCK_POLICY, false, err), ret;

	if (lock < 0)
		return lock;
	ret = gears_near_off(d->pins, err);
	close(lock);
	return ret;
}

void gearshift(struct daemon *d)
{
	enum gear_reason why = gears_wanted(d->pins, d->now_ns);
	struct error err;
	int ret = 0;

	if (d->near && why == GEAR_OFF)
		d->gear_look_ns = 0;
	if (why == GEAR_OFF) {
		look_for_near(d);
		why = gears_wanted(d->pins, d->now_ns);
	}
	if (why != GEAR_OFF && !d->near) {
		ret = gears_near_on(d->pins, &err);
		note_attach_time(d);
	} else if (why == GEAR_OFF && d->near) {
		ret = take_near_off(d, &err);
	}
	d->near_event_ns = 0;
	if (ret == -EBUSY)
		return; /* a command is at work, and may need it */
	if (ret)
		say("%s", err.text);
	else
		d->near = why != GEAR_OFF;
	look_for_near(d);
}

void gearshift_stop(struct daemon *d)
{
	struct error err;

	if (gears_near_on(d->pins, &err))
		say("%s", err.text);
}
