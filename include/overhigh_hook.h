/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overhigh_hook.h - what the kernel module overhigh_hook gives to BPF programs:
 * its functions (kfuncs), and the struct_ops type that policy programs fill in.
 *
 * Belongs here: layouts and prototypes that module, BPF programs and policies
 * share.  Does not: the records in pinned maps (overhigh.h).
 *
 * All times are CLOCK_MONOTONIC nanoseconds, all sizes bytes, unless the name
 * carries another unit.
 */
#ifndef OVERHIGH_HOOK_H
#define OVERHIGH_HOOK_H

#include "overhigh.h"

/*
 * A process that is over its limit, as a policy program sees it.  Since 0.2.
 * Fields may be added at the end; a policy reads them by CO-RE.
 */
struct overhigh_crossing {
	__u64 now_ns;
	__u64 over_since_ns; /* when this episode began */
	__u64 rss_bytes;     /* of the kinds that the policy counts */
	__u64 usage_bytes;   /* of the memcg with the largest excess, or 0 */
	__u64 limit_bytes;   /* process_limit, or memory.high + margin */
	__u64 excess_bytes;  /* how far over; 0 in below() */
	__u64 pages;	     /* taken that delay() was not asked about yet */
	__u64 cgroup_id;     /* of the process, on the default hierarchy */
	__u64 slept_ns;	     /* sum of all delays of this process so far */
	__u32 pid;	     /* thread group, in the initial pid namespace */
	__u32 tid;	     /* the thread that was charged */
	__u32 control;	     /* control word in force: action, signal, flags */
	__u32 step;	     /* of the ladder: 0 first, 1 escalated */
	__u32 max_delay_us;  /* cap of one delay; never 0 here */
	__u32 pad;	     /* 0 */
	struct overhigh_policy policy; /* that governs the process */
	__u64 owed_ns; /* what the process has to wait for other pages */
};

/* Why a policy program is not asked any more.  Since 0.2. */
enum overhigh_exit_kind {
	OVERHIGH_EXIT_NONE = 0,	    /* it is still active */
	OVERHIGH_EXIT_UNLOADED = 1, /* its link or map was removed */
	OVERHIGH_EXIT_REPLACED = 2, /* another policy took its place */
	OVERHIGH_EXIT_ERROR = 3,    /* it returned what is not allowed */
	OVERHIGH_EXIT_ITSELF = 4,   /* it called overhigh_policy_fail() */
};

#define OVERHIGH_EXIT_REASON_LEN 128

/* Passed to exit() of a policy.  Since 0.2. */
struct overhigh_exit_info {
	__u32 kind;			       /* enum overhigh_exit_kind */
	__u32 pad;			       /* 0 */
	__s64 value;			       /* what was not allowed, or 0 */
	char reason[OVERHIGH_EXIT_REASON_LEN]; /* ends with a NUL */
};

#define OVERHIGH_OPS_NAME_LEN 16

/* delay() returns this for the built-in curve.  Since 0.2. */
#define OVERHIGH_DELAY_BUILTIN (~0ULL)

/*
 * A policy, as a struct_ops of BPF programs (kernels since 6.9).  One is
 * active at a time.  decide and delay run at every charge of a process that is
 * over, with RCU held: they cannot sleep.  What a policy leaves out the
 * built-in one answers.  Since 0.2.
 */
struct overhigh_ops {
	/* Returns the enum overhigh_action to take now, or -ENOENT (-2) for
	 * that of c->control; any other value ends the policy
	 * (OVERHIGH_EXIT_ERROR).  SIGNAL sends the signal of
	 * c->control, or SIGTERM if it has none. */
	__s32 (*decide)(const struct overhigh_crossing *c);
	/* Returns what c->pages cost under SLOWDOWN, in ns, on top of
	 * c->owed_ns; 0 for nothing, yet: they are asked about again.  Clamped
	 * to c->max_delay_us for each batch of 64 pages. */
	__u64 (*delay)(const struct overhigh_crossing *c);
	/* The process has fallen below its limit. */
	void (*below)(const struct overhigh_crossing *c);
	/* Called once before the policy is active; non-zero, a negative errno,
	 * refuses it. */
	__s32 (*init)(void);
	/* Called once after the last call of the others. */
	void (*exit)(const struct overhigh_exit_info *info);
	char name[OVERHIGH_OPS_NAME_LEN]; /* needed; [A-Za-z0-9_.-] */
	__u64 flags;			  /* 0 */
};

#endif /* OVERHIGH_HOOK_H */
