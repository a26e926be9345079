// SPDX-License-Identifier: GPL-2.0
/* gives_up.bpf.c - a policy that ends itself at its first question. */
#include "policy.bpf.h"

__s32 OVERHIGH_FUNC(give_up, const struct overhigh_crossing *c)
{
	OVERHIGH_FAIL("it had enough");
	return OVERHIGH_DECIDE_BUILTIN;
}

OVERHIGH_OPS(gives_up, .decide = (void *)give_up);
