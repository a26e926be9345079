/* SPDX-License-Identifier: GPL-2.0 */
/*
 * govern/fingerprint.h - a number that changes when any policy is added,
 * removed or changed, whoever does it: how the loader finds what was written by
 * bpftool.
 *
 * Does not belong here: how often it looks (daemon/daemon.c).
 */
#ifndef OVERHIGH_GOVERN_FINGERPRINT_H
#define OVERHIGH_GOVERN_FINGERPRINT_H

#include "pins/pins.h"

__u64 policy_fingerprint(const struct pins *pins);

#endif /* OVERHIGH_GOVERN_FINGERPRINT_H */
