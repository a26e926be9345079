// SPDX-License-Identifier: GPL-2.0
/* govern/policy_maps.c - see govern/policy_maps.h. */
#include <bpf/bpf.h>
#include <string.h>
#include "govern/extension.h"
#include "overhigh_policy.h"
#include "govern/policy_maps.h"
#include "pins/map_walk.h"

static int map_of(const struct pins *pins, const struct target *target)
{
	switch (target->kind) {
	case TARGET_PROCESS:
		return pins->map_fd[MAP_PROCESS_POLICY];
	case TARGET_CGROUP:
		return pins->map_fd[MAP_CGROUP_POLICY];
	default:
		return pins->map_fd[MAP_DEFAULT_POLICY];
	}
}

/* The key is a __u32 for processes and the default, a __u64 for cgroups. */
static const void *key_of(const struct target *target)
{
	return target->kind == TARGET_CGROUP ?
		       (const void *)&target->cgroup_id :
		       (const void *)&target->pid;
}

int policy_write(struct pins *pins, const struct target *target,
		 const struct overhigh_policy *policy, struct error *err)
{
	if (!bpf_map_update_elem(map_of(pins, target), key_of(target), policy,
				 BPF_ANY))
		return 0;
	if (errno == E2BIG)
		return fail(err, E2BIG,
			    "the policy map is full: unset policies that are "
			    "not needed");
	return fail(err, errno, "cannot write the policy: %s", strerror(errno));
}

int policy_delete(const struct pins *pins, const struct target *target,
		  struct error *err)
{
	if (!bpf_map_delete_elem(map_of(pins, target), key_of(target)))
		return 0;
	return fail(err, errno, "cannot remove the policy: %s",
		    strerror(errno));
}

int policy_get(const struct pins *pins, const struct target *target,
	       struct overhigh_policy *policy, struct error *err)
{
	static const struct overhigh_policy none;

	if (!bpf_map_lookup_elem(map_of(pins, target), key_of(target),
				 policy) &&
	    (target->kind != TARGET_DEFAULT ||
	     memcmp(policy, &none, sizeof(none))))
		return 0;
	return fail(err, ENOENT, "%s has no policy of its own", target->text);
}

static int each_in(int fd, enum target_kind kind, policy_fn fn, void *ctx)
{
	struct target target = { .kind = kind, .pidfd = -1 };
	struct overhigh_policy policy;
	struct map_walk walk = map_walk_of(fd);
	size_t key_size = kind == TARGET_CGROUP ? sizeof(__u64) : sizeof(__u32);
	union {
		__u64 cgroup_id;
		__u32 pid;
	} key;
	int ret = 0;

	while (!ret && map_walk_next(&walk, &key, key_size)) {
		if (bpf_map_lookup_elem(fd, &key, &policy))
			continue; /* gone meanwhile */
		if (kind == TARGET_CGROUP)
			target.cgroup_id = key.cgroup_id;
		else
			target.pid = key.pid;
		ret = fn(&target, &policy, ctx);
	}
	return ret;
}

int policy_each(const struct pins *pins, policy_fn fn, void *ctx)
{
	struct target target = { .kind = TARGET_DEFAULT, .pidfd = -1 };
	struct overhigh_policy policy;
	struct error ignored;
	int ret;

	ret = each_in(pins->map_fd[MAP_PROCESS_POLICY], TARGET_PROCESS, fn,
		      ctx);
	if (!ret)
		ret = each_in(pins->map_fd[MAP_CGROUP_POLICY], TARGET_CGROUP,
			      fn, ctx);
	if (!ret && !policy_get(pins, &target, &policy, &ignored))
		ret = fn(&target, &policy, ctx);
	return ret;
}
