// SPDX-License-Identifier: GPL-2.0
/* govern/fingerprint.c - see govern/fingerprint.h. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "govern/fingerprint.h"
#include "overhigh_policy.h"

/* Entries of one system call: tens of thousands are read in a few
 * milliseconds. */
#define BATCH 512

struct sum {
	__u64 number;
	bool extended; /* some policy is */
};

/* The order of a hash map means nothing. */
static void add(struct sum *sum, __u64 key,
		const struct overhigh_policy *policy, unsigned int map)
{
	__u64 one = overhigh_policy_fingerprint(policy) * 31 + key;

	sum->number += (one ^ one >> 29) * 0xbf58476d1ce4e5b9ULL + map;
	sum->extended |= overhigh_extended(policy);
}

/* key_bytes: 4 or 8 */
static void add_map(struct sum *sum, int fd, unsigned int map, size_t key_bytes)
{
	static struct overhigh_policy policies[BATCH];
	static char keys[BATCH * sizeof(__u64)];
	__u32 i, nr, next = 0, *from = NULL;
	int ret;

	do {
		nr = BATCH;
		ret = bpf_map_lookup_batch(fd, from, &next, keys, policies, &nr,
					   NULL);
		if (ret && errno != ENOENT) /* ENOENT: these were the last */
			return;
		from = &next;
		for (i = 0; i < nr; i++) {
			__u64 key = 0;

			memcpy(&key, keys + i * key_bytes, key_bytes);
			add(sum, key, &policies[i], map);
		}
	} while (!ret);
}

/* What bpftool may have changed in extensions. */
static void add_extensions(struct sum *sum, int fd)
{
	static struct overhigh_extension extensions[64];
	__u32 keys[64], nr, next = 0, *from = NULL;
	size_t i;
	int ret;

	do {
		nr = 64;
		ret = bpf_map_lookup_batch(fd, from, &next, keys, extensions,
					   &nr, NULL);
		if (ret && errno != ENOENT)
			return;
		from = &next;
		for (i = 0; i < nr * sizeof(extensions[0]); i++)
			sum->number = sum->number * 31 +
				      ((const unsigned char *)extensions)[i];
	} while (!ret);
}

__u64 policy_fingerprint(const struct pins *pins)
{
	struct sum sum = {};
	struct overhigh_policy policy;
	__u32 zero = 0;

	add_map(&sum, pins->map_fd[MAP_PROCESS_POLICY], 0, sizeof(__u32));
	add_map(&sum, pins->map_fd[MAP_CGROUP_POLICY], 1, sizeof(__u64));
	if (!bpf_map_lookup_elem(pins->map_fd[MAP_DEFAULT_POLICY], &zero,
				 &policy))
		add(&sum, 0, &policy, 2);
	if (sum.extended)
		add_extensions(&sum, pins->map_fd[MAP_EXTENSION]);
	return sum.number;
}
