// SPDX-License-Identifier: GPL-2.0
/* govern/gears.c - see govern/gears.h. */
#include "attach/attach.h"
#include "base/clock.h"
#include "govern/gears.h"
#include "pins/governed.h"

__u32 gears_usable(const struct pins *pins)
{
	__u32 loaded = attach_loaded();

	/* within the fault a thread may lose the CPU to another one, whose
	 * faults are then not seen; within rss_stat it may not */
	if (pins->control->preempts && (loaded & HOOK_BIT(HOOK_RSS_STAT)))
		loaded &= ~HOOK_BIT(HOOK_FAULT);
	return loaded;
}

enum gear_reason gears_wanted(const struct pins *pins, __u64 now_ns)
{
	const volatile struct overhigh_control *control = pins->control;

	if (!control->near_hooks)
		return GEAR_OFF;
	if (control->exact)
		return GEAR_ALWAYS;
	if (!control->loader_pid)
		return GEAR_NO_LOADER;
	if (control->unseen_until_ns > now_ns)
		return GEAR_UNSEEN;
	return control->near_until_ns > now_ns ? GEAR_NEAR : GEAR_OFF;
}

static int only_look(const struct overhigh_look *look, void *ctx)
{
	(void)look;
	(void)ctx;
	return 0;
}

int gears_look(const struct pins *pins, struct error *err)
{
	int ret = 0;

	if (!pins->control->near_hooks)
		return 0;
	ret = look_at_all(pins, only_look, NULL, err);
	if (!ret && gears_wanted(pins, clock_now_ns()) != GEAR_OFF)
		ret = gears_near_on(pins, err);
	return ret;
}

int gears_near_on(const struct pins *pins, struct error *err)
{
	return attach_also(pins->control->near_hooks, err);
}

int gears_near_off(const struct pins *pins, struct error *err)
{
	return attach_not(pins->control->near_hooks, err);
}
