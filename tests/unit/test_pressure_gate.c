// SPDX-License-Identifier: GPL-2.0
/*
 * test_pressure_gate.c - when a condition on memory pressure holds: with
 * pressure, without it, and with none but what overhigh itself makes.
 *
 * The kernel's trigger is modelled here, as kernel/sched/psi.c has it; that the
 * real one does its work is tested in tests/live/test_pressure.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "attach/pressure_trigger.h"
#include "daemon/pressure_gate.h"
#include <cmocka.h>

#define MS 1000000ULL
#define SECOND (1000 * MS)
#define STEP_NS (10 * MS)
#define LONGEST_SLEEP_NS (OVERHIGH_MAX_DELAY_US * 1000ULL)

/* ---- the kernel's trigger: window_update() and update_triggers() ---- */

struct trigger {
	bool listens;
	__u64 window_ns, threshold_ns;
	__u64 start_ns, start_value_ns, last_growth_ns;
	__u64 updated_ns, seen_total_ns, event_ns;
	bool pending;
};

static void trigger_init(struct trigger *t, __u64 now_ns, __u64 total_ns)
{
	t->listens = true;
	t->start_ns = t->updated_ns = now_ns;
	t->start_value_ns = t->seen_total_ns = total_ns;
	t->last_growth_ns = t->event_ns = 0;
	t->pending = false;
}

static __u64 growth_ns(struct trigger *t, __u64 now_ns, __u64 total_ns)
{
	__u64 elapsed_ns = now_ns - t->start_ns;
	__u64 growth = total_ns - t->start_value_ns;

	if (elapsed_ns <= t->window_ns)
		return growth + t->last_growth_ns *
					(t->window_ns - elapsed_ns) /
					t->window_ns;
	t->start_ns = now_ns;
	t->start_value_ns = total_ns;
	t->last_growth_ns = growth;
	return growth;
}

/* Whether it fires. */
static bool trigger_update(struct trigger *t, __u64 now_ns, __u64 total_ns)
{
	bool stalled = total_ns != t->seen_total_ns;

	if (!t->listens || now_ns < t->updated_ns + t->window_ns / 10)
		return false;
	t->updated_ns = now_ns;
	t->seen_total_ns = total_ns;
	if (stalled && growth_ns(t, now_ns, total_ns) >= t->threshold_ns)
		t->pending = true;
	if (!t->pending || now_ns < t->event_ns + t->window_ns)
		return false;
	t->event_ns = now_ns;
	t->pending = false;
	return true;
}

/* ---- a machine: pressure of others, and sleeps of ours ---- */

struct machine {
	struct trigger trigger;
	struct pressure_gate gate;
	__u64 now_ns, total_ns;
	bool throttles; /* somebody is over, and is made to sleep */
	__u64 awake_ns; /* between sleeps */
	__u64 asleep_until_ns, awake_until_ns;
	__u64 deliver_ns; /* when the loader learns of the event; 0: none */
	/* what is measured */
	__u64 open_ns, longest_open_ns, this_open_ns;
	__u64 shortest_closed_ns, this_closed_ns;
	__u64 last_open_ns;
};

static void machine_init(struct machine *m, __u64 window_ms, bool throttles)
{
	memset(m, 0, sizeof(*m));
	m->now_ns = 1000 * SECOND;
	m->throttles = throttles;
	m->awake_ns = 20 * MS;
	m->gate.window_ns = m->trigger.window_ns = window_ms * MS;
	m->trigger.threshold_ns = window_ms * MS / 10;
	m->shortest_closed_ns = ~0ULL;
	trigger_init(&m->trigger, m->now_ns, 0);
}

static bool is_open(const struct machine *m)
{
	return m->now_ns < m->gate.until_ns;
}

/* Awake for a moment between sleeps, which begin only while the gate is open
 * and do not end with it. */
static bool sleeps(struct machine *m)
{
	if (m->now_ns < m->asleep_until_ns)
		return true;
	if (!m->throttles || !is_open(m))
		return false;
	if (!m->awake_until_ns)
		m->awake_until_ns = m->now_ns + m->awake_ns;
	if (m->now_ns < m->awake_until_ns)
		return false;
	m->awake_until_ns = 0;
	m->asleep_until_ns = m->now_ns + LONGEST_SLEEP_NS;
	return true;
}

static void measure(struct machine *m)
{
	if (is_open(m)) {
		if (m->this_closed_ns && m->open_ns &&
		    m->this_closed_ns < m->shortest_closed_ns)
			m->shortest_closed_ns = m->this_closed_ns;
		m->this_closed_ns = 0;
		m->this_open_ns += STEP_NS;
		m->open_ns += STEP_NS;
		m->last_open_ns = m->now_ns;
	} else {
		m->this_closed_ns += STEP_NS;
		m->this_open_ns = 0;
	}
	if (m->this_open_ns > m->longest_open_ns)
		m->longest_open_ns = m->this_open_ns;
}

static void order(struct machine *m, bool fired)
{
	switch (pressure_gate_step(&m->gate, m->now_ns, fired)) {
	case PRESSURE_PAUSE:
		m->trigger.listens = false;
		assert_int_equal(m->gate.until_ns, 0);
		break;
	case PRESSURE_LISTEN:
		trigger_init(&m->trigger, m->now_ns, m->total_ns);
		break;
	case PRESSURE_OPEN:
		assert_true(m->gate.until_ns > m->now_ns);
		break;
	case PRESSURE_KEEP:
		break;
	}
}

/* Others stall for so many of a hundred steps.  The loader learns of an event
 * up to 60 ms late, and looks by itself ten times a second. */
static void run(struct machine *m, __u64 ms, unsigned int percent)
{
	__u64 end_ns = m->now_ns + ms * MS;

	while (m->now_ns < end_ns) {
		__u64 step = m->now_ns / STEP_NS;

		/* ours and theirs at once are one stall */
		if ((step * percent) % 100 < percent || sleeps(m))
			m->total_ns += STEP_NS;
		m->now_ns += STEP_NS;
		if (trigger_update(&m->trigger, m->now_ns, m->total_ns))
			m->deliver_ns = m->now_ns + step % 7 * STEP_NS;
		if (m->deliver_ns && m->now_ns >= m->deliver_ns) {
			m->deliver_ns = 0;
			order(m, true);
		} else if (step % 10 == 0) {
			order(m, false);
		}
		measure(m);
	}
}

static const unsigned int windows_ms[] = { 500, 1000, 2000, 5000, 10000 };
#define NR_WINDOWS (sizeof(windows_ms) / sizeof(windows_ms[0]))

static void the_gate_stays_closed_without_pressure(void **state)
{
	struct machine m;
	size_t i;

	(void)state;
	for (i = 0; i < NR_WINDOWS; i++) {
		machine_init(&m, windows_ms[i], true);
		run(&m, 600 * 1000, 0);
		assert_int_equal(m.open_ns, 0);
		run(&m, 600 * 1000,
		    5); /* less than the tenth that is asked for */
		assert_int_equal(m.open_ns, 0);
	}
}

static void the_gate_opens_within_a_window_of_pressure(void **state)
{
	struct machine m;
	size_t i;

	(void)state;
	for (i = 0; i < NR_WINDOWS; i++) {
		machine_init(&m, windows_ms[i], false);
		run(&m, 600 * 1000, 0);
		run(&m, windows_ms[i] + 100, 20);
		assert_true(is_open(&m));
	}
}

static void the_gate_closes_when_pressure_ends(void **state)
{
	struct machine m;
	__u64 end_ns;
	size_t i;

	(void)state;
	for (i = 0; i < NR_WINDOWS; i++) {
		machine_init(&m, windows_ms[i], false);
		run(&m, 3 * windows_ms[i], 50);
		assert_true(is_open(&m));
		end_ns = m.now_ns;
		run(&m, 600 * 1000, 0);
		/* the trigger may tell of it one window late */
		assert_true(m.last_open_ns <=
			    end_ns + 3 * windows_ms[i] * MS + 200 * MS);
	}
}

static void lasting_pressure_keeps_it_open_mostly(void **state)
{
	static const unsigned int percents[] = { 15, 30, 100 };
	struct machine m;
	size_t i, j;
	int throttles;

	(void)state;
	for (i = 0; i < NR_WINDOWS; i++)
		for (j = 0; j < 3; j++)
			for (throttles = 0; throttles < 2; throttles++) {
				machine_init(&m, windows_ms[i], throttles);
				run(&m, 3000 * 1000, percents[j]);
				assert_true(m.open_ns >= 2100 * SECOND);
				assert_true(m.shortest_closed_ns >=
					    LONGEST_SLEEP_NS);
				assert_true(m.longest_open_ns <=
					    (windows_ms[i] > 2666 ?
						     6 * windows_ms[i] :
						     16000) *
							    MS +
						    200 * MS);
			}
}

/*
 * Pressure of others opens it; then there is less than is asked for, and our
 * sleepers.  They keep it open until the trial, whatever the moment at which
 * that meets them, and no longer.
 */
static void assert_trial_ends_it(unsigned int percent)
{
	struct machine m;
	__u64 end_ns, awake_ms;
	size_t i;

	for (i = 0; i < NR_WINDOWS; i++)
		for (awake_ms = 20; awake_ms < 520; awake_ms += 25) {
			machine_init(&m, windows_ms[i], true);
			m.awake_ns = awake_ms * MS;
			run(&m, 2 * windows_ms[i] + 1000, 50);
			assert_true(is_open(&m));
			end_ns = m.now_ns;
			run(&m, 600 * 1000, percent);
			assert_true(m.last_open_ns >
				    end_ns + 3 * windows_ms[i] * MS);
			assert_true(m.last_open_ns <=
				    end_ns + 6 * windows_ms[i] * MS +
					    16 * SECOND);
		}
}

static void own_sleeps_alone_do_not_keep_it_open(void **state)
{
	(void)state;
	assert_trial_ends_it(0);
}

static void own_sleeps_and_weak_pressure_do_not_either(void **state)
{
	(void)state;
	assert_trial_ends_it(5);
}

/* Sleeps that end after the gate has closed by itself may open it again; the
 * run goes on then, and ends in a trial like any other. */
static void a_break_by_an_own_sleep_does_not_restart_the_run(void **state)
{
	struct pressure_gate gate = { .window_ns = SECOND };
	__u64 now_ns = 100 * SECOND, began_ns = now_ns;

	(void)state;
	/* fires, is open for 2 s, closes, and is fired at again a second later
	 */
	while (now_ns < began_ns + 16 * SECOND) {
		assert_int_equal(pressure_gate_step(&gate, now_ns, true),
				 PRESSURE_OPEN);
		assert_int_equal(
			pressure_gate_step(&gate, now_ns + 2500 * MS, false),
			PRESSURE_KEEP);
		now_ns += 3 * SECOND;
	}
	assert_int_equal(pressure_gate_step(&gate, now_ns, true),
			 PRESSURE_PAUSE);
	assert_int_equal(pressure_gate_step(&gate, now_ns + 4499 * MS, true),
			 PRESSURE_KEEP);
	assert_int_equal(pressure_gate_step(&gate, now_ns + 4500 * MS, false),
			 PRESSURE_LISTEN);
}

static void a_long_break_ends_the_run_of_pressure(void **state)
{
	struct pressure_gate gate = { .window_ns = SECOND };
	__u64 now_ns = 100 * SECOND;
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		assert_int_equal(pressure_gate_step(&gate, now_ns, true),
				 PRESSURE_OPEN);
		now_ns += 10 * SECOND;
	}
}

/* ---- the trigger's text ---- */

static void the_trigger_is_what_the_kernel_reads(void **state)
{
	struct overhigh_extension extension = {
		.pressure = OVERHIGH_PRESSURE_SOME,
		.pressure_permille = 100,
		.pressure_window_ms = 2000,
	};
	char text[64];

	(void)state;
	assert_int_equal(pressure_trigger_text(&extension, text, sizeof(text)),
			 sizeof("some 200000 2000000"));
	assert_string_equal(text, "some 200000 2000000");
	extension.pressure = OVERHIGH_PRESSURE_FULL;
	extension.pressure_permille = 1000;
	extension.pressure_window_ms = 10000;
	assert_int_equal(pressure_trigger_text(&extension, text, sizeof(text)),
			 sizeof("full 10000000 10000000"));
	assert_string_equal(text, "full 10000000 10000000");
	extension.pressure_permille = 1;
	extension.pressure_window_ms = 500;
	pressure_trigger_text(&extension, text, sizeof(text));
	assert_string_equal(text, "full 500 500000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gate_stays_closed_without_pressure),
		cmocka_unit_test(the_gate_opens_within_a_window_of_pressure),
		cmocka_unit_test(the_gate_closes_when_pressure_ends),
		cmocka_unit_test(lasting_pressure_keeps_it_open_mostly),
		cmocka_unit_test(own_sleeps_alone_do_not_keep_it_open),
		cmocka_unit_test(own_sleeps_and_weak_pressure_do_not_either),
		cmocka_unit_test(
			a_break_by_an_own_sleep_does_not_restart_the_run),
		cmocka_unit_test(a_long_break_ends_the_run_of_pressure),
		cmocka_unit_test(the_trigger_is_what_the_kernel_reads),
	};

	return cmocka_run_group_tests_name("pressure_gate", tests, NULL, NULL);
}
