// SPDX-License-Identifier: GPL-2.0
/* commands/bpftool_line.c - see commands/bpftool_line.h. */
#include "commands/bpftool_line.h"
#include "govern/extension.h"
#include "overhigh_policy.h"

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

/* The entry that 'overhigh set' would take for it. */
static int extension_line(FILE *out, const struct pins *pins,
			  struct overhigh_policy *policy,
			  const struct overhigh_extension *extension,
			  struct error *err)
{
	struct extension_users users;
	__u32 key;
	int ret;

	extension_users_find(pins, &users);
	ret = extension_choose(pins, &users, policy, extension, err);
	if (ret)
		return ret;
	key = overhigh_extension_key(policy);
	fprintf(out, "bpftool map update pinned %s/%s", PIN_DIR,
		map_names[MAP_EXTENSION]);
	print_bytes(out, "key", &key, sizeof(key));
	print_bytes(out, "value", extension, sizeof(*extension));
	fprintf(out, "\n");
	return 0;
}

int bpftool_lines(FILE *out, const struct pins *pins,
		  const struct target *target,
		  const struct overhigh_policy *policy,
		  const struct overhigh_extension *extension, struct error *err)
{
	struct overhigh_policy record = *policy;
	int ret;

	enum map_id map = target->kind == TARGET_PROCESS ? MAP_PROCESS_POLICY :
			  target->kind == TARGET_CGROUP	 ? MAP_CGROUP_POLICY :
							   MAP_DEFAULT_POLICY;

	if (overhigh_extended(policy)) {
		ret = extension_line(out, pins, &record, extension, err);
		if (ret)
			return ret;
	}
	fprintf(out, "bpftool map update pinned %s/%s", PIN_DIR,
		map_names[map]);
	if (target->kind == TARGET_CGROUP)
		print_bytes(out, "key", &target->cgroup_id,
			    sizeof(target->cgroup_id));
	else
		print_bytes(out, "key", &target->pid, sizeof(target->pid));
	print_bytes(out, "value", &record, sizeof(record));
	fprintf(out, "\n");
	return 0;
}
