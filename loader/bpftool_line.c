// SPDX-License-Identifier: GPL-2.0
/* bpftool_line.c - see bpftool_line.h. */
#include "bpftool_line.h"
#include "pins.h"

/* bpftool takes the bytes of keys and values in memory order. */
static void print_bytes(FILE *out, const char *what, const void *data,
			size_t size)
{
	const unsigned char *bytes = data;
	size_t i;

	fprintf(out, " %s hex", what);
	for (i = 0; i < size; i++)
		fprintf(out, " %02x", bytes[i]);
}

void bpftool_line(FILE *out, const struct target *target,
		  const struct overhigh_policy *policy)
{
	enum map_id map = target->kind == TARGET_PROCESS ? MAP_PROCESS_POLICY :
			  target->kind == TARGET_CGROUP	 ? MAP_CGROUP_POLICY :
							   MAP_DEFAULT_POLICY;

	fprintf(out, "bpftool map update pinned %s/%s", PIN_DIR,
		map_names[map]);
	if (target->kind == TARGET_CGROUP)
		print_bytes(out, "key", &target->cgroup_id,
			    sizeof(target->cgroup_id));
	else
		print_bytes(out, "key", &target->pid, sizeof(target->pid));
	print_bytes(out, "value", policy, sizeof(*policy));
	fprintf(out, "\n");
}
