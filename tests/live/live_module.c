// SPDX-License-Identifier: GPL-2.0
/* live_module.c - see live_module.h. */
#include <stdlib.h>
#include <unistd.h>

#include "live_module.h"

bool live_module_is_loaded(void)
{
	return !access("/sys/module/overhigh_hook", F_OK);
}

void live_module_load(void)
{
	struct live_cmd cmd;

	if (live_module_is_loaded())
		return;
	live_shell(&cmd, "insmod $OVERHIGH_MODULE");
	LIVE_ASSERT(cmd.status == 0, "insmod: %s", cmd.err);
}

void live_module_unload(void)
{
	struct live_cmd cmd;

	LIVE_UNTIL((live_shell(&cmd, "rmmod overhigh_hook"), cmd.status == 0),
		   60000, "rmmod: %s", cmd.err);
	assert_false(live_module_is_loaded());
}

int live_module_end(void **state)
{
	struct live_cmd cmd;
	int i;

	(void)state;
	for (i = 0; i < 400 && live_module_is_loaded(); i++) {
		live_shell(&cmd, "rmmod overhigh_hook");
		live_pause(200);
	}
	return live_module_is_loaded();
}
