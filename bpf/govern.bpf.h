/* SPDX-License-Identifier: GPL-2.0 */
/*
 * govern.bpf.h - decide: which policy governs a process.
 *
 * Belongs here: policy lookup, what a policy says beyond its record, and when
 * it is not valid or waits for memory pressure.  Does not: whether the process
 * is over (decide.bpf.h), rules, which write policies (rules.bpf.h).
 */
#ifndef OVERHIGH_GOVERN_BPF_H
#define OVERHIGH_GOVERN_BPF_H

/*
 * The policy of the nearest cgroup that has one.  Only the levels that the
 * loader has seen a policy at are looked up.
 */
__noinline int find_cgroup_policy(struct subject *s, u32 levels)
{
	struct overhigh_policy *policy;
	u64 id;

	if (!s)
		return 0;
	id = governing_cgroup(s->task, levels);
	policy = bpf_map_lookup_elem(&cgroup_policy, &id);
	if (!policy)
		return 0;
	s->source = OVERHIGH_SOURCE_CGROUP;
	s->source_id = id;
	s->policy = *policy;
	return 1;
}

/* What no cgroup policy, default or rule ever governs; a process policy that
 * names them does. */
static __always_inline bool is_protected(struct task_struct *task, u32 pid,
					 struct overhigh_control *control)
{
	if (pid == 1 || pid == control->loader_pid || pid == control->guard_pid)
		return true;
	return BPF_CORE_READ(task, signal, oom_score_adj) == -1000;
}

/* A rule gave it a policy before it got its oom_score_adj of -1000. */
static __always_inline bool is_spared(struct subject *s)
{
	struct overhigh_rule_note *note;
	struct task_struct *task = s->task;

	if (BPF_CORE_READ(task, signal, oom_score_adj) != -1000)
		return false;
	note = bpf_map_lookup_elem(&process_rule, &s->pid);
	return note && note->rule != OVERHIGH_NO_RULE;
}

/*
 * Finds what governs s: process beats cgroup beats default.  Returns false
 * when nothing does.  A process without a policy pays the first lookup, and
 * where cgroup or default policies exist the walk that those need.
 */
static __always_inline bool find_policy(struct subject *s)
{
	struct overhigh_policy *policy;
	struct overhigh_control *control;
	u32 zero = 0;

	policy = bpf_map_lookup_elem(&process_policy, &s->pid);
	if (policy) {
		if (is_spared(s))
			return false;
		s->source = OVERHIGH_SOURCE_PROCESS;
		s->policy = *policy;
		return true;
	}
	control = the_control();
	if (!control || !(control->cgroup_levels || control->has_default))
		return false;
	if (is_protected(s->task, s->pid, control))
		return false;
	if (control->cgroup_levels &&
	    find_cgroup_policy(s, control->cgroup_levels))
		return true;
	if (!control->has_default)
		return false;
	policy = bpf_map_lookup_elem(&default_policy, &zero);
	if (!policy || !policy->control)
		return false;
	s->source = OVERHIGH_SOURCE_DEFAULT;
	s->policy = *policy;
	return true;
}

/* What the policy of s says beyond its record, or NULL. */
static __always_inline struct overhigh_extension *
extension_of(struct subject *s)
{
	u32 key;

	if (!overhigh_extended(&s->policy))
		return NULL;
	key = overhigh_extension_key(&s->policy);
	return bpf_map_lookup_elem(&extension, &key);
}

/* overhigh_policy_check(), and that of the extension, if there is one. */
static __always_inline int check_policy(struct subject *s)
{
	struct overhigh_extension *more = extension_of(s);
	int bad = overhigh_policy_check(&s->policy);

	if (!bad && more)
		bad = overhigh_extension_check(more);
	return bad;
}

/* A condition on memory pressure that does not hold: nothing is over. */
static __always_inline bool waits_for_pressure(struct subject *s)
{
	struct overhigh_extension *more = extension_of(s);
	struct overhigh_pressure_key key = {};
	struct overhigh_pressure_gate *gate;

	if (!more || !more->pressure)
		return false;
	key.extension = overhigh_extension_key(&s->policy);
	if (s->source == OVERHIGH_SOURCE_CGROUP)
		key.cgroup_id = s->source_id;
	gate = bpf_map_lookup_elem(&pressure, &key);
	return !gate || bpf_ktime_get_ns() >= gate->until_ns;
}

#endif /* OVERHIGH_GOVERN_BPF_H */
