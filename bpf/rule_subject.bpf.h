/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rule_subject.bpf.h - what a process is for rules: its user, the path of its
 * cgroup and that of its program, and where they are put together.
 *
 * Does not belong here: matching with patterns (rules.bpf.h).
 */
#ifndef OVERHIGH_RULE_SUBJECT_BPF_H
#define OVERHIGH_RULE_SUBJECT_BPF_H

#define PATH_PARTS 256 /* directories and mounts that a path may go through */
#define NAME_MASK 0xff /* NAME_MAX is 255 */
#define MOST_USER_LEVELS 33 /* user namespaces nest 32 deep */
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
	struct dentry *top; /* of what is mounted on the root of all */
	u32 state;	    /* enum walk_state */
	u32 pad;
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
		if (w->dentry != BPF_CORE_READ(above, mnt.mnt_root))
			w->top = NULL;
		else if (!w->top)
			w->top = dentry;
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

/*
 * Whether a path means what the machine's administrator means by it: what is
 * mounted there was mounted by root, and the root directory is that of the
 * loader. With a user namespace anybody has a mount namespace in which a
 * program of his is /usr/sbin/sshd, may set what /proc/PID/exe shows, and give
 * a memfd any name; in a container who made its image does.  Services of
 * systemd with a view of their own (PrivateTmp= and the like) pass.
 */
static __always_inline bool
is_machines(struct path_walk *w, struct task_struct *task, struct mount *mount)
{
	struct overhigh_control *control = the_control();
	struct mnt_namespace *ns = BPF_CORE_READ(mount, mnt_ns);
	struct dentry *top;

	/* mounts of the kernel's own have an error number there */
	if (!control || !ns || ((s64)ns >= -4095L && (s64)ns < 0))
		return false;
	if (BPF_CORE_READ(ns, user_ns, parent) ||
	    BPF_CORE_READ(task, cred, user_ns, parent))
		return false;
	mount = w->mount; /* the root of all */
	top = w->top;
	if (!top)
		top = BPF_CORE_READ(mount, mnt.mnt_root);
	return (u64)top == control->root_dentry;
}

/* As /proc/PID/exe shows it in the machine's own mount namespace; elsewhere
 * there is none.  Global, like the others that are not static: see report(). */
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
	if (w.state != WALK_DONE) {
		count(OVERHIGH_COUNT_MISSED_RULE);
		return 0;
	}
	mnt = BPF_CORE_READ(file, f_path.mnt);
	if (!is_machines(&w, task,
			 (void *)mnt -
				 bpf_core_field_offset(struct mount, mnt)))
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

/*
 * The real user id.  In a user namespace that is one that its maker chose: for
 * rules it is then that of the maker, unless that is root, who may give others
 * a namespace.
 */
static __always_inline u32 user_of(struct task_struct *task)
{
	u32 uid = BPF_CORE_READ(task, cred, uid.val), owner, i;
	struct user_namespace *ns = BPF_CORE_READ(task, cred, user_ns), *above;

	for (i = 0; i < MOST_USER_LEVELS; i++) {
		above = ns ? BPF_CORE_READ(ns, parent) : NULL;
		if (!above)
			break;
		owner = BPF_CORE_READ(ns, owner.val);
		if (owner)
			uid = owner;
		ns = above;
	}
	return uid;
}

#endif /* OVERHIGH_RULE_SUBJECT_BPF_H */
