// SPDX-License-Identifier: GPL-2.0
/* bad_name.bpf.c - a name with a space in it. */
#include "policy.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC(".struct_ops.link")
struct overhigh_ops bad = { .name = "bad name" };
