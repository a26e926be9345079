/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attach/pressure_trigger.h - the kernel's triggers on memory pressure: what
 * is written to a pressure file, and whether this kernel has them
 * (Documentation/accounting/psi.rst).
 *
 * Does not belong here: which triggers there are to be and what follows when
 * one fires (daemon/pressure.h), for how long that holds
 * (daemon/pressure_gate.h).
 */
#ifndef OVERHIGH_ATTACH_PRESSURE_TRIGGER_H
#define OVERHIGH_ATTACH_PRESSURE_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "overhigh.h"

#define PRESSURE_DIR "/proc/pressure" /* of the whole machine */

/*
 * What is written to a pressure file for this condition, with the NUL at its
 * end; returns how many bytes that are.
 */
size_t pressure_trigger_text(const struct overhigh_extension *extension,
			     char *text, size_t size);

/* The folder that has the pressure files of a cgroup, of the machine if
 * cgroup_id is 0; its fd, or a negative errno (-ESTALE: the cgroup is gone). */
int pressure_dir_open(__u64 cgroup_id);

/*
 * Makes a trigger in that folder, which counts stalls from now on; its fd, or a
 * negative errno.  It becomes ready for EPOLLPRI when it fires.
 */
int pressure_trigger_open(int dir_fd, bool machine,
			  const struct overhigh_extension *extension);

/* Why a trigger was refused with this errno. */
const char *pressure_trigger_reason(int code);

/* Whether this kernel can tell of the pressure that an extension asks for, if
 * it does; -EOPNOTSUPP and a line with the cure if not. */
int pressure_check(const struct overhigh_extension *extension,
		   struct error *err);

#endif /* OVERHIGH_ATTACH_PRESSURE_TRIGGER_H */
