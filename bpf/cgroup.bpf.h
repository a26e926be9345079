/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroup.bpf.h - which cgroup's policy would govern a task.
 *
 * Belongs here: the walk up the default hierarchy.  Does not: who wins over it
 * (decide.bpf.h), what a memcg uses (overage.bpf.h).
 */
#ifndef OVERHIGH_CGROUP_BPF_H
#define OVERHIGH_CGROUP_BPF_H

/* The id of a cgroup's ancestor at a level of the default hierarchy. */
static __always_inline u64 ancestor_id(struct cgroup *cgroup, int level)
{
	struct cgroup *ancestor = NULL;

	bpf_probe_read_kernel(
		&ancestor, sizeof(ancestor),
		(void *)cgroup +
			bpf_core_field_offset(struct cgroup, ancestors) +
			level * sizeof(ancestor));
	return BPF_CORE_READ(ancestor, kn, id);
}

struct cgroup_walk {
	struct cgroup *cgroup; /* the task's own */
	u32 levels;	       /* that have policies, as a mask */
	int depth;
	u64 found_id;
};

static long look_at_level(u32 i, void *ctx)
{
	struct cgroup_walk *w = ctx;
	int level = w->depth - i;
	u64 id;

	if (level < 0)
		return 1;
	if (level > OVERHIGH_MAX_LEVEL || !(w->levels >> level & 1))
		return 0;
	id = ancestor_id(w->cgroup, level);
	if (!bpf_map_lookup_elem(&cgroup_policy, &id))
		return 0;
	w->found_id = id;
	return 1;
}

/* The id of the nearest cgroup of a task that has a policy, looked for at these
 * levels; 0: there is none. */
static __always_inline u64 governing_cgroup(struct task_struct *task,
					    u32 levels)
{
	struct cgroup_walk w = { .levels = levels };

	w.cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	w.depth = BPF_CORE_READ(task, cgroups, dfl_cgrp, level);
	bpf_loop(MAX_DEPTH, look_at_level, &w, 0);
	return w.found_id;
}

#endif /* OVERHIGH_CGROUP_BPF_H */
