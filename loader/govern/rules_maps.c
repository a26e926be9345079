// SPDX-License-Identifier: GPL-2.0
/* govern/rules_maps.c - see govern/rules_maps.h. */
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "attach/attach.h"
#include "govern/extension.h"
#include "govern/gears.h"
#include "overhigh_policy.h"
#include "attach/plan.h"
#include "attach/pressure_trigger.h"
#include "govern/rules_maps.h"

/* What matching itself needs. */
#define MATCH_HOOKS                                                            \
	(HOOK_BIT(HOOK_FORKED) | HOOK_BIT(HOOK_EXECED) |                       \
	 HOOK_BIT(HOOK_EXECED_AGAIN) | HOOK_BIT(HOOK_EXITED))

/* ---- writing a set ---- */

/* A policy that nothing is ever over: of processes that are protected. */
static void exempt(struct overhigh_policy *policy)
{
	memset(policy, 0, sizeof(*policy));
	policy->control = overhigh_control_word(
		OVERHIGH_NONE, 0, OVERHIGH_DIRECT | OVERHIGH_RSS_ANON);
	policy->process_limit = OVERHIGH_NO_LIMIT;
}

/* Adds what the rules need attached; refuses what cannot be had here. */
static int plan_rules(const struct pins *pins, const struct rule_tables *tables,
		      const struct probe *probe, __u32 usable,
		      struct plan *plan, struct error *err)
{
	struct error reason;
	unsigned int i;

	for (i = 0; i < tables->set.nr_rules; i++) {
		const struct overhigh_rule *rule = &tables->rules[i];
		const struct overhigh_extension *extension =
			overhigh_extended(&rule->policy) ?
				&tables->extensions[i] :
				NULL;

		if ((!plan_served(&rule->policy, extension, usable) &&
		     plan_check(&rule->policy, extension, probe, &reason)) ||
		    (extension && pressure_check(extension, &reason))) {
			/* rules have none */
			*strchrnul(reason.text, '(') = 0;
			return bad_input(err, "%s: rule %s: %.350s",
					 rule->where, rule->name, reason.text);
		}
		plan_add(plan, &rule->policy, extension, usable);
	}
	if (!tables->set.nr_rules)
		return 0;
	if (pins->control->loader_level)
		return bad_input(err,
				 "%s: rules are for every process of the "
				 "machine, and from within a pid namespace "
				 "overhigh sees a part of them: run it outside",
				 tables->rules[0].where);
	if (~usable & MATCH_HOOKS)
		return fail(err, EOPNOTSUPP,
			    "this kernel does not let overhigh see every fork, "
			    "exec and exit: rules need that");
	plan->hooks |= MATCH_HOOKS;
	return 0;
}

static int write_entry(const struct pins *pins, enum map_id map, __u32 key,
		       const void *value, struct error *err)
{
	if (!bpf_map_update_elem(pins->map_fd[map], &key, value, BPF_ANY))
		return 0;
	return fail(err, errno, "cannot write the map %s: %s", map_names[map],
		    strerror(errno));
}

/* The extensions that the rules' policies need; those of the old set and of
 * what it gave to processes stay as they are. */
static int write_extensions(const struct pins *pins, struct rule_tables *tables,
			    struct error *err)
{
	struct extension_users users;
	unsigned int i;
	int ret = 0;

	extension_users_find(pins, &users);
	for (i = 0; !ret && i < tables->set.nr_rules; i++)
		if (overhigh_extended(&tables->rules[i].policy))
			ret = extension_put(pins, &users,
					    &tables->rules[i].policy,
					    &tables->extensions[i], err);
	return ret;
}

/* Into the half that nothing looks at now. */
static int write_tables(const struct pins *pins,
			const struct rule_tables *tables, __u32 half,
			struct error *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < tables->set.nr_rules; i++)
		ret = write_entry(pins, MAP_RULES,
				  half * OVERHIGH_MAX_RULES + i,
				  &tables->rules[i], err);
	for (i = 0; !ret && i < tables->nr_tests; i++)
		ret = write_entry(pins, MAP_RULE_TESTS,
				  half * OVERHIGH_MAX_TESTS + i,
				  &tables->tests[i], err);
	return ret ? ret :
		     write_entry(pins, MAP_RULE_SETS, half, &tables->set, err);
}

/* Here a set comes into force, with one write. */
static void flip(volatile struct overhigh_control *control, __u64 generation,
		 __u32 nr_rules, const struct plan *plan)
{
	control->rules_hooks = plan->hooks;
	control->rules_near = plan->near;
	__sync_fetch_and_or(&control->near_hooks, plan->near);
	control->nr_rules = nr_rules;
	__sync_synchronize();
	control->rules = generation;
	__sync_fetch_and_add(&control->generation, 1);
}

static int enforce(struct pins *pins, struct rule_tables *tables,
		   const struct probe *probe, struct error *err)
{
	volatile struct overhigh_control *control = pins->control;
	struct plan old = { .hooks = control->rules_hooks,
			    .near = control->rules_near };
	__u32 usable = gears_usable(pins), old_nr = control->nr_rules;
	__u64 next = control->rules + 1;
	struct error ignored;
	struct plan plan = {};
	unsigned int i;
	int ret;

	for (i = 0; i < tables->set.nr_rules; i++)
		if (tables->rules[i].flags & OVERHIGH_RULE_PROTECT)
			exempt(&tables->rules[i].policy);
	ret = plan_rules(pins, tables, probe, usable, &plan, err);
	if (!ret)
		ret = write_extensions(pins, tables, err);
	if (!ret)
		ret = write_tables(pins, tables, next & 1, err);
	if (!ret)
		ret = attach_also(plan.hooks, err);
	if (ret)
		return ret;
	flip(control, next, tables->set.nr_rules, &plan);
	ret = rules_apply(pins, err);
	if (!ret)
		return 0;
	/* back to the half of the old set; a number that was never used, as the
	 * caches go by it */
	flip(control, next + 1, old_nr, &old);
	rules_apply(pins, &ignored);
	return ret;
}

int rules_enforce(struct pins *pins, const struct rules *rules,
		  const struct probe *probe, struct error *err)
{
	struct rule_tables tables;
	int ret = rules_compile(rules, &tables, err);

	if (ret)
		return ret;
	ret = enforce(pins, &tables, probe, err);
	rule_tables_free(&tables);
	return ret;
}

int rules_apply(const struct pins *pins, struct error *err)
{
	char nothing[64];
	ssize_t n;
	int fd = bpf_iter_create(pins->match_link_fd);

	if (fd < 0)
		return fail(err, errno, "cannot start the task iterator: %s",
			    strerror(errno));
	/* it writes nothing; reading makes it run */
	do
		n = read(fd, nothing, sizeof(nothing));
	while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
	close(fd);
	return n ? fail(err, errno, "cannot match what runs: %s",
			strerror(errno)) :
		   0;
}

/* ---- reading it back ---- */

int rules_in_force(const struct pins *pins, struct rule_tables *tables,
		   struct error *err)
{
	__u32 half = pins->control->rules & 1, key, i;
	int ret;

	memset(tables, 0, sizeof(*tables));
	if (!pins->control->rules)
		return 0;
	ret = bpf_map_lookup_elem(pins->map_fd[MAP_RULE_SETS], &half,
				  &tables->set);
	for (i = 0; i < OVERHIGH_ATTRIBUTES; i++)
		tables->nr_tests += tables->set.nr[i];
	tables->rules =
		calloc(tables->set.nr_rules + 1, sizeof(*tables->rules));
	tables->tests = calloc(tables->nr_tests + 1, sizeof(*tables->tests));
	if (!tables->rules || !tables->tests) {
		rule_tables_free(tables);
		return fail(err, ENOMEM, "out of memory");
	}
	for (i = 0; !ret && i < tables->set.nr_rules; i++) {
		key = half * OVERHIGH_MAX_RULES + i;
		ret = bpf_map_lookup_elem(pins->map_fd[MAP_RULES], &key,
					  &tables->rules[i]);
	}
	for (i = 0; !ret && i < tables->nr_tests; i++) {
		key = half * OVERHIGH_MAX_TESTS + i;
		ret = bpf_map_lookup_elem(pins->map_fd[MAP_RULE_TESTS], &key,
					  &tables->tests[i]);
	}
	if (!ret)
		return 0;
	rule_tables_free(tables);
	return fail(err, errno, "cannot read the rules: %s", strerror(errno));
}

bool rule_of_process(const struct pins *pins, __u32 pid,
		     struct overhigh_rule *rule)
{
	struct overhigh_rule_note note;
	__u32 key;

	if (bpf_map_lookup_elem(pins->map_fd[MAP_PROCESS_RULE], &pid, &note) ||
	    note.rule >= OVERHIGH_MAX_RULES)
		return false;
	key = (note.generation & 1) * OVERHIGH_MAX_RULES + note.rule;
	return !bpf_map_lookup_elem(pins->map_fd[MAP_RULES], &key, rule);
}
