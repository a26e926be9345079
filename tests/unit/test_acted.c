// SPDX-License-Identifier: GPL-2.0
/* test_acted.c - what exec says at the end of what became of its processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "commands/acted.h"
#include "overhigh_policy.h"
#include <cmocka.h> /* after: it has a macro fail() */

#define MIB (1ULL << 20)
#define FLAGS (OVERHIGH_DIRECT | OVERHIGH_RSS_ANON)

static struct overhigh_policy policy;
static struct overhigh_extension extension;
static struct acted acted;

static int begin(void **state)
{
	(void)state;
	memset(&acted, 0, sizeof(acted));
	policy.control = overhigh_control_word(OVERHIGH_KILL, 0, FLAGS);
	policy.process_limit = 200 * MIB;
	acted.child = 4711;
	acted.policy = &policy;
	acted.extension = &extension;
	return 0;
}

static void event(__u32 pid, __u32 type, __u32 action, __u32 number,
		  __u64 bytes)
{
	struct overhigh_event e = {
		.pid = pid,
		.seen_pid = pid,
		.start_ns = 1000 + pid,
		.type = type,
		.control = overhigh_control_word(action, number, FLAGS),
		.source = OVERHIGH_SOURCE_PROCESS,
		.limit_bytes = 200 * MIB,
		.excess_bytes = 1,
		.comm = "cc1plus",
		.rss_bytes = { [OVERHIGH_KIND_ANON] = bytes,
			       [OVERHIGH_KIND_FILE] = 77 * MIB },
	};

	if (action == OVERHIGH_SLOWDOWN)
		e.delay_ns = 1500000000ULL;
	acted_take(&acted, &e);
}

static void says(unsigned int nth, const char *expected)
{
	char line[512];

	assert_true(acted.nr > nth);
	assert_true(acted_line(&acted.process[nth], line, sizeof(line)));
	assert_string_equal(line, expected);
}

static void a_kill_is_one_line_with_what_is_counted(void **state)
{
	(void)state;
	event(4711, OVERHIGH_EV_CROSSED, OVERHIGH_KILL, 0, 200 * MIB);
	event(4711, OVERHIGH_EV_ACTED, OVERHIGH_KILL, 0, 200 * MIB);
	event(4711, OVERHIGH_EV_EXITED, OVERHIGH_KILL, 0, 201 * MIB);
	assert_int_equal(acted.nr, 1);
	says(0, "cc1plus[4711] went over 200M and was killed (at 200.0M, peak "
		"201.0M)");
}

static void all_actions_of_a_ladder_are_in_it(void **state)
{
	(void)state;
	event(4711, OVERHIGH_EV_CROSSED, OVERHIGH_KILL, 0, 200 * MIB);
	event(4711, OVERHIGH_EV_ACTED, OVERHIGH_SLOWDOWN, 0, 210 * MIB);
	event(4711, OVERHIGH_EV_ACTED, OVERHIGH_SLOWDOWN, 0, 215 * MIB);
	event(4711, OVERHIGH_EV_ACTED, OVERHIGH_SIGNAL, 15, 215 * MIB);
	event(4711, OVERHIGH_EV_ACTED, OVERHIGH_KILL, 0, 220 * MIB);
	says(0, "cc1plus[4711] went over 200M and was slowed down for 3.0s, "
		"then was sent TERM, then was killed (at 200.0M, peak 220.0M)");
}

static void exec_says_nothing_of_a_crossing_without_an_action(void **state)
{
	char line[512];

	(void)state;
	event(4711, OVERHIGH_EV_CROSSED, OVERHIGH_KILL, 0, 200 * MIB);
	assert_false(acted_line(&acted.process[0], line, sizeof(line)));
}

static void processes_of_others_are_left_out(void **state)
{
	(void)state;
	/* pid 1 descends from nobody of ours */
	policy.process_limit = 100 * MIB;
	event(5000, OVERHIGH_EV_CROSSED, OVERHIGH_KILL, 0, 200 * MIB);
	assert_int_equal(acted.nr, 0);
	policy.process_limit = 200 * MIB;
	event(5000, OVERHIGH_EV_CROSSED, OVERHIGH_SIGNAL, 15, 200 * MIB);
	assert_int_equal(acted.nr, 0);
}

static void more_than_there_is_room_for_are_counted(void **state)
{
	unsigned int i;

	(void)state;
	policy.process_limit = 200 * MIB;
	/* numbers that no process has: none of them can be looked at */
	for (i = 0; i < ACTED_MOST + 5; i++)
		event(0x7ff00000 + i, OVERHIGH_EV_CROSSED, OVERHIGH_KILL, 0,
		      200 * MIB);
	assert_int_equal(acted.nr, ACTED_MOST);
	assert_int_equal(acted.left_out, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_kill_is_one_line_with_what_is_counted,
				       begin),
		cmocka_unit_test_setup(all_actions_of_a_ladder_are_in_it,
				       begin),
		cmocka_unit_test_setup(
			exec_says_nothing_of_a_crossing_without_an_action,
			begin),
		cmocka_unit_test_setup(processes_of_others_are_left_out, begin),
		cmocka_unit_test_setup(more_than_there_is_room_for_are_counted,
				       begin),
	};

	return cmocka_run_group_tests_name("acted", tests, NULL, NULL);
}
