// SPDX-License-Identifier: GPL-2.0
/* refuses.bpf.c - its init() says no. */
#include "policy.bpf.h"

__s32 OVERHIGH_FUNC(say_no)
{
	return -1;
}

OVERHIGH_OPS(refuses, .init = (void *)say_no);
