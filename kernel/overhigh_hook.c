// SPDX-License-Identifier: GPL-2.0
/*
 * overhigh_hook.c - the small kernel part of overhigh: what no BPF program can
 * do by itself, and nothing more.
 *
 *   throttle  a bounded, killable sleep on return to user space
 *   wake      ends such sleeps at once
 *   memlock   mlock, mlock2, mlockall and mremap can be made to fail
 *   policy    overhigh_ops, a struct_ops: policy as a BPF program
 *
 * Who sleeps, and for how long, is decided in BPF (bpf/) and does not belong
 * here.  No lock is held while anybody sleeps.
 *
 * Longer than 600 lines: one file is all of the module, to be read in one go.
 */
#include <linux/atomic.h>
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/cgroup.h>
#include <linux/ctype.h>
#include <linux/freezer.h>
#include <linux/hash.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/psi.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/version.h>
#include <asm/syscall.h>

#include "overhigh_hook.h"
#include "overhigh_policy.h"

#ifndef __bpf_kfunc /* up to 6.2 */
#define __bpf_kfunc __used noinline
#endif
#ifndef __bpf_kfunc_start_defs /* up to 6.6 */
#define __bpf_kfunc_start_defs()
#define __bpf_kfunc_end_defs()
#endif
#ifndef PF_USER_WORKER /* up to 6.3 */
#define PF_USER_WORKER PF_IO_WORKER
#endif
#ifndef BTF_KFUNCS_START /* up to 6.8 */
#define BTF_KFUNCS_START BTF_SET8_START
#define BTF_KFUNCS_END BTF_SET8_END
#endif
/* module struct_ops came with 6.9, the link argument of reg() with 6.11 */
#define HAVE_POLICY (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0))
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define LINK_ARG , struct bpf_link *link
#else
#define LINK_ARG
#endif

#define MOST_NS (OVERHIGH_MAX_DELAY_US * 1000ULL)
/* A sleeper looks this often whether it is to be frozen: cgroup.freeze wakes no
 * killable sleep. */
#define SLICE_NS (20 * NSEC_PER_MSEC)
#define SLACK_NS (50 * NSEC_PER_USEC)

/* Prototypes for -Wmissing-prototypes; BPF finds the functions by BTF. */
int overhigh_throttle(u64 ns);
int overhigh_wake(u32 pid, u64 cgroup_id);
void overhigh_deny(void);
s64 overhigh_decide(const struct overhigh_crossing *c);
s64 overhigh_delay(const struct overhigh_crossing *c);
void overhigh_below(const struct overhigh_crossing *c);
void overhigh_policy_fail(const char *why, u32 why__sz);
void overhigh_slept(u64 asked_ns, u64 slept_ns);
void overhigh_memlock(u64 bytes);

/* ---- throttle and wake -----------------------------------------------------
 */

/*
 * One thread that is to sleep, or sleeps.  It is made when it is asked to, so
 * that no process can take the room of another; a thread has one at the most.
 * Only the thread itself makes it, changes it and removes it; others may set
 * woken, under RCU.
 */
struct sleeper {
	struct hlist_node node; /* of its bucket */
	struct rcu_head rcu;
	struct task_struct *task;
	struct callback_head work;
	u64 asked_ns; /* 0: for nothing, as yet */
	bool woken;
};

#define BUCKET_BITS 10
static struct bucket {
	raw_spinlock_t lock; /* who adds and removes */
	struct hlist_head sleepers;
} buckets[1 << BUCKET_BITS];
static atomic_t nr_sleepers;

/* BPF programs attach to the next two with fentry. */

/* Current has slept. */
noinline void overhigh_slept(u64 asked_ns, u64 slept_ns)
{
	barrier();
}

/* Current asks for so many bytes; the program may call overhigh_deny(). */
noinline void overhigh_memlock(u64 bytes)
{
	barrier();
}

static bool can_sleep(struct task_struct *task)
{
	return in_task() && task->mm &&
	       !(task->flags & (PF_KTHREAD | PF_EXITING | PF_USER_WORKER)) &&
	       !fatal_signal_pending(task);
}

static bool is_freezing(struct task_struct *task)
{
	return freezing(task) || READ_ONCE(task->jobctl) & JOBCTL_TRAP_FREEZE;
}

static struct bucket *my_bucket(void)
{
	return &buckets[hash_ptr(current, BUCKET_BITS)];
}

/* That of current, or NULL.  Nobody else removes it. */
static struct sleeper *find_sleeper(void)
{
	struct sleeper *s, *found = NULL;

	rcu_read_lock();
	hlist_for_each_entry_rcu(s, &my_bucket()->sleepers,
				 node) if (s->task == current) found = s;
	rcu_read_unlock();
	return found;
}

/*
 * We may be anywhere in a page fault or a charge, under spinlocks: from what is
 * set aside for such callers, and charged to no memcg, or we would be called
 * once more.  On a PREEMPT_RT kernel that is not allowed everywhere.
 */
static struct sleeper *add_sleeper(void)
{
	struct bucket *bucket = my_bucket();
	unsigned long flags;
	struct sleeper *s;

	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible())
		return NULL;
	s = kzalloc(sizeof(*s), GFP_ATOMIC | __GFP_NOWARN);
	if (!s)
		return NULL;
	s->task = current;
	raw_spin_lock_irqsave(&bucket->lock, flags);
	hlist_add_head_rcu(&s->node, &bucket->sleepers);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	atomic_inc(&nr_sleepers);
	return s;
}

static void remove_sleeper(struct sleeper *s)
{
	struct bucket *bucket = my_bucket();
	unsigned long flags;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	hlist_del_rcu(&s->node);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	atomic_dec(&nr_sleepers);
	kfree_rcu(s, rcu);
}

/*
 * Whether current is to end by a signal.  Those that dump core the kernel turns
 * into a SIGKILL only when they are taken, so it is not enough to ask for that
 * one; as in complete_signal(), nothing that is handled, ignored or blocked is
 * meant.
 */
static bool is_to_die(void)
{
	struct signal_struct *signal = current->signal;
	bool deadly = false;
	sigset_t pending;
	int sig;

	if (fatal_signal_pending(current))
		return true;
	if (!signal_pending(current) || signal->flags & SIGNAL_UNKILLABLE)
		return false;
	spin_lock_irq(&current->sighand->siglock);
	sigorsets(&pending, &current->pending.signal,
		  &signal->shared_pending.signal);
	sigandnsets(&pending, &pending, &current->blocked);
	for (sig = 1; sig <= _NSIG && !deadly; sig++)
		deadly = sigismember(&pending, sig) && sig_fatal(current, sig);
	spin_unlock_irq(&current->sighand->siglock);
	return deadly;
}

/*
 * Freezable, ended by deadly signals alone, and counted as a memory stall.  A
 * signal wakes us, so that we look whether it is one; if not it stays pending,
 * and we can go on sleeping only where signals do not wake us.
 */
static void sleep_until(struct sleeper *s, u64 end_ns)
{
	unsigned long stall;

	psi_memstall_enter(&stall);
	while (!is_to_die()) {
		u64 now_ns = ktime_get_ns();
		ktime_t until = ns_to_ktime(min(end_ns, now_ns + SLICE_NS));

		set_current_state(TASK_FREEZABLE |
				  (signal_pending(current) ?
					   TASK_KILLABLE :
					   TASK_INTERRUPTIBLE));
		if (now_ns >= end_ns || READ_ONCE(s->woken) ||
		    fatal_signal_pending(current) || is_freezing(current))
			break;
		schedule_hrtimeout_range(&until, SLACK_NS, HRTIMER_MODE_ABS);
	}
	__set_current_state(TASK_RUNNING);
	psi_memstall_leave(&stall);
}

/*
 * Runs where current returns to user space: it holds no lock.  After each sleep
 * overhigh_slept() may ask for another one.  Between two of them we go back to
 * what wants us: signals of all kinds, the freezer, who has woken us.
 */
static void sleep_now(struct callback_head *work)
{
	struct sleeper *s = container_of(work, struct sleeper, work);

	do {
		u64 asked_ns = s->asked_ns, began_ns = ktime_get_ns();

		s->asked_ns = 0;
		if (can_sleep(current))
			sleep_until(s, began_ns + asked_ns);
		overhigh_slept(asked_ns, ktime_get_ns() - began_ns);
	} while (s->asked_ns && !READ_ONCE(s->woken) &&
		 !signal_pending(current) && !is_freezing(current));
	remove_sleeper(s);
	module_put(THIS_MODULE); /* and see hook_exit() */
}

__bpf_kfunc_start_defs();

/*
 * Current sleeps for ns, 2 s at most, when it returns to user space.  Asked
 * several times before, it sleeps for the longest.  Returns 0; -EPERM: current
 * cannot sleep (a kernel thread, an interrupt, exiting, killed); -ENOMEM.
 */
__bpf_kfunc int overhigh_throttle(u64 ns)
{
	struct sleeper *s;

	if (!can_sleep(current))
		return -EPERM;
	s = find_sleeper();
	if (s) {
		s->asked_ns = max(s->asked_ns, min(ns, MOST_NS));
		return 0;
	}
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	s = add_sleeper();
	if (!s) {
		module_put(THIS_MODULE);
		return -ENOMEM;
	}
	s->asked_ns = min(ns, MOST_NS);
	init_task_work(&s->work, sleep_now);
	if (task_work_add(current, &s->work, TWA_RESUME)) {
		remove_sleeper(s);
		module_put(THIS_MODULE);
		return -EPERM;
	}
	return 0;
}

static bool is_in_cgroup(struct task_struct *task, u64 cgroup_id)
{
	struct cgroup *cgroup = task_dfl_cgroup(task);

	for (; cgroup; cgroup = cgroup_parent(cgroup))
		if (cgroup->kn->id == cgroup_id)
			return true;
	return false;
}

/* A sleeper is removed before its task exits, and a task is freed after an RCU
 * grace period: what a sleeper names is a task.  One that has woken up
 * meanwhile is woken for nothing, which every sleep has to bear. */
static void wake_marked(struct irq_work *work)
{
	struct sleeper *s;
	int i;

	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(buckets); i++)
		hlist_for_each_entry_rcu(s, &buckets[i].sleepers,
					 node) if (READ_ONCE(s->woken))
			wake_up_process(s->task);
	rcu_read_unlock();
}

static DEFINE_IRQ_WORK(wake_work, wake_marked);

/*
 * Ends the sleeps of the threads of process pid, or, with pid 0, of all in the
 * cgroup and below.  Also those that are due but have not begun.  From an
 * irq_work, so that it may be called under any lock.  Returns their number.
 */
__bpf_kfunc int overhigh_wake(u32 pid, u64 cgroup_id)
{
	struct sleeper *s;
	int i, n = 0;

	if (!atomic_read(&nr_sleepers))
		return 0;
	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(buckets); i++)
		hlist_for_each_entry_rcu(s, &buckets[i].sleepers, node)
		{
			if (pid ? s->task->tgid != pid :
				  !is_in_cgroup(s->task, cgroup_id))
				continue;
			WRITE_ONCE(s->woken, true);
			n++;
		}
	rcu_read_unlock();
	if (n)
		irq_work_queue(&wake_work);
	return n;
}

/* ---- memlock ----------------------------------------------------------------
 */

static DEFINE_PER_CPU(bool, denied);

/* The system call that overhigh_memlock() told of fails with ENOMEM. */
__bpf_kfunc void overhigh_deny(void)
{
	this_cpu_write(denied, true);
}

__bpf_kfunc_end_defs();

/* In place of a system call that is to fail. */
static noinline long fail_enomem(void)
{
	return -ENOMEM;
}

/*
 * Without CONFIG_FUNCTION_ERROR_INJECTION no BPF program can make these fail,
 * and they have no security hook.  A kprobe's handler may send its function
 * elsewhere (Documentation/trace/kprobes.rst, "Changing Execution Path"): here
 * at the function's first instruction, before it has done anything.
 */
static int memlock_entry(struct kprobe *probe, struct pt_regs *regs);

/* Needed: it keeps the probe from being optimised, which would ignore the
 * changed instruction pointer. */
static void memlock_post(struct kprobe *probe, struct pt_regs *regs,
			 unsigned long flags)
{
}

#define MEMLOCK(symbol)                                                        \
	{                                                                      \
		.symbol_name = symbol, .pre_handler = memlock_entry,           \
		.post_handler = memlock_post,                                  \
	}
#define MEMLOCK_CALLS(prefix)                                                  \
	MEMLOCK(prefix "mlock"), MEMLOCK(prefix "mlock2"),                     \
		MEMLOCK(prefix "mlockall"), MEMLOCK(prefix "mremap")

/* An array of MEMLOCKS for each entry that the kernel has: of 32-bit programs,
 * and of int 0x80 in others, it is another function. */
enum {
	MLOCK,
	MLOCK2,
	MLOCKALL,
	MREMAP,
	MEMLOCKS
};
static struct kprobe memlock_probes[] = {
#ifdef CONFIG_X86_64
	MEMLOCK_CALLS("__x64_sys_"),
#ifdef CONFIG_IA32_EMULATION
	MEMLOCK_CALLS("__ia32_sys_"),
#endif
#else
	MEMLOCK_CALLS("__arm64_sys_"),
#endif
};

/* What the call may add to the memory of current. */
static u64 asked_bytes(struct kprobe *probe, struct pt_regs *user)
{
	unsigned long args[6];

	syscall_get_arguments(current, user, args);
	switch ((probe - memlock_probes) % MEMLOCKS) {
	case MLOCK:
	case MLOCK2:
		return args[1];
	case MREMAP:
		if (args[3] & MREMAP_DONTUNMAP) /* it keeps the old ones too */
			return args[2];
		return args[2] > args[1] ? args[2] - args[1] : 0;
	default: /* all there is, and will be */
		return U64_MAX;
	}
}

static int memlock_entry(struct kprobe *probe, struct pt_regs *regs)
{
	u64 bytes = asked_bytes(probe, task_pt_regs(current));

	if (!bytes)
		return 0;
	this_cpu_write(denied, false);
	overhigh_memlock(bytes); /* preemption is off: no one else's answer */
	if (!this_cpu_read(denied))
		return 0;
	instruction_pointer_set(regs, (unsigned long)fail_enomem);
	return 1;
}

/* ---- policy -----------------------------------------------------------------
 */

#if HAVE_POLICY
static struct overhigh_ops __rcu *active;
static DEFINE_MUTEX(policy_lock); /* who changes active; never in a charge */

static void say_goodbye(struct overhigh_ops *ops, u32 kind, s64 value,
			const char *reason)
{
	struct overhigh_exit_info info = { .kind = kind, .value = value };

	strscpy(info.reason, reason, sizeof(info.reason));
	ops->exit(&info);
}

/* The policy in use goes, from within one of its calls: RCU is held. */
static void end_active(struct overhigh_ops *ops, u32 kind, s64 value,
		       const char *reason)
{
	if (cmpxchg((struct overhigh_ops **)&active, ops, NULL) == ops)
		say_goodbye(ops, kind, value, reason);
}
#endif

__bpf_kfunc_start_defs();

/* The action for a process that is over: an enum overhigh_action, or -ENOENT if
 * there is no policy program, or one that gave no valid answer. */
__bpf_kfunc s64 overhigh_decide(const struct overhigh_crossing *c)
{
	s64 action = -ENOENT;
#if HAVE_POLICY
	struct overhigh_ops *ops;

	rcu_read_lock();
	ops = rcu_dereference(active);
	if (ops) {
		action = ops->decide(c);
		if (action < 0 || action >= OVERHIGH_ACTION_MAX) {
			if (action != -ENOENT)
				end_active(ops, OVERHIGH_EXIT_ERROR, action,
					   "decide() returned no action");
			action = -ENOENT;
		}
	}
	rcu_read_unlock();
#endif
	return action;
}

/* The delay for c->pages in ns, at most c->max_delay_us and 2 s for a batch of
 * 64; -ENOENT as above. */
__bpf_kfunc s64 overhigh_delay(const struct overhigh_crossing *c)
{
	s64 delay_ns = -ENOENT;
#if HAVE_POLICY
	struct overhigh_ops *ops;

	rcu_read_lock();
	ops = rcu_dereference(active);
	if (ops) {
		u64 batches = clamp_t(u64, c->pages / OVERHIGH_BATCH_PAGES, 1,
				      1 << 16);
		u64 most_ns = min(c->max_delay_us * 1000ULL, MOST_NS) * batches;
		u64 wanted_ns = ops->delay(c);

		if (wanted_ns != OVERHIGH_DELAY_BUILTIN)
			delay_ns = min(wanted_ns, most_ns);
	}
	rcu_read_unlock();
#endif
	return delay_ns;
}

/* The process of c has fallen below its limit. */
__bpf_kfunc void overhigh_below(const struct overhigh_crossing *c)
{
#if HAVE_POLICY
	struct overhigh_ops *ops;

	rcu_read_lock();
	ops = rcu_dereference(active);
	if (ops)
		ops->below(c);
	rcu_read_unlock();
#endif
}

/* For policies: gives up; why reaches exit(), and so the user. */
__bpf_kfunc void overhigh_policy_fail(const char *why, u32 why__sz)
{
#if HAVE_POLICY
	char reason[OVERHIGH_EXIT_REASON_LEN];
	struct overhigh_ops *ops;

	strscpy(reason, why, min_t(size_t, why__sz, sizeof(reason)));
	rcu_read_lock();
	ops = rcu_dereference(active);
	if (ops)
		end_active(ops, OVERHIGH_EXIT_ITSELF, 0, reason);
	rcu_read_unlock();
#endif
}

__bpf_kfunc_end_defs();

#if HAVE_POLICY
/* What stands in for callbacks that a policy leaves out; and, to the kernel,
 * the prototypes of all. */
static s32 no_decide(const struct overhigh_crossing *c)
{
	return -ENOENT;
}

static u64 no_delay(const struct overhigh_crossing *c)
{
	return OVERHIGH_DELAY_BUILTIN;
}

static void no_below(const struct overhigh_crossing *c)
{
}

static s32 no_init(void)
{
	return 0;
}

static void no_exit(const struct overhigh_exit_info *info)
{
}

static struct overhigh_ops policy_stubs = {
	.decide = no_decide,
	.delay = no_delay,
	.below = no_below,
	.init = no_init,
	.exit = no_exit,
};

/* The kernel has filled in what the policy has; the rest gets our stubs. */
static void fill_gaps(struct overhigh_ops *ops)
{
	if (!ops->decide)
		ops->decide = no_decide;
	if (!ops->delay)
		ops->delay = no_delay;
	if (!ops->below)
		ops->below = no_below;
	if (!ops->init)
		ops->init = no_init;
	if (!ops->exit)
		ops->exit = no_exit;
}

static int policy_init(struct btf *btf)
{
	return 0;
}

static int policy_check_member(const struct btf_type *type,
			       const struct btf_member *member,
			       const struct bpf_prog *prog)
{
	return prog->sleepable ? -EINVAL : 0;
}

static bool is_name(const char *name)
{
	size_t n = strnlen(name, OVERHIGH_OPS_NAME_LEN);

	if (!n || n == OVERHIGH_OPS_NAME_LEN)
		return false;
	while (n--)
		if (!isalnum(name[n]) && !strchr("_.-", name[n]))
			return false;
	return true;
}

/* Data members; what has code, the kernel copies itself. */
static int policy_init_member(const struct btf_type *type,
			      const struct btf_member *member, void *kdata,
			      const void *udata)
{
	const struct overhigh_ops *from = udata;
	struct overhigh_ops *to = kdata;

	switch (__btf_member_bit_offset(type, member) / 8) {
	case offsetof(struct overhigh_ops, name):
		if (!is_name(from->name))
			return -EINVAL;
		strscpy(to->name, from->name, sizeof(to->name));
		return 1;
	case offsetof(struct overhigh_ops, flags):
		return from->flags ? -EINVAL : 1;
	}
	return 0;
}

static int policy_reg(void *kdata LINK_ARG)
{
	struct overhigh_ops *ops = kdata;
	int ret = -EBUSY;

	fill_gaps(ops);
	mutex_lock(&policy_lock);
	if (!rcu_access_pointer(active))
		ret = ops->init();
	if (!ret)
		rcu_assign_pointer(active, ops);
	mutex_unlock(&policy_lock);
	return ret > 0 ? -EINVAL : ret;
}

static void policy_unreg(void *kdata LINK_ARG)
{
	struct overhigh_ops *ops = kdata;
	bool used;

	mutex_lock(&policy_lock);
	used = cmpxchg((struct overhigh_ops **)&active, ops, NULL) == ops;
	mutex_unlock(&policy_lock);
	synchronize_rcu();
	if (used) /* else it has ended before, and knows */
		say_goodbye(ops, OVERHIGH_EXIT_UNLOADED, 0, "unloaded");
}

/* One policy takes the place of another; each charge asks the one or the
 * other. */
static int policy_update(void *kdata, void *old_kdata LINK_ARG)
{
	struct overhigh_ops *ops = kdata, *old = old_kdata;
	bool used = false;
	int ret;

	fill_gaps(ops);
	mutex_lock(&policy_lock);
	ret = ops->init();
	if (!ret)
		used = xchg((struct overhigh_ops **)&active, ops) == old;
	mutex_unlock(&policy_lock);
	if (ret)
		return ret > 0 ? -EINVAL : ret;
	synchronize_rcu();
	if (used)
		say_goodbye(old, OVERHIGH_EXIT_REPLACED, 0, "replaced");
	return 0;
}

static const struct bpf_verifier_ops policy_verifier_ops = {
	.get_func_proto = bpf_base_func_proto,
	.is_valid_access = bpf_tracing_btf_ctx_access,
};

static struct bpf_struct_ops policy_struct_ops = {
	.verifier_ops = &policy_verifier_ops,
	.init = policy_init,
	.check_member = policy_check_member,
	.init_member = policy_init_member,
	.reg = policy_reg,
	.unreg = policy_unreg,
	.update = policy_update,
	.cfi_stubs = &policy_stubs,
	.name = "overhigh_ops",
	.owner = THIS_MODULE,
};

BTF_KFUNCS_START(policy_kfuncs)
BTF_ID_FLAGS(func, overhigh_policy_fail)
BTF_KFUNCS_END(policy_kfuncs)

static const struct btf_kfunc_id_set policy_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &policy_kfuncs,
};

static int register_policies(void)
{
	int ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS,
					    &policy_kfunc_set);

	return ret ? ret :
		     register_bpf_struct_ops(&policy_struct_ops, overhigh_ops);
}
#else
static int register_policies(void)
{
	return 0;
}
#endif /* HAVE_POLICY */

/* ---- module -----------------------------------------------------------------
 */

BTF_KFUNCS_START(hook_kfuncs)
BTF_ID_FLAGS(func, overhigh_throttle)
BTF_ID_FLAGS(func, overhigh_wake)
BTF_ID_FLAGS(func, overhigh_deny)
BTF_ID_FLAGS(func, overhigh_decide)
BTF_ID_FLAGS(func, overhigh_delay)
BTF_ID_FLAGS(func, overhigh_below)
BTF_KFUNCS_END(hook_kfuncs)

static const struct btf_kfunc_id_set hook_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &hook_kfuncs,
};

static int probe_memlocks(void)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(memlock_probes); i++) {
		ret = register_kprobe(&memlock_probes[i]);
		if (!ret)
			continue;
		pr_err("cannot probe %s: %d\n", memlock_probes[i].symbol_name,
		       ret);
		while (i--)
			unregister_kprobe(&memlock_probes[i]);
		return ret;
	}
	return 0;
}

static void unprobe_memlocks(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(memlock_probes); i++)
		unregister_kprobe(&memlock_probes[i]);
}

static int __init hook_init(void)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(buckets); i++)
		raw_spin_lock_init(&buckets[i].lock);
	ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &hook_kfunc_set);
	if (!ret)
		ret = register_policies();
	return ret ? ret : probe_memlocks();
}

/* BPF programs, policies and sleepers hold the module: none is left.  But one
 * that slept may still be on its way out of sleep_now(). */
static void __exit hook_exit(void)
{
	unprobe_memlocks();
	irq_work_sync(&wake_work);
	synchronize_rcu_tasks();
}

module_init(hook_init);
module_exit(hook_exit);

MODULE_DESCRIPTION("Bounded sleeps and policies for overhigh");
MODULE_VERSION("0.2.0");
MODULE_LICENSE("GPL");
