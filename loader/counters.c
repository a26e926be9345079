// SPDX-License-Identifier: GPL-2.0
/* counters.c - see counters.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include "counters.h"

__u64 counter_read(const struct pins *pins, enum overhigh_counter which)
{
	int i, cpus = libbpf_num_possible_cpus();
	__u64 sum = 0, *parts;
	__u32 key = which;

	parts = cpus > 0 ? calloc(cpus, sizeof(*parts)) : NULL;
	if (parts &&
	    !bpf_map_lookup_elem(pins->map_fd[MAP_COUNTERS], &key, parts))
		for (i = 0; i < cpus; i++)
			sum += parts[i];
	free(parts);
	return sum;
}
