/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pins/hooks.h - the table of places where the kernel calls overhigh.
 *
 * Belongs here: for each hook its BPF program, what it is attached to, what it
 * is for.  Does not: whether this kernel has it (attach/probe.h), which are
 * wanted (attach/plan.h), attaching (attach/attach.h).
 */
#ifndef OVERHIGH_PINS_HOOKS_H
#define OVERHIGH_PINS_HOOKS_H

#include <linux/types.h>

enum hook_id {
	HOOK_FAULT,
	HOOK_RSS_STAT,
	HOOK_CHARGE,
	HOOK_UNCHARGE,
	HOOK_MMAP,
	HOOK_GROWTH,
	HOOK_MPROTECT,
	HOOK_FORKED,
	HOOK_EXECED,
	HOOK_EXECED_AGAIN,
	HOOK_EXITED,
	HOOK_SIGNALLED,
	HOOK_MEMLOCK,
	HOOK_SLEPT,
	HOOKS,
};

#define HOOK_BIT(id) (1U << (id))

enum hook_kind {
	HOOK_TRACEPOINT, /* tp_btf: works wherever BPF tracing does */
	HOOK_MODULE,	 /* fentry on a function of the kernel module */
	HOOK_TRAMPOLINE, /* fentry, fexit, fmod_ret: some kernels refuse them */
};

struct hook {
	const char *name;   /* of the BPF program and of its pins */
	const char *target; /* kernel function or tracepoint */
	enum hook_kind kind;
	int needs_context; /* reads the preempt count by symbol */
	const char *purpose;
};

extern const struct hook hooks[HOOKS];

/* The kernel module, kernel/overhigh_hook.c. */
#define MODULE_NAME "overhigh_hook"

/* The programs whose only use is to be read: pinned, never on a hot path. */
#define LOOK_PROGRAM "look"
#define MATCH_PROGRAM "match"
#define NAMES_PROGRAM "names"

#endif /* OVERHIGH_PINS_HOOKS_H */
