// SPDX-License-Identifier: GPL-2.0
/* bad_answer.bpf.c - decide() returns what is no action. */
#include "policy.bpf.h"

const volatile __s32 answer = 77;

__s32 OVERHIGH_FUNC(no_action, const struct overhigh_crossing *c)
{
	return answer;
}

OVERHIGH_OPS(bad_answer, .decide = (void *)no_action);
