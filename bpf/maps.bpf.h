/* SPDX-License-Identifier: GPL-2.0 */
/*
 * maps.bpf.h - every map: its key, its value, who writes it; and the settings
 * that the loader writes into .rodata before it loads the programs.
 *
 * What the BPF programs add to by themselves has its memory from the start: a
 * child must have its policy when there is no memory to be had, too.  The
 * loader makes those maps as large as the machine needs (attach/load.c).
 *
 * Does not belong here: code that uses them.  The maps are pinned by their
 * name under /sys/fs/bpf/overhigh; bpftool and the loader find them there.
 */
#ifndef OVERHIGH_MAPS_BPF_H
#define OVERHIGH_MAPS_BPF_H

/* written by users (overhigh set, bpftool), by the fork and exit hooks */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVERHIGH_MAX_POLICIES);
	__type(key, u32); /* pid */
	__type(value, struct overhigh_policy);
} process_policy SEC(".maps");

/* written by users */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, OVERHIGH_MAX_CGROUPS);
	__type(key, u64); /* cgroup id */
	__type(value, struct overhigh_policy);
} cgroup_policy SEC(".maps");

/* written by users */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32); /* 0 */
	__type(value, struct overhigh_policy);
} default_policy SEC(".maps");

/* written by users; what a policy says beyond its record */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OVERHIGH_MAX_EXTENSIONS);
	__type(key, u32);
	__type(value, struct overhigh_extension);
} extension SEC(".maps");

/* written by the loader: which conditions on memory pressure hold; has its
 * memory from the start, as it is written when there is none to be had */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVERHIGH_MAX_CONDITIONS);
	__type(key, struct overhigh_pressure_key);
	__type(value, struct overhigh_pressure_gate);
} pressure SEC(".maps");

/* written by users and their handlers, removed at exit */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, OVERHIGH_MAX_POLICIES);
	__type(key, u32); /* pid */
	__type(value, struct overhigh_verdict);
} verdict SEC(".maps");

/* written by the BPF programs */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVERHIGH_MAX_POLICIES);
	__type(key, u32); /* pid */
	__type(value, struct overhigh_state);
} process_state SEC(".maps");

/* written by the BPF programs, entries removed by the loader or its guard */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVERHIGH_MAX_POLICIES);
	__type(key, u32); /* pid */
	__type(value, struct overhigh_held);
} held SEC(".maps");

/* written by the BPF programs: memcgs over their limit with processes that
 * sleep for it, removed when they are woken */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, OVERHIGH_MAX_CGROUPS);
	__type(key, u64);   /* cgroup id */
	__type(value, u64); /* the limit in bytes: memory.high + margin */
} memcg_over SEC(".maps");

/* What a process had from its parent: the first of a chain of forks. */
struct fork_base {
	u64 start_ns;	 /* of the child */
	u64 cgroup_id;	 /* at the fork, on the default hierarchy */
	u64 governed_id; /* the cgroup whose policy governed there, or 0 */
	u32 pages[OVERHIGH_KINDS];
};

/* written by the BPF programs at fork; the oldest go: those are judged in full
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32); /* pid */
	__type(value, struct fork_base);
} fork_bases SEC(".maps");

/* first part written by the loader, second by the BPF programs */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32); /* 0 */
	__type(value, struct overhigh_control);
} control SEC(".maps");

/* written by the BPF programs */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OVERHIGH_COUNTERS);
	__type(key, u32); /* enum overhigh_counter */
	__type(value, u64);
} counters SEC(".maps");

/* Rules.  The three tables: written by the loader, room for two sets each. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct overhigh_rule_set);
} rule_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * OVERHIGH_MAX_RULES);
	__type(key, u32);
	__type(value, struct overhigh_rule);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * OVERHIGH_MAX_TESTS);
	__type(key, u32);
	__type(value, struct overhigh_rule_test);
} rule_tests SEC(".maps");

/* written by the BPF programs; an entry is removed by overhigh set too */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVERHIGH_MAX_POLICIES);
	__type(key, u32); /* pid */
	__type(value, struct overhigh_rule_note);
} process_rule SEC(".maps");

/* The rules that match a value of an attribute, as they were found the last
 * time; written by the BPF programs.  A key has the generation in it, so that
 * a reload leaves nothing that is wrong. */
struct rule_bits {
	u64 rules[OVERHIGH_RULE_WORDS];
};

struct rule_comm_key {
	u64 generation;
	char comm[OVERHIGH_COMM_LEN];
};

struct rule_number_key {
	u64 generation;
	u64 attribute;
	u64 number; /* uid, cgroup id */
};

#define RULE_CACHED_PATH 256

struct rule_path_key {
	u64 generation;
	char path[RULE_CACHED_PATH];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct rule_comm_key);
	__type(value, struct rule_bits);
} rule_comms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct rule_number_key);
	__type(value, struct rule_bits);
} rule_numbers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct rule_path_key);
	__type(value, struct rule_bits);
} rule_paths SEC(".maps");

/* Where a process is matched.  Not per CPU: another process may be matched on
 * this CPU in the midst of it.  One is claimed by setting busy. */
struct rule_scratch {
	u32 busy;
	u32 length;		  /* of text */
	struct task_struct *task; /* that is matched */
	u64 generation;
	u64 left[OVERHIGH_RULE_WORDS]; /* rules that may still match */
	struct rule_bits bits;	       /* that match by one attribute */
	struct overhigh_glob glob;
	struct rule_path_key key;
	u64 tail[2]; /* the last bytes of text, to the right */
	u32 at;	     /* where in back the path begins, as far as it is known */
	u32 steps;   /* of patterns that are left */
	char before[16]; /* zeros */
	char text[OVERHIGH_PATH_LEN + 256];
	char back[OVERHIGH_PATH_LEN + 256];
};

/* written by the BPF programs; the loader makes it as large as the machine
 * needs */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, struct rule_scratch);
} rule_scratch SEC(".maps");

/* What is remembered of a thread between two looks at it; not pinned: what it
 * says is worked out again. */
struct task_record {
	u64 seen_ns;	/* when it was last looked at in a batch */
	u64 seen_bytes; /* counted RSS of its process, then */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_record);
} task_record SEC(".maps");

/* struct overhigh_event, written by the BPF programs, read by the loader */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

/* bytes of a page on this machine */
const volatile __u32 page_bytes = 4096;
/* CPUs whose part of a percpu_counter may be non-zero */
const volatile __u32 nr_cpus = 1;
/* non-zero: the module overhigh_hook is there, see module.bpf.h */
const volatile __u32 have_hook = 0;
/* non-zero: bpf_preempt_disable() may be used, see stay_on_cpu() */
const volatile __u32 can_stay_on_cpu = 0;
/* non-zero: the kernel has bpf_send_signal_task() */
const volatile __u32 can_signal_others = 0;
/* entries of rule_scratch */
const volatile __u32 nr_scratch = 64;

static __always_inline void count(u32 which)
{
	u64 *value = bpf_map_lookup_elem(&counters, &which);

	if (value)
		(*value)++;
}

static __always_inline struct overhigh_control *the_control(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

#endif /* OVERHIGH_MAPS_BPF_H */
