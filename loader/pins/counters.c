// SPDX-License-Identifier: GPL-2.0
/* pins/counters.c - see pins/counters.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "base/clock.h"
#include "pins/counters.h"
#include "pins/map_walk.h"

#define MOST_CPUS 8192 /* CONFIG_NR_CPUS of the largest kernels */

__u64 counter_read(const struct pins *pins, enum overhigh_counter which)
{
	int i, cpus = libbpf_num_possible_cpus();
	__u64 parts[MOST_CPUS], sum = 0;
	__u32 key = which;

	if (cpus > MOST_CPUS ||
	    bpf_map_lookup_elem(pins->map_fd[MAP_COUNTERS], &key, parts))
		return 0;
	for (i = 0; i < cpus; i++)
		sum += parts[i];
	return sum;
}

void pressure_count(const struct pins *pins, unsigned int *watched,
		    unsigned int *holding)
{
	struct overhigh_pressure_key key;
	struct overhigh_pressure_gate gate;
	int fd = pins->map_fd[MAP_PRESSURE];
	struct map_walk walk = map_walk_of(fd);
	__u64 now_ns = clock_now_ns();

	*watched = *holding = 0;
	while (map_walk_next(&walk, &key, sizeof(key))) {
		++*watched;
		if (!bpf_map_lookup_elem(fd, &key, &gate) &&
		    gate.until_ns > now_ns)
			++*holding;
	}
}
