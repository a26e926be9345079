// SPDX-License-Identifier: GPL-2.0
/*
 * overhigh.bpf.c - the entry points: where overhigh is called by the kernel.
 *
 * Belongs here: one short function for each hook: who am I, what changed, hand
 * over.  Does not: anything that takes thought.  The loader attaches only the
 * hooks that the policies in force need (loader/attach/plan.c), so the order of
 * this file is also the list of what can cost something.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "overhigh.h"
#include "overhigh_hook.h"
#include "overhigh_policy.h"
#include "overhigh_rules.h"
/* clang-format off: each relies on those before it */
#include "maps.bpf.h"
#include "kernel_compat.bpf.h"
#include "overage.bpf.h"
#include "report.bpf.h"
#include "module.bpf.h"
#include "cgroup.bpf.h"
#include "fork.bpf.h"
#include "govern.bpf.h"
#include "decide.bpf.h"
#include "act.bpf.h"
#include "request.bpf.h"
#include "near.bpf.h"
#include "rule_subject.bpf.h"
#include "rules.bpf.h"
#include "process.bpf.h"
/* clang-format on */

char LICENSE[] SEC("license") = "GPL";

/*
 * Detect, the far gear: attached as long as there are policies.  The memory
 * controller charges in batches of 64 pages for each CPU, so this comes once in
 * 64 faults, and with each huge page; and also with memory that comes without a
 * fault of one's own (UFFDIO_COPY, /proc/self/mem, populate).  The usage of a
 * memcg changes nowhere else.  What the batch is for is not counted yet.
 */
SEC("fentry/page_counter_try_charge")
int BPF_PROG(charge, struct page_counter *counter, unsigned long nr_pages)
{
	if (is_memory_of_current(counter))
		batch_charged(nr_pages);
	return 0;
}

/* Detect, the near gear: attached while somebody is near its limit.  After each
 * page fault, still within it: the page that crosses the limit is counted, and
 * user space has not seen it yet. */
SEC("fexit/handle_mm_fault")
int BPF_PROG(fault, struct vm_area_struct *vma, unsigned long address,
	     unsigned int flags)
{
	/* /proc/self/mem makes faults that are called remote */
	if (!(flags & FAULT_FLAG_REMOTE) ||
	    vma->vm_mm == bpf_get_current_task_btf()->mm)
		memory_changed(0);
	return 0;
}

/* The near gear where a program may lose the CPU within the fault; both gears
 * in one where fentry is refused; also for every fall of RSS.  6.1 passes the
 * count as a third argument; it lacks what the tasks cache, so it is not used.
 */
SEC("tp_btf/rss_stat")
int BPF_PROG(rss_stat, struct mm_struct *mm, int member)
{
	if (mm == bpf_get_current_task_btf()->mm)
		memory_changed(0);
	return 0;
}

/* Detect: memory given back, once it is; in batches too.  Attached only while
 * somebody sleeps or is stopped for it. */
SEC("fexit/page_counter_uncharge")
int BPF_PROG(uncharge, struct page_counter *counter, unsigned long nr_pages)
{
	return memory_freed(counter);
}

/* Act: ENOMEM.  Also called for what execve maps, which is not current's yet.
 */
SEC("fmod_ret/security_mmap_file")
int BPF_PROG(mmap_request, struct file *file, unsigned long prot,
	     unsigned long flags)
{
	struct request r = {};
	struct call_args args;

	current_call(&args);
	return mapping_request(&r, &args, file, prot, flags) ?
		       memory_requested(&r) :
		       0;
}

SEC("fmod_ret/security_vm_enough_memory_mm")
int BPF_PROG(growth_request, struct mm_struct *mm, long pages)
{
	struct request r = { .bytes = (u64)pages * page_bytes };
	struct call_args args;

	current_call(&args);
	/* with the module, memlock() below has been asked about mremap */
	if (args.call != CALL_BRK && (have_hook || args.call != CALL_MREMAP))
		return 0;
	if (mm != bpf_get_current_task_btf()->mm)
		return 0;
	if (args.call == CALL_BRK)
		r.pad_bytes = OVERHIGH_BRK_PAD_BYTES;
	return memory_requested(&r);
}

SEC("fmod_ret/security_file_mprotect")
int BPF_PROG(mprotect_request, struct vm_area_struct *vma,
	     unsigned long reqprot, unsigned long prot)
{
	struct request r = {};
	struct call_args args;

	current_call(&args);
	if (args.call != CALL_MPROTECT || !adds_write(vma, reqprot))
		return 0;
	r.bytes = overhigh_excess(vma->vm_end, vma->vm_start);
	if (r.bytes > args.length)
		r.bytes = args.length;
	return memory_requested(&r);
}

/* Act: ENOMEM for mlock, mlock2, mlockall and mremap, with the module. */
SEC("fentry/overhigh_memlock")
int BPF_PROG(memlock, u64 bytes)
{
	struct request r = { .bytes = bytes };

	if (have_hook && memory_requested(&r))
		overhigh_deny();
	return 0;
}

/* Act: a sleep that the module was asked for is over.  It may be asked for
 * another one: the process may owe more than one, or other threads of it have
 * taken memory meanwhile. */
SEC("fentry/overhigh_slept")
int BPF_PROG(slept, u64 asked_ns, u64 slept_ns)
{
	has_slept(slept_ns);
	memory_changed(0);
	return 0;
}

/* Life of a process: its policy is inherited, kept over exec, dropped; or rules
 * give it one. */
/*
 * Not sched_process_fork: since 7.0 (a46023d5616e) a program on a tracepoint
 * can be preempted, and the kernel does not run it on that CPU until it goes
 * on; a process that is forked meanwhile would escape.  This tracepoint is
 * called with interrupts off, for a new task before it runs; current is its
 * parent.
 */
SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(forked, struct task_struct *child)
{
	return inherit(bpf_get_current_task_btf(), child);
}

/* Attached only while there are rules. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(execed, struct task_struct *task)
{
	return match_rules(task);
}

/* The same once more, for an exec while another is preempted within the first:
 * see forked.  No tracepoint of exec has interrupts off. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(execed_again, struct task_struct *task)
{
	return match_rules(task);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exited, struct task_struct *task)
{
	return drop(task);
}

/* Signals to a process that overhigh holds. */
SEC("tp_btf/signal_generate")
int BPF_PROG(signalled, int sig, struct kernel_siginfo *info,
	     struct task_struct *task)
{
	return signal_to_held(sig, info, task);
}

/* Rules that have just come into force, for what already runs. */
SEC("iter/task")
int match(struct bpf_iter__task *ctx)
{
	return match_task(ctx);
}

/* Report: which number a task has where its reader lives. */
SEC("iter/task")
int names(struct bpf_iter__task *ctx)
{
	return write_name(ctx);
}

/* Report: every governed process as it stands, for the loader to read. */
SEC("iter/task")
int look(struct bpf_iter__task *ctx)
{
	return look_at_task(ctx);
}
