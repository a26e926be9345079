// SPDX-License-Identifier: GPL-2.0
/* commands/reload.c - overhigh reload: have the running loader read its rules
 * anew, and say what came of it. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/lock.h"
#include "commands/command.h"
#include "daemon/reload_result.h"
#include "pins/pins.h"
#include "govern/rules_maps.h"

static const char doc[] =
	"Have the running loader read its files of rules anew.\v"
	"Either every rule of the new set holds afterwards, also for what "
	"already runs; or the old set goes on, and the first thing that is "
	"wrong is named with its file and line.  SIGHUP to the loader does the "
	"same.";

#define MOST_NS 60000000000ULL

static int wait_for_result(__u64 since_ns, struct reload_result *result,
			   struct error *err)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	while (reload_result_read(result) || result->began_ns < since_ns) {
		if (!lock_owner())
			return fail(err, ESRCH,
				    "the loader ended before it had reloaded");
		if (clock_now_ns() - since_ns > MOST_NS)
			return fail(err, ETIMEDOUT,
				    "the loader does not answer");
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* Its pid as we can use it. */
static int find_loader(pid_t *loader, struct error *err)
{
	struct pins pins;
	int ret = pins_open(&pins, err);

	if (ret)
		return ret;
	*loader = pid_to_local(&pins, pins.control->loader_pid);
	pins_close(&pins);
	if (*loader > 0)
		return 0;
	return bad_input(err, "the loader lives outside of this pid namespace: "
			      "reload from there");
}

static int run(int argc, char **argv, struct error *err)
{
	struct reload_result result;
	__u64 began_ns = clock_now_ns();
	int ret = command_parse(&command_reload, argc, argv, NULL, err);
	pid_t loader;

	if (ret)
		return ret;
	if (geteuid())
		return bad_input(err, "this needs root: try sudo");
	if (!lock_owner())
		return bad_input(err, "no loader is running: 'overhigh run' "
				      "reads the rules when it starts");
	ret = find_loader(&loader, err);
	if (ret)
		return ret;
	if (reload_result_read(&result))
		return bad_input(err,
				 "the loader (pid %d) has no rules: it is not "
				 "an 'overhigh run'",
				 loader);
	if (kill(loader, SIGHUP))
		return fail(err, errno, "cannot signal the loader (pid %d)",
			    loader);
	ret = wait_for_result(began_ns, &result, err);
	if (ret)
		return ret;
	if (result.err.exit_status) {
		*err = result.err;
		return -EINVAL;
	}
	printf("%u rule%s in force\n", result.rules,
	       result.rules == 1 ? "" : "s");
	return 0;
}

const struct command command_reload = {
	.name = "reload",
	.summary = "have the loader read its rules anew",
	.doc = doc,
	.run = run,
};
