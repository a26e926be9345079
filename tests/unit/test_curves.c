// SPDX-License-Identifier: GPL-2.0
/*
 * test_curves.c - what include/overhigh_curve.h promises: the very arithmetic
 * that the policies in policies/ run.  The quadratic curve is in test_policy.c.
 *
 * Expected figures are worked out from the rule's own words, not by the code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include "overhigh_curve.h"
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define US 1000ULL
#define MS 1000000ULL
#define S 1000000000ULL
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define MOST UINT64_MAX

/* xorshift64: the same sequence on every machine. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint64_t next_magnitude(uint64_t *seed)
{
	uint64_t value = next_random(seed);

	return value >> next_random(seed) % 64;
}

/* Within 1/1000, the price of integer arithmetic. */
static void assert_near(uint64_t value, uint64_t wanted)
{
	uint64_t off = value > wanted ? value - wanted : wanted - value;

	if (off > wanted / 1000)
		fail_msg("%llu, not %llu", (unsigned long long)value,
			 (unsigned long long)wanted);
}

static uint64_t rfc_ns(uint64_t excess, uint64_t limit)
{
	return overhigh_linear_ns(excess, limit, 20 * US, 5 * MS);
}

/* ---- linear: 20 us for each 1/256, to 5 ms ---- */

static void linear_is_20_us_for_each_256th(void **state)
{
	static const uint64_t limits[] = { 256,	      4096, MIB,
					   200 * MIB, GIB,  1ULL << 44,
					   1ULL << 62 };
	uint64_t limit, n;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(limits); i++) {
		limit = limits[i];
		for (n = 0; n <= 250; n++)
			assert_near(rfc_ns(limit / 256 * n, limit),
				    n * 20 * US);
	}
}

static void linear_gives_the_figures_that_its_comment_names(void **state)
{
	(void)state;
	/* 256 / 100 * 20 us; 256 / 20 * 20 us */
	assert_near(rfc_ns(GIB / 100, GIB), 51200);
	assert_near(rfc_ns(GIB / 20, GIB), 256000);
	/* 250/256 is 97.66 % */
	assert_true(rfc_ns(97 * GIB / 100, GIB) < 5 * MS);
	assert_true(rfc_ns(98 * GIB / 100, GIB) == 5 * MS);
}

static void linear_is_never_more_than_its_most(void **state)
{
	uint64_t seed = 11, most;
	int round;

	(void)state;
	for (round = 0; round < 300000; round++) {
		most = next_magnitude(&seed);
		assert_true(overhigh_linear_ns(next_magnitude(&seed),
					       next_magnitude(&seed),
					       next_magnitude(&seed),
					       most) <= most);
	}
	assert_true(rfc_ns(MOST, 1) == 5 * MS);
	assert_true(rfc_ns(1, 0) == 5 * MS);
	assert_true(rfc_ns(MOST, MOST) == 5 * MS);
}

static void linear_grows_with_the_excess(void **state)
{
	uint64_t seed = 12, limit, excess, last, now;
	int round, i;

	(void)state;
	for (round = 0; round < 2000; round++) {
		limit = 1 + next_magnitude(&seed) / 4;
		for (i = 0, excess = 0, last = 0; i < 200; i++) {
			now = rfc_ns(excess, limit);
			assert_true(now >= last);
			last = now;
			excess += 1 + limit / 100;
		}
	}
}

/* ---- pages ---- */

static void a_delay_is_for_64_pages_and_scales(void **state)
{
	(void)state;
	assert_true(overhigh_for_pages_ns(6400, 64) == 6400);
	assert_true(overhigh_for_pages_ns(6400, 0) == 0);
	assert_true(overhigh_for_pages_ns(6400, 1) == 100);
	assert_true(overhigh_for_pages_ns(6400, 512) == 8 * 6400);
	assert_true(overhigh_for_pages_ns(6400, 6400) == 100 * 6400);
	assert_true(overhigh_for_pages_ns(MOST, MOST) == OVERHIGH_MAX_DEBT_NS);
	assert_true(overhigh_for_pages_ns(MOST, 1) == 2 * S / 64);
	assert_true(overhigh_for_pages_ns(MOST, 0) == 0);
	assert_true(overhigh_for_pages_ns(3 * S, 64) == 2 * S);
}

/* ---- token bucket ---- */

struct meter {
	uint64_t full_at_ns, now_ns, slept_ns, bytes;
};

/* Takes, and sleeps as it is told. */
static void take(struct meter *m, uint64_t bytes, uint64_t rate, uint64_t burst)
{
	uint64_t wait;

	m->full_at_ns = overhigh_bucket_take(m->full_at_ns, m->now_ns, bytes,
					     rate, burst, 2 * S);
	wait = overhigh_bucket_wait_ns(m->full_at_ns, m->now_ns, rate, burst);
	m->now_ns += wait;
	m->slept_ns += wait;
	m->bytes += bytes;
}

static void a_burst_passes_and_then_the_rate_holds(void **state)
{
	struct meter m = { .now_ns = 1000 * S };
	int i;

	(void)state;
	/* 4 MiB in pieces of 256 KiB: the burst */
	for (i = 0; i < 16; i++)
		take(&m, 256 << 10, 10 * MIB, 4 * MIB);
	assert_true(m.slept_ns == 0);
	/* the next 256 KiB take 1/40 s */
	take(&m, 256 << 10, 10 * MIB, 4 * MIB);
	assert_near(m.slept_ns, 25 * MS);
	/* 100 MiB at 10 MiB a second are 10 s */
	for (i = 0; i < 400; i++)
		take(&m, 256 << 10, 10 * MIB, 4 * MIB);
	assert_near(m.slept_ns, 10 * S + 25 * MS);
}

static void below_the_rate_nobody_waits(void **state)
{
	struct meter m = { .now_ns = 5 * S };
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		take(&m, MIB, 10 * MIB, MIB);
		m.now_ns += S / 10;
	}
	assert_true(m.slept_ns == 0);
}

static void a_pause_refills_the_bucket_to_the_burst_and_no_more(void **state)
{
	struct meter m = { .now_ns = 5 * S };

	(void)state;
	take(&m, 4 * MIB, MIB, 4 * MIB);
	m.now_ns += 2 * S;
	take(&m, 2 * MIB, MIB, 4 * MIB); /* what 2 s have brought */
	assert_true(m.slept_ns == 0);
	m.now_ns += 3600 * S;
	take(&m, 4 * MIB, MIB, 4 * MIB);
	assert_true(m.slept_ns == 0);
	take(&m, MIB, MIB, 4 * MIB);
	assert_near(m.slept_ns, S);
}

/* With any numbers: over the whole time no more than the burst and the rate. */
static void never_more_than_burst_and_rate(void **state)
{
	uint64_t seed = 13, rate, burst, piece, start = 77 * S;
	struct meter m;
	int round, i;

	(void)state;
	for (round = 0; round < 2000; round++) {
		rate = 4096 + next_random(&seed) % GIB;
		burst = next_random(&seed) % GIB;
		/* none takes longer than the 2 s that it may wait */
		piece = 1 + next_random(&seed) % rate;
		m = (struct meter){ .now_ns = start };
		for (i = 0; i < 100; i++) {
			take(&m, piece, rate, burst);
			m.now_ns += next_random(&seed) % (S / 100);
			/* one byte for each rounding down */
			assert_true((double)m.bytes <=
				    (double)burst + i + 1 +
					    (double)rate * (m.now_ns - start) /
						    S * 1.000001);
		}
	}
}

static void a_debt_is_at_most_one_longest_delay(void **state)
{
	uint64_t seed = 14, full, now, most, rate, burst;
	int round;

	(void)state;
	for (round = 0; round < 300000; round++) {
		now = next_magnitude(&seed) >> 2;
		most = next_random(&seed) % (2 * S);
		rate = next_magnitude(&seed);
		burst = next_magnitude(&seed);
		full = overhigh_bucket_take(next_magnitude(&seed) >> 2, now,
					    next_magnitude(&seed), rate, burst,
					    most);
		assert_true(overhigh_bucket_wait_ns(full, now, rate, burst) <=
			    most);
	}
}

static void at_no_rate_everyone_waits_as_long_as_may_be(void **state)
{
	uint64_t full = overhigh_bucket_take(0, S, 4096, 0, 0, 2 * S);

	(void)state;
	assert_true(overhigh_bucket_ns(1, 0) > 1000000 * S);
	assert_true(full - S >= 2 * S);
}

/* ---- ladder ---- */

static void the_ladder_is_climbed_step_by_step(void **state)
{
	(void)state;
	assert_int_equal(overhigh_ladder_action(0, 5 * S, 3 * S),
			 OVERHIGH_SLOWDOWN);
	assert_int_equal(overhigh_ladder_action(5 * S - 1, 5 * S, 3 * S),
			 OVERHIGH_SLOWDOWN);
	assert_int_equal(overhigh_ladder_action(5 * S, 5 * S, 3 * S),
			 OVERHIGH_SIGNAL);
	assert_int_equal(overhigh_ladder_action(8 * S - 1, 5 * S, 3 * S),
			 OVERHIGH_SIGNAL);
	assert_int_equal(overhigh_ladder_action(8 * S, 5 * S, 3 * S),
			 OVERHIGH_KILL);
	assert_int_equal(overhigh_ladder_action(0, 0, 0), OVERHIGH_KILL);
	/* a sum that does not fit is never reached */
	assert_int_equal(overhigh_ladder_action(MOST, S, MOST),
			 OVERHIGH_SIGNAL);
	assert_int_equal(overhigh_ladder_action(MOST - 1, MOST, MOST),
			 OVERHIGH_SLOWDOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linear_is_20_us_for_each_256th),
		cmocka_unit_test(
			linear_gives_the_figures_that_its_comment_names),
		cmocka_unit_test(linear_is_never_more_than_its_most),
		cmocka_unit_test(linear_grows_with_the_excess),
		cmocka_unit_test(a_delay_is_for_64_pages_and_scales),
		cmocka_unit_test(a_burst_passes_and_then_the_rate_holds),
		cmocka_unit_test(below_the_rate_nobody_waits),
		cmocka_unit_test(
			a_pause_refills_the_bucket_to_the_burst_and_no_more),
		cmocka_unit_test(never_more_than_burst_and_rate),
		cmocka_unit_test(a_debt_is_at_most_one_longest_delay),
		cmocka_unit_test(at_no_rate_everyone_waits_as_long_as_may_be),
		cmocka_unit_test(the_ladder_is_climbed_step_by_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
