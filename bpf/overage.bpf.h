/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overage.bpf.h - detect: how much memory a process uses, and how far over.
 *
 * Belongs here: reading RSS and memcg usage, and comparing them with a policy.
 * Does not: finding the policy (decide.bpf.h), doing anything about it
 * (act.bpf.h), kernel differences (kernel_compat.bpf.h).
 */
#ifndef OVERHIGH_OVERAGE_BPF_H
#define OVERHIGH_OVERAGE_BPF_H

/* cgroups that an ancestor walk looks at, at most */
#define MAX_DEPTH 64

/* How current uses the memory map that is looked at. */
enum sharing {
	SHARES_NOT = 0,	  /* it is of the process that the map belongs to */
	SHARES_VM = 1,	  /* of another one: clone(2) with CLONE_VM */
	SHARES_VFORK = 2, /* likewise, and its parent waits for its exec */
};

/*
 * A memory map, the process that it belongs to, the policy that governs that
 * process, and where it stands.  What is judged, remembered and acted on is
 * that process, whoever is charged: see identify().
 */
struct subject {
	struct task_struct *task; /* of the process, not always current */
	struct mm_struct *mm;
	u32 pid;
	u16 source;	    /* enum overhigh_source */
	bool memcg_is_near; /* some memcg is: see is_near() */
	u8 shares;	    /* enum sharing */
	u64 source_id;
	u64 now_ns;
	u64 start_ns;
	u64 over_since_ns; /* as it was before measuring: note_episode() */
	s64 rss_pages[OVERHIGH_KINDS];
	u64 rss_bytes;	    /* counted kinds, at the least */
	u64 rss_most_bytes; /* at the most: see measure_rss_exact() */
	u64 usage_bytes;    /* of the memcg with the largest excess */
	u64 memcg_limit_bytes;
	struct page_counter *memcg_counter; /* that has this excess */
	u64 limit_bytes;       /* what excess_bytes is measured against */
	u64 excess_bytes;      /* 0: not over */
	u64 most_excess_bytes; /* 0: below for sure */
	struct overhigh_policy policy;
};

static __always_inline s64 counted_pages(const s64 *pages, u32 flags)
{
	s64 sum = 0;
	u32 kind;

#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		if (flags & overhigh_rss_kind_flag(kind))
			sum += pages[kind];
	return sum;
}

static __always_inline u64 pages_to_bytes(s64 pages)
{
	return pages > 0 ? (u64)pages * page_bytes : 0;
}

static __always_inline s64 counted_shared_pages(struct mm_struct *mm, u32 flags)
{
	s64 sum = 0;
	u32 kind;

#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		if (flags & overhigh_rss_kind_flag(kind))
			sum += rss_shared(mm, kind);
	return sum;
}

/*
 * Without the counters' lock a part that is added to the shared one while we
 * read may be missed or counted twice: the shared ones are read before and
 * after, and the RSS is between two values.  A process that is alone on its
 * counters gets the same for both.  Global: see report().
 */
__noinline int measure_rss_exact(struct subject *s)
{
	s64 least, most, moved;
	struct mm_struct *mm;
	u32 flags, kind;

	if (!s)
		return 0;
	mm = s->mm;
	flags = overhigh_flags(s->policy.control);
#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		s->rss_pages[kind] = rss_shared(mm, kind);
	moved = counted_pages(s->rss_pages, flags);
	rss_add_parts(s->task, mm, s->rss_pages);
	moved = counted_shared_pages(mm, flags) - moved;
	least = most = counted_pages(s->rss_pages, flags);
	if (moved > 0)
		most += moved;
	else
		least += moved;
	s->rss_bytes = pages_to_bytes(least);
	s->rss_most_bytes = pages_to_bytes(most);
	return 0;
}

/* How far rss_bytes may be off while it is not exact. */
static __always_inline u64 slack_bytes(struct subject *s)
{
	struct overhigh_control *control = the_control();
	u32 flags = overhigh_flags(s->policy.control);
	u32 cpus = control ? control->cpus : 0;
	u32 kinds = 0, kind;

#pragma unroll
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		if (flags & overhigh_rss_kind_flag(kind))
			kinds++;
	return rss_slack(s->task, cpus ? cpus : nr_cpus) * kinds * page_bytes;
}

/*
 * RSS of the kinds that the policy counts.  The per-CPU parts are added only
 * where they can decide, as percpu_counter_compare() does.
 */
static __always_inline void measure_rss(struct subject *s, bool exact)
{
	u32 flags = overhigh_flags(s->policy.control);

	rss_read(s->task, s->mm, s->rss_pages);
	s->rss_bytes = pages_to_bytes(counted_pages(s->rss_pages, flags));
	s->rss_most_bytes = s->rss_bytes;
	if (!exact)
		exact = overhigh_add(s->rss_bytes, slack_bytes(s)) >
			s->policy.process_limit;
	if (exact)
		measure_rss_exact(s);
}

struct memcg_walk {
	struct page_counter *counter;
	struct page_counter *worst; /* with the largest excess */
	u64 margin_bytes;
	u64 usage_bytes;
	u64 limit_bytes;
	u64 excess_bytes;
	u32 hysteresis_permille;
	bool is_near;
};

/* Is value over a limit, or less than the hysteresis below it? */
static __always_inline bool is_near(u64 value_bytes, u64 limit_bytes,
				    u32 permille)
{
	return value_bytes > limit_bytes - limit_bytes / 1000 * permille;
}

static __always_inline u32 hysteresis_permille(struct subject *s)
{
	u32 key = overhigh_extension_key(&s->policy);
	struct overhigh_extension *more;

	if (!overhigh_extended(&s->policy))
		return OVERHIGH_HYSTERESIS_PERMILLE;
	more = bpf_map_lookup_elem(&extension, &key);
	return more ? more->hysteresis_permille : 0;
}

/* Whether s, which was measured, is not so far below that a ladder begins
 * anew. */
static __always_inline bool is_near_limit(struct subject *s)
{
	u32 flags = overhigh_flags(s->policy.control);

	if ((flags & OVERHIGH_RSS_MASK) &&
	    !is_near(s->rss_most_bytes, s->policy.process_limit,
		     hysteresis_permille(s)))
		return false;
	return (flags & OVERHIGH_DIRECT) || s->memcg_is_near;
}

static long look_at_counter(u32 i, void *ctx)
{
	struct memcg_walk *w = ctx;
	struct page_counter *counter = w->counter;
	u64 high, usage_bytes, limit_bytes, excess_bytes;

	if (!counter)
		return 1;
	high = BPF_CORE_READ(counter, high);
	/* PAGE_COUNTER_MAX is LONG_MAX / PAGE_SIZE: no limit is set */
	if (high < PAGE_COUNTER_UNSET_PAGES / page_bytes) {
		usage_bytes =
			BPF_CORE_READ(counter, usage.counter) * page_bytes;
		limit_bytes = overhigh_add(high * page_bytes, w->margin_bytes);
		excess_bytes = overhigh_excess(usage_bytes, limit_bytes);
		if (is_near(usage_bytes, limit_bytes, w->hysteresis_permille))
			w->is_near = true;
		if (excess_bytes > w->excess_bytes) {
			w->worst = counter;
			w->usage_bytes = usage_bytes;
			w->limit_bytes = limit_bytes;
			w->excess_bytes = excess_bytes;
		}
	}
	w->counter = BPF_CORE_READ(counter, parent);
	return 0;
}

/* Usage over memory.high + margin: the largest excess among the task's memcg
 * and its ancestors. */
__noinline int measure_memcg(struct subject *s)
{
	struct memcg_walk w = {};
	struct mem_cgroup *memcg;

	if (!s)
		return 0;
	w.margin_bytes = s->policy.cgroup_margin;
	w.hysteresis_permille = hysteresis_permille(s);
	memcg = task_memcg(s->task);
	if (!memcg)
		return 0;
	w.counter = memory_counter(memcg);
	bpf_loop(MAX_DEPTH, look_at_counter, &w, 0);
	s->usage_bytes = w.usage_bytes;
	s->memcg_limit_bytes = w.limit_bytes;
	s->memcg_counter = w.worst;
	s->memcg_is_near = w.is_near;
	return 0;
}

static __always_inline u64 memcg_excess_bytes(struct subject *s)
{
	return overhigh_excess(s->usage_bytes, s->memcg_limit_bytes);
}

/* How far over s is, by what was measured. */
static __always_inline void compare(struct subject *s)
{
	u32 flags = overhigh_flags(s->policy.control);
	u64 least, most;

	least = overhigh_excess(s->rss_bytes, s->policy.process_limit);
	most = overhigh_excess(s->rss_most_bytes, s->policy.process_limit);
	s->excess_bytes = overhigh_combine(flags, least, memcg_excess_bytes(s));
	s->most_excess_bytes =
		overhigh_combine(flags, most, memcg_excess_bytes(s));
	s->limit_bytes = s->policy.process_limit;
	if (!(flags & OVERHIGH_DIRECT) &&
	    s->excess_bytes == memcg_excess_bytes(s) && s->excess_bytes)
		s->limit_bytes = s->memcg_limit_bytes;
}

/*
 * Fills in the measured part of s.  exact: read what a report will show, not
 * only what decides.
 */
static __always_inline void measure(struct subject *s, bool exact)
{
	u32 flags = overhigh_flags(s->policy.control);

	if (exact || (flags & OVERHIGH_RSS_MASK))
		measure_rss(s, exact);
	if (exact || !(flags & OVERHIGH_DIRECT))
		measure_memcg(s);
	compare(s);
}

#endif /* OVERHIGH_OVERAGE_BPF_H */
