// SPDX-License-Identifier: GPL-2.0
/*
 * rate.bpf.c - a process that is over its limit may go on, at so many bytes per
 * second: a token bucket for each process, with a burst that passes freely.
 *
 * How far over a process is does not matter here.  Of two threads of a process
 * that are charged in the same instant one may go unpaid.
 *
 *	overhigh policy load rate --set rate=4M --set burst=16M
 */
#include "policy.bpf.h"

const volatile __u64 rate_bytes = 10 << 20; /* per second */
const volatile __u64 burst_bytes = 4 << 20;
const volatile __u32 page_bytes = 4096; /* filled in by the loader */

struct bucket {
	__u64 full_at_ns;
	__u64 paid_pages; /* of those that the next call tells of */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32); /* pid */
	__type(value, struct bucket);
} buckets SEC(".maps");

static struct bucket *bucket_of(__u32 pid)
{
	struct bucket *bucket = bpf_map_lookup_elem(&buckets, &pid);
	struct bucket full = {};

	if (bucket)
		return bucket;
	bpf_map_update_elem(&buckets, &pid, &full, BPF_NOEXIST);
	return bpf_map_lookup_elem(&buckets, &pid);
}

__u64 OVERHIGH_FUNC(rate_delay, const struct overhigh_crossing *c)
{
	__u64 pages = c->pages, wait_ns;
	struct bucket *bucket = bucket_of(c->pid);

	if (!bucket)
		return OVERHIGH_DELAY_BUILTIN;
	/* an answer of 0 leaves the pages owed: they are told of again */
	if (pages >= bucket->paid_pages)
		pages -= bucket->paid_pages;
	bucket->full_at_ns = overhigh_bucket_take(
		bucket->full_at_ns, c->now_ns, pages * page_bytes, rate_bytes,
		burst_bytes, OVERHIGH_MAX_DEBT_NS);
	wait_ns = overhigh_bucket_wait_ns(bucket->full_at_ns, c->now_ns,
					  rate_bytes, burst_bytes);
	/* of that it waits for some already */
	wait_ns = overhigh_excess(wait_ns, c->owed_ns);
	bucket->paid_pages = wait_ns ? 0 : c->pages;
	return wait_ns;
}

/* What it did below its limit has refilled the bucket by itself. */
void OVERHIGH_FUNC(rate_below, const struct overhigh_crossing *c)
{
	struct bucket *bucket = bucket_of(c->pid);

	if (bucket)
		bucket->paid_pages = 0;
}

OVERHIGH_OPS(rate, .delay = (void *)rate_delay, .below = (void *)rate_below);
