// SPDX-License-Identifier: GPL-2.0
/*
 * test_hook_stress.c - the kernel module under everything at once: threads that
 * fault, fork and exec while they are put to sleep, killed in their sleep,
 * hooks that come and go, the module too.  The kernel's log is looked at by who
 * started the guest (tests/vm/run): a warning there fails the whole run.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "live_module.h"
#include "overhigh_policy.h"

#define ROUNDS 500
#define MODULE_ROUNDS 100 /* the module is unloaded and loaded this often */

/* The hooks come with the first policy and go with the last one. */
static void set_policy(pid_t pid, unsigned int round)
{
	struct overhigh_policy policy = {
		.control = overhigh_control_word(OVERHIGH_SLOWDOWN, 0,
						 OVERHIGH_DIRECT |
							 OVERHIGH_RSS_ANON |
							 OVERHIGH_STUCK_REPORT),
		.max_delay_us = 500 << round % 8, /* 0.5 to 64 ms */
		.process_limit = (1 + round % 5) * MIB,
	};
	uint32_t key = pid;

	if (round % 3 == 0)
		policy.control = overhigh_control_word(
			OVERHIGH_ENOMEM, 0,
			OVERHIGH_DIRECT | OVERHIGH_RSS_ANON);
	assert_int_equal(live_map_set("process_policy", &key, &policy), 0);
}

static struct live_proc *start_churn(void)
{
	char *argv[] = { (char *)"churn", NULL };

	return live_spawn(argv);
}

/* The loader needs up to 100 ms to see the policy and attach its hooks. */
static void let_it_run(struct live_proc *proc, unsigned int round)
{
	struct overhigh_state state = {};
	uint32_t key = proc->pid;
	int i;

	live_pause(20 + round % 7 * 10);
	for (i = 0; i < 30 && !state.crossings; i++) {
		live_map_get("process_state", &key, &state);
		live_pause(5);
	}
}

static void end(struct live_proc *proc)
{
	int status;

	kill(proc->pid, SIGKILL);
	status = live_wait_end(proc, 10000);
	LIVE_ASSERT(status == SIGKILL, "status %#x", status);
	live_forget(proc);
}

static void the_module_survives_500_rounds(void **state)
{
	struct live_proc *proc;
	double slept = 0;
	unsigned int round;

	(void)state;
	LIVE_NEED_MODULE();
	for (round = 0; round < ROUNDS; round++) {
		if (round % MODULE_ROUNDS == 0) {
			live_module_load();
			live_run("--hook=require");
		}
		proc = start_churn();
		set_policy(proc->pid, round);
		let_it_run(proc, round);
		end(proc);
		if (round % MODULE_ROUNDS == MODULE_ROUNDS - 1) {
			slept += live_counter("slowdown");
			live_run_stop();
			live_module_unload();
		}
	}
	LIVE_ASSERT(slept > ROUNDS / 10, "%.0f sleeps in %d rounds", slept,
		    ROUNDS);
	live_module_load();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(the_module_survives_500_rounds),
	};

	return live_tests("hook_stress", tests, NULL, live_module_end);
}
