/* SPDX-License-Identifier: GPL-2.0 */
/*
 * live_policy.h - what the tests of policy programs share: loading them, and
 * what 'overhigh policy show' says.
 *
 * Environment: POLICIES and TEST_POLICIES, where the object files are.
 */
#ifndef LIVE_POLICY_H
#define LIVE_POLICY_H

#include "live_module.h"

/* The value of a variable of the environment. */
const char *folder(const char *variable, const char *otherwise);

#define POLICY(name) folder("POLICIES", "build/policies"), name
#define TEST_POLICY(name) folder("TEST_POLICIES", "build/tests/policies"), name

void load_cmd(struct live_cmd *cmd, const char *dir, const char *name,
	      const char *settings);
void load(const char *dir, const char *name, const char *settings);

cJSON *show(void); /* policy show --json; freed by the caller */
void assert_shown(const char *policy, const char *state);
void assert_built_in(void);

/* A child that a test has forked itself; it is killed at the test's end, with
 * its process group if it has made one of its own. */
extern pid_t policy_child;
void end_child(void);

int policy_teardown(void **state);

#define POLICY_TEST(function)                                                  \
	cmocka_unit_test_setup_teardown(function, live_setup, policy_teardown)

#define POLICY_TEST_ONCE(function)                                             \
	{                                                                      \
#function, function, live_setup, policy_teardown, live_once    \
	}

/* What this kernel or this libbpf cannot do is said by overhigh. */
#define NEED_POLICIES()                                                        \
	do {                                                                   \
		struct live_cmd cmd_;                                          \
		LIVE_NEED_MODULE();                                            \
		load_cmd(&cmd_, POLICY("linear"), "");                         \
		if (strstr(cmd_.err, "has no struct_ops") ||                   \
		    strstr(cmd_.err, "cannot load policies"))                  \
			LIVE_SKIP("%s", cmd_.err);                             \
		LIVE_ASSERT(cmd_.status == 0, "%s", cmd_.err);                 \
		live_ok("policy unload");                                      \
		assert_built_in();                                             \
	} while (0)

#endif /* LIVE_POLICY_H */
