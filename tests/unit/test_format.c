// SPDX-License-Identifier: GPL-2.0
/*
 * test_format.c - what loader/text/format.h promises: text that is short, that
 * is read back to the same value, and that fits.  A whole policy as text is in
 * test_policy_options.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "text/format.h"
#include "text/parse.h"
/* last: it makes a macro of the name fail, which error.h uses */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

typedef const char *(*format_u64)(char *, size_t, uint64_t);
typedef const char *(*format_u32)(char *, size_t, uint32_t);
typedef int (*parse_u64)(const char *, uint64_t *, struct error *);

struct writing {
	uint64_t value;
	const char *text;
};

static void assert_writes(format_u64 format, const struct writing *writings,
			  size_t count)
{
	char text[FORMAT_MAX];
	size_t i;

	for (i = 0; i < count; i++) {
		assert_ptr_equal(format(text, sizeof(text), writings[i].value),
				 text);
		assert_string_equal(text, writings[i].text);
	}
}

/* xorshift64: the same sequence on every machine. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void assert_reads_back(format_u64 format, parse_u64 parse,
			      uint64_t value)
{
	struct error err = { 0 };
	char text[FORMAT_MAX];
	uint64_t back;

	format(text, sizeof(text), value);
	if (parse(text, &back, &err))
		fail_msg("%llu is written '%s': %s", (unsigned long long)value,
			 text, err.text);
	if (back != value)
		fail_msg("%llu is written '%s', read back as %llu",
			 (unsigned long long)value, text,
			 (unsigned long long)back);
	/* never longer than the plain number with the shortest unit */
	assert_true(strlen(text) <= 22);
}

/* Values of every magnitude, round ones, and their neighbours. */
static void assert_all_read_back(format_u64 format, parse_u64 parse,
				 const uint64_t *units, size_t count)
{
	uint64_t seed = 20200618, value;
	size_t i;
	int round;

	for (round = 0; round < 100000; round++) {
		value = next_random(&seed) >> next_random(&seed) % 64;
		assert_reads_back(format, parse, value);
		for (i = 0; i < count; i++) {
			value = next_random(&seed) % 5000 * units[i];
			/* 1.5G, 0.25s: quarters of the unit, where exact */
			value += next_random(&seed) % 4 * (units[i] / 4);
			assert_reads_back(format, parse, value);
			assert_reads_back(format, parse, value + 1);
			assert_reads_back(format, parse, value - 1);
		}
	}
	for (i = 0; i < 64; i++)
		assert_reads_back(format, parse, UINT64_MAX >> i);
}

static void sizes_are_written_in_the_largest_unit_that_is_exact(void **state)
{
	static const struct writing writings[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ 512, "512" },
		{ 1000, "1000" },
		{ 1023, "1023" },
		{ 1024, "1K" },
		{ 1025, "1025" },
		{ 1536, "1.5K" },
		{ 4096, "4K" },
		{ 65536, "64K" },
		{ 209715200, "200M" },
		{ 209715201, "209715201" },
		{ 1610612736, "1.5G" },
		{ 1342177280, "1.25G" },
		{ 1207959552, "1152M" },
		{ 1099511627776, "1T" },
		{ 16777215ULL << 40, "16777215T" },
		{ UINT64_MAX, "18446744073709551615" },
	};

	(void)state;
	assert_writes(format_size, writings, COUNT(writings));
}

static void every_size_is_read_back_the_same(void **state)
{
	static const uint64_t units[] = { 1ULL << 10, 1ULL << 20, 1ULL << 30,
					  1ULL << 40 };

	(void)state;
	assert_all_read_back(format_size, parse_size, units, COUNT(units));
}

static void rounded_sizes_have_one_decimal(void **state)
{
	static const struct writing writings[] = {
		{ 0, "0" },
		{ 512, "512" },
		{ 1023, "1023" },
		{ 1024, "1.0K" },
		{ 1536, "1.5K" },
		{ 211078349, "201.3M" },
		{ 209715200, "200.0M" },
		{ 1048575, "1.0M" }, /* not 1024.0K */
		{ 1073741823, "1.0G" },
		{ 1099511627775, "1.0T" },
		{ 1023 * 1024, "1023.0K" },
		{ 1610612736, "1.5G" },
		{ UINT64_MAX, "16777216.0T" },
	};

	(void)state;
	assert_writes(format_size_rounded, writings, COUNT(writings));
}

static void rounded_sizes_are_near(void **state)
{
	uint64_t seed = 7, value, back, error;
	struct error err = { 0 };
	char text[FORMAT_MAX];
	int round;

	(void)state;
	for (round = 0; round < 100000; round++) {
		/* what rounds up to 2^64 cannot be read */
		value = next_random(&seed) >> (1 + next_random(&seed) % 63);
		format_size_rounded(text, sizeof(text), value);
		assert_int_equal(parse_size(text, &back, &err), 0);
		error = back > value ? back - value : value - back;
		/* half of the last digit of "1.0", plus rounding of parse */
		assert_true(error <= value / 20 + 1);
		assert_true(strlen(text) <= 11);
	}
}

static void
durations_are_written_in_the_largest_unit_that_is_exact(void **state)
{
	static const struct writing writings[] = {
		{ 0, "0" },
		{ 10, "10ns" },
		{ 1000, "1us" },
		{ 1500, "1.5us" },
		{ 500000, "500us" },
		{ 20000000, "20ms" },
		{ 1500000000, "1.5s" },
		{ 2000000000, "2s" },
		{ 60000000000, "1m" },
		{ 90000000000, "90s" },
		{ 3600000000000, "1h" },
		{ 4233600000000000, "49d" },
		{ 1234567, "1234567ns" },
		{ UINT64_MAX, "18446744073709551615ns" },
	};

	(void)state;
	assert_writes(format_duration, writings, COUNT(writings));
}

static void every_duration_is_read_back_the_same(void **state)
{
	static const uint64_t units[] = { 1000,		 1000000,
					  1000000000,	 60000000000,
					  3600000000000, 86400000000000 };

	(void)state;
	assert_all_read_back(format_duration, parse_duration, units,
			     COUNT(units));
}

static void rounded_durations_suit_a_table(void **state)
{
	static const struct writing writings[] = {
		{ 0, "0ns" },
		{ 999, "999ns" },
		{ 1000, "1.0us" },
		{ 12345678, "12.3ms" },
		{ 999960000, "1.0s" }, /* not 1000.0ms */
		{ 1500000000, "1.5s" },
		{ 59900000000, "59.9s" },
		{ 59949999999, "59.9s" },
		{ 59950000000, "1m00s" }, /* not 60.0s */
		{ 60000000000, "1m00s" },
		{ 187000000000, "3m07s" },
		{ 3599400000000, "59m59s" },
		{ 3599600000000, "1h00m" },
		{ 7500000000000, "2h05m" },
		{ 273600000000000, "3d04h" },
		{ UINT64_MAX, "213503d23h" },
	};

	(void)state;
	assert_writes(format_duration_rounded, writings, COUNT(writings));
}

static void every_signal_is_read_back_the_same(void **state)
{
	struct error err = { 0 };
	char text[FORMAT_MAX];
	uint32_t i, back;

	(void)state;
	for (i = 1; i <= 64; i++) {
		format_signal(text, sizeof(text), i);
		if (parse_signal(text, &back, &err))
			fail_msg("signal %u: %s", i, err.text);
		assert_int_equal(back, i);
	}
}

static void signals_have_their_usual_names(void **state)
{
	char text[FORMAT_MAX];

	(void)state;
	assert_string_equal(format_signal(text, sizeof(text), 15), "TERM");
	assert_string_equal(format_signal(text, sizeof(text), 9), "KILL");
	assert_string_equal(format_signal(text, sizeof(text), 10), "USR1");
	assert_string_equal(format_signal(text, sizeof(text), 32), "32");
	assert_string_equal(format_signal(text, sizeof(text), 34), "RTMIN");
	assert_string_equal(format_signal(text, sizeof(text), 37), "RTMIN+3");
	assert_string_equal(format_signal(text, sizeof(text), 63), "RTMAX-1");
	assert_string_equal(format_signal(text, sizeof(text), 64), "RTMAX");
	assert_string_equal(format_signal(text, sizeof(text), 0), "0");
	assert_string_equal(format_signal(text, sizeof(text), 255), "255");
}

static void every_set_of_memory_kinds_is_read_back_the_same(void **state)
{
	struct error err = { 0 };
	char text[FORMAT_MAX];
	uint32_t bits, flags, back;

	(void)state;
	for (bits = 1; bits < 16; bits++) {
		flags = bits * OVERHIGH_RSS_ANON;
		format_rss(text, sizeof(text), flags | OVERHIGH_DIRECT);
		assert_int_equal(parse_rss(text, &back, &err), 0);
		assert_int_equal(back, flags);
	}
	assert_string_equal(format_rss(text, sizeof(text), OVERHIGH_DIRECT),
			    "none");
	assert_string_equal(format_rss(text, sizeof(text), OVERHIGH_RSS_MASK),
			    "anon,file,shmem,swap");
}

static void every_action_is_read_back_the_same(void **state)
{
	enum overhigh_action back;
	struct error err = { 0 };
	char text[FORMAT_MAX];
	uint32_t i;

	(void)state;
	for (i = 0; i < OVERHIGH_ACTION_MAX; i++) {
		format_action(text, sizeof(text), i);
		assert_int_equal(parse_action(text, &back, &err), 0);
		assert_int_equal(back, i);
	}
}

struct vocabulary {
	format_u32 format;
	uint32_t first, end;
	int identifiers; /* [a-z_]+, for machines */
};

static const struct vocabulary vocabularies[] = {
	{ format_action, 0, OVERHIGH_ACTION_MAX, 1 },
	{ format_event_type, 1, OVERHIGH_EV_MAX, 1 },
	{ format_source, 0, OVERHIGH_SOURCE_DEFAULT + 1, 1 },
	{ format_counter, 0, OVERHIGH_COUNTERS, 1 },
	{ format_refusal, 0, OVERHIGH_REFUSALS, 0 },
	{ format_missed, 1, OVERHIGH_MISSED_MAP_FULL + 1, 0 },
};

/* A new enumerator without a name fails here. */
static void every_word_exists_and_differs_from_the_others(void **state)
{
	const char *allowed = "abcdefghijklmnopqrstuvwxyz_";
	const struct vocabulary *v;
	char text[FORMAT_MAX], other[FORMAT_MAX];
	uint32_t a, b;

	(void)state;
	for (v = vocabularies; v < vocabularies + COUNT(vocabularies); v++) {
		for (a = v->first; a < v->end; a++) {
			v->format(text, sizeof(text), a);
			if (v->identifiers)
				assert_int_equal(strspn(text, allowed),
						 strlen(text));
			snprintf(other, sizeof(other), " %u", a);
			assert_null(strstr(text, other));
			for (b = v->first; b < a; b++) {
				v->format(other, sizeof(other), b);
				assert_string_not_equal(text, other);
			}
		}
	}
}

static void a_number_without_a_name_is_shown_as_a_number(void **state)
{
	const struct vocabulary *v;
	char text[FORMAT_MAX];

	(void)state;
	for (v = vocabularies; v < vocabularies + COUNT(vocabularies); v++) {
		v->format(text, sizeof(text), v->end);
		assert_non_null(strchr(text, ' '));
		v->format(text, sizeof(text), UINT32_MAX);
		assert_non_null(strstr(text, " 4294967295"));
	}
	assert_string_equal(format_action(text, sizeof(text), 9), "action 9");
}

static void counters_have_the_names_of_the_header(void **state)
{
	char text[FORMAT_MAX];

	(void)state;
	assert_string_equal(
		format_counter(text, sizeof(text), OVERHIGH_COUNT_LOST_EVENTS),
		"lost_events");
	assert_string_equal(format_counter(text, sizeof(text),
					   OVERHIGH_COUNT_MISSED_MAP_FULL),
			    "missed_map_full");
	assert_string_equal(
		format_counter(text, sizeof(text), OVERHIGH_COUNT_CROSSED),
		"crossed");
}

/* Every function, with a value of each kind, into a buffer of every size. */
static void a_small_buffer_cuts_and_never_overflows(void **state)
{
	static const format_u64 wide[] = { format_size, format_size_rounded,
					   format_duration,
					   format_duration_rounded };
	static const format_u32 narrow[] = {
		format_signal,	   format_action, format_rss,	 format_refusal,
		format_event_type, format_missed, format_source, format_counter,
	};
	char text[FORMAT_MAX];
	size_t size, i;

	(void)state;
	for (size = 1; size < 24; size++) {
		for (i = 0; i < COUNT(wide); i++) {
			memset(text, '#', sizeof(text));
			wide[i](text, size, 1610612736000000001ULL);
			assert_true(strlen(text) < size);
			assert_int_equal(text[size], '#');
		}
		for (i = 0; i < COUNT(narrow); i++) {
			memset(text, '#', sizeof(text));
			narrow[i](text, size, UINT32_MAX);
			assert_true(strlen(text) < size);
			assert_int_equal(text[size], '#');
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			sizes_are_written_in_the_largest_unit_that_is_exact),
		cmocka_unit_test(every_size_is_read_back_the_same),
		cmocka_unit_test(rounded_sizes_have_one_decimal),
		cmocka_unit_test(rounded_sizes_are_near),
		cmocka_unit_test(
			durations_are_written_in_the_largest_unit_that_is_exact),
		cmocka_unit_test(every_duration_is_read_back_the_same),
		cmocka_unit_test(rounded_durations_suit_a_table),
		cmocka_unit_test(every_signal_is_read_back_the_same),
		cmocka_unit_test(signals_have_their_usual_names),
		cmocka_unit_test(
			every_set_of_memory_kinds_is_read_back_the_same),
		cmocka_unit_test(every_action_is_read_back_the_same),
		cmocka_unit_test(every_word_exists_and_differs_from_the_others),
		cmocka_unit_test(a_number_without_a_name_is_shown_as_a_number),
		cmocka_unit_test(counters_have_the_names_of_the_header),
		cmocka_unit_test(a_small_buffer_cuts_and_never_overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
