/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rules.bpf.h - which rule matches a process, and giving it that rule's policy.
 *
 * Belongs here: reading what rules look at (comm, uid, cgroup, path of the
 * program), and matching it with the tables of include/overhigh_rules.h.  Does
 * not: what a policy leads to (decide.bpf.h), the glob matcher itself.
 *
 * Each attribute has its cache from a value to the rules that match it; what is
 * common to all attributes, the first bit, is the rule.  So a process like one
 * that has been seen costs some lookups, however many rules there are.
 */
#ifndef OVERHIGH_RULES_BPF_H
#define OVERHIGH_RULES_BPF_H

#define NO_RULE OVERHIGH_MAX_RULES
#define PATH_PARTS 256 /* directories and mounts that a path may go through */
#define MATCH_TRIES 4  /* when reloads come in between */
#define NAME_MASK 0xff /* NAME_MAX is 255 */
#define PATH_MASK (OVERHIGH_PATH_LEN - 1)

/* ---- scratch ---- */

struct claim {
	u32 first;
	struct rule_scratch *scratch;
};

static long try_claim(u32 i, void *ctx)
{
	struct claim *c = ctx;
	u32 index = (c->first + i) % nr_scratch;
	struct rule_scratch *s = bpf_map_lookup_elem(&rule_scratch, &index);

	if (!s || __sync_val_compare_and_swap(&s->busy, 0, 1))
		return 0;
	c->first = index;
	c->scratch = s;
	return 1;
}

/* ---- text of a process ---- */

/* Puts name and a slash before it in front of what back holds. */
static __always_inline bool prepend(struct rule_scratch *s, const void *name,
				    u32 length)
{
	u32 at = s->at;

	length &= NAME_MASK;
	if (at < length + 1 || at > OVERHIGH_PATH_LEN - 1)
		return false;
	at -= length;
	if (bpf_probe_read_kernel(&s->back[at & PATH_MASK], length, name))
		return false;
	at--;
	s->back[at & PATH_MASK] = '/';
	s->at = at;
	return true;
}

/* The path in back, to text; an empty one is that of the root. */
static __always_inline void take_back(struct rule_scratch *s)
{
	u32 at = s->at, length;

	if (at >= OVERHIGH_PATH_LEN - 1) {
		s->text[0] = '/';
		s->text[1] = 0;
		s->length = 1;
		return;
	}
	length = OVERHIGH_PATH_LEN - 1 - at;
	s->length = length;
	length &= PATH_MASK;
	bpf_probe_read_kernel(s->text, length, &s->back[at & PATH_MASK]);
	s->text[length] = 0;
}

struct path_walk {
	struct rule_scratch *scratch;
	struct dentry *dentry;
	struct mount *mount;
	u32 state; /* enum walk_state */
};

enum walk_state {
	WALK_ON,
	WALK_DONE,
	WALK_TOO_LONG
};

/* One step towards the root of the process's mount namespace. */
static long walk_path(u32 i, void *ctx)
{
	struct path_walk *w = ctx;
	struct dentry *dentry = w->dentry, *parent;
	struct mount *mount = w->mount, *above;

	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		above = BPF_CORE_READ(mount, mnt_parent);
		if (!above || above == mount) {
			w->state = WALK_DONE;
			return 1;
		}
		w->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		w->mount = above;
		return 0;
	}
	if (!prepend(w->scratch, BPF_CORE_READ(dentry, d_name.name),
		     BPF_CORE_READ(dentry, d_name.len))) {
		w->state = WALK_TOO_LONG;
		return 1;
	}
	if (!parent || parent == dentry) { /* memfd and the like */
		w->state = WALK_DONE;
		return 1;
	}
	w->dentry = parent;
	return 0;
}

/* As /proc/PID/exe shows it to one in the same mount namespace.  Global, like
 * the others that are not static: see report(). */
__noinline int read_exe(struct rule_scratch *s)
{
	struct task_struct *task;
	struct path_walk w = { .scratch = s };
	struct vfsmount *mnt;
	struct file *file;

	if (!s)
		return 0;
	s->at = OVERHIGH_PATH_LEN - 1;
	task = s->task;
	file = BPF_CORE_READ(task, mm, exe_file);
	if (!file)
		return 0;
	mnt = BPF_CORE_READ(file, f_path.mnt);
	w.dentry = BPF_CORE_READ(file, f_path.dentry);
	w.mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
	bpf_loop(PATH_PARTS, walk_path, &w, 0);
	if (w.state != WALK_DONE)
		return 0;
	take_back(s);
	return 1;
}

struct cgroup_path_walk {
	struct rule_scratch *scratch;
	struct cgroup *cgroup;
	u32 depth;
	u32 state; /* enum walk_state */
};

static long walk_cgroups(u32 i, void *ctx)
{
	struct cgroup_path_walk *w = ctx;
	struct cgroup *ancestor = NULL;
	const char *name;
	u32 level = w->depth - i;
	long length;

	if (!level || i >= w->depth) {
		w->state = WALK_DONE;
		return 1;
	}
	bpf_probe_read_kernel(
		&ancestor, sizeof(ancestor),
		(void *)w->cgroup +
			bpf_core_field_offset(struct cgroup, ancestors) +
			level * sizeof(ancestor));
	name = BPF_CORE_READ(ancestor, kn, name);
	/* its length is not kept anywhere; text is free until the end */
	length = bpf_probe_read_kernel_str(w->scratch->text, NAME_MASK + 1,
					   name);
	if (length < 1 || !prepend(w->scratch, name, length - 1)) {
		w->state = WALK_TOO_LONG;
		return 1;
	}
	return 0;
}

/* As /proc/PID/cgroup has it on the default hierarchy, for one outside of
 * cgroup namespaces. */
__noinline int read_cgroup(struct rule_scratch *s)
{
	struct cgroup_path_walk w = { .scratch = s };
	struct task_struct *task;
	struct cgroup *cgroup;

	if (!s)
		return 0;
	s->at = OVERHIGH_PATH_LEN - 1;
	task = s->task;
	cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	w.cgroup = cgroup;
	w.depth = BPF_CORE_READ(cgroup, level);
	bpf_loop(PATH_PARTS, walk_cgroups, &w, 0);
	if (w.state != WALK_DONE)
		return 0;
	take_back(s);
	return 1;
}

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
	    (head[1] & test->head_mask[1]) != test->head[1])
		return false;
	__builtin_memset(&s->glob, 0, sizeof(s->glob));
	bpf_loop(OVERHIGH_GLOB_STEPS, glob_step, l, 0);
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
		return 0;
#pragma unroll
	for (word = 0; word < OVERHIGH_RULE_WORDS; word++)
		l->scratch->bits.rules[word] |= test->rules[word];
	return 0;
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
#pragma unroll
	for (word = 0; word < OVERHIGH_RULE_WORDS; word++)
		s->bits.rules[word] = set->any[a][word];
	bpf_loop(set->nr[a], try_test, &l, 0);
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

	if (!set->nr[OVERHIGH_ATTR_COMM])
		return true;
	bpf_probe_read_kernel_str(key.comm, sizeof(key.comm), task->comm);
	bits = bpf_map_lookup_elem(&rule_comms, &key);
	if (bits)
		return narrow(s, bits);
	__builtin_memcpy(s->text, key.comm, sizeof(key.comm));
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
	key.number = BPF_CORE_READ(task, cred, uid.val);
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
		count(OVERHIGH_COUNT_MISSED_RULE);
		return true;
	}
	length = s->length;
	if (length >= RULE_CACHED_PATH) {
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
	run_tests(s, OVERHIGH_ATTR_EXE, 0);
	bpf_map_update_elem(&rule_paths, &s->key, &s->bits, BPF_ANY);
	return narrow(s, &s->bits);
}

__noinline int first_rule(struct rule_scratch *s)
{
	u32 word;

	if (!s)
		return NO_RULE;
	for (word = 0; word < OVERHIGH_RULE_WORDS; word++)
		if (s->left[word])
			return word * 64 + overhigh_lowest_bit(s->left[word]);
	return NO_RULE;
}

/* The index of the first rule that matches task, or NO_RULE. */
static __noinline u32 find_rule(struct task_struct *task,
				struct rule_scratch *s)
{
	u32 half = s->generation & 1, word;
	struct overhigh_rule_set *set = bpf_map_lookup_elem(&rule_sets, &half);

	if (!set || !set->nr_rules)
		return NO_RULE;
#pragma unroll
	for (word = 0; word < OVERHIGH_RULE_WORDS; word++)
		s->left[word] = ~0ULL;
	/* the cheapest first: nothing further is read once no rule is left */
	if (match_uid(task, s, set) && match_comm(task, s, set) &&
	    match_cgroup(task, s, set) && match_exe(task, s, set))
		return first_rule(s);
	return NO_RULE;
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

static __always_inline void forget_rule(u32 pid)
{
	bpf_map_delete_elem(&process_policy, &pid);
	bpf_map_delete_elem(&process_rule, &pid);
}

/* Gives pid the policy of a rule, or takes away what an earlier one gave. */
static __noinline int apply_rule(struct task_struct *task, u32 pid,
				 u64 generation, u32 index)
{
	struct overhigh_rule_note note = { .generation = generation,
					   .rule = index };
	u32 half = generation & 1;
	struct overhigh_rule_set *set = bpf_map_lookup_elem(&rule_sets, &half);
	struct overhigh_policy policy;
	struct overhigh_rule *rule;

	index += half * OVERHIGH_MAX_RULES;
	rule = note.rule == NO_RULE ? NULL :
				      bpf_map_lookup_elem(&rules, &index);
	if (!set || !rule) {
		forget_rule(pid);
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
	if (bpf_map_update_elem(&process_rule, &pid, &note, BPF_ANY) ||
	    bpf_map_update_elem(&process_policy, &pid, &policy, BPF_ANY)) {
		forget_rule(pid);
		count(OVERHIGH_COUNT_MISSED_MAP_FULL);
		return 0;
	}
	count(OVERHIGH_COUNT_RULED);
	return 0;
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
	struct match_loop *l = ctx;
	u64 generation;
	u32 index = NO_RULE;

	if (!control)
		return 1;
	generation = control->rules;
	l->scratch->generation = generation;
	l->scratch->task = l->task;
	if (!is_protected(l->task, l->pid, control))
		index = find_rule(l->task, l->scratch);
	apply_rule(l->task, l->pid, generation, index);
	return *(volatile u64 *)&control->rules == generation;
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
	if (bpf_map_lookup_elem(&process_policy, &pid) &&
	    !bpf_map_lookup_elem(&process_rule, &pid))
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

static __always_inline int match_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task || task->pid != task->tgid || !task->mm)
		return 0;
	return match_rules(task);
}

#endif /* OVERHIGH_RULES_BPF_H */
