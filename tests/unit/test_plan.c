// SPDX-License-Identifier: GPL-2.0
/*
 * test_plan.c - which hooks policies need: no more than that, as each costs.
 *
 * That the hooks work is tested in tests/live.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "overhigh_rules.h"
#include "attach/plan.h"
#include <cmocka.h>

#define ALL (HOOK_BIT(HOOKS) - 1)
#define NO_FENTRY                                                              \
	(HOOK_BIT(HOOK_RSS_STAT) | HOOK_BIT(HOOK_FORKED) |                     \
	 HOOK_BIT(HOOK_EXITED) | HOOK_BIT(HOOK_SIGNALLED))
#define LIFE (HOOK_BIT(HOOK_FORKED) | HOOK_BIT(HOOK_EXITED))
#define REQUESTS                                                               \
	(HOOK_BIT(HOOK_MMAP) | HOOK_BIT(HOOK_GROWTH) | HOOK_BIT(HOOK_MPROTECT))
#define DIRECT_ANON (OVERHIGH_DIRECT | OVERHIGH_RSS_ANON)

static struct overhigh_policy policy_of(__u32 action, __u32 flags)
{
	struct overhigh_policy policy = {
		.control = overhigh_control_word(
			action, action == OVERHIGH_SIGNAL ? 15 : 0, flags),
		.process_limit = 1 << 20,
	};

	return policy;
}

static __u32 hooks_for(__u32 action, __u32 flags, __u32 usable)
{
	struct overhigh_policy policy = policy_of(action, flags);
	struct plan plan = { 0 };

	plan_add(&plan, &policy, NULL, usable);
	return plan.hooks;
}

static __u32 near_for(__u32 flags, __u32 usable)
{
	struct overhigh_policy policy = policy_of(OVERHIGH_KILL, flags);
	struct plan plan = { 0 };

	plan_add(&plan, &policy, NULL, usable);
	return plan.near;
}

static void only_the_far_gear_is_always_attached(void **state)
{
	(void)state;
	assert_int_equal(hooks_for(OVERHIGH_KILL, DIRECT_ANON, ALL),
			 LIFE | HOOK_BIT(HOOK_CHARGE));
	assert_int_equal(hooks_for(OVERHIGH_KILL, 0, ALL),
			 LIFE | HOOK_BIT(HOOK_CHARGE));
	assert_int_equal(hooks_for(OVERHIGH_KILL, OVERHIGH_RSS_ANON, ALL),
			 LIFE | HOOK_BIT(HOOK_CHARGE));
}

static void a_limit_of_rss_has_a_near_gear(void **state)
{
	(void)state;
	assert_int_equal(near_for(DIRECT_ANON, ALL), HOOK_BIT(HOOK_FAULT));
	assert_int_equal(near_for(OVERHIGH_RSS_ANON, ALL),
			 HOOK_BIT(HOOK_FAULT));
	assert_int_equal(near_for(DIRECT_ANON, ALL & ~HOOK_BIT(HOOK_FAULT)),
			 HOOK_BIT(HOOK_RSS_STAT));
}

/* The usage of a memcg changes in batches alone. */
static void a_margin_has_no_near_gear(void **state)
{
	(void)state;
	assert_int_equal(near_for(0, ALL), 0);
}

/* For those who sleep or are held until memory is given back. */
static void who_waits_is_told_of_falls(void **state)
{
	(void)state;
	assert_int_equal(plan_watch(ALL),
			 HOOK_BIT(HOOK_UNCHARGE) | HOOK_BIT(HOOK_RSS_STAT));
	assert_int_equal(plan_watch(NO_FENTRY), HOOK_BIT(HOOK_RSS_STAT));
}

static void only_enomem_needs_the_request_hooks(void **state)
{
	struct overhigh_policy later = policy_of(OVERHIGH_NONE, DIRECT_ANON);
	struct plan plan = { 0 };
	__u32 action;

	(void)state;
	for (action = 0; action < OVERHIGH_ACTION_MAX; action++)
		assert_int_equal(
			!!(hooks_for(action, DIRECT_ANON, ALL) & REQUESTS),
			action == OVERHIGH_ENOMEM);
	later.escalation = overhigh_control_word(OVERHIGH_ENOMEM, 0, 0);
	plan_add(&plan, &later, NULL, ALL);
	assert_int_equal(plan.hooks & REQUESTS, REQUESTS);
}

/* Held processes can be stopped and continued by their users; sleepers of the
 * module need no such care. */
static void only_slowdown_without_module_listens_to_signals(void **state)
{
	__u32 stock = ALL & ~HOOK_BIT(HOOK_SLEPT) & ~HOOK_BIT(HOOK_MEMLOCK);

	(void)state;
	assert_true(hooks_for(OVERHIGH_SLOWDOWN, DIRECT_ANON, stock) &
		    HOOK_BIT(HOOK_SIGNALLED));
	assert_false(hooks_for(OVERHIGH_KILL, DIRECT_ANON, stock) &
		     HOOK_BIT(HOOK_SIGNALLED));
	assert_false(hooks_for(OVERHIGH_SLOWDOWN, DIRECT_ANON, ALL) &
		     HOOK_BIT(HOOK_SIGNALLED));
}

static void the_module_serves_what_needs_it(void **state)
{
	(void)state;
	assert_true(hooks_for(OVERHIGH_SLOWDOWN, DIRECT_ANON, ALL) &
		    HOOK_BIT(HOOK_SLEPT));
	assert_true(hooks_for(OVERHIGH_ENOMEM, DIRECT_ANON, ALL) &
		    HOOK_BIT(HOOK_MEMLOCK));
	assert_false(hooks_for(OVERHIGH_KILL, DIRECT_ANON, ALL) &
		     (HOOK_BIT(HOOK_SLEPT) | HOOK_BIT(HOOK_MEMLOCK)));
}

static void without_fentry_the_tracepoint_serves(void **state)
{
	(void)state;
	assert_int_equal(hooks_for(OVERHIGH_KILL, DIRECT_ANON, NO_FENTRY),
			 LIFE | HOOK_BIT(HOOK_RSS_STAT));
	assert_int_equal(near_for(DIRECT_ANON, NO_FENTRY), 0);
}

static void a_record_that_is_not_valid_is_met(void **state)
{
	(void)state;
	assert_true(hooks_for(9, 0, NO_FENTRY) & HOOK_BIT(HOOK_RSS_STAT));
	assert_true(hooks_for(OVERHIGH_KILL, OVERHIGH_DIRECT, ALL) &
		    HOOK_BIT(HOOK_CHARGE));
}

static void what_is_not_to_be_had_is_not_served(void **state)
{
	struct overhigh_policy enomem = policy_of(OVERHIGH_ENOMEM, DIRECT_ANON);
	struct overhigh_policy kill = policy_of(OVERHIGH_KILL, DIRECT_ANON);
	struct probe probe = { .trampoline_reason = "refused here" };
	struct error err;

	(void)state;
	assert_true(plan_served(&enomem, NULL, ALL));
	assert_false(plan_served(&enomem, NULL, NO_FENTRY));
	assert_true(plan_served(&kill, NULL, NO_FENTRY));
	assert_int_equal(plan_check(&enomem, NULL, &probe, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "refused here"));
	assert_int_equal(err.exit_status, 2);
	assert_int_equal(plan_check(&kill, NULL, &probe, &err), 0);
}

/* Its policy is there to keep others away; nothing is ever over it. */
static void what_is_protected_needs_no_detection(void **state)
{
	struct overhigh_policy policy = policy_of(OVERHIGH_NONE, DIRECT_ANON);
	struct plan plan = { 0 };

	(void)state;
	policy.process_limit = OVERHIGH_NO_LIMIT;
	plan_add(&plan, &policy, NULL, ALL);
	assert_int_equal(plan.hooks, LIFE);
}

static void later_steps_and_rates_count(void **state)
{
	struct overhigh_policy policy =
		policy_of(OVERHIGH_SLOWDOWN, DIRECT_ANON);
	struct overhigh_extension extension = { .rate_bytes = 1 << 20 };
	struct plan plan = { 0 };

	(void)state;
	/* a rate without a limit */
	policy.process_limit = OVERHIGH_NO_LIMIT;
	policy.escalation = overhigh_extended_by(1);
	plan_add(&plan, &policy, &extension, NO_FENTRY);
	assert_int_equal(plan.hooks, LIFE | HOOK_BIT(HOOK_RSS_STAT) |
					     HOOK_BIT(HOOK_SIGNALLED));
	extension.steps[2].control =
		overhigh_control_word(OVERHIGH_ENOMEM, 0, DIRECT_ANON);
	plan.hooks = 0;
	plan_add(&plan, &policy, &extension, ALL);
	assert_int_equal(plan.hooks & REQUESTS, REQUESTS);
	assert_false(plan_served(&policy, &extension, NO_FENTRY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_far_gear_is_always_attached),
		cmocka_unit_test(a_limit_of_rss_has_a_near_gear),
		cmocka_unit_test(a_margin_has_no_near_gear),
		cmocka_unit_test(who_waits_is_told_of_falls),
		cmocka_unit_test(only_enomem_needs_the_request_hooks),
		cmocka_unit_test(
			only_slowdown_without_module_listens_to_signals),
		cmocka_unit_test(the_module_serves_what_needs_it),
		cmocka_unit_test(without_fentry_the_tracepoint_serves),
		cmocka_unit_test(a_record_that_is_not_valid_is_met),
		cmocka_unit_test(what_is_protected_needs_no_detection),
		cmocka_unit_test(what_is_not_to_be_had_is_not_served),
		cmocka_unit_test(later_steps_and_rates_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
