/* SPDX-License-Identifier: GPL-2.0 */
/*
 * process.bpf.h - what happens to policies and states outside of a charge:
 * fork, exit, memory given back, signals to held processes, the loader's look.
 *
 * Does not belong here: what a charge leads to (decide.bpf.h, act.bpf.h).
 */
#ifndef OVERHIGH_PROCESS_BPF_H
#define OVERHIGH_PROCESS_BPF_H

#define SIGCONT_NR 18 /* asm-generic/signal.h; x86 and arm64 agree */

/* Current has given memory back; so it may be below now. */
static __always_inline int memory_freed(struct page_counter *counter)
{
	struct overhigh_control *control = the_control();
	struct subject s = {};

	if (!control || !control->nr_over || !in_task_context())
		return 0;
	wake_memcg(counter);
	if (!identify(&s) || !find_policy(&s) ||
	    overhigh_policy_check(&s.policy))
		return 0;
	note_episode(&s);
	measure_over(&s, false);
	if (!s.excess_bytes)
		fell_below(&s);
	return 0;
}

/* Not inlined: matching with rules needs the stack that this takes. */
static __noinline int pass_on(struct task_struct *child, u32 from, u32 to)
{
	struct overhigh_policy *policy;
	struct overhigh_policy copy;

	policy = bpf_map_lookup_elem(&process_policy, &from);
	if (!policy)
		return 0;
	copy = *policy;
	if (bpf_map_update_elem(&process_policy, &to, &copy, BPF_ANY)) {
		struct report r = { .type = OVERHIGH_EV_MISSED,
				    .control = copy.control,
				    .detail = OVERHIGH_MISSED_MAP_FULL };
		struct subject s = { .task = child,
				     .pid = to,
				     .source = OVERHIGH_SOURCE_PROCESS,
				     .now_ns = bpf_ktime_get_ns(),
				     .policy = copy };

		count(OVERHIGH_COUNT_MISSED_MAP_FULL);
		report(&s, &r);
		return 0;
	}
	count(OVERHIGH_COUNT_INHERITED);
	return 0;
}

static __always_inline int inherit(struct task_struct *parent,
				   struct task_struct *child)
{
	u32 from = parent->tgid;
	u32 to = child->tgid;

	if (from == to) /* a thread */
		return 0;
	note_fork(parent, child);
	bpf_map_delete_elem(&process_rule, &to);
	if (is_by_hand(from))
		return pass_on(child, from, to);
	/* what a dead process with this pid may have left */
	if (!bpf_map_delete_elem(&process_policy, &to))
		count(OVERHIGH_COUNT_STALE);
	if (inherit_rule(child, from, to))
		return 0;
	return match_rules(child);
}

/* The last thread of a process ends: all that is known of it goes. */
static __always_inline int drop(struct task_struct *task)
{
	struct report r = { .type = OVERHIGH_EV_EXITED };
	struct overhigh_policy *policy;
	struct overhigh_state *state;
	struct subject s = { .task = task, .pid = task->tgid };
	u64 since_ns;

	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	state = bpf_map_lookup_elem(&process_state, &s.pid);
	if (state && state->crossings) {
		s.now_ns = bpf_ktime_get_ns();
		s.start_ns = state->start_ns;
		s.rss_bytes = state->rss_bytes;
		policy = bpf_map_lookup_elem(&process_policy, &s.pid);
		if (policy) {
			r.control = policy->control;
			s.source = OVERHIGH_SOURCE_PROCESS;
		}
		since_ns = end_episode(state);
		if (since_ns)
			r.over_ns = s.now_ns - since_ns;
		s.excess_bytes = since_ns ? state->excess_bytes : 0;
		r.delay_ns = state->delay_ns;
		report(&s, &r);
	}
	bpf_map_delete_elem(&process_state, &s.pid);
	bpf_map_delete_elem(&held, &s.pid);
	bpf_map_delete_elem(&process_rule, &s.pid);
	bpf_map_delete_elem(&verdict, &s.pid);
	if (!bpf_map_delete_elem(&process_policy, &s.pid))
		count(OVERHIGH_COUNT_EXITED);
	return 0;
}

/*
 * What a user's own stop and continue signals mean for a process that is held:
 * his SIGSTOP outlives the hold, his SIGCONT ends it.  bpf_send_signal() sends
 * with SEND_SIG_PRIV, and of the stop signals only SIGSTOP.
 *
 * A SIGCONT, the loader's too, takes the record away before any thread has run:
 * the first charge after it can stop the process again, and need not wait until
 * the loader has had its turn among all those threads.
 */
static __always_inline int signal_to_held(int sig, struct kernel_siginfo *info,
					  struct task_struct *task)
{
	struct overhigh_control *control;
	struct overhigh_held *h;
	u32 pid = task->tgid;
	u32 sender;

	if (sig < 1 || sig > 64 ||
	    (sig != SIGCONT_NR && !(STOP_SIGNALS & 1UL << (sig - 1))))
		return 0;
	h = bpf_map_lookup_elem(&held, &pid);
	if (!h)
		return 0;
	if (sig != SIGCONT_NR) {
		if (sig != SIGSTOP || info != SEND_SIG_PRIV)
			h->user_stop = 1;
		return 0;
	}
	control = the_control();
	sender = bpf_get_current_pid_tgid() >> 32;
	if (h->user_stop && control &&
	    (sender == control->loader_pid || sender == control->guard_pid))
		return 0; /* it has undone the user's stop: let it see that */
	bpf_map_delete_elem(&held, &pid);
	return 0;
}

/* A struct overhigh_look in two pieces, to keep the stack small. */
static __noinline int write_look(struct seq_file *seq, struct subject *s,
				 u32 due_signal, u64 due_ns, u32 gear)
{
	struct overhigh_look_head head = {};
	struct task_struct *task;
	u32 kind;

#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		head.rss_bytes[kind] = pages_to_bytes(s->rss_pages[kind]);
	head.usage_bytes = s->usage_bytes;
	head.limit_bytes = s->limit_bytes;
	head.excess_bytes = s->excess_bytes;
	head.start_ns = s->start_ns;
	head.source_id = s->source_id;
	head.pid = s->pid;
	head.source = s->source;
	head.due_signal = due_signal;
	head.due_ns = due_ns;
	head.gear = gear;
	task = s->task; /* a thread of it, perhaps */
	BPF_CORE_READ_STR_INTO(&head.comm, task, group_leader, comm);
	bpf_seq_write(seq, &head, sizeof(head));
	bpf_seq_write(seq, &s->policy, sizeof(s->policy));
	return 0;
}

/* What was released by hand does not sleep on.  A charge that did not know yet
 * may put it to sleep once more; the loader looks again soon. */
__noinline int wake_released(struct subject *s)
{
	struct overhigh_state *state;
	u32 pid;

	if (!have_hook || !s)
		return 0;
	pid = s->pid; /* a key must be on the stack, for 6.1 */
	state = bpf_map_lookup_elem(&process_state, &pid);
	if (state && state->start_ns == s->start_ns && is_released(s, state) &&
	    overhigh_wake(pid, 0) > 0)
		count(OVERHIGH_COUNT_WOKEN);
	return 0;
}

/* When the loader must look again, so that the next step comes in time. */
__noinline u64 next_due_ns(struct subject *s)
{
	struct overhigh_state *state;
	u32 pid;

	if (!s)
		return 0;
	pid = s->pid; /* a key must be on the stack, for 6.1 */
	state = bpf_map_lookup_elem(&process_state, &pid);
	if (!state || state->start_ns != s->start_ns || is_released(s, state))
		return 0;
	return next_step_due(s, state);
}

/* One record for a process that is governed, as it stands now. */
static __always_inline int look_at_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct subject s = {};
	struct mm_struct *mm;
	u64 due_ns = 0;
	u32 due = 0;

	if (!task || !stands_for_process(task))
		return 0;
	s.task = task;
	s.pid = task->tgid;
	mm = task->mm;
	s.mm = mm;
	if (!mm || (task->flags & PF_KTHREAD) || !find_policy(&s))
		return 0;
	note_episode(&s);
	measure_over(&s, true);
	s.start_ns = task->group_leader->start_boottime;
	if (!s.excess_bytes) {
		fell_below(&s);
	} else {
		begin_seen(&s);
		wake_released(&s);
		due = due_signal(&s);
		due_ns = next_due_ns(&s);
	}
	return write_look(ctx->meta->seq, &s, due, due_ns, gear_of(&s));
}

/* The kernel walks the tasks of the reader's namespace alone. */
static __always_inline int write_name(struct bpf_iter__task *ctx)
{
	struct task_struct *reader = bpf_get_current_task_btf();
	struct task_struct *task = ctx->task;
	struct overhigh_name name = {};
	u32 inum;

	if (!task)
		return 0;
	name.level = BPF_CORE_READ(reader, thread_pid, level);
	name.pid = task->pid;
	name.local = pid_at_level(task, name.level, &inum);
	bpf_seq_write(ctx->meta->seq, &name, sizeof(name));
	return 0;
}

#endif /* OVERHIGH_PROCESS_BPF_H */
