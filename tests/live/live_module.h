/* SPDX-License-Identifier: GPL-2.0 */
/*
 * live_module.h - loading and unloading the kernel module in tests.
 *
 * Environment: OVERHIGH_MODULE, the module for the running kernel; without it
 * tests of the module skip.
 */
#ifndef LIVE_MODULE_H
#define LIVE_MODULE_H

#include <stdbool.h>

#include "live.h"

bool live_module_is_loaded(void);
void live_module_load(void); /* if it is not */
/* Waits for programs to be freed, some RCU grace periods after they were
 * detached. */
void live_module_unload(void);

/* Group teardown: the next test program finds the kernel as it was. */
int live_module_end(void **state);

#define LIVE_NEED_MODULE()                                                     \
	do {                                                                   \
		if (!getenv("OVERHIGH_MODULE"))                                \
			LIVE_SKIP("there is no kernel module for this "        \
				  "kernel");                                   \
		live_module_load();                                            \
	} while (0)

#endif /* LIVE_MODULE_H */
