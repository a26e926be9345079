// SPDX-License-Identifier: GPL-2.0
/*
 * live_maps.c - the pinned maps, read and written with bare system calls: what
 * overhigh's own commands say is held against it.  See live.h.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int open_map(const char *map)
{
	char path[128];
	union bpf_attr attr = { .pathname = (uintptr_t)path };

	snprintf(path, sizeof(path), LIVE_PINS "/%s", map);
	return bpf(BPF_OBJ_GET, &attr);
}

static int map_call(int command, const char *map, const void *key,
		    const void *value)
{
	union bpf_attr attr = { .key = (uintptr_t)key,
				.value = (uintptr_t)value };
	int fd = open_map(map), ret;

	if (fd < 0)
		return -errno;
	attr.map_fd = fd;
	ret = bpf(command, &attr) ? -errno : 0;
	close(fd);
	return ret;
}

int live_map_get(const char *map, const void *key, void *value)
{
	return map_call(BPF_MAP_LOOKUP_ELEM, map, key, value);
}

int live_map_set(const char *map, const void *key, const void *value)
{
	return map_call(BPF_MAP_UPDATE_ELEM, map, key, value);
}

void live_shorten(unsigned int stuck_ms, unsigned int extend_ms)
{
	struct overhigh_control control = {};
	uint32_t zero = 0;

	assert_int_equal(live_map_get("control", &zero, &control), 0);
	control.stuck_ms = stuck_ms;
	control.extend_ms = extend_ms;
	assert_int_equal(live_map_set("control", &zero, &control), 0);
}

static size_t dump_map(const char *map, char *text, size_t size)
{
	struct overhigh_policy p;
	uint64_t key = 0, next = 0;
	union bpf_attr attr;
	size_t used = 0;
	bool first = true;
	int fd = open_map(map);

	while (fd >= 0 && used < size) {
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = fd;
		attr.key = first ? 0 : (uintptr_t)&key;
		attr.next_key = (uintptr_t)&next;
		if (bpf(BPF_MAP_GET_NEXT_KEY, &attr))
			break;
		first = false;
		key = next;
		attr.key = (uintptr_t)&key;
		attr.value = (uintptr_t)&p;
		if (bpf(BPF_MAP_LOOKUP_ELEM, &attr))
			continue;
		used += snprintf(text + used, size - used,
				 "%s %llu: %x %x %u %u %llu %llu\n", map,
				 (unsigned long long)key, p.control,
				 p.escalation, p.grace_ms, p.max_delay_us,
				 p.cgroup_margin, p.process_limit);
	}
	if (fd >= 0)
		close(fd);
	return used;
}

const char *live_policies(void)
{
	static char policies[1 << 16];
	size_t used = 0;

	policies[0] = '\0';
	used += dump_map("process_policy", policies, sizeof(policies));
	used += dump_map("cgroup_policy", policies + used,
			 sizeof(policies) - used);
	dump_map("default_policy", policies + used, sizeof(policies) - used);
	return policies;
}
