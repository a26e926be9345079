// SPDX-License-Identifier: GPL-2.0
/*
 * test_policy.c - what include/overhigh_policy.h promises: the very arithmetic
 * that the kernel side runs, and the layouts of include/overhigh.h that it and
 * bpftool rely on.  Options and text are in test_policy_options.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <linux/types.h>
/* a record with a hole does not compile: bpftool users and BPF programs must
 * not see what was left in it */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
#include "overhigh.h"
#pragma GCC diagnostic pop
#include "overhigh_policy.h"
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define CAP_NS 2000000000ULL
#define MIB (1ULL << 20)
#define MAX_BYTES UINT64_MAX

/* xorshift64: the same sequence on every machine. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* A number of any magnitude. */
static uint64_t next_magnitude(uint64_t *seed)
{
	uint64_t value = next_random(seed);

	return value >> next_random(seed) % 64;
}

static const struct overhigh_policy valid = {
	.control = OVERHIGH_SIGNAL | 15 << 8 |
		   (uint32_t)(OVERHIGH_DIRECT | OVERHIGH_RSS_ANON) << 16,
	.escalation = OVERHIGH_KILL,
	.grace_ms = 1000,
	.max_delay_us = 2000000,
	.cgroup_margin = 1,
	.process_limit = 2,
};

static void a_policy_is_32_bytes_without_holes(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct overhigh_policy), 32);
	assert_int_equal(offsetof(struct overhigh_policy, control), 0);
	assert_int_equal(offsetof(struct overhigh_policy, escalation), 4);
	assert_int_equal(offsetof(struct overhigh_policy, grace_ms), 8);
	assert_int_equal(offsetof(struct overhigh_policy, max_delay_us), 12);
	assert_int_equal(offsetof(struct overhigh_policy, cgroup_margin), 16);
	assert_int_equal(offsetof(struct overhigh_policy, process_limit), 24);
}

static void the_magic_is_as_its_comment_says(void **state)
{
	uint64_t magic = OVERHIGH_MAGIC;
	char text[8];
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		text[i] = magic >> 8 * i & 0xff;
	assert_memory_equal(text, "ovrhigh\1", 8);
}

/* Bits of the RFC's control word; scripts write them as numbers. */
static void a_control_word_is_the_one_of_the_rfc(void **state)
{
	uint32_t control = overhigh_control_word(
		OVERHIGH_SIGNAL, 15, OVERHIGH_LOG | OVERHIGH_RSS_ANON);

	(void)state;
	assert_int_equal(control, 0x01040f03);
	assert_int_equal(overhigh_action(control), OVERHIGH_SIGNAL);
	assert_int_equal(overhigh_signal(control), 15);
	assert_int_equal(overhigh_flags(control),
			 OVERHIGH_LOG | OVERHIGH_RSS_ANON);
	assert_int_equal(OVERHIGH_SIGCONT, 1 << 0);
	assert_int_equal(OVERHIGH_DIRECT, 1 << 1);
	assert_int_equal(OVERHIGH_LOG, 1 << 2);
	assert_int_equal(OVERHIGH_RSS_ANON, 1 << 8);
	assert_int_equal(OVERHIGH_RSS_FILE, 1 << 9);
	assert_int_equal(OVERHIGH_RSS_SHMEM, 1 << 10);
}

static void a_control_word_is_split_as_it_was_put_together(void **state)
{
	uint64_t seed = 1;
	uint32_t control;
	int round;

	(void)state;
	for (round = 0; round < 100000; round++) {
		control = next_random(&seed);
		assert_int_equal(overhigh_control_word(overhigh_action(control),
						       overhigh_signal(control),
						       overhigh_flags(control)),
				 control);
	}
}

static void every_memory_kind_has_a_flag_of_its_own(void **state)
{
	uint32_t kind, sum = 0;

	(void)state;
	for (kind = 0; kind < OVERHIGH_KINDS; kind++) {
		assert_int_not_equal(overhigh_rss_kind_flag(kind), 0);
		assert_int_equal(sum & overhigh_rss_kind_flag(kind), 0);
		sum |= overhigh_rss_kind_flag(kind);
	}
	assert_int_equal(sum, OVERHIGH_RSS_MASK);
	assert_int_equal(overhigh_rss_kind_flag(OVERHIGH_KIND_ANON),
			 OVERHIGH_RSS_ANON);
	assert_int_equal(overhigh_rss_kind_flag(OVERHIGH_KIND_FILE),
			 OVERHIGH_RSS_FILE);
	assert_int_equal(overhigh_rss_kind_flag(OVERHIGH_KIND_SHMEM),
			 OVERHIGH_RSS_SHMEM);
	assert_int_equal(overhigh_rss_kind_flag(OVERHIGH_KIND_SWAP),
			 OVERHIGH_RSS_SWAP);
	assert_int_equal(overhigh_rss_kind_flag(OVERHIGH_KINDS), 0);
}

static void assert_check(struct overhigh_policy policy, int refusal)
{
	assert_int_equal(overhigh_policy_check(&policy), refusal);
}

static uint32_t flags(uint32_t bits)
{
	return bits << 16;
}

static void every_valid_policy_passes_the_check(void **state)
{
	struct overhigh_policy policy = valid;
	uint32_t i;

	(void)state;
	assert_check(policy, OVERHIGH_OK);
	assert_check((struct overhigh_policy){ 0 }, OVERHIGH_OK);
	for (i = 1; i <= 64; i++) {
		policy.control = overhigh_control_word(OVERHIGH_SIGNAL, i, 0);
		assert_check(policy, OVERHIGH_OK);
	}
	for (i = OVERHIGH_NONE; i <= OVERHIGH_KILL; i++) {
		policy.control = overhigh_control_word(i, 1, 0);
		assert_check(policy, OVERHIGH_OK);
		policy.escalation = policy.control;
		assert_check(policy, OVERHIGH_OK);
	}
	policy.control = flags(OVERHIGH_FLAGS_MASK);
	policy.max_delay_us = 0;
	policy.grace_ms = UINT32_MAX;
	policy.cgroup_margin = policy.process_limit = MAX_BYTES;
	assert_check(policy, OVERHIGH_OK);
}

static void each_fault_is_refused_with_its_reason(void **state)
{
	struct overhigh_policy policy;
	uint32_t i;

	(void)state;
	for (i = OVERHIGH_ACTION_MAX; i < 256; i++) {
		policy = valid;
		policy.control = i;
		assert_check(policy, OVERHIGH_BAD_ACTION);
	}
	policy = valid;
	policy.control = overhigh_control_word(OVERHIGH_SIGNAL, 0, 0);
	assert_check(policy, OVERHIGH_BAD_SIGNAL);
	for (i = 65; i < 256; i++) {
		policy.control = overhigh_control_word(OVERHIGH_SIGNAL, i, 0);
		assert_check(policy, OVERHIGH_BAD_SIGNAL);
		policy.control = overhigh_control_word(OVERHIGH_KILL, i, 0);
		assert_check(policy, OVERHIGH_BAD_SIGNAL);
	}
	policy.control = flags(OVERHIGH_DIRECT);
	assert_check(policy, OVERHIGH_BAD_DIRECT);
	policy = valid;
	policy.max_delay_us = 2000001;
	assert_check(policy, OVERHIGH_BAD_DELAY);
	policy.max_delay_us = UINT32_MAX;
	assert_check(policy, OVERHIGH_BAD_DELAY);
	policy = valid;
	policy.escalation = OVERHIGH_ACTION_MAX;
	assert_check(policy, OVERHIGH_BAD_ESCALATION);
	policy.escalation = OVERHIGH_SIGNAL;
	assert_check(policy, OVERHIGH_BAD_ESCALATION);
	policy.escalation = OVERHIGH_KILL | 1U << 31;
	assert_check(policy, OVERHIGH_BAD_ESCALATION);
}

static void a_flag_that_nothing_defines_is_refused(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 16; i++)
		assert_check(
			(struct overhigh_policy){ .control = 1U << (16 + i) |
							     flags(0x100) },
			1U << i & OVERHIGH_FLAGS_MASK ? OVERHIGH_OK :
							OVERHIGH_BAD_FLAGS);
}

static void a_policy_that_changes_anywhere_has_another_fingerprint(void **state)
{
	struct overhigh_policy policy, changed;
	uint64_t seed = 3;
	size_t byte;
	int round, bit;

	(void)state;
	for (round = 0; round < 2000; round++) {
		for (byte = 0; byte < sizeof(policy); byte++)
			((uint8_t *)&policy)[byte] = next_random(&seed);
		assert_true(overhigh_policy_fingerprint(&policy) ==
			    overhigh_policy_fingerprint(&policy));
		for (bit = 0; bit < 8 * (int)sizeof(policy); bit++) {
			changed = policy;
			((uint8_t *)&changed)[bit / 8] ^= 1 << bit % 8;
			assert_true(overhigh_policy_fingerprint(&policy) !=
				    overhigh_policy_fingerprint(&changed));
		}
	}
}

static void excess_is_what_is_above_the_limit(void **state)
{
	(void)state;
	assert_true(overhigh_excess(0, 0) == 0);
	assert_true(overhigh_excess(5, 5) == 0);
	assert_true(overhigh_excess(6, 5) == 1);
	assert_true(overhigh_excess(4, 5) == 0);
	assert_true(overhigh_excess(MAX_BYTES, 0) == MAX_BYTES);
	assert_true(overhigh_excess(0, MAX_BYTES) == 0);
	assert_true(overhigh_excess(MAX_BYTES, MAX_BYTES - 1) == 1);
}

static void a_sum_that_does_not_fit_is_the_largest_number(void **state)
{
	(void)state;
	assert_true(overhigh_add(2, 3) == 5);
	assert_true(overhigh_add(MAX_BYTES, 0) == MAX_BYTES);
	assert_true(overhigh_add(MAX_BYTES - 1, 1) == MAX_BYTES);
	assert_true(overhigh_add(MAX_BYTES, 1) == MAX_BYTES);
	assert_true(overhigh_add(1, MAX_BYTES) == MAX_BYTES);
	assert_true(overhigh_add(MAX_BYTES, MAX_BYTES) == MAX_BYTES);
	/* memory.high "max" and a margin: nothing is ever over that */
	assert_true(overhigh_excess(1ULL << 50,
				    overhigh_add(MAX_BYTES - 4095, MIB)) == 0);
}

static void direct_looks_at_the_process_alone(void **state)
{
	uint32_t word = OVERHIGH_DIRECT | OVERHIGH_RSS_ANON;

	(void)state;
	assert_true(overhigh_combine(word, 7, 0) == 7);
	assert_true(overhigh_combine(word, 7, 3) == 7);
	assert_true(overhigh_combine(word, 0, 9) == 0);
}

static void without_memory_kinds_the_cgroup_decides(void **state)
{
	(void)state;
	assert_true(overhigh_combine(0, 7, 3) == 3);
	assert_true(overhigh_combine(OVERHIGH_LOG, 7, 0) == 0);
	assert_true(overhigh_combine(OVERHIGH_SIGCONT, 0, 3) == 3);
}

static void with_memory_kinds_both_must_be_over(void **state)
{
	uint32_t bits;

	(void)state;
	for (bits = 1; bits < 16; bits++) {
		uint32_t word = bits * OVERHIGH_RSS_ANON;

		assert_true(overhigh_combine(word, 0, 0) == 0);
		assert_true(overhigh_combine(word, 7, 0) == 0);
		assert_true(overhigh_combine(word, 0, 3) == 0);
		assert_true(overhigh_combine(word, 7, 3) == 3);
		assert_true(overhigh_combine(word, 3, 7) == 3);
		assert_true(overhigh_combine(word, MAX_BYTES, 1) == 1);
	}
}

/* The kernel's curve is 64 s times the square of the fraction; the steps of
 * 2^-20 make it coarse by a few parts in a thousand. */
static void assert_near(uint64_t delay_ns, uint64_t expected_ns)
{
	if (delay_ns < expected_ns - expected_ns / 100 ||
	    delay_ns > expected_ns + expected_ns / 100)
		fail_msg("%llu is not near %llu", (unsigned long long)delay_ns,
			 (unsigned long long)expected_ns);
}

static void the_curve_is_the_one_of_memory_high(void **state)
{
	static const uint64_t limits[] = { MIB,	       200 * MIB,
					   1ULL << 39, (1ULL << 40) - 1,
					   1ULL << 40, 1ULL << 60,
					   MAX_BYTES };
	uint64_t limit;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(limits); i++) {
		limit = limits[i];
		assert_near(overhigh_curve_ns(limit / 100, limit), 6400000);
		assert_near(overhigh_curve_ns(limit / 20, limit), 160000000);
		assert_near(overhigh_curve_ns(limit / 10, limit), 640000000);
	}
}

static void the_delay_grows_with_the_excess(void **state)
{
	static const uint64_t pages[] = { 1, 16, 63, 64, 512, 5000 };
	struct overhigh_policy policy = { 0 };
	uint64_t seed = 5, limit, step, excess, last, now;
	int round, i;

	(void)state;
	for (round = 0; round < 2000; round++) {
		limit = 1 + next_magnitude(&seed);
		step = 1 + limit / (100 + next_random(&seed) % 500);
		/* from nothing to half over, past the end of the curve */
		for (excess = 0, i = 0, last = 0; excess < limit / 2;
		     excess += step, i++) {
			now = overhigh_delay_ns(&policy, excess, limit,
						pages[round % COUNT(pages)]);
			if (now < last)
				fail_msg("%llu of %llu over: %llu after %llu",
					 (unsigned long long)excess,
					 (unsigned long long)limit,
					 (unsigned long long)now,
					 (unsigned long long)last);
			last = now;
		}
	}
}

static void the_delay_grows_with_the_pages(void **state)
{
	struct overhigh_policy policy = { 0 };
	uint64_t seed = 6, limit, excess, pages, last, now;
	int round;

	(void)state;
	for (round = 0; round < 2000; round++) {
		limit = 1 + next_magnitude(&seed);
		excess = next_random(&seed) % limit / 3;
		for (pages = 0, last = 0; pages < 10000; pages += 37) {
			now = overhigh_delay_ns(&policy, excess, limit, pages);
			assert_true(now >= last);
			last = now;
		}
		assert_true(overhigh_delay_ns(&policy, excess, limit,
					      MAX_BYTES) >= last);
	}
}

/* Also the proof that nothing overflows or divides by 0 on the way: this runs
 * under the sanitizers. */
static void no_batch_costs_more_than_the_cap(void **state)
{
	struct overhigh_policy policy = { 0 };
	uint64_t seed = 8, delay_ns, cap_ns;
	int round;

	(void)state;
	for (round = 0; round < 500000; round++) {
		policy.max_delay_us =
			next_random(&seed) % 4 ? next_magnitude(&seed) : 0;
		cap_ns = CAP_NS;
		if (policy.max_delay_us && policy.max_delay_us < 2000000)
			cap_ns = policy.max_delay_us * 1000ULL;
		delay_ns = overhigh_delay_ns(&policy, next_magnitude(&seed),
					     next_magnitude(&seed),
					     next_random(&seed) % 65);
		assert_true(delay_ns <= cap_ns);
	}
}

static void no_pages_cost_more_than_can_be_owed(void **state)
{
	struct overhigh_policy policy = { 0 };
	uint64_t seed = 9;
	int round;

	(void)state;
	for (round = 0; round < 100000; round++)
		assert_true(overhigh_delay_ns(&policy, next_magnitude(&seed),
					      next_magnitude(&seed),
					      next_magnitude(&seed)) <=
			    OVERHIGH_MAX_DEBT_NS);
}

/* What one system call takes costs what the same pages cost one by one. */
static void pages_cost_the_same_together_and_apart(void **state)
{
	struct overhigh_policy policy = { .max_delay_us = 50000 };
	uint64_t sum_ns = 0;
	int batch;

	(void)state;
	for (batch = 0; batch < 512; batch++)
		sum_ns += overhigh_delay_ns(&policy, 60 * MIB, 200 * MIB, 64);
	assert_true(sum_ns ==
		    overhigh_delay_ns(&policy, 60 * MIB, 200 * MIB, 512 * 64));
}

static void far_above_the_limit_the_delay_is_the_longest(void **state)
{
	struct overhigh_policy policy = { 0 };

	(void)state;
	assert_true(overhigh_delay_ns(&policy, 50 * MIB, 200 * MIB, 64) ==
		    CAP_NS);
	assert_true(overhigh_delay_ns(&policy, 40 * MIB, 200 * MIB, 64) ==
		    CAP_NS);
	assert_true(overhigh_delay_ns(&policy, MAX_BYTES, 1, 64) == CAP_NS);
	policy.max_delay_us = 1000;
	assert_true(overhigh_delay_ns(&policy, 50 * MIB, 200 * MIB, 64) ==
		    1000000);
}

static void a_limit_of_nothing_is_the_cap(void **state)
{
	struct overhigh_policy policy = { 0 };

	(void)state;
	assert_true(overhigh_delay_ns(&policy, 4096, 0, 64) == CAP_NS);
	assert_true(overhigh_delay_ns(&policy, 1, 3, 64) == CAP_NS);
}

static void limits_near_2_to_the_64_do_not_overflow(void **state)
{
	struct overhigh_policy policy = { 0 };
	uint64_t limit = MAX_BYTES - 4095;

	(void)state;
	assert_true(overhigh_delay_ns(&policy, 0, limit, 64) == 0);
	assert_true(overhigh_delay_ns(&policy, 4095, limit, 64) == 0);
	assert_near(overhigh_delay_ns(&policy, limit / 20, limit, 64),
		    160000000);
	assert_true(overhigh_delay_ns(&policy, limit / 4 - 1, limit, 64) ==
		    CAP_NS);
	assert_true(overhigh_delay_ns(&policy, limit, limit, MAX_BYTES) ==
		    OVERHIGH_MAX_DEBT_NS);
}

static void the_delay_is_for_one_batch_and_scales(void **state)
{
	struct overhigh_policy policy = { 0 };
	uint64_t batch_ns = overhigh_delay_ns(&policy, MIB, 100 * MIB, 64);

	(void)state;
	assert_near(batch_ns, 6400000);
	assert_true(overhigh_delay_ns(&policy, MIB, 100 * MIB, 0) == 0);
	assert_near(overhigh_delay_ns(&policy, MIB, 100 * MIB, 1),
		    batch_ns / 64);
	/* a huge page is eight batches */
	assert_near(overhigh_delay_ns(&policy, MIB, 100 * MIB, 512),
		    8 * batch_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_is_32_bytes_without_holes),
		cmocka_unit_test(the_magic_is_as_its_comment_says),
		cmocka_unit_test(a_control_word_is_the_one_of_the_rfc),
		cmocka_unit_test(
			a_control_word_is_split_as_it_was_put_together),
		cmocka_unit_test(every_memory_kind_has_a_flag_of_its_own),
		cmocka_unit_test(every_valid_policy_passes_the_check),
		cmocka_unit_test(each_fault_is_refused_with_its_reason),
		cmocka_unit_test(a_flag_that_nothing_defines_is_refused),
		cmocka_unit_test(
			a_policy_that_changes_anywhere_has_another_fingerprint),
		cmocka_unit_test(excess_is_what_is_above_the_limit),
		cmocka_unit_test(a_sum_that_does_not_fit_is_the_largest_number),
		cmocka_unit_test(direct_looks_at_the_process_alone),
		cmocka_unit_test(without_memory_kinds_the_cgroup_decides),
		cmocka_unit_test(with_memory_kinds_both_must_be_over),
		cmocka_unit_test(the_curve_is_the_one_of_memory_high),
		cmocka_unit_test(the_delay_grows_with_the_excess),
		cmocka_unit_test(the_delay_grows_with_the_pages),
		cmocka_unit_test(no_batch_costs_more_than_the_cap),
		cmocka_unit_test(no_pages_cost_more_than_can_be_owed),
		cmocka_unit_test(pages_cost_the_same_together_and_apart),
		cmocka_unit_test(far_above_the_limit_the_delay_is_the_longest),
		cmocka_unit_test(a_limit_of_nothing_is_the_cap),
		cmocka_unit_test(limits_near_2_to_the_64_do_not_overflow),
		cmocka_unit_test(the_delay_is_for_one_batch_and_scales),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
