/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmlinux.h - the kernel types that overhigh relies on, and no others.
 *
 * Written by hand: only structs and fields that the BPF programs read, each
 * relocated by CO-RE against the running kernel's BTF, so that order and
 * offsets here mean nothing.  It is the list of our assumptions about the
 * kernel; tests/vm holds it against the BTF of every kernel in the matrix.
 * A flavour (name___suffix) is what some kernels have: bpf/kernel_compat.bpf.h
 * chooses among flavours.  UAPI types come from <linux/bpf.h>, not from here.
 */
#ifndef VMLINUX_H
#define VMLINUX_H

#include <linux/bpf.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;
#define true 1
#define false 0
#ifndef NULL
#define NULL ((void *)0)
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)),           \
			     apply_to = record)

struct list_head {
	struct list_head *next;
};

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

typedef atomic64_t atomic_long_t;

/* include/linux/percpu_counter.h */
struct percpu_counter {
	s64 count;
	s32 *counters;
};

/* include/linux/mm_types_task.h, up to 6.1: atomic counters, and a cache of
 * up to 64 faults in each task */
struct mm_rss_stat {
	atomic_long_t count[4];
};

struct task_rss_stat {
	int count[4];
};

struct mm_struct {
	struct task_struct *owner; /* if CONFIG_MEMCG */
	struct file *exe_file;
};

/* since 6.2 (f1a7941243c1): struct percpu_counter rss_stat[NR_MM_COUNTERS] */
struct mm_struct___percpu {
	struct percpu_counter rss_stat[4];
};

struct mm_struct___atomic {
	struct mm_rss_stat rss_stat;
};

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigpending {
	sigset_t signal;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	struct list_head thread_head;
	struct sigpending shared_pending;
	short oom_score_adj;
};

struct ns_common {
	u32 inum;
};

struct pid_namespace {
	struct ns_common ns;
};

/* include/linux/pid.h: a task's numbers, from the initial namespace down to its
 * own, which is at the index level */
struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	u32 level;
	struct upid numbers[1];
};

struct kernfs_node {
	const char *name;
	u64 id;
};

struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[];
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

/* only the name is used: its value differs between kernels */
enum cgroup_subsys_id {
	memory_cgrp_id = 4,
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

/* mm/page_counter.c */
struct page_counter {
	atomic_long_t usage;
	unsigned long high;
	unsigned long max;
	struct page_counter *parent;
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
};

struct thread_info {
	unsigned long flags;
	u32 status;
};

typedef struct {
	u32 val;
} kuid_t;

/* include/linux/user_namespace.h: the first one has no parent */
struct user_namespace {
	struct user_namespace *parent;
	kuid_t owner;
};

struct cred {
	kuid_t uid;
	struct user_namespace *user_ns;
};

/* include/linux/dcache.h: len is in an unnamed struct in an unnamed union */
struct qstr {
	u32 len;
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

/* fs/mount.h */
struct mnt_namespace {
	struct user_namespace *user_ns;
};

struct mount {
	struct mnt_namespace *mnt_ns;
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	struct super_block *i_sb;
	s64 i_size;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
};

struct anon_vma;

struct vm_area_struct {
	struct mm_struct *vm_mm;
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	struct anon_vma *anon_vma;
};

struct fs_struct {
	struct path root;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int pid;
	int tgid;
	struct mm_struct *mm;
	struct task_struct *group_leader;
	struct list_head thread_node;
	struct pid *thread_pid;
	struct fs_struct *fs;
	struct signal_struct *signal;
	struct sigpending pending;
	struct css_set *cgroups;
	const struct cred *cred;
	struct completion *vfork_done;
	u64 start_boottime;
	char comm[16];
};

/* up to 6.1, see mm_rss_stat */
struct task_struct___cached_rss {
	struct task_rss_stat rss_stat;
};

/* arm64 keeps the preempt count in thread_info */
struct thread_info___preempt {
	u64 preempt_count;
};

struct task_struct___preempt {
	struct thread_info___preempt thread_info;
};

/* x86, 6.2 to 6.14; before and since then it is the per-CPU variable
 * __preempt_count */
struct pcpu_hot {
	int preempt_count;
};

/* include/linux/bpf.h: the per-CPU handles of a BPF_MAP_TYPE_PERCPU_ARRAY */
struct bpf_array {
	void *pptrs[1];
};

struct pt_regs___x86 {
	unsigned long bx;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long orig_ax;
};

struct pt_regs___arm64 {
	u64 regs[31];
	s32 syscallno;
};

/* include/linux/pid_types.h */
enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
};

struct seq_file;
struct completion;
struct vm_fault;
struct kernel_siginfo;
struct linux_binprm;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

/* values from the kernel's headers that are not in BTF */
#define SIGKILL 9
#define PF_EXITING 0x00000004		     /* include/linux/sched.h */
#define PF_FORKNOEXEC 0x00000040	     /* include/linux/sched.h */
#define PF_KTHREAD 0x00200000		     /* include/linux/sched.h */
#define FAULT_FLAG_REMOTE 0x80		     /* include/linux/mm_types.h */
#define PAGE_COUNTER_UNSET_PAGES (~0UL >> 1) /* LONG_MAX / PAGE_SIZE and up */
#define TS_COMPAT 0x0002 /* arch/x86/include/asm/thread_info.h */
/* include/linux/mm.h */
#define VM_WRITE 0x2UL
#define VM_EXEC 0x4UL
#define VM_ACCOUNT 0x100000UL
#define SEND_SIG_PRIV ((struct kernel_siginfo *)1)

#endif /* VMLINUX_H */
