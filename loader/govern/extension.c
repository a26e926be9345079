// SPDX-License-Identifier: GPL-2.0
/* govern/extension.c - see govern/extension.h. */
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>
#include "govern/extension.h"
#include "overhigh_policy.h"
#include "overhigh_rules.h"
#include "pins/map_walk.h"

bool extension_get(const struct pins *pins,
		   const struct overhigh_policy *policy,
		   struct overhigh_extension *extension)
{
	__u32 key = overhigh_extension_key(policy);

	return overhigh_extended(policy) && key &&
	       key < OVERHIGH_MAX_EXTENSIONS &&
	       !bpf_map_lookup_elem(pins->map_fd[MAP_EXTENSION], &key,
				    extension) &&
	       !overhigh_extension_check(extension);
}

bool ladder_next(const struct overhigh_policy *policy,
		 const struct overhigh_extension *extension,
		 const struct overhigh_state *state, struct overhigh_step *next,
		 __u64 *due_ns)
{
	__u64 began_ns = state->step_since_ns ? state->step_since_ns :
						state->over_since_ns;

	memset(next, 0, sizeof(*next));
	if (extension) {
		if (state->step < OVERHIGH_MAX_STEPS)
			*next = extension->steps[state->step];
	} else if (!state->step && !overhigh_extended(policy)) {
		next->control = policy->escalation;
		next->after_ms = policy->grace_ms;
	}
	*due_ns = began_ns +
		  overhigh_excess(next->after_ms * 1000000ULL, state->spent_ns);
	return next->control != 0;
}

static void add_user(struct extension_users *users,
		     const struct overhigh_policy *policy)
{
	if (overhigh_extended(policy))
		users->used[overhigh_extension_key(policy) %
			    OVERHIGH_MAX_EXTENSIONS] = true;
}

static void find_in_hash(int fd, size_t key_size, struct extension_users *users)
{
	struct map_walk walk = map_walk_of(fd);
	struct overhigh_policy policy;
	__u64 key; /* wide enough for a pid, too */

	while (map_walk_next(&walk, &key, key_size))
		if (!bpf_map_lookup_elem(fd, &key, &policy))
			add_user(users, &policy);
}

/* Both sets: the one that does not hold may be about to. */
static void find_in_rules(const struct pins *pins,
			  struct extension_users *users)
{
	struct overhigh_rule rule;
	__u32 key;

	for (key = 0; key < 2 * OVERHIGH_MAX_RULES; key++)
		if (!bpf_map_lookup_elem(pins->map_fd[MAP_RULES], &key, &rule))
			add_user(users, &rule.policy);
}

void extension_users_find(const struct pins *pins,
			  struct extension_users *users)
{
	struct overhigh_policy policy;
	__u32 zero = 0;

	memset(users, 0, sizeof(*users));
	find_in_rules(pins, users);
	if (!bpf_map_lookup_elem(pins->map_fd[MAP_DEFAULT_POLICY], &zero,
				 &policy))
		add_user(users, &policy);
	find_in_hash(pins->map_fd[MAP_CGROUP_POLICY], sizeof(__u64), users);
	/* last: rules give theirs to processes, and children inherit */
	find_in_hash(pins->map_fd[MAP_PROCESS_POLICY], sizeof(__u32), users);
}

/* The key of an equal entry, else of one that nobody names, else 0. */
static __u32 find_place(const struct pins *pins,
			const struct extension_users *users,
			const struct overhigh_extension *wanted)
{
	struct overhigh_extension there;
	__u32 key, place = 0;

	for (key = 1; key < OVERHIGH_MAX_EXTENSIONS; key++) {
		if (!users->used[key]) {
			if (!place)
				place = key;
			continue;
		}
		if (!bpf_map_lookup_elem(pins->map_fd[MAP_EXTENSION], &key,
					 &there) &&
		    !memcmp(&there, wanted, sizeof(there)))
			return key;
	}
	return place;
}

int extension_choose(const struct pins *pins, struct extension_users *users,
		     struct overhigh_policy *policy,
		     const struct overhigh_extension *extension,
		     struct error *err)
{
	__u32 key = find_place(pins, users, extension);

	if (!key)
		return fail(err, ENOSPC,
			    "there are %d different extended policies: unset "
			    "policies that are not needed",
			    OVERHIGH_MAX_EXTENSIONS - 1);
	users->used[key] = true;
	policy->escalation = overhigh_extended_by(key);
	return 0;
}

int extension_put(const struct pins *pins, struct extension_users *users,
		  struct overhigh_policy *policy,
		  const struct overhigh_extension *extension, struct error *err)
{
	int ret = extension_choose(pins, users, policy, extension, err);
	__u32 key = overhigh_extension_key(policy);

	if (!ret && bpf_map_update_elem(pins->map_fd[MAP_EXTENSION], &key,
					extension, BPF_ANY))
		ret = fail(err, errno, "cannot write the map extension: %s",
			   strerror(errno));
	return ret;
}

int extension_take(const struct pins *pins, struct overhigh_policy *policy,
		   const struct overhigh_extension *extension,
		   struct error *err)
{
	struct extension_users users;

	extension_users_find(pins, &users);
	return extension_put(pins, &users, policy, extension, err);
}
