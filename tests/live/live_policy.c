// SPDX-License-Identifier: GPL-2.0
/* live_policy.c - see live_policy.h. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live_policy.h"

const char *folder(const char *variable, const char *otherwise)
{
	const char *value = getenv(variable);

	return value ? value : otherwise;
}

void load_cmd(struct live_cmd *cmd, const char *dir, const char *name,
	      const char *settings)
{
	live_overhigh(cmd, "policy load %s/%s.bpf.o %s", dir, name, settings);
}

void load(const char *dir, const char *name, const char *settings)
{
	live_ok("policy load %s/%s.bpf.o %s", dir, name, settings);
}

cJSON *show(void)
{
	struct live_cmd cmd;
	cJSON *object;

	live_overhigh(&cmd, "policy show --json");
	LIVE_ASSERT(cmd.status == 0, "policy show: %s", cmd.err);
	object = cJSON_Parse(cmd.out);
	LIVE_ASSERT(object, "policy show --json is not JSON: %s", cmd.out);
	return object;
}

void assert_shown(const char *policy, const char *state)
{
	cJSON *object = show();

	assert_string_equal(live_string(object, "policy"), policy);
	assert_string_equal(live_string(object, "state"), state);
	cJSON_Delete(object);
}

void assert_built_in(void)
{
	assert_shown("built-in (quadratic)", "built-in");
}

pid_t policy_child; /* 0: none */

void end_child(void)
{
	if (policy_child > 0) {
		/* and what it has started: a policy that is loaded after the
		 * test would hold the module */
		kill(policy_child, SIGKILL);
		kill(-policy_child, SIGKILL);
		waitpid(policy_child, NULL, 0);
		while (waitpid(-policy_child, NULL, 0) > 0)
			;
	}
	policy_child = 0;
}

int policy_teardown(void **state)
{
	struct live_cmd cmd;
	int ret;

	end_child();
	ret = live_teardown(state);
	live_overhigh(&cmd, "policy unload");
	return ret;
}
