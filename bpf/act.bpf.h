/* SPDX-License-Identifier: GPL-2.0 */
/*
 * act.bpf.h - act: signal, kill, slow down, fail with ENOMEM.
 *
 * Belongs here: carrying out the control word that is in force, on current.
 * Does not: deciding that it is in force (decide.bpf.h).  Every action is
 * taken where the process returns to user space: a signal is delivered there.
 */
#ifndef OVERHIGH_ACT_BPF_H
#define OVERHIGH_ACT_BPF_H

#define SIGSTOP 19 /* asm-generic/signal.h; x86 and arm64 agree */
#define ENOMEM 12
#define EEXIST 17
/* SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU: SIG_KERNEL_STOP_MASK, linux/signal.h */
#define STOP_SIGNALS (0xfUL << (SIGSTOP - 1))

/* Marks that this step's action has been reported; true the first time. */
static __always_inline bool first_of_step(struct overhigh_state *state)
{
	return !(__sync_fetch_and_or(&state->flags, OVERHIGH_STATE_STEP_DONE) &
		 OVERHIGH_STATE_STEP_DONE);
}

static __always_inline void acted(struct subject *s, u32 control, u64 delay_ns)
{
	struct report r = { .type = OVERHIGH_EV_ACTED,
			    .control = control,
			    .delay_ns = delay_ns };

	report(s, &r);
}

/* An action that was due was not done: counted always, said once. */
static __always_inline void
missed(struct subject *s, struct overhigh_state *state, u32 control, u32 why)
{
	struct report r = { .type = OVERHIGH_EV_MISSED,
			    .control = control,
			    .detail = why };

	count(OVERHIGH_COUNT_MISSED_SIGNAL + why - OVERHIGH_MISSED_SIGNAL);
	if (!(__sync_fetch_and_or(&state->flags, OVERHIGH_STATE_MISSED) &
	      OVERHIGH_STATE_MISSED))
		report(s, &r);
}

static __always_inline bool dry_run(void)
{
	struct overhigh_control *control = the_control();

	return !control || control->dry_run;
}

/* Each step's one-shot signal is sent once in the life of a policy. */
static __always_inline u32 signal_mark(struct overhigh_state *state)
{
	u32 step = state->step;

	return OVERHIGH_STATE_SIGNALLED
	    << (step < OVERHIGH_MAX_STEPS ? step : OVERHIGH_MAX_STEPS);
}

/*
 * Current is charged for memory of another process, which pays: at once where
 * the kernel can send to others, else when that process is charged itself, or
 * when the loader, which is told now, looks.
 */
static __noinline int charge_owner(struct subject *s,
				   struct overhigh_state *state, u32 sig)
{
	struct report r = { .type = OVERHIGH_EV_DUE };
	u32 pid = s->pid;

	if (!signal_other(pid, sig))
		return 0;
	if (!(__sync_fetch_and_or(&state->flags, OVERHIGH_STATE_DUE) &
	      OVERHIGH_STATE_DUE))
		report(s, &r);
	return -EOPNOTSUPP;
}

static __always_inline void
act_signal(struct subject *s, struct overhigh_state *state, u32 control)
{
	u32 mark = signal_mark(state);

	if (__sync_fetch_and_or(&state->flags, mark) & mark)
		return;
	if (s->shares && !dry_run()) {
		if (charge_owner(s, state, overhigh_signal(control))) {
			__sync_fetch_and_and(&state->flags, ~mark);
			return;
		}
	} else if (!dry_run() && bpf_send_signal(overhigh_signal(control))) {
		__sync_fetch_and_and(&state->flags, ~mark);
		missed(s, state, control, OVERHIGH_MISSED_SIGNAL);
		return;
	}
	count(OVERHIGH_COUNT_SIGNAL);
	acted(s, control, 0);
}

/* SIGKILL is sent at every charge until the process is gone: a thread that was
 * just being made may have missed the first.  Who shares its memory dies with
 * it, as under the OOM killer, but a child that is about to exec lives. */
static __always_inline void act_kill(struct subject *s,
				     struct overhigh_state *state, u32 control)
{
	if (s->shares && !dry_run()) {
		if (s->shares == SHARES_VM)
			bpf_send_signal(SIGKILL);
		if (charge_owner(s, state, SIGKILL))
			return;
	} else if (!dry_run() && bpf_send_signal(SIGKILL)) {
		missed(s, state, control, OVERHIGH_MISSED_SIGNAL);
		return;
	}
	if (!first_of_step(state))
		return;
	count(OVERHIGH_COUNT_KILL);
	acted(s, control, 0);
}

/* Somebody else is about to stop this process: his stop is not ours to end. */
static __always_inline bool stop_is_pending(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	unsigned long pending =
		BPF_CORE_READ(task, pending.signal.sig[0]) |
		BPF_CORE_READ(task, signal, shared_pending.signal.sig[0]);

	return pending & STOP_SIGNALS;
}

static __always_inline u64 stuck_ns(void)
{
	struct overhigh_control *control = the_control();

	return shorter_ns(OVERHIGH_STUCK_NS, control ? control->stuck_ms : 0);
}

/*
 * Over for OVERHIGH_STUCK_NS, and it neither grew nor shrank: a slowdown
 * without an end is an outage.  Returns true if the process is not to be
 * slowed, until it grows.
 */
__noinline int is_stuck(struct subject *s, struct overhigh_state *state,
			u32 control)
{
	struct report r = { .type = OVERHIGH_EV_STUCK, .control = control };
	u32 flags = overhigh_flags(control);

	if (!s || !state)
		return 0;
	if (has_next_step(s, state))
		return 0; /* its ladder is the deadline */
	if (state->flags & OVERHIGH_STATE_STUCK)
		return 1;
	if (s->now_ns < state->progress_ns + stuck_ns())
		return 0;
	count(OVERHIGH_COUNT_STUCK);
	r.over_ns = overhigh_excess(s->now_ns, state->over_since_ns);
	report(s, &r);
	state->progress_ns = s->now_ns;
	if (flags & OVERHIGH_STUCK_KILL) {
		act_kill(s, state,
			 overhigh_control_word(OVERHIGH_KILL, 0, flags));
		return 1;
	}
	if (flags & OVERHIGH_STUCK_REPORT)
		return 0;
	__sync_fetch_and_or(&state->flags, OVERHIGH_STATE_STUCK);
	return 1;
}

/* Each of many short sleeps is not an event: one says how it goes. */
#define SAY_SLEEP_NS 100000000ULL

/* Whether it is time again to say that current is delayed. */
static __always_inline bool time_to_say(struct subject *s,
					struct overhigh_state *state)
{
	if (s->now_ns < state->said_ns + SAY_SLEEP_NS)
		return false;
	state->said_ns = s->now_ns;
	return true;
}

/* Stops current until the loader continues it, at deadline_ns at the latest. */
static __always_inline void
hold(struct subject *s, struct overhigh_state *state, u32 control, u64 delay_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct overhigh_held h = { .since_ns = s->now_ns,
				   .deadline_ns = s->now_ns + delay_ns };
	u32 pid = task->tgid; /* who grows, though it may not be the owner */
	int ret;

	h.start_ns = task->group_leader->start_boottime;

	h.for_rate = !s->excess_bytes;
	/* noted before it is stopped: what is stopped is always known */
	ret = bpf_map_update_elem(&held, &pid, &h, BPF_NOEXIST);
	if (ret) { /* else another thread was first */
		if (ret != -EEXIST)
			missed(s, state, control, OVERHIGH_MISSED_MAP_FULL);
		return;
	}
	if (bpf_send_signal(SIGSTOP)) {
		bpf_map_delete_elem(&held, &pid);
		missed(s, state, control, OVERHIGH_MISSED_SIGNAL);
		return;
	}
	count_delay(state, delay_ns);
	count(OVERHIGH_COUNT_SLOWDOWN);
	/* what keeps to a rate is stopped for many short times */
	if (s->excess_bytes || time_to_say(s, state))
		acted(s, control, delay_ns);
}

/* Current sleeps when it returns to user space: the module's way. */
static __always_inline void put_to_sleep(struct subject *s,
					 struct overhigh_state *state,
					 u32 control, u64 delay_ns)
{
	int ret = overhigh_throttle(delay_ns);
	u64 id, limit_bytes = s->memcg_limit_bytes;

	/* it goes on owing: its next page asks again */
	if (ret == -ENOMEM)
		missed(s, state, control, OVERHIGH_MISSED_NO_SLOT);
	if (ret) /* else it is about to exit, and needs no delay */
		return;
	if (s->memcg_counter) {
		id = counter_cgroup_id(s->memcg_counter);
		bpf_map_update_elem(&memcg_over, &id, &limit_bytes, BPF_ANY);
	}
	count(OVERHIGH_COUNT_SLOWDOWN);
	if (time_to_say(s, state))
		acted(s, control, delay_ns);
}

/* SIGSTOP and SIGCONT: without the module. */
static __always_inline void stop_for(struct subject *s,
				     struct overhigh_state *state, u32 control,
				     u64 delay_ns)
{
	struct overhigh_control *c = the_control();

	if (delay_ns < OVERHIGH_MIN_STOP_NS || stop_is_pending())
		return;
	/* what it then execs has nothing to do with this memory */
	if (s->shares == SHARES_VFORK)
		return;
	/* what the loader cannot see it cannot continue */
	if (!c || s->now_ns > c->heartbeat_ns + OVERHIGH_HEARTBEAT_MAX_NS ||
	    !pid_for_loader(s->task, c)) {
		missed(s, state, control, OVERHIGH_MISSED_NO_LOADER);
		return;
	}
	hold(s, state, control, delay_ns);
}

/* A price is added to what the process owes; its threads may all be here. */
static __always_inline void add_debt(struct overhigh_state *state, u64 now_ns,
				     u64 price_ns)
{
	u64 paid_ns = state->paid_ns;

	if (paid_ns < now_ns)
		__sync_val_compare_and_swap(&state->paid_ns, paid_ns, now_ns);
	paid_ns = __sync_fetch_and_add(&state->paid_ns, price_ns) + price_ns;
	if (paid_ns > now_ns + OVERHIGH_MAX_DEBT_NS)
		state->paid_ns = now_ns + OVERHIGH_MAX_DEBT_NS;
}

/*
 * Pages that current has taken.  A batch of them has its price by how far over
 * the process is when it is full, so that a system call which takes many costs
 * what the same pages cost one by one.  Returns how long the process has to
 * wait until all is paid for.
 */
static __always_inline u64 owe(struct subject *s, struct overhigh_state *state,
			       u32 control, u64 pages)
{
	u64 price_ns;

	pages += __sync_fetch_and_add(&state->owed_pages, pages);
	if (pages >= OVERHIGH_BATCH_PAGES) {
		/* 0: another thread was first */
		pages = __sync_lock_test_and_set(&state->owed_pages, 0);
		price_ns = pages ? ask_delay_ns(s, state, control, pages) : 0;
		if (price_ns)
			add_debt(state, s->now_ns, price_ns);
		else
			__sync_fetch_and_add(&state->owed_pages, pages);
	}
	return overhigh_excess(state->paid_ns, s->now_ns);
}

/* No delay goes on past the next step of the ladder: it is due then. */
static __always_inline u64 until_next_step(struct subject *s,
					   struct overhigh_state *state,
					   u64 delay_ns)
{
	u64 due_ns = next_step_due(s, state);

	if (!due_ns || due_ns > s->now_ns + delay_ns)
		return delay_ns;
	return overhigh_excess(due_ns, s->now_ns);
}

__noinline int slow_down(struct subject *s, struct overhigh_state *state,
			 u32 control, u64 delay_ns)
{
	if (!s || !state)
		return 0;
	delay_ns = overhigh_capped_ns(&s->policy, delay_ns);
	watch_for_fall(s);
	delay_ns = until_next_step(s, state, delay_ns);
	if (!delay_ns)
		return 0;
	if (dry_run()) {
		if (!have_hook && delay_ns < OVERHIGH_MIN_STOP_NS)
			return 0;
		state->paid_ns = 0;
		acted(s, control, delay_ns);
	} else if (have_hook) {
		put_to_sleep(s, state, control, delay_ns);
	} else {
		stop_for(s, state, control, delay_ns);
	}
	return 0;
}

/* Does what a control word says to current, which is over. */
__noinline int act(struct subject *s, struct overhigh_state *state, u32 control)
{
	if (!s || !state)
		return 0;
	switch (overhigh_action(control)) {
	case OVERHIGH_SIGNAL:
		act_signal(s, state, control);
		break;
	case OVERHIGH_KILL:
		act_kill(s, state, control);
		break;
	default: /* NONE; SLOWDOWN has its own way; ENOMEM acts where memory is
		  * asked for */
		break;
	}
	return 0;
}

/*
 * What the process has grown by since one of its threads was last here: each
 * page is told to one of them alone.  Between the least and the most that it
 * may have at the moment nothing has changed.
 */
static __always_inline u64 growth_bytes(struct subject *s,
					struct overhigh_state *state)
{
	u64 before = state->rss_bytes, now = s->rss_bytes;

	if (now <= before) {
		now = s->rss_most_bytes;
		if (now < before)
			__sync_val_compare_and_swap(&state->rss_bytes, before,
						    now);
		return 0;
	}
	if (__sync_val_compare_and_swap(&state->rss_bytes, before, now) !=
	    before)
		return 0; /* who was first has counted, or counts what is left
			   */
	return now - before;
}

/* pages: what was charged, which counts where no RSS does. */
static __always_inline void act_on_growth(struct subject *s,
					  struct overhigh_state *state,
					  u32 control, u64 pages)
{
	u64 owed_ns;

	if (overhigh_flags(s->policy.control) & OVERHIGH_RSS_MASK)
		pages = growth_bytes(s, state) / page_bytes;
	control = ask_decision(s, state, control);
	if (overhigh_action(control) != OVERHIGH_SLOWDOWN) {
		act(s, state, control);
		return;
	}
	if (is_stuck(s, state, control))
		return;
	owed_ns = owe(s, state, control, pages);
	if (owed_ns)
		slow_down(s, state, control, owed_ns);
}

/* On 6.1 tasks cache what they count, and each would see its own cache alone:
 * a rate is held to what all threads see.  Not inlined: see get_state(). */
static __noinline int leave_out_caches(struct subject *s)
{
	if (!rss_is_percpu())
		s->rss_bytes = s->rss_most_bytes =
			pages_to_bytes(counted_shared_pages(
				s->mm, overhigh_flags(s->policy.control)));
	return 0;
}

/*
 * A process with a rate, over its limit or not, pays for what it has grown by
 * with time: rate_ns is until when all is paid for.  What it did not use of the
 * burst it keeps.
 */
__noinline int keep_rate(struct subject *s)
{
	struct overhigh_extension *more;
	struct overhigh_state *state;
	struct task_struct *task;
	u64 grown_bytes, paid_ns, delay_ns, rate_bytes;

	if (!s || s->excess_bytes)
		return 0;
	more = extension_of(s);
	if (!more || !more->rate_bytes || waits_for_pressure(s))
		return 0;
	rate_bytes = more->rate_bytes;
	task = s->task;
	s->now_ns = bpf_ktime_get_ns();
	s->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	state = get_state(s);
	if (!state)
		return 0;
	leave_out_caches(s);
	if (!state->rate_ns) /* what it had before costs nothing */
		state->rss_bytes = s->rss_bytes;
	grown_bytes = growth_bytes(s, state);
	paid_ns = overhigh_excess(
		s->now_ns, overhigh_rate_ns(more->burst_bytes, rate_bytes));
	if (state->rate_ns < paid_ns)
		state->rate_ns = paid_ns;
	paid_ns = __sync_fetch_and_add(
			  &state->rate_ns,
			  overhigh_rate_ns(grown_bytes, rate_bytes)) +
		  overhigh_rate_ns(grown_bytes, rate_bytes);
	delay_ns = overhigh_excess(paid_ns, s->now_ns);
	/* small debts are carried on until a stop is worth it */
	if (delay_ns < OVERHIGH_MIN_STOP_NS)
		return 0;
	if (dry_run()) {
		state->rate_ns = s->now_ns;
		if (!time_to_say(s, state))
			return 0;
	}
	slow_down(s, state,
		  overhigh_control_word(OVERHIGH_SLOWDOWN, 0,
					overhigh_flags(s->policy.control)),
		  delay_ns);
	return 0;
}

/*
 * Detect, decide, act for current, whose memory has just changed.  pages: how
 * many were charged, 0 if only the RSS can tell.
 */
static __always_inline void memory_changed(u64 pages)
{
	struct overhigh_state *state = NULL;
	struct subject s = {};
	u32 control;

	if (!is_governed(&s))
		return;
	stay_on_cpu();
	control = judge_current(&s, &state);
	if (state)
		act_on_growth(&s, state, control, pages);
	else if (overhigh_extended(&s.policy))
		keep_rate(&s);
	leave_cpu();
}

/*
 * The signal that is due to a process that is over and, asleep or stopped,
 * runs into no charge: its limit was lowered, or its grace time has passed.  It
 * is marked as sent; the loader, which alone is told, sends it.  Returns 0 if
 * nothing is due.
 */
__noinline u32 due_signal(struct subject *s)
{
	struct overhigh_control *c = the_control();
	struct overhigh_state *state;
	u32 control, signal, mark, pid;

	if (!s || !c || c->dry_run || !c->sends_due ||
	    c->loader_pid != bpf_get_current_pid_tgid() >> 32)
		return 0;
	pid = s->pid; /* a key must be on the stack, for 6.1 */
	state = bpf_map_lookup_elem(&process_state, &pid);
	if (!state || !state->over_since_ns || state->start_ns != s->start_ns ||
	    is_released(s, state))
		return 0;
	s->now_ns = bpf_ktime_get_ns();
	control = step_in_force(s, state);
	if (!state->step) {
		if (!(state->flags & OVERHIGH_STATE_DUE))
			return 0;
		/* of a later step no program is asked */
		control = ask_decision(s, state, control);
	}
	if (overhigh_action(control) == OVERHIGH_KILL) {
		signal = SIGKILL;
		mark = OVERHIGH_STATE_STEP_DONE;
	} else if (overhigh_action(control) == OVERHIGH_SIGNAL) {
		signal = overhigh_signal(control);
		mark = signal_mark(state);
	} else {
		return 0;
	}
	if (__sync_fetch_and_or(&state->flags, mark) & mark)
		return 0;
	count(signal == SIGKILL ? OVERHIGH_COUNT_KILL : OVERHIGH_COUNT_SIGNAL);
	acted(s, control, 0);
	return signal;
}

#endif /* OVERHIGH_ACT_BPF_H */
