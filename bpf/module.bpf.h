/* SPDX-License-Identifier: GPL-2.0 */
/*
 * module.bpf.h - the kernel module overhigh_hook: its functions, and what they
 * are told.
 *
 * Belongs here: every call into the module, and what makes up for its absence.
 * Does not: deciding to sleep or to fail (decide.bpf.h, act.bpf.h).
 */
#ifndef OVERHIGH_MODULE_BPF_H
#define OVERHIGH_MODULE_BPF_H

/* Weak: without the module they stay unresolved, and with have_hook being 0
 * the verifier removes the calls. */
extern int overhigh_throttle(u64 ns) __ksym __weak;
extern int overhigh_wake(u32 pid, u64 cgroup_id) __ksym __weak;
extern void overhigh_deny(void) __ksym __weak;
extern s64 overhigh_decide(const struct overhigh_crossing *c) __ksym __weak;
extern s64 overhigh_delay(const struct overhigh_crossing *c) __ksym __weak;
extern void overhigh_below(const struct overhigh_crossing *c) __ksym __weak;

#define SIGTERM 15

static __always_inline void describe(struct overhigh_crossing *c,
				     struct subject *s,
				     struct overhigh_state *state, u32 control,
				     u64 pages)
{
	struct task_struct *task = s->task;

	c->now_ns = s->now_ns;
	c->over_since_ns = state->over_since_ns;
	c->rss_bytes = s->rss_bytes;
	c->usage_bytes = s->usage_bytes;
	c->limit_bytes = s->limit_bytes;
	c->excess_bytes = s->excess_bytes;
	c->pages = pages;
	c->cgroup_id = task_cgroup_id(task);
	c->slept_ns = state->delay_ns;
	c->pid = s->pid;
	c->tid = BPF_CORE_READ(task, pid);
	c->control = control;
	c->step = state->step;
	c->max_delay_us = s->policy.max_delay_us ? s->policy.max_delay_us :
						   OVERHIGH_MAX_DELAY_US;
	c->pad = 0;
	c->policy = s->policy;
	c->owed_ns = overhigh_excess(state->paid_ns, s->now_ns);
}

/*
 * The control word after a policy program has been asked; the same one if there
 * is none.  Global, like the next two: see report().
 */
__noinline u32 ask_decision(struct subject *s, struct overhigh_state *state,
			    u32 control)
{
	struct overhigh_crossing c;
	u32 signal;
	s64 action;

	if (!have_hook || !s || !state)
		return control;
	describe(&c, s, state, control, state->owed_pages);
	action = overhigh_decide(&c);
	if (action < 0 || action >= OVERHIGH_ACTION_MAX ||
	    (u32)action == overhigh_action(control))
		return control;
	signal = overhigh_signal(s->policy.control);
	if (action != OVERHIGH_SIGNAL)
		signal = 0;
	else if (!signal)
		signal = SIGTERM;
	return overhigh_control_word(action, signal, overhigh_flags(control));
}

/* What pages cost: the policy program's answer, else the built-in curve's. */
__noinline u64 ask_delay_ns(struct subject *s, struct overhigh_state *state,
			    u32 control, u64 pages)
{
	struct overhigh_crossing c;
	s64 delay_ns;

	if (!s || !state)
		return 0;
	if (have_hook) {
		describe(&c, s, state, control, pages);
		delay_ns = overhigh_delay(&c);
		if (delay_ns >= 0)
			return delay_ns;
	}
	return overhigh_delay_ns(&s->policy, s->excess_bytes, s->limit_bytes,
				 pages);
}

/* The process of s is below: its sleeps end, and a policy program is told. */
__noinline int tell_below(struct subject *s, struct overhigh_state *state)
{
	struct overhigh_crossing c;

	if (!have_hook || !s || !state)
		return 0;
	if (overhigh_wake(s->pid, 0) > 0)
		count(OVERHIGH_COUNT_WOKEN);
	describe(&c, s, state, s->policy.control, 0);
	overhigh_below(&c);
	return 0;
}

/* A thread of a governed process has slept. */
static __always_inline void has_slept(u64 slept_ns)
{
	struct overhigh_state *state;
	u32 pid = memory_pid(bpf_get_current_task_btf());

	state = bpf_map_lookup_elem(&process_state, &pid);
	if (state)
		count_delay(state, slept_ns);
}

struct memcg_wake {
	struct page_counter *counter;
};

/* Memory of a memcg was given back: if that brings it below what its waiting
 * processes may have in all, they go on.  A counter of something else has an id
 * that is none. */
static long wake_at_counter(u32 i, void *ctx)
{
	struct memcg_wake *w = ctx;
	struct page_counter *counter = w->counter;
	u64 id, usage_bytes, *limit_bytes;

	if (!counter)
		return 1;
	id = counter_cgroup_id(counter);
	limit_bytes = bpf_map_lookup_elem(&memcg_over, &id);
	if (limit_bytes) {
		usage_bytes =
			BPF_CORE_READ(counter, usage.counter) * page_bytes;
		if (usage_bytes <= *limit_bytes &&
		    !bpf_map_delete_elem(&memcg_over, &id) &&
		    overhigh_wake(0, id) > 0)
			count(OVERHIGH_COUNT_WOKEN);
	}
	w->counter = BPF_CORE_READ(counter, parent);
	return 0;
}

static __always_inline void wake_memcg(struct page_counter *counter)
{
	struct memcg_wake w = { .counter = counter };

	if (!have_hook)
		return;
	bpf_loop(MAX_DEPTH, wake_at_counter, &w, 0);
}

#endif /* OVERHIGH_MODULE_BPF_H */
