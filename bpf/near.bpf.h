/* SPDX-License-Identifier: GPL-2.0 */
/*
 * near.bpf.h - sampled processes: is one so near to its limit that it must be
 * looked at more closely?
 *
 * Belongs here: what only kernels that refuse fentry need.  Sampling costs
 * nobody else anything but sees only every 64th fault; so before a crossing
 * the loader is asked to attach the hook that sees all.  Does not: that hook.
 */
#ifndef OVERHIGH_NEAR_BPF_H
#define OVERHIGH_NEAR_BPF_H

/* Bytes by which s may grow until the next sample, and within
 * OVERHIGH_NEAR_NS at the rate it has grown at since the last one. */
static __always_inline u64 growth_ahead(struct subject *s,
					struct overhigh_state *state)
{
	u64 grown = overhigh_excess(s->rss_bytes, state->rss_bytes);
	u64 took_ns = s->now_ns - state->seen_ns;

	if (!state->seen_ns || !took_ns)
		return OVERHIGH_SAMPLE_FAULTS * page_bytes;
	return grown + grown * OVERHIGH_NEAR_NS / took_ns;
}

static __always_inline void note_sample(struct subject *s)
{
	struct report r = { .type = OVERHIGH_EV_NEAR };
	struct overhigh_control *control = the_control();
	struct overhigh_state *state;
	u64 ahead;

	s->now_ns = bpf_ktime_get_ns();
	s->start_ns = BPF_CORE_READ(bpf_get_current_task_btf(), group_leader,
				    start_boottime);
	state = get_state(s);
	if (!state || !control)
		return;
	ahead = growth_ahead(s, state);
	state->rss_bytes = s->rss_bytes;
	state->seen_ns = s->now_ns;
	if (overhigh_add(s->rss_bytes, ahead) <= s->policy.process_limit)
		return;
	if (control->near_until_ns > s->now_ns + OVERHIGH_NEAR_HOLD_NS / 2)
		return;
	control->near_until_ns = s->now_ns + OVERHIGH_NEAR_HOLD_NS;
	report(s, &r);
}

/* As memory_changed(), from a sample. */
static __always_inline void memory_sampled(void)
{
	struct overhigh_state *state = NULL;
	struct subject s = {};
	u32 control;

	if (!is_governed(&s))
		return;
	control = judge_current(&s, &state);
	if (state)
		act_on_growth(&s, state, control, 0);
	else
		note_sample(&s);
}

#endif /* OVERHIGH_NEAR_BPF_H */
