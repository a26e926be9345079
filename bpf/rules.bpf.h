/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rules.bpf.h - which rule matches a process, and giving it that rule's policy.
 *
 * Belongs here: matching what a process is with the tables of
 * include/overhigh_rules.h.  Does not: reading what it is (rule_subject.bpf.h),
 * what a policy leads to (decide.bpf.h), the glob matcher itself.
 *
 * Each attribute has its cache from a value to the rules that match it; what is
 * common to all attributes, the first bit, is the rule.  So a process like one
 * that has been seen costs some lookups, however many rules there are.
 */
#ifndef OVERHIGH_RULES_BPF_H
#define OVERHIGH_RULES_BPF_H

#define MATCH_TRIES 4 /* when reloads come in between */

/* ---- tests ---- */

struct test_loop {
	struct rule_scratch *scratch;
	struct overhigh_rule_test *test;
	u32 first;
	u32 attribute;
	u32 uid;
};

static long glob_step(u32 i, void *ctx)
{
	struct test_loop *l = ctx;

	if (!l->scratch->steps)
		return 1;
	l->scratch->steps--;
	return overhigh_glob_step(&l->scratch->glob, l->test->pattern,
				  l->scratch->text);
}

static __always_inline bool test_holds(struct test_loop *l)
{
	struct overhigh_rule_test *test = l->test;
	struct rule_scratch *s = l->scratch;
	u64 *head = (u64 *)s->text;

	if (l->attribute == OVERHIGH_ATTR_UID)
		return l->uid >= test->first && l->uid <= test->last;
	if ((head[0] & test->head_mask[0]) != test->head[0] ||
	    (head[1] & test->head_mask[1]) != test->head[1] ||
	    (s->tail[0] & test->tail_mask[0]) != test->tail[0] ||
	    (s->tail[1] & test->tail_mask[1]) != test->tail[1])
		return false;
	__builtin_memset(&s->glob, 0, sizeof(s->glob));
	bpf_loop(OVERHIGH_MATCH_STEPS, glob_step, l, 0);
	return s->glob.matches;
}

static long try_test(u32 i, void *ctx)
{
	struct test_loop *l = ctx;
	struct overhigh_rule_test *test;
	u32 index = l->first + i, word;

	test = bpf_map_lookup_elem(&rule_tests, &index);
	if (!test)
		return 1;
	l->test = test;
	if (!test_holds(l))
		return !l->scratch->steps;
#pragma unroll
	for (word = 0; word < OVERHIGH_RULE_WORDS; word++)
		l->scratch->bits.rules[word] |= test->rules[word];
	return 0;
}

/* The last bytes of text, with zeros before them if it is shorter: those of
 * before. */
static __always_inline void set_tail(struct rule_scratch *s, u32 length)
{
	bpf_probe_read_kernel(s->tail, sizeof(s->tail),
			      &s->before[length & PATH_MASK]);
}

/* All rules that match by one attribute, to bits.  text holds its value. */
__noinline int run_tests(struct rule_scratch *s, u32 attribute, u32 uid)
{
	struct test_loop l = { .scratch = s, .uid = uid };
	u32 a = attribute & (OVERHIGH_ATTRIBUTES - 1), half, word;
	struct overhigh_rule_set *set;

	if (!s)
		return 0;
	half = s->generation & 1;
	set = bpf_map_lookup_elem(&rule_sets, &half);
	if (!set)
		return 0;
	l.attribute = a;
	l.first = half * OVERHIGH_MAX_TESTS + set->first[a];
	s->steps = OVERHIGH_MATCH_STEPS;
#pragma unroll
	for (word = 0; word < OVERHIGH_RULE_WORDS; word++)
		s->bits.rules[word] = set->any[a][word];
	bpf_loop(set->nr[a], try_test, &l, 0);
	if (!s->steps) {
		/* as if it had no value: no rule by half of the patterns */
		count(OVERHIGH_COUNT_MISSED_RULE);
#pragma unroll
		for (word = 0; word < OVERHIGH_RULE_WORDS; word++)
			s->bits.rules[word] = set->any[a][word];
	}
	return 0;
}

/* Nothing is known of the attribute: rules that look at it do not match. */
static __always_inline void no_value(struct rule_scratch *s,
				     struct overhigh_rule_set *set, u32 a)
{
	u32 word;

#pragma unroll
	for (word = 0; word < OVERHIGH_RULE_WORDS; word++)
		s->left[word] &= set->any[a][word];
}

/* Takes away the rules that bits does not have; is anything left? */
__noinline int narrow(struct rule_scratch *s, const struct rule_bits *bits)
{
	u64 any = 0;
	u32 word;

	if (!s || !bits)
		return 0;
#pragma unroll
	for (word = 0; word < OVERHIGH_RULE_WORDS; word++) {
		s->left[word] &= bits->rules[word];
		any |= s->left[word];
	}
	return any != 0;
}

/* ---- one attribute each: from the cache, or tested and cached ---- */

static __always_inline bool match_comm(struct task_struct *task,
				       struct rule_scratch *s,
				       struct overhigh_rule_set *set)
{
	struct rule_comm_key key = { .generation = s->generation };
	struct rule_bits *bits;
	long length;

	if (!set->nr[OVERHIGH_ATTR_COMM])
		return true;
	bpf_probe_read_kernel_str(key.comm, sizeof(key.comm), task->comm);
	bits = bpf_map_lookup_elem(&rule_comms, &key);
	if (bits)
		return narrow(s, bits);
	/* with the NUL */
	length = bpf_probe_read_kernel_str(s->text, sizeof(key.comm), key.comm);
	set_tail(s, length > 0 ? length - 1 : 0);
	run_tests(s, OVERHIGH_ATTR_COMM, 0);
	bpf_map_update_elem(&rule_comms, &key, &s->bits, BPF_ANY);
	return narrow(s, &s->bits);
}

static __always_inline bool match_uid(struct task_struct *task,
				      struct rule_scratch *s,
				      struct overhigh_rule_set *set)
{
	struct rule_number_key key = { .generation = s->generation,
				       .attribute = OVERHIGH_ATTR_UID };
	struct rule_bits *bits;

	if (!set->nr[OVERHIGH_ATTR_UID])
		return true;
	key.number = user_of(task);
	bits = bpf_map_lookup_elem(&rule_numbers, &key);
	if (bits)
		return narrow(s, bits);
	run_tests(s, OVERHIGH_ATTR_UID, key.number);
	bpf_map_update_elem(&rule_numbers, &key, &s->bits, BPF_ANY);
	return narrow(s, &s->bits);
}

static __always_inline bool match_cgroup(struct task_struct *task,
					 struct rule_scratch *s,
					 struct overhigh_rule_set *set)
{
	struct rule_number_key key = { .generation = s->generation,
				       .attribute = OVERHIGH_ATTR_CGROUP };
	struct rule_bits *bits;

	if (!set->nr[OVERHIGH_ATTR_CGROUP])
		return true;
	key.number = task_cgroup_id(task);
	bits = bpf_map_lookup_elem(&rule_numbers, &key);
	if (bits)
		return narrow(s, bits);
	if (!read_cgroup(s)) {
		no_value(s, set, OVERHIGH_ATTR_CGROUP);
		count(OVERHIGH_COUNT_MISSED_RULE);
		return true;
	}
	set_tail(s, s->length);
	run_tests(s, OVERHIGH_ATTR_CGROUP, 0);
	bpf_map_update_elem(&rule_numbers, &key, &s->bits, BPF_ANY);
	return narrow(s, &s->bits);
}

/* The path itself is the key: a file may be renamed at any time, so what names
 * the file does not name the path. */
static __always_inline bool match_exe(struct task_struct *task,
				      struct rule_scratch *s,
				      struct overhigh_rule_set *set)
{
	struct rule_bits *bits;
	u32 length;

	if (!set->nr[OVERHIGH_ATTR_EXE])
		return true;
	if (!read_exe(s)) {
		no_value(s, set, OVERHIGH_ATTR_EXE);
		return true;
	}
	length = s->length;
	if (length >= RULE_CACHED_PATH) {
		set_tail(s, length);
		run_tests(s, OVERHIGH_ATTR_EXE, 0);
		return narrow(s, &s->bits);
	}
	s->key.generation = s->generation;
	__builtin_memset(s->key.path, 0, sizeof(s->key.path));
	bpf_probe_read_kernel(s->key.path, length & (RULE_CACHED_PATH - 1),
			      s->text);
	bits = bpf_map_lookup_elem(&rule_paths, &s->key);
	if (bits)
		return narrow(s, bits);
	set_tail(s, length);
	run_tests(s, OVERHIGH_ATTR_EXE, 0);
	bpf_map_update_elem(&rule_paths, &s->key, &s->bits, BPF_ANY);
	return narrow(s, &s->bits);
}

__noinline int first_rule(struct rule_scratch *s)
{
	u32 word;

	if (!s)
		return OVERHIGH_NO_RULE;
	for (word = 0; word < OVERHIGH_RULE_WORDS; word++)
		if (s->left[word])
			return word * 64 + overhigh_lowest_bit(s->left[word]);
	return OVERHIGH_NO_RULE;
}

/* The index of the first rule that matches task, or OVERHIGH_NO_RULE. */
static __noinline u32 find_rule(struct task_struct *task,
				struct rule_scratch *s)
{
	u32 half = s->generation & 1, word;
	struct overhigh_rule_set *set = bpf_map_lookup_elem(&rule_sets, &half);

	if (!set || !set->nr_rules)
		return OVERHIGH_NO_RULE;
#pragma unroll
	for (word = 0; word < OVERHIGH_RULE_WORDS; word++)
		s->left[word] = ~0ULL;
	/* the cheapest first: nothing further is read once no rule is left */
	if (match_uid(task, s, set) && match_comm(task, s, set) &&
	    match_cgroup(task, s, set) && match_exe(task, s, set))
		return first_rule(s);
	return OVERHIGH_NO_RULE;
}

/* ---- what comes of it ---- */

static long look_at_max(u32 i, void *ctx)
{
	struct memcg_walk *w = ctx;
	struct page_counter *counter = w->counter;
	u64 max;

	if (!counter)
		return 1;
	max = BPF_CORE_READ(counter, max);
	if (max < PAGE_COUNTER_UNSET_PAGES / page_bytes &&
	    max * page_bytes < w->limit_bytes)
		w->limit_bytes = max * page_bytes;
	w->counter = BPF_CORE_READ(counter, parent);
	return 0;
}

/* The smallest memory.max of the task's cgroup and those above it; where none
 * is set, RAM is the limit. */
static __noinline u64 memory_max(struct task_struct *task,
				 struct overhigh_rule_set *set)
{
	struct memcg_walk w = { .limit_bytes = set->ram_bytes };
	struct mem_cgroup *memcg = task_memcg(task);

	if (!memcg)
		return w.limit_bytes;
	w.counter = memory_counter(memcg);
	bpf_loop(MAX_DEPTH, look_at_max, &w, 0);
	return w.limit_bytes;
}

/* Takes away what a rule gave, and notes what there is now. */
static __always_inline void no_rule(u32 pid, struct overhigh_rule_note *note,
				    bool rules_hold)
{
	note->rule = OVERHIGH_NO_RULE;
	bpf_map_delete_elem(&process_policy, &pid);
	if (!rules_hold)
		bpf_map_delete_elem(&process_rule, &pid);
	else
		bpf_map_update_elem(&process_rule, &pid, note, BPF_ANY);
}

/* Gives pid the policy of a rule, or takes away what an earlier one gave. */
static __noinline int apply_rule(struct task_struct *task, u32 pid,
				 struct overhigh_rule_note *note)
{
	u32 half = note->generation & 1;
	u32 index = half * OVERHIGH_MAX_RULES + note->rule;
	struct overhigh_rule_set *set = bpf_map_lookup_elem(&rule_sets, &half);
	struct overhigh_policy policy;
	struct overhigh_rule *rule;

	rule = note->rule == OVERHIGH_NO_RULE ?
		       NULL :
		       bpf_map_lookup_elem(&rules, &index);
	if (!set || !rule) {
		no_rule(pid, note, set && set->nr_rules);
		return 0;
	}
	policy = rule->policy;
	if (rule->percent_of_max)
		policy.process_limit =
			memory_max(task, set) / 100 * rule->percent_of_max;
	if (rule->percent_of_max &&
	    policy.process_limit < OVERHIGH_MIN_LIMIT_BYTES)
		policy.process_limit = OVERHIGH_MIN_LIMIT_BYTES;
	/* the note first: without it the policy would seem to be set by hand */
	if (bpf_map_update_elem(&process_rule, &pid, note, BPF_ANY) ||
	    bpf_map_update_elem(&process_policy, &pid, &policy, BPF_ANY)) {
		bpf_map_delete_elem(&process_policy, &pid);
		bpf_map_delete_elem(&process_rule, &pid);
		count(OVERHIGH_COUNT_MISSED_MAP_FULL);
		return 0;
	}
	count(OVERHIGH_COUNT_RULED);
	if (is_never_charged(task))
		tell_unseen(pid);
	return 0;
}

/* Whether what a process has was set by hand. */
static __always_inline bool is_by_hand(u32 pid)
{
	struct overhigh_rule_note *note;

	if (!bpf_map_lookup_elem(&process_policy, &pid))
		return false;
	note = bpf_map_lookup_elem(&process_rule, &pid);
	return !note || note->rule == OVERHIGH_NO_RULE;
}

struct match_loop {
	struct task_struct *task;
	struct rule_scratch *scratch;
	u32 pid;
};

/*
 * Matches once more if another set has come into force meanwhile: the pass over
 * what already runs may have been at this process before us.
 */
static long try_match(u32 i, void *ctx)
{
	struct overhigh_control *control = the_control();
	struct overhigh_rule_note note = { .rule = OVERHIGH_NO_RULE };
	struct match_loop *l = ctx;

	if (!control)
		return 1;
	note.generation = control->rules;
	note.cgroup_id = task_cgroup_id(l->task);
	note.uid = user_of(l->task);
	note.protected_then = is_protected(l->task, l->pid, control);
	l->scratch->generation = note.generation;
	l->scratch->task = l->task;
	if (!note.protected_then)
		note.rule = find_rule(l->task, l->scratch);
	apply_rule(l->task, l->pid, &note);
	return *(volatile u64 *)&control->rules == note.generation;
}

/* Gives task, a process, the policy of the first rule that matches it, unless
 * it has one that was set by hand. */
static __noinline int match_rules(struct task_struct *task)
{
	struct overhigh_control *control = the_control();
	struct match_loop l = { .task = task };
	struct claim claim = {};
	u32 pid;

	if (!control || !task)
		return 0;
	pid = BPF_CORE_READ(task, tgid);
	if (!control->nr_rules && !bpf_map_lookup_elem(&process_rule, &pid))
		return 0;
	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0;
	if (is_by_hand(pid))
		return 0;
	claim.first = bpf_get_smp_processor_id();
	bpf_loop(nr_scratch, try_claim, &claim, 0);
	if (!claim.scratch) {
		count(OVERHIGH_COUNT_MISSED_RULE);
		return 0;
	}
	l.scratch = claim.scratch;
	l.pid = pid;
	bpf_loop(MATCH_TRIES, try_match, &l, 0);
	claim.scratch->busy = 0;
	return 0;
}

/*
 * A child is what its parent is until it calls exec: it gets what that was
 * given, without a look at names that the parent may have changed, and whatever
 * the patterns.  False if the parent is not any more what it was when it was
 * matched, or other rules hold.
 */
static __noinline int inherit_rule(struct task_struct *child, u32 from, u32 to)
{
	struct overhigh_control *control = the_control();
	struct overhigh_rule_note *note, copied_note;
	struct overhigh_policy *policy, copy;

	note = bpf_map_lookup_elem(&process_rule, &from);
	if (!control || !note || note->generation != control->rules)
		return 0;
	copied_note = *note;
	if (copied_note.uid != user_of(child) ||
	    copied_note.cgroup_id != task_cgroup_id(child) ||
	    copied_note.protected_then != is_protected(child, to, control))
		return 0;
	policy = bpf_map_lookup_elem(&process_policy, &from);
	if (copied_note.rule == OVERHIGH_NO_RULE) {
		bpf_map_update_elem(&process_rule, &to, &copied_note, BPF_ANY);
		return 1;
	}
	if (!policy)
		return 0;
	copy = *policy;
	if (bpf_map_update_elem(&process_rule, &to, &copied_note, BPF_ANY) ||
	    bpf_map_update_elem(&process_policy, &to, &copy, BPF_ANY)) {
		bpf_map_delete_elem(&process_rule, &to);
		return 0;
	}
	count(OVERHIGH_COUNT_RULED);
	/* another set may have come into force, and its pass have gone by */
	return *(volatile u64 *)&control->rules == copied_note.generation;
}

/* The loader's pass over what runs says what the machine's root is: its own. */
static __always_inline void note_root(void)
{
	struct task_struct *reader = bpf_get_current_task_btf();
	struct overhigh_control *control = the_control();

	if (control && control->loader_pid == reader->tgid)
		control->root_dentry =
			(u64)BPF_CORE_READ(reader, fs, root.dentry);
}

static __always_inline int match_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task || !stands_for_process(task))
		return 0;
	note_root();
	return match_rules(task);
}

#endif /* OVERHIGH_RULES_BPF_H */
