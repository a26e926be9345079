/* SPDX-License-Identifier: GPL-2.0 */
/*
 * daemon/reload_result.h - what the loader leaves in RUN_DIR for overhigh
 * reload to find: when it began to reload, and what came of it.
 *
 * Does not belong here: reading and enforcing rules (rules/rules.h,
 * govern/rules_maps.h).
 */
#ifndef OVERHIGH_DAEMON_RELOAD_RESULT_H
#define OVERHIGH_DAEMON_RELOAD_RESULT_H

#include <linux/types.h>
#include "base/error.h"

struct reload_result {
	__u64 began_ns;	    /* CLOCK_MONOTONIC, as clock_now_ns() */
	struct error err;   /* exit_status 0: the new set is in force */
	unsigned int rules; /* how many there are */
};

/* A file that cannot be written is left out: overhigh reload then says that
 * the loader has not answered. */
void reload_result_write(const struct reload_result *result);
/* 0, or a negative errno if there is none that is valid. */
int reload_result_read(struct reload_result *result);
void reload_result_remove(void);

#endif /* OVERHIGH_DAEMON_RELOAD_RESULT_H */
