/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kernel_compat.bpf.h - every difference between kernels and architectures.
 *
 * Belongs here: how to read something that kernels keep in different places,
 * each with the commit or version that made the difference, decided by what
 * the kernel's BTF has and never by a version number.  Does not: what the
 * values mean to overhigh.
 */
#ifndef OVERHIGH_KERNEL_COMPAT_BPF_H
#define OVERHIGH_KERNEL_COMPAT_BPF_H

/* Threads whose cached counters are looked at, up to 6.1. */
#define MAX_THREADS 4096

/* asm-generic/errno-base.h, errno.h */
#define ESRCH 3
#define EOPNOTSUPP 95

/*
 * Where the part of an allocated per-CPU variable is for a CPU, as an offset
 * from its handle.  The kernel's own table of offsets is not exported and, with
 * no KALLSYMS_ALL, not in kallsyms either; so it is taken from a per-CPU map of
 * our own, of which both the handle and the address are known.
 */
static __always_inline unsigned long cpu_offset(u32 cpu)
{
	void *map = &counters;
	unsigned long array = 0, handle = 0, address = 0;
	u32 zero = 0;
	void *value = bpf_map_lookup_percpu_elem(&counters, &zero, cpu);

	if (!value)
		return 0;
	/* through memory, so that the verifier lets them be numbers */
	bpf_probe_read_kernel(&address, sizeof(address), &value);
	bpf_probe_read_kernel(&array, sizeof(array), &map);
	array += bpf_core_field_offset(struct bpf_array, pptrs);
	bpf_probe_read_kernel(&handle, sizeof(handle), (void *)array);
	return address - handle;
}

struct percpu_sum {
	s32 *counters[OVERHIGH_KINDS];
	s64 sum[OVERHIGH_KINDS];
};

static long add_cpu(u32 cpu, void *ctx)
{
	struct percpu_sum *s = ctx;
	unsigned long offset = cpu_offset(cpu);
	u32 kind;

	for (kind = 0; kind < OVERHIGH_KINDS; kind++) {
		s32 part = 0;

		if (offset &&
		    !bpf_probe_read_kernel(&part, sizeof(part),
					   (void *)s->counters[kind] + offset))
			s->sum[kind] += part;
	}
	return 0;
}

static __always_inline bool rss_is_percpu(void)
{
	return !bpf_core_type_exists(struct mm_rss_stat);
}

/*
 * The counter of one kind.  CO-RE relocates no variable index, so the place in
 * the array is worked out from the kernel's own offset and size.
 */
static __always_inline struct percpu_counter *rss_counter(struct mm_struct *mm,
							  u32 kind)
{
	return (void *)mm +
	       bpf_core_field_offset(struct mm_struct___percpu, rss_stat) +
	       kind * bpf_core_type_size(struct percpu_counter);
}

/* Up to 6.1: the shared part. */
static __always_inline s64 rss_atomic(struct mm_struct *mm, u32 kind)
{
	s64 value = 0;

	bpf_probe_read_kernel(
		&value, sizeof(value),
		(void *)mm +
			bpf_core_field_offset(struct mm_struct___atomic,
					      rss_stat) +
			bpf_core_field_offset(struct mm_rss_stat, count) +
			kind * sizeof(value));
	return value;
}

/* Up to 6.1: what a task has not yet added to the shared part. */
static __always_inline void rss_cached(struct task_struct *task, s32 *cached)
{
	bpf_probe_read_kernel(
		cached, OVERHIGH_KINDS * sizeof(*cached),
		(void *)task +
			bpf_core_field_offset(struct task_struct___cached_rss,
					      rss_stat) +
			bpf_core_field_offset(struct task_rss_stat, count));
}

/*
 * The process that a memory map belongs to: its owner's, which the kernel moves
 * on to another user of the map when the owner leaves it.  NULL: nobody's, or a
 * kernel without CONFIG_MEMCG, where it is taken for that of whoever uses it.
 */
static __always_inline struct task_struct *owner_of(struct mm_struct *mm)
{
	if (!bpf_core_field_exists(mm->owner))
		return NULL;
	return mm->owner;
}

/* The pid of the process whose memory a task uses. */
static __always_inline u32 memory_pid(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	struct task_struct *owner = mm ? owner_of(mm) : NULL;

	return owner ? owner->tgid : task->tgid;
}

/* One task of all that use a memory map: what looks at each process once looks
 * at this one.  The main thread may have left. */
static __always_inline bool stands_for_process(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	if (!mm)
		return false;
	if (!bpf_core_field_exists(mm->owner))
		return task->pid == task->tgid;
	return mm->owner == task;
}

/* Since 6.13 (6280cf718db0). */
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;
extern int bpf_send_signal_task(struct task_struct *task, int sig,
				enum pid_type type, u64 value) __ksym __weak;

/* A signal to a process that current is not part of. */
static __noinline int signal_other(u32 pid, u32 sig)
{
	struct task_struct *task;
	int ret;

	if (!can_signal_others)
		return -EOPNOTSUPP;
	task = bpf_task_from_pid(pid);
	if (!task)
		return -ESRCH;
	ret = bpf_send_signal_task(task, sig, PIDTYPE_TGID, 0);
	bpf_task_release(task);
	return ret;
}

struct thread_sum {
	struct list_head *next;
	struct list_head *head;
	s64 sum[OVERHIGH_KINDS];
};

static long add_thread(u32 i, void *ctx)
{
	struct thread_sum *s = ctx;
	struct list_head *next = s->next;
	s32 cached[OVERHIGH_KINDS] = {};
	struct task_struct *thread;
	u32 kind;

	if (!next || next == s->head)
		return 1;
	thread = (void *)next -
		 bpf_core_field_offset(struct task_struct, thread_node);
	rss_cached(thread, cached);
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		s->sum[kind] += cached[kind];
	s->next = BPF_CORE_READ(next, next);
	return 0;
}

/*
 * RSS of every kind in pages as one load each gives it: off by at most
 * rss_slack() either way.
 */
static __always_inline void rss_read(struct task_struct *task,
				     struct mm_struct *mm, s64 *pages)
{
	s32 cached[OVERHIGH_KINDS] = {};
	u32 kind;

	if (!rss_is_percpu())
		rss_cached(task, cached);
#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++) {
		if (rss_is_percpu()) {
			struct percpu_counter *c = rss_counter(mm, kind);

			pages[kind] = BPF_CORE_READ(c, count);
		} else {
			pages[kind] = rss_atomic(mm, kind) + cached[kind];
		}
	}
}

/* How far rss_read() may be off for one kind, in pages.  The part of a CPU is
 * less than percpu_counter_batch, max(32, 2 * CPUs) (lib/percpu_counter.c), and
 * nothing when it is offline. */
static __always_inline u64 rss_slack(struct task_struct *task, u32 cpus)
{
	if (rss_is_percpu())
		return (cpus > 16 ? 2 * cpus : 32) * cpus;
	/* TASK_RSS_EVENTS_THRESH in mm/memory.c is 64 faults, and a fault on a
	 * file maps up to 16 pages around it; huge pages are not cached */
	return (u64)(BPF_CORE_READ(task, signal, nr_threads) - 1) * 65 * 16;
}

/* The shared part of the counter of one kind. */
static __always_inline s64 rss_shared(struct mm_struct *mm, u32 kind)
{
	struct percpu_counter *c = rss_counter(mm, kind);

	return rss_is_percpu() ? BPF_CORE_READ(c, count) : rss_atomic(mm, kind);
}

/* Adds to pages what the CPUs have not yet added to the shared part. */
static __always_inline void rss_add_cpus(struct mm_struct *mm, s64 *pages)
{
	struct percpu_sum s = {};
	u32 kind;

#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++) {
		struct percpu_counter *c = rss_counter(mm, kind);

		s.counters[kind] = BPF_CORE_READ(c, counters);
		s.sum[kind] = pages[kind];
	}
	bpf_loop(nr_cpus, add_cpu, &s, 0);
#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		pages[kind] = s.sum[kind];
}

/* The same for the threads' caches, up to 6.1. */
static __always_inline void rss_add_threads(struct task_struct *task,
					    s64 *pages)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct list_head *head =
		(void *)signal +
		bpf_core_field_offset(struct signal_struct, thread_head);
	struct thread_sum s = { .head = head };
	u32 kind;

	s.next = BPF_CORE_READ(head, next);
#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		s.sum[kind] = pages[kind];
	bpf_loop(MAX_THREADS, add_thread, &s, 0);
#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		pages[kind] = s.sum[kind];
}

/* Adds to pages, which hold the shared parts, what is not yet in them: the
 * parts of the CPUs, or those of the threads. */
static __always_inline void rss_add_parts(struct task_struct *task,
					  struct mm_struct *mm, s64 *pages)
{
	if (rss_is_percpu())
		rss_add_cpus(mm, pages);
	else
		rss_add_threads(task, pages);
}

/* The memcg of a task: the state of subsystem "memory" in its css_set. */
static __always_inline struct mem_cgroup *task_memcg(struct task_struct *task)
{
	int id = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = NULL;

	bpf_probe_read_kernel(
		&css, sizeof(css),
		(void *)set + bpf_core_field_offset(struct css_set, subsys) +
			id * sizeof(css));
	/* css is the first member of struct mem_cgroup */
	return (struct mem_cgroup *)css;
}

/* The counter of a memcg's memory; its parent is that of the parent memcg. */
static __always_inline struct page_counter *memory_counter(struct mem_cgroup *m)
{
	return (void *)m + bpf_core_field_offset(struct mem_cgroup, memory);
}

/* Whether memory that current takes for itself is charged to a counter: that of
 * the owner of its mm, which may be a task in another cgroup.  Not inlined: see
 * get_state(). */
static __noinline bool is_memory_of_current(struct page_counter *counter)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mem_cgroup *memcg = task_memcg(task);
	struct task_struct *owner;

	if (memcg && counter == memory_counter(memcg))
		return true;
	owner = BPF_CORE_READ(task, mm, owner);
	memcg = owner ? task_memcg(owner) : NULL;
	return memcg && counter == memory_counter(memcg);
}

/* Nothing is charged in the root cgroup, nor where there is no controller. */
static __always_inline bool is_never_charged(struct task_struct *task)
{
	struct mem_cgroup *memcg = task_memcg(task);

	return !memcg || !BPF_CORE_READ(memcg, css.cgroup, level);
}

/* The cgroup whose memcg a memory counter is part of. */
static __always_inline u64 counter_cgroup_id(struct page_counter *counter)
{
	struct mem_cgroup *memcg =
		(void *)counter -
		bpf_core_field_offset(struct mem_cgroup, memory);

	return BPF_CORE_READ(memcg, css.cgroup, kn, id);
}

/*
 * Whether the current context is a task's own, not an interrupt that happens
 * to run on top of it: bits 8 to 23 of the preempt count (PREEMPT_MASK,
 * include/linux/preempt.h), less the 0x200 of a mere bh_disable.
 */
#if defined(__TARGET_ARCH_x86)
extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot pcpu_hot __ksym __weak;

static __always_inline u32 preempt_count(void)
{
	if (bpf_core_type_exists(struct pcpu_hot)) {
		const struct pcpu_hot *hot = bpf_this_cpu_ptr(&pcpu_hot);

		return hot->preempt_count;
	}
	if (&__preempt_count)
		return *(const int *)bpf_this_cpu_ptr(&__preempt_count);
	return 0;
}
#else
static __always_inline u32 preempt_count(void)
{
	struct task_struct___preempt *task = (void *)bpf_get_current_task_btf();

	return BPF_CORE_READ(task, thread_info.preempt_count);
}
#endif

static __always_inline bool in_task_context(void)
{
	return !(preempt_count() & (0xff0000 | 0x000100));
}

/*
 * A tracing program is skipped where it runs already: if a thread loses the CPU
 * within it, the faults of the next thread there are not seen.  Where kernels
 * are preemptible programs can forbid that: since 6.15 also around calls of
 * global functions, which load.c finds out by trying.
 */
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

static __always_inline void stay_on_cpu(void)
{
	if (can_stay_on_cpu)
		bpf_preempt_disable();
}

static __always_inline void leave_cpu(void)
{
	if (can_stay_on_cpu)
		bpf_preempt_enable();
}

/* The system calls that ENOMEM is for. */
enum enomem_call {
	CALL_OTHER,
	CALL_MMAP,
	CALL_OLD_MMAP, /* its arguments are where user space can change them */
	CALL_SHMAT,
	CALL_BRK,
	CALL_MREMAP,
	CALL_MPROTECT,
};

struct call_args {
	enum enomem_call call;
	u64 length; /* argument 2 of mmap and mprotect, bytes */
};

/*
 * The system call that current is in.  What is none of these (execve, clone, a
 * page fault that grows the stack) is CALL_OTHER and never fails.
 */
#if defined(__TARGET_ARCH_x86)
static __always_inline enum enomem_call native_call(u32 nr)
{
	switch (nr) {
	case 9:
		return CALL_MMAP;
	case 10:  /* mprotect */
	case 329: /* pkey_mprotect */
		return CALL_MPROTECT;
	case 12:
		return CALL_BRK;
	case 25:
		return CALL_MREMAP;
	case 30:
		return CALL_SHMAT;
	default:
		return CALL_OTHER;
	}
}

static __always_inline enum enomem_call ia32_call(u32 nr, u32 first)
{
	switch (nr) {
	case 90:
		return CALL_OLD_MMAP;
	case 192: /* mmap2 */
		return CALL_MMAP;
	case 117: /* ipc; its upper half is a version */
		return (first & 0xffff) == 21 ? CALL_SHMAT : CALL_OTHER;
	case 397:
		return CALL_SHMAT;
	case 125: /* mprotect */
	case 380: /* pkey_mprotect */
		return CALL_MPROTECT;
	case 45:
		return CALL_BRK;
	case 163:
		return CALL_MREMAP;
	default:
		return CALL_OTHER;
	}
}

/* The number is an int to the kernel, and so are the arguments of 32-bit calls:
 * what a program leaves in the upper halves means nothing. */
static __always_inline void current_call(struct call_args *args)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs___x86 *regs = (void *)bpf_task_pt_regs(task);
	u32 nr = BPF_CORE_READ(regs, orig_ax);

	if (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT) {
		args->call = ia32_call(nr, BPF_CORE_READ(regs, bx));
		args->length = (u32)BPF_CORE_READ(regs, cx);
	} else {
		args->call = native_call(nr & ~0x40000000U); /* x32 */
		args->length = BPF_CORE_READ(regs, si);
	}
}
#elif defined(__TARGET_ARCH_arm64)
static __always_inline void current_call(struct call_args *args)
{
	struct pt_regs___arm64 *regs =
		(void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	switch (BPF_CORE_READ(regs, syscallno)) {
	case 222:
		args->call = CALL_MMAP;
		break;
	case 226: /* mprotect */
	case 288: /* pkey_mprotect */
		args->call = CALL_MPROTECT;
		break;
	case 214:
		args->call = CALL_BRK;
		break;
	case 216:
		args->call = CALL_MREMAP;
		break;
	case 196:
		args->call = CALL_SHMAT;
		break;
	default:
		args->call = CALL_OTHER;
	}
	args->length = BPF_CORE_READ(regs, regs[1]);
}
#else
#error "no system call numbers for this architecture: add current_call()"
#endif

#endif /* OVERHIGH_KERNEL_COMPAT_BPF_H */
