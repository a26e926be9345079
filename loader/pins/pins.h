/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pins/pins.h - overhigh's directory in bpffs, and the maps that are pinned
 * there.
 *
 * Belongs here: making, checking, opening and removing pins.  Does not: what
 * is in the maps (govern/policy_maps.h), loading programs (attach/load.h),
 * links (attach/attach.h).
 */
#ifndef OVERHIGH_PINS_PINS_H
#define OVERHIGH_PINS_PINS_H

#include <stdbool.h>
#include "base/error.h"
#include "overhigh.h"
#include "pins/pid_names.h"

#define PIN_ROOT "/sys/fs/bpf"
#define PIN_DIR PIN_ROOT "/overhigh"
#define PIN_LINKS PIN_DIR "/links"
#define PIN_PROGS PIN_DIR "/progs"
#define PIN_PROGRAM PIN_DIR "/policy"

enum map_id {
	MAP_PROCESS_POLICY,
	MAP_CGROUP_POLICY,
	MAP_DEFAULT_POLICY,
	MAP_EXTENSION,
	MAP_PRESSURE,
	MAP_VERDICT,
	MAP_PROCESS_STATE,
	MAP_HELD,
	MAP_MEMCG_OVER,
	MAP_RULE_SETS,
	MAP_RULES,
	MAP_RULE_TESTS,
	MAP_PROCESS_RULE,
	MAP_CONTROL,
	MAP_COUNTERS,
	MAP_EVENTS,
	MAPS,
};

extern const char *const map_names[MAPS];

/* The pinned maps, opened; -1 where closed. */
struct pins {
	int map_fd[MAPS];
	int look_link_fd; /* of the iterators, -1 if there is none */
	int match_link_fd;
	int names_link_fd;
	struct pid_names *names; /* NULL in the initial pid namespace */
	/* the one record of the map control, shared with the kernel */
	volatile struct overhigh_control *control;
};

/* Mounts bpffs if it is not, and makes PIN_DIR (0700) and its folders. */
int pins_make_directory(struct error *err);

/* Whether something is pinned in PIN_DIR. */
bool pins_exist(void);

/*
 * Opens the pinned maps.  -ENOENT if overhigh is not loaded, -EPROTO if the
 * directory is that of another version; nothing is changed then.
 */
int pins_open(struct pins *p, struct error *err);
void pins_close(struct pins *p);

/*
 * Removes everything below PIN_DIR, whatever version made it.  The pins of a
 * policy program go only with those of overhigh itself: one that was loaded
 * before overhigh is there to be used by it.
 */
int pins_remove(struct error *err);

/* The pins of a policy program alone; PIN_DIR goes with them if it is empty. */
int pins_make_program_directory(struct error *err);
void pins_drop_program_directory(void); /* if it is empty */
int pins_remove_program(struct error *err);

#endif /* OVERHIGH_PINS_PINS_H */
