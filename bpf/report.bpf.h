/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report.bpf.h - report: events into the ring buffer, and counters.
 *
 * Belongs here: making a struct overhigh_event out of what is known.  Does not:
 * deciding when there is something to report.
 */
#ifndef OVERHIGH_REPORT_BPF_H
#define OVERHIGH_REPORT_BPF_H

struct report {
	u32 type; /* enum overhigh_event_type */
	u32 control;
	u32 detail;
	u64 delay_ns;
	u64 over_ns;
};

/* A delay of a process: asked for, or slept; several threads may be here. */
static __always_inline void count_delay(struct overhigh_state *state,
					u64 delay_ns)
{
	__sync_fetch_and_add(&state->delay_ns, delay_ns);
	__sync_fetch_and_add(&state->delays, 1);
	if (state->longest_delay_ns < delay_ns)
		state->longest_delay_ns = delay_ns;
}

static __always_inline u64 task_cgroup_id(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

#define MOST_PID_LEVELS 32 /* MAX_PID_NS_LEVEL, linux/pid_namespace.h */

/* A task's number at a level of pid namespaces; 0 if it does not reach down to
 * it.  *inum: which namespace that is. */
static __always_inline u32 pid_at_level(struct task_struct *task, u32 level,
					u32 *inum)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid *number;

	*inum = 0;
	if (!pid || level > MOST_PID_LEVELS ||
	    level > BPF_CORE_READ(pid, level))
		return 0;
	number = (void *)pid + bpf_core_field_offset(pid->numbers) +
		 level * bpf_core_type_size(struct upid);
	*inum = BPF_CORE_READ(number, ns, ns.inum);
	return BPF_CORE_READ(number, nr);
}

/* By what number the loader knows a task; 0: it does not see it. */
static __always_inline u32 pid_for_loader(struct task_struct *task,
					  struct overhigh_control *control)
{
	u32 nr, inum;

	if (!control || !control->loader_level)
		return BPF_CORE_READ(task, pid);
	nr = pid_at_level(task, control->loader_level, &inum);
	return inum == control->loader_namespace ? nr : 0;
}

/*
 * Whether an event of a process is to be left out: it has sent too many.  Else
 * *left_out is how many were before this one.
 */
static __noinline bool leave_out(u32 pid, u32 type, u64 now_ns, u32 *left_out)
{
	struct overhigh_state *state;
	u64 paid_ns;

	state = bpf_map_lookup_elem(&process_state, &pid);
	if (!state)
		return false;
	paid_ns = state->event_ns;
	if (paid_ns < now_ns)
		paid_ns = now_ns;
	if ((type == OVERHIGH_EV_CROSSED || type == OVERHIGH_EV_ACTED ||
	     type == OVERHIGH_EV_BELOW) &&
	    paid_ns - now_ns > OVERHIGH_EVENT_BURST * OVERHIGH_EVENT_NS) {
		__sync_fetch_and_add(&state->left_out, 1);
		count(OVERHIGH_COUNT_LEFT_OUT);
		return true;
	}
	state->event_ns = paid_ns + OVERHIGH_EVENT_NS;
	if (state->left_out)
		*left_out = __sync_lock_test_and_set(&state->left_out, 0);
	return false;
}

/* Global, like the others that are not static: the verifier then looks at it
 * once in each program, not once for each path to it. */
__noinline int report(struct subject *s, struct report *r)
{
	struct overhigh_control *control = the_control();
	struct overhigh_event *event;
	struct task_struct *task;
	u32 kind, left_out = 0;

	if (!s || !r || leave_out(s->pid, r->type, s->now_ns, &left_out))
		return 0;
	task = s->task;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(OVERHIGH_COUNT_LOST_EVENTS);
		return 0;
	}
	event->time_ns = s->now_ns;
	event->cgroup_id = task_cgroup_id(task);
	event->start_ns = s->start_ns;
#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		event->rss_bytes[kind] =
			s->rss_pages[kind] > 0 ?
				(u64)s->rss_pages[kind] * page_bytes :
				0;
	event->usage_bytes = s->usage_bytes;
	event->limit_bytes = s->limit_bytes;
	event->excess_bytes = s->excess_bytes;
	event->delay_ns = r->delay_ns;
	event->over_ns = r->over_ns;
	event->pid = s->pid;
	event->tid = BPF_CORE_READ(task, pid);
	event->seen_tid = pid_for_loader(task, control);
	event->seen_pid =
		event->tid == event->pid ?
			event->seen_tid :
			pid_for_loader(BPF_CORE_READ(task, group_leader),
				       control);
	event->type = r->type;
	event->control = r->control;
	event->flags = 0;
	if (control && control->dry_run)
		event->flags |= OVERHIGH_EVF_DRY_RUN;
	if (overhigh_flags(s->policy.control) & OVERHIGH_LOG)
		event->flags |= OVERHIGH_EVF_LOG;
	event->source = s->source;
	event->detail = r->detail;
	event->left_out = left_out;
	event->pad = 0;
	bpf_probe_read_kernel_str(event->comm, sizeof(event->comm),
				  &task->comm);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* Puts off the end of what a hook was asked for, and tells the loader if it has
 * ended, or had not begun. */
static __always_inline void keep_until(struct subject *s, u64 *until_ns)
{
	struct report r = { .type = OVERHIGH_EV_NEAR };
	u64 was_ns = *until_ns;

	if (was_ns > s->now_ns + OVERHIGH_NEAR_HOLD_NS / 2)
		return;
	*until_ns = s->now_ns + OVERHIGH_NEAR_HOLD_NS;
	if (was_ns <= s->now_ns)
		report(s, &r);
}

/*
 * A process that no batch of charges shows is governed from now on: the loader
 * is told at once, as its next look may come after all is over.
 */
static __noinline int tell_unseen(u32 pid)
{
	struct overhigh_control *control = the_control();
	u64 now_ns = bpf_ktime_get_ns(), was_ns;
	struct overhigh_event *event;

	if (!control || !control->near_hooks)
		return 0;
	was_ns = control->unseen_until_ns;
	control->unseen_until_ns = now_ns + OVERHIGH_NEAR_HOLD_NS;
	if (was_ns > now_ns)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;
	__builtin_memset(event, 0, sizeof(*event));
	event->type = OVERHIGH_EV_NEAR;
	event->time_ns = now_ns;
	event->pid = pid;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* s is about to wait: what gives memory back shall be seen. */
static __always_inline void watch_for_fall(struct subject *s)
{
	struct overhigh_control *control = the_control();

	if (control)
		keep_until(s, &control->watch_until_ns);
}

#endif /* OVERHIGH_REPORT_BPF_H */
