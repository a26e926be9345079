/* SPDX-License-Identifier: GPL-2.0 */
/*
 * policy.bpf.h - what a policy program includes, and all that it needs.
 *
 * Installed as <overhigh/policy.bpf.h>.  Belongs here: the types of
 * overhigh_hook.h as BPF sees them, and the macros that make a policy a few
 * lines.  Does not: curves (overhigh_curve.h), kernel types: a policy sees the
 * crossing and nothing else, which is what makes one file run on every kernel.
 *
 *	#include <overhigh/policy.bpf.h>
 *
 *	const volatile __u64 each_ns = 1000000;   // policy load --set each=2ms
 *
 *	__u64 OVERHIGH_FUNC(always, const struct overhigh_crossing *c)
 *	{
 *		return each_ns;
 *	}
 *
 *	OVERHIGH_OPS(same, .delay = (void *)always);
 *
 * A policy sees memory of the kernel: it reads the crossing as above, field by
 * field, and writes to its own maps and variables only.
 */
#ifndef OVERHIGH_POLICY_BPF_H
#define OVERHIGH_POLICY_BPF_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "overhigh.h"
#include "overhigh_policy.h"

/* The module's records may grow: fields are found by name (CO-RE). */
#pragma clang attribute push(__attribute__((preserve_access_index)),           \
			     apply_to = record)
#include "overhigh_hook.h"
#pragma clang attribute pop

#include "overhigh_curve.h"

#ifndef ENOENT
#define ENOENT 2
#endif

/* decide() returns this to leave the choice to the process's own policy. */
#define OVERHIGH_DECIDE_BUILTIN (-ENOENT)

/* A function of a policy: its result's type goes before. */
#define OVERHIGH_FUNC(name, args...)                                           \
	SEC("struct_ops/" #name)                                               \
	BPF_PROG(name, ##args)

/*
 * The policy: its name, and which functions it has.  A policy that names no
 * exit records why it ended, for 'overhigh policy show'.
 */
#define OVERHIGH_OPS(policy, functions...)                                     \
	void OVERHIGH_FUNC(overhigh_record_exit,                               \
			   const struct overhigh_exit_info *info)              \
	{                                                                      \
		OVERHIGH_RECORD_EXIT(info);                                    \
	}                                                                      \
	OVERHIGH_OPS_OWN_EXIT(policy, .exit = (void *)overhigh_record_exit,    \
			      functions)

/* The same for one that has an exit of its own, which starts with
 * OVERHIGH_RECORD_EXIT(). */
#define OVERHIGH_OPS_OWN_EXIT(policy, functions...)                            \
	char LICENSE[] SEC("license") = "GPL";                                 \
	SEC(".struct_ops.link")                                                \
	struct overhigh_ops policy = { .name = #policy, functions }

/* Why the policy ended; read by 'overhigh policy show'.  kind is not 0 then. */
struct overhigh_exit_info overhigh_exit SEC(".data.exit");

/* The record grows at its end only, so it is copied as a whole. */
#define OVERHIGH_RECORD_EXIT(info)                                             \
	bpf_probe_read_kernel(&overhigh_exit, sizeof(overhigh_exit), (info))

/* Weak: a policy that never calls it loads without it, too. */
extern void overhigh_policy_fail(const char *why, __u32 why__sz) __ksym __weak;

/* Gives up, and says why in a string literal.  By way of the stack: what the
 * function is given must be memory that a program may write. */
#define OVERHIGH_FAIL(text)                                                    \
	do {                                                                   \
		char why_[] = text;                                            \
		if (overhigh_policy_fail)                                      \
			overhigh_policy_fail(why_, sizeof(why_));              \
	} while (0)

#endif /* OVERHIGH_POLICY_BPF_H */
