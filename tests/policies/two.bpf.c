// SPDX-License-Identifier: GPL-2.0
/* two.bpf.c - two policies in one file: which is meant? */
#include "policy.bpf.h"

OVERHIGH_OPS(first);

SEC(".struct_ops.link")
struct overhigh_ops second = { .name = "second" };
