/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fork.bpf.h - what a child has from its parent, and has not taken itself.
 *
 * Belongs here: noting it at fork, leaving it out before the child's exec.
 * Does not: children that use their parent's memory itself (identify() in
 * decide.bpf.h).
 */
#ifndef OVERHIGH_FORK_BPF_H
#define OVERHIGH_FORK_BPF_H

static __always_inline bool never_execed(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, flags) & PF_FORKNOEXEC;
}

/* What was noted of a process at its fork, if it has not exec'ed since. */
static __always_inline struct fork_base *base_of(struct task_struct *task,
						 u32 pid)
{
	struct fork_base *base = bpf_map_lookup_elem(&fork_bases, &pid);

	if (!base || !never_execed(task) ||
	    base->start_ns != BPF_CORE_READ(task, group_leader, start_boottime))
		return NULL;
	return base;
}

/* Has it come into a governed cgroup from outside? */
static __always_inline bool moved_in(struct fork_base *base, u64 cgroup_id,
				     u64 governed_id)
{
	return base->governed_id != governed_id && base->cgroup_id != cgroup_id;
}

/*
 * A child that is about to exec is not hit for what its parent has: until it
 * has taken more than OVERHIGH_FORK_ROOM_BYTES it is not over.  What it brought
 * into a governed cgroup from outside, where it is charged, does not count
 * before its exec at all; nor, if the policy says so, does anything that it has
 * from its parent.
 */
__noinline int leave_out_inherited(struct subject *s)
{
	struct fork_base *base;
	s64 base_pages = 0;
	u64 base_bytes;
	u32 flags, kind;

	if (!s)
		return 0;
	flags = overhigh_flags(s->policy.control);
	base = base_of(s->task, s->pid);
	if (!base || !(flags & OVERHIGH_RSS_MASK))
		return 0;
#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		if (flags & overhigh_rss_kind_flag(kind))
			base_pages += base->pages[kind];
	base_bytes = pages_to_bytes(base_pages);
	if ((flags & OVERHIGH_FORK_GROWN) ||
	    (s->source == OVERHIGH_SOURCE_CGROUP &&
	     moved_in(base, task_cgroup_id(s->task), s->source_id))) {
		s->rss_bytes = overhigh_excess(s->rss_bytes, base_bytes);
		s->rss_most_bytes =
			overhigh_excess(s->rss_most_bytes, base_bytes);
		compare(s);
	} else if (s->rss_most_bytes <= base_bytes + OVERHIGH_FORK_ROOM_BYTES) {
		s->excess_bytes = s->most_excess_bytes = 0;
	}
	return 0;
}

/* A parent that has not taken much since its own fork passes its base on: a
 * chain of forks gets the room once. */
static __always_inline bool passes_base_on(struct fork_base *base,
					   struct fork_base *now)
{
	u64 pages = 0, base_pages = 0;
	u32 kind;

	if (moved_in(base, now->cgroup_id, now->governed_id))
		return true;
#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++) {
		pages += now->pages[kind];
		base_pages += base->pages[kind];
	}
	return pages <= base_pages + OVERHIGH_FORK_ROOM_BYTES / page_bytes;
}

/*
 * A child with memory of its own, before it runs.  Its counters are new, and
 * what they have not yet added up is little.  One that has next to nothing from
 * its parent needs no note.
 */
static __noinline int note_fork(struct task_struct *parent,
				struct task_struct *child)
{
	struct overhigh_control *control = the_control();
	struct mm_struct *mm = child->mm;
	struct fork_base now = {}, *base;
	u32 pid = child->tgid, kind;
	u64 pages = 0;
	s64 shared;

	if (!mm || mm == parent->mm)
		return 0;
#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++) {
		shared = rss_shared(mm, kind);
		now.pages[kind] = shared > 0 ? shared : 0;
		pages += now.pages[kind];
	}
	if (pages * page_bytes <= OVERHIGH_FORK_ROOM_BYTES)
		return 0;
	now.cgroup_id = task_cgroup_id(child);
	if (control && control->cgroup_levels)
		now.governed_id =
			governing_cgroup(child, control->cgroup_levels);
	base = base_of(parent, parent->tgid);
	if (base && passes_base_on(base, &now))
		now = *base;
	now.start_ns = child->start_boottime;
	bpf_map_update_elem(&fork_bases, &pid, &now, BPF_ANY);
	return 0;
}

#endif /* OVERHIGH_FORK_BPF_H */
