/* SPDX-License-Identifier: GPL-2.0 */
/*
 * decide.bpf.h - decide: whether the process is over, and which step of its
 * ladder is in force.
 *
 * Belongs here: the start and end of an over state, one-shot and grace rules.
 * Does not: whose policy governs (govern.bpf.h), measuring (overage.bpf.h),
 * acting (act.bpf.h).
 */
#ifndef OVERHIGH_DECIDE_BPF_H
#define OVERHIGH_DECIDE_BPF_H

/* Measures s; nothing is over while its policy waits for pressure. */
static __always_inline void measure_over(struct subject *s, bool exact)
{
	measure(s, exact);
	if (s->most_excess_bytes)
		leave_out_inherited(s);
	if (s->excess_bytes && waits_for_pressure(s))
		s->excess_bytes = s->most_excess_bytes = 0;
}

/*
 * over_since_ns while a thread that saw the end of an episode makes the state
 * ready for the next one.  To begin takes one write: nobody has to wait for a
 * thread that may lose its CPU just then, but acts himself.
 */
#define EPISODE_ENDS 1

static __always_inline void episode_ended(void)
{
	struct overhigh_control *control = the_control();

	if (control)
		__sync_fetch_and_add(&control->nr_over, -1);
}

/* A ladder that was kept is kept no more.  Only one caller sees that. */
static __always_inline bool unpause(struct overhigh_state *state)
{
	struct overhigh_control *control = the_control();

	if (!(__sync_fetch_and_and(&state->flags, ~OVERHIGH_STATE_PAUSED) &
	      OVERHIGH_STATE_PAUSED))
		return false;
	if (control)
		__sync_fetch_and_add(&control->nr_paused, -1);
	return true;
}

static __always_inline void reset_ladder(struct overhigh_state *state)
{
	state->step = 0;
	state->step_since_ns = 0;
	state->spent_ns = 0;
}

/* Gone, or under another policy: the episode ends, if there is one.  Only one
 * caller sees it end. */
static __always_inline u64 end_episode(struct overhigh_state *state)
{
	u64 since_ns = __sync_lock_test_and_set(&state->over_since_ns, 0);

	unpause(state);
	reset_ladder(state);
	if (since_ns <= EPISODE_ENDS)
		return 0;
	episode_ended();
	return since_ns;
}

/*
 * Before measuring: the episode that a measurement may end.  One that begins
 * after it (we may lose the CPU in between) is not ended by it.
 */
static __always_inline void note_episode(struct subject *s)
{
	struct overhigh_control *control = the_control();
	struct overhigh_state *state;
	u32 pid = s->pid; /* a key must be on the stack, for 6.1 */

	if (!control || !control->nr_over)
		return;
	state = bpf_map_lookup_elem(&process_state, &pid);
	if (state)
		s->over_since_ns = state->over_since_ns;
}

/* The control word of the step after a step of the ladder, and how long the
 * process must be over before it; 0: there is none. */
static __noinline u32 next_step(struct subject *s, u32 step, u64 *after_ns)
{
	struct overhigh_extension *more = extension_of(s);

	if (more) {
		if (step >= OVERHIGH_MAX_STEPS)
			return 0;
		*after_ns = more->steps[step].after_ms * 1000000ULL;
		return more->steps[step].control;
	}
	*after_ns = s->policy.grace_ms * 1000000ULL;
	return step ? 0 : s->policy.escalation;
}

static __always_inline bool has_next_step(struct subject *s,
					  struct overhigh_state *state)
{
	u64 after_ns;

	return next_step(s, state->step, &after_ns) != 0;
}

/* Well below its limit: a ladder that was kept begins anew.  Not inlined: see
 * get_state(). */
static __noinline int fell_far_below(struct subject *s)
{
	struct overhigh_control *control = the_control();
	struct overhigh_state *state;
	u32 pid = s->pid; /* a key must be on the stack, for 6.1 */

	if (!control || !control->nr_paused || is_near_limit(s))
		return 0;
	state = bpf_map_lookup_elem(&process_state, &pid);
	if (state && unpause(state))
		reset_ladder(state);
	return 0;
}

/* What was decided by hand for the episode that began then, or NULL.  Not
 * inlined: see get_state(). */
static __noinline struct overhigh_verdict *
verdict_of(struct subject *s, struct overhigh_state *state, u64 over_since_ns)
{
	struct overhigh_verdict *v;
	u32 pid = s->pid; /* a key must be on the stack, for 6.1 */

	v = bpf_map_lookup_elem(&verdict, &pid);
	if (!v || v->start_ns != state->start_ns ||
	    v->over_since_ns != over_since_ns)
		return NULL;
	return v;
}

/* Since when the step in force is, of the time that counts for the next. */
static __always_inline u64 step_began_ns(struct overhigh_state *state,
					 u64 over_since_ns)
{
	return state->step_since_ns ? state->step_since_ns : over_since_ns;
}

/* The ladder of a process that has just fallen below, but not far: it goes on
 * from where it is, if the process crosses again.  Where somebody has released
 * it or put a step off, the time that it was over does not count.  Not inlined:
 * see get_state(). */
static __noinline int
pause_ladder(struct subject *s, struct overhigh_state *state, u64 over_since_ns)
{
	struct overhigh_control *control = the_control();

	if (!is_near_limit(s) || (!state->step && !has_next_step(s, state)) ||
	    verdict_of(s, state, over_since_ns)) {
		reset_ladder(state);
		return 0;
	}
	state->spent_ns +=
		overhigh_excess(s->now_ns, step_began_ns(state, over_since_ns));
	state->step_since_ns = 0;
	if (__sync_fetch_and_or(&state->flags, OVERHIGH_STATE_PAUSED) &
	    OVERHIGH_STATE_PAUSED)
		return 0;
	if (control)
		__sync_fetch_and_add(&control->nr_paused, 1);
	return 0;
}

/* What an episode leaves behind for the next one. */
static __always_inline void reset_episode(struct subject *s,
					  struct overhigh_state *state)
{
	/* of an episode's marks only the one-shot signals outlive it */
	u32 keep = OVERHIGH_STATE_SIGNALLED_MASK;

	if (overhigh_flags(s->policy.control) & OVERHIGH_SIGCONT)
		keep = 0;
	__sync_fetch_and_and(&state->flags, keep);
	state->least_excess_bytes = 0;
	state->most_excess_bytes = 0;
	state->small_bytes = 0;
	state->linked_pages = 0;
	state->owed_pages = 0;
	state->paid_ns = 0;
	state->rss_bytes = s->rss_bytes;
	state->excess_bytes = 0;
}

/* Below: the episode of note_episode() ends, if that is still the one. */
__noinline int fell_below(struct subject *s)
{
	struct report r = { .type = OVERHIGH_EV_BELOW };
	struct overhigh_state *state;
	u64 since_ns;
	u32 pid;

	if (!s || s->most_excess_bytes)
		return 0;
	fell_far_below(s);
	since_ns = s->over_since_ns;
	if (since_ns <= EPISODE_ENDS)
		return 0;
	r.control = s->policy.control;
	pid = s->pid; /* a key must be on the stack, for 6.1 */
	state = bpf_map_lookup_elem(&process_state, &pid);
	if (!state ||
	    __sync_val_compare_and_swap(&state->over_since_ns, since_ns,
					EPISODE_ENDS) != since_ns)
		return 0;
	s->now_ns = bpf_ktime_get_ns();
	r.over_ns = s->now_ns - since_ns;
	reset_episode(s, state);
	pause_ladder(s, state, since_ns);
	__sync_val_compare_and_swap(&state->over_since_ns, EPISODE_ENDS, 0);
	episode_ended();
	count(OVERHIGH_COUNT_BELOW);
	report(s, &r);
	tell_below(s, state);
	return 0;
}

/* A state with nothing in it: too large for the stack. */
static const struct overhigh_state no_state;

/* The state of s, made if it is not there; that of a dead process with the
 * same pid, or of a policy that has changed, starts anew.  Not inlined: the
 * stack of the entry points is short, and 512 bytes are all there is. */
static __noinline struct overhigh_state *get_state(struct subject *s)
{
	u64 sum = overhigh_policy_fingerprint(&s->policy);
	struct overhigh_state *state;
	u32 pid = s->pid; /* a key must be on the stack, for 6.1 */

	state = bpf_map_lookup_elem(&process_state, &pid);
	if (!state || (state->start_ns && state->start_ns != s->start_ns)) {
		if (state)
			end_episode(state);
		/* two threads may both come here: the first one's record
		 * stays */
		bpf_map_update_elem(&process_state, &pid, &no_state,
				    state ? BPF_ANY : BPF_NOEXIST);
		state = bpf_map_lookup_elem(&process_state, &pid);
		if (!state)
			return NULL;
	}
	state->start_ns = s->start_ns;
	if (state->policy_fingerprint != sum) {
		end_episode(state);
		state->flags = 0;
		state->rate_ns = 0;
		state->paid_ns = 0;
		state->policy_fingerprint = sum;
	}
	return state;
}

static __always_inline void refuse(struct subject *s, int bad)
{
	struct report r = { .type = OVERHIGH_EV_REFUSED,
			    .control = s->policy.control,
			    .detail = bad };
	struct overhigh_state *state = get_state(s);

	count(OVERHIGH_COUNT_REFUSED);
	if (!state || (__sync_fetch_and_or(&state->flags, OVERHIGH_STATE_BAD) &
		       OVERHIGH_STATE_BAD))
		return;
	report(s, &r);
}

/* Below -> over: an episode begins; the one thread that sees it first says so.
 */
static __always_inline void begin_episode(struct subject *s,
					  struct overhigh_state *state)
{
	struct report r = { .type = OVERHIGH_EV_CROSSED,
			    .control = s->policy.control };
	struct overhigh_control *control = the_control();

	/* what it had before it crossed costs nothing; noted first, as others
	 * take it for the measure of growth once the episode has begun */
	state->rss_bytes = s->rss_bytes;
	if (__sync_val_compare_and_swap(&state->over_since_ns, 0, s->now_ns))
		return;
	if (control)
		__sync_fetch_and_add(&control->nr_over, 1);
	unpause(state);
	__sync_fetch_and_add(&state->crossings, 1);
	count(OVERHIGH_COUNT_CROSSED);
	report(s, &r);
}

/*
 * The loader looks at a process that is over and runs into no charge, so that
 * nothing has told of it: its limit was lowered, or it was not governed when it
 * grew.  Not inlined: see get_state().
 */
static __noinline int begin_seen(struct subject *s)
{
	struct overhigh_control *control = the_control();
	struct overhigh_state *state;

	if (!control ||
	    control->loader_pid != bpf_get_current_pid_tgid() >> 32 ||
	    check_policy(s))
		return 0;
	s->now_ns = bpf_ktime_get_ns();
	state = get_state(s);
	if (!state || state->over_since_ns)
		return 0;
	begin_episode(s, state);
	__sync_fetch_and_or(&state->flags, OVERHIGH_STATE_DUE);
	return 0;
}

static __always_inline bool is_released(struct subject *s,
					struct overhigh_state *state)
{
	struct overhigh_verdict *v = verdict_of(s, state, state->over_since_ns);

	return v && v->released;
}

/* A bound, or the shorter one that a test has set. */
static __always_inline u64 shorter_ns(u64 bound_ns, u32 set_ms)
{
	u64 set_ns = set_ms * 1000000ULL;

	return set_ns && set_ns < bound_ns ? set_ns : bound_ns;
}

/* When the next step of the ladder comes into force; 0: there is none. */
__noinline u64 next_step_due(struct subject *s, struct overhigh_state *state)
{
	struct overhigh_control *control;
	struct overhigh_verdict *v;
	u64 after_ns, due_ns, since_ns;

	if (!s || !state || !next_step(s, state->step, &after_ns))
		return 0;
	since_ns = state->over_since_ns;
	if (since_ns <= EPISODE_ENDS)
		return 0;
	due_ns = step_began_ns(state, since_ns) +
		 overhigh_excess(after_ns, state->spent_ns);
	v = verdict_of(s, state, state->over_since_ns);
	if (!v || v->not_before_ns <= due_ns)
		return due_ns;
	control = the_control();
	after_ns = shorter_ns(OVERHIGH_MAX_EXTEND_NS,
			      control ? control->extend_ms : 0);
	if (v->not_before_ns > due_ns + after_ns)
		return due_ns + after_ns;
	return v->not_before_ns;
}

/* The control word in force: the policy's, or after its time over without a
 * break that of a later step. */
__noinline u32 step_in_force(struct subject *s, struct overhigh_state *state)
{
	struct report r = { .type = OVERHIGH_EV_ESCALATED };
	u64 since_ns, due_ns, after_ns;
	u32 step;

	if (!s || !state)
		return 0;
	since_ns = state->step_since_ns;
	step = state->step;
	due_ns = next_step_due(s, state);
	/* who moves the time on moves the step on */
	if (due_ns && s->now_ns >= due_ns &&
	    __sync_val_compare_and_swap(&state->step_since_ns, since_ns,
					s->now_ns) == since_ns) {
		__sync_fetch_and_and(&state->flags, ~(OVERHIGH_STATE_STEP_DONE |
						      OVERHIGH_STATE_MISSED));
		r.control = next_step(s, step, &after_ns);
		step++;
		state->step = step;
		state->spent_ns = 0;
		r.detail = step;
		r.over_ns = overhigh_excess(s->now_ns, state->over_since_ns);
		report(s, &r);
	}
	if (!step)
		return s->policy.control;
	return next_step(s, step - 1, &after_ns);
}

/* What a process must grow by at the least to be one that grows. */
static __always_inline u64 batch_bytes(void)
{
	return (u64)OVERHIGH_BATCH_PAGES * page_bytes;
}

/* It has grown, since it was nearest to its limit: it is not stuck, nor is it
 * while it pays for that. */
static __always_inline void note_growth(struct subject *s,
					struct overhigh_state *state)
{
	if ((state->flags & OVERHIGH_STATE_STUCK) &&
	    s->excess_bytes < state->most_excess_bytes + batch_bytes())
		return;
	__sync_fetch_and_and(&state->flags, ~OVERHIGH_STATE_STUCK);
	state->most_excess_bytes = s->excess_bytes;
	state->progress_ns =
		state->paid_ns > s->now_ns ? state->paid_ns : s->now_ns;
}

/* Is the process nearer to its limit than it has been in this episode, or
 * further away? */
static __always_inline void note_progress(struct subject *s,
					  struct overhigh_state *state)
{
	u64 least_bytes = state->least_excess_bytes;

	if (!least_bytes || s->excess_bytes < least_bytes) {
		/* one that goes up and down, and a page lower each time, is
		 * not one that grows */
		if (!least_bytes ||
		    s->excess_bytes + batch_bytes() <= least_bytes)
			state->most_excess_bytes = s->excess_bytes;
		state->least_excess_bytes = s->excess_bytes;
		state->progress_ns = s->now_ns;
	} else if (s->excess_bytes > state->most_excess_bytes) {
		note_growth(s, state);
	}
	state->excess_bytes = s->excess_bytes;
}

/*
 * Whose memory current uses; s is then about that process.  A child of vfork,
 * or any other of clone(2) with CLONE_VM, uses that of its parent.  Returns
 * false if it uses none.
 */
static __always_inline bool identify(struct subject *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	struct task_struct *owner;

	if (!mm)
		return false;
	s->mm = mm;
	s->task = task;
	s->pid = task->tgid;
	owner = owner_of(mm);
	if (!owner || owner->tgid == task->tgid)
		return true;
	s->task = owner;
	s->pid = owner->tgid;
	s->shares = task->vfork_done ? SHARES_VFORK : SHARES_VM;
	return true;
}

/* Whether anything governs current; s is then about its process.  All that a
 * process without a policy pays for. */
static __always_inline bool is_governed(struct subject *s)
{
	return identify(s) && find_policy(s) &&
	       !(bpf_get_current_task_btf()->flags & (PF_KTHREAD | PF_EXITING));
}

/* There is no room to remember s, which is over.  To be killed it need not be
 * remembered. */
static __noinline int act_without_state(struct subject *s)
{
	struct overhigh_control *control = the_control();

	count(OVERHIGH_COUNT_MISSED_MAP_FULL);
	if (overhigh_action(s->policy.control) != OVERHIGH_KILL || s->shares ||
	    !control || control->dry_run)
		return 0;
	if (!bpf_send_signal(SIGKILL))
		count(OVERHIGH_COUNT_KILL);
	return 0;
}

/*
 * Looks at current, which is governed, after its memory has changed.  Returns
 * the control word in force if it is over, with *state_out set, else 0 (NONE
 * needs no action).
 */
static __always_inline u32 judge_current(struct subject *s,
					 struct overhigh_state **state_out)
{
	struct overhigh_state *state;
	struct task_struct *task = s->task;
	struct mm_struct *mm = s->mm;
	int bad;

	bad = check_policy(s);
	if (!bad) {
		note_episode(s);
		measure_over(s, false);
		if (!s->excess_bytes) {
			fell_below(s);
			return 0;
		}
	}
	if (!(overhigh_flags(s->policy.control) & OVERHIGH_RSS_MASK))
		rss_read(task, mm, s->rss_pages); /* for reports alone */
	s->now_ns = bpf_ktime_get_ns();
	s->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	if (bad) {
		refuse(s, bad);
		return 0;
	}
	state = get_state(s);
	if (!state) {
		act_without_state(s);
		return 0;
	}
	if (!state->over_since_ns)
		begin_episode(s, state);
	note_progress(s, state);
	if (is_released(s, state))
		return 0;
	*state_out = state;
	return step_in_force(s, state);
}

#endif /* OVERHIGH_DECIDE_BPF_H */
