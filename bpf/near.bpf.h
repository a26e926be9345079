/* SPDX-License-Identifier: GPL-2.0 */
/*
 * near.bpf.h - detect: the far gear, and when it has to give way to the near
 * one.
 *
 * Belongs here: what a batch of charges leads to, how near to its limit a
 * process is, asking the loader for hooks.  Does not: those hooks
 * (overhigh.bpf.c, and which they are: loader/attach/plan.c).
 */
#ifndef OVERHIGH_NEAR_BPF_H
#define OVERHIGH_NEAR_BPF_H

/* Bytes that can come before anybody looks again: every CPU may have a batch
 * that is paid for already. */
static __always_inline u64 least_ahead(struct overhigh_control *control)
{
	u32 cpus = control->cpus ? control->cpus : 1;

	return (u64)cpus * OVERHIGH_BATCH_PAGES * page_bytes;
}

/*
 * Bytes by which s may grow before the near gear is there, at the rate it has
 * grown at since current was last here.
 */
static __always_inline u64 growth_ahead(struct subject *s,
					struct overhigh_control *control)
{
	u64 least = least_ahead(control), ahead, took_ns;
	struct task_record *record;

	record = bpf_task_storage_get(&task_record, bpf_get_current_task_btf(),
				      NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!record)
		return least;
	ahead = overhigh_excess(s->rss_bytes, record->seen_bytes);
	took_ns = s->now_ns - record->seen_ns;
	if (record->seen_ns && took_ns)
		/* twice, as it may grow faster; KiB, to stay in 64 bits */
		ahead += (ahead >> 10) * (2 * control->attach_ns) / took_ns
		      << 10;
	else
		ahead = 0;
	record->seen_ns = s->now_ns;
	record->seen_bytes = s->rss_bytes;
	return ahead > least ? ahead : least;
}

/* Whether each page of s matters, which is over by action in force: for some
 * actions only the way back over the limit does. */
static __always_inline bool acts_on_growth(struct overhigh_state *state,
					   u32 control)
{
	switch (overhigh_action(control)) {
	case OVERHIGH_SIGNAL:
		return !(state->flags & signal_mark(state));
	case OVERHIGH_SLOWDOWN:
	case OVERHIGH_KILL:
		return true;
	default:
		return false;
	}
}

/* The same of one that is not current.  Not inlined: see get_state(). */
static __noinline bool is_acted_on(struct subject *s)
{
	u32 control = s->policy.control;
	struct overhigh_state *state;
	u64 after_ns;
	u32 pid = s->pid; /* a key must be on the stack, for 6.1 */

	state = bpf_map_lookup_elem(&process_state, &pid);
	if (!state)
		return false;
	if (state->step)
		control = next_step(s, state->step - 1, &after_ns);
	return acts_on_growth(state, control);
}

/*
 * Whether s, which was measured, may cross its process limit within ahead
 * bytes.  Where the memcg has to be over too and is not, its charges tell of
 * that crossing.
 */
static __always_inline bool may_cross(struct subject *s, u64 ahead)
{
	u32 flags = overhigh_flags(s->policy.control);
	u64 limit = s->policy.process_limit;

	if (!(flags & OVERHIGH_RSS_MASK) || limit == OVERHIGH_NO_LIMIT ||
	    (!(flags & OVERHIGH_DIRECT) && !memcg_excess_bytes(s)))
		return false;
	if (overhigh_add(s->rss_bytes, ahead) <= limit) {
		if (overhigh_add(s->rss_bytes, ahead + slack_bytes(s)) <= limit)
			return false;
		measure_rss_exact(s);
		if (overhigh_add(s->rss_most_bytes, ahead) <= limit)
			return false;
	}
	return overhigh_excess(s->rss_bytes, ahead) <= limit;
}

/* Current is governed and was charged a batch: is it time for the near gear?
 * Global: see report(). */
__noinline int note_near(struct subject *s, struct overhigh_state *state,
			 u32 action_control)
{
	struct overhigh_control *control = the_control();
	u64 ahead;

	if (!s || !control || !control->near_hooks)
		return 0;
	s->now_ns = bpf_ktime_get_ns();
	ahead = growth_ahead(s, control);
	if ((state && acts_on_growth(state, action_control)) ||
	    may_cross(s, ahead))
		keep_until(s, &control->near_until_ns);
	return 0;
}

static __always_inline bool has_rate(struct subject *s)
{
	struct overhigh_extension *more = extension_of(s);

	return more && more->rate_bytes;
}

/* The same for one that the loader looks at, in whose records there is no
 * rate: enum overhigh_gear.  Global: see report(). */
__noinline int gear_of(struct subject *s)
{
	struct overhigh_control *control = the_control();
	u32 flags;

	if (!s || !control)
		return OVERHIGH_GEAR_FAR;
	flags = overhigh_flags(s->policy.control);
	if (!(flags & OVERHIGH_RSS_MASK) ||
	    (s->policy.process_limit == OVERHIGH_NO_LIMIT && !has_rate(s)))
		return OVERHIGH_GEAR_FAR;
	s->now_ns = bpf_ktime_get_ns();
	if (is_never_charged(s->task)) {
		control->unseen_until_ns = s->now_ns + OVERHIGH_NEAR_HOLD_NS;
		return OVERHIGH_GEAR_UNSEEN;
	}
	if (!may_cross(s, 2 * least_ahead(control)) &&
	    !(s->excess_bytes && is_acted_on(s)))
		return OVERHIGH_GEAR_FAR;
	control->near_until_ns = s->now_ns + OVERHIGH_NEAR_HOLD_NS;
	return OVERHIGH_GEAR_NEAR;
}

/*
 * As memory_changed(), from a batch: what was charged is not in the RSS yet.
 * For a limit on RSS its growth is what counts.
 */
static __always_inline void batch_charged(u64 pages)
{
	struct overhigh_state *state = NULL;
	struct subject s = {};
	u32 control;

	if (!is_governed(&s))
		return;
	stay_on_cpu();
	if (overhigh_flags(s.policy.control) & OVERHIGH_RSS_MASK)
		pages = 0;
	control = judge_current(&s, &state);
	if (state)
		act_on_growth(&s, state, control, pages);
	else if (overhigh_extended(&s.policy))
		keep_rate(&s);
	note_near(&s, state, control);
	leave_cpu();
}

#endif /* OVERHIGH_NEAR_BPF_H */
