/* SPDX-License-Identifier: GPL-2.0 */
/*
 * request.bpf.h - ENOMEM: what is a request for memory, and does it fail?
 *
 * Belongs here: telling what can add memory from what cannot, the small
 * requests that pass all the same, the refusal.  Does not: which system call
 * current is in (kernel_compat.bpf.h), whether it is over (decide.bpf.h).
 */
#ifndef OVERHIGH_REQUEST_BPF_H
#define OVERHIGH_REQUEST_BPF_H

/* linux/mman.h */
#define PROT_WRITE 0x2
#define PROT_EXEC 0x4
#define PROT_ANY 0x7 /* read, write, execute */
#define MAP_PRIVATE 0x02
#define MAP_FIXED 0x10
#define MAP_DENYWRITE 0x0800 /* the mark of a dynamic linker's mapping */

#define TMPFS_MAGIC 0x01021994 /* linux/magic.h */

struct request {
	u64 bytes;
	u64 pad_bytes;	 /* of them, not for what current needs now */
	bool links;	 /* a program's data, as a dynamic linker maps it */
	bool reads_file; /* of a file, and cannot be written to */
};

/* As large as all of a file that is mapped, in whole pages. */
static __always_inline u64 file_bytes(struct file *file)
{
	u64 bytes = file ? BPF_CORE_READ(file, f_inode, i_size) : 0;

	return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

/* tmpfs, memfd, System V: there a page that is only read takes memory, too. */
static __always_inline bool is_shmem(struct file *file)
{
	return BPF_CORE_READ(file, f_inode, i_sb, s_magic) == TMPFS_MAGIC;
}

/*
 * Does a new mapping ask for memory?  No: address space without access, which
 * is how allocators give back and reserve; a file that is mapped to be run but
 * not to be written to.  A program started by an over-limit cgroup would not
 * link otherwise.
 */
static __always_inline bool mapping_request(struct request *r,
					    struct call_args *args,
					    struct file *file, u64 prot,
					    u64 flags)
{
	switch (args->call) {
	case CALL_MMAP:
		r->bytes = args->length;
		break;
	case CALL_OLD_MMAP: /* never small: it could lie */
		r->bytes = ~0ULL;
		break;
	case CALL_SHMAT:
		r->bytes = file_bytes(file);
		break;
	default:
		return false;
	}
	if (!(prot & PROT_ANY))
		return false;
	if (!file)
		return true;
	if (!(prot & PROT_WRITE)) {
		r->reads_file = !is_shmem(file);
		return !((prot & PROT_EXEC) || (flags & MAP_DENYWRITE));
	}
	r->links = (flags & (MAP_PRIVATE | MAP_FIXED)) ==
			   (MAP_PRIVATE | MAP_FIXED) &&
		   r->bytes <= file_bytes(file);
	return true;
}

/*
 * Does mprotect ask for memory?  Only where a mapping that was never writable
 * becomes so.  One that was is still accounted for, or, where it never is
 * (MAP_NORESERVE), has its pages: code that a JIT compiler goes on with.
 */
static __always_inline bool adds_write(struct vm_area_struct *vma, u64 prot)
{
	u64 flags = vma->vm_flags;

	if (!(prot & PROT_WRITE) || (flags & (VM_WRITE | VM_ACCOUNT)))
		return false;
	return !((flags & VM_EXEC) && vma->anon_vma);
}

/* While over with ENOMEM, small requests pass up to a budget, and so do those
 * of a dynamic linker, up to one of their own. */
static __always_inline bool passes(struct overhigh_state *state,
				   struct request *r)
{
	u64 before;
	u32 pages;

	if (r->bytes < OVERHIGH_SMALL_REQUEST_BYTES + r->pad_bytes) {
		before = __sync_fetch_and_add(&state->small_bytes, r->bytes);
		if (before + r->bytes <= OVERHIGH_SMALL_BUDGET_BYTES)
			return true;
	}
	if (!r->links || r->bytes > OVERHIGH_LINK_BUDGET_BYTES)
		return false;
	pages = r->bytes / page_bytes;
	return __sync_fetch_and_add(&state->linked_pages, pages) + pages <=
	       OVERHIGH_LINK_BUDGET_BYTES / page_bytes;
}

/* Current asks for memory.  Returns -ENOMEM if it is over and its step is
 * ENOMEM, else 0. */
static __always_inline int memory_requested(struct request *r)
{
	struct overhigh_state *state = NULL;
	struct subject s = {};
	u32 control;

	if (!is_governed(&s))
		return 0;
	/* page cache, which counts for those who ask for that */
	if (r->reads_file &&
	    !(overhigh_flags(s.policy.control) & OVERHIGH_RSS_FILE))
		return 0;
	control = judge_current(&s, &state);
	if (!state)
		return 0;
	control = ask_decision(&s, state, control);
	if (overhigh_action(control) != OVERHIGH_ENOMEM)
		return 0;
	if (passes(state, r))
		return 0;
	if (first_of_step(state))
		acted(&s, control, 0);
	if (dry_run())
		return 0;
	__sync_fetch_and_add(&state->denied, 1);
	count(OVERHIGH_COUNT_ENOMEM);
	return -ENOMEM;
}

#endif /* OVERHIGH_REQUEST_BPF_H */
