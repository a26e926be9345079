// SPDX-License-Identifier: GPL-2.0
/*
 * test_parse.c - what loader/text/parse.h promises about single values.  Rules
 * between options are in test_policy_options.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <signal.h>
#include <string.h>
#include "text/parse.h"
/* last: it makes a macro of the name fail, which error.h uses */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define UNTOUCHED 0xdeadbeefdeadbeefULL

typedef int (*parse_u64)(const char *, uint64_t *, struct error *);
typedef int (*parse_u32)(const char *, uint32_t *, struct error *);

struct reading {
	const char *text;
	uint64_t value;
};

static void assert_reads(parse_u64 parse, const struct reading *readings,
			 size_t count)
{
	struct error err = { 0 };
	uint64_t value;
	size_t i;

	for (i = 0; i < count; i++) {
		value = UNTOUCHED;
		if (parse(readings[i].text, &value, &err))
			fail_msg("'%s': %s", readings[i].text, err.text);
		if (value != readings[i].value)
			fail_msg("'%s' is read as %llu", readings[i].text,
				 (unsigned long long)value);
	}
}

/* The line of an error: complete, one line, exit status 2. */
static void assert_one_line(const struct error *err)
{
	assert_int_equal(err->exit_status, 2);
	assert_true(strlen(err->text) > 10);
	assert_true(strlen(err->text) < sizeof(err->text) - 1);
	assert_null(strpbrk(err->text, "\n\r\t\033"));
}

static void assert_refuses(parse_u64 parse, const char *const *texts,
			   size_t count)
{
	struct error err;
	uint64_t value;
	size_t i;

	for (i = 0; i < count; i++) {
		memset(&err, 0, sizeof(err));
		value = UNTOUCHED;
		if (parse(texts[i], &value, &err) != -EINVAL)
			fail_msg("'%s' is taken", texts[i]);
		if (value != UNTOUCHED)
			fail_msg("'%s' leaves %llu", texts[i],
				 (unsigned long long)value);
		assert_one_line(&err);
	}
}

static void sizes_are_powers_of_1024_in_any_case(void **state)
{
	static const struct reading readings[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "64K", 65536 },
		{ "64k", 65536 },
		{ "200M", 209715200 },
		{ "200m", 209715200 },
		{ "2G", 2147483648 },
		{ "1T", 1099511627776 },
		{ "200MB", 209715200 },
		{ "200MiB", 209715200 },
		{ "200mib", 209715200 },
		{ "200Mb", 209715200 },
		{ "7B", 7 },
		{ "7b", 7 },
		{ "0T", 0 },
		{ "007K", 7168 },
	};

	(void)state;
	assert_reads(parse_size, readings, COUNT(readings));
}

static void fractions_of_a_size_are_exact(void **state)
{
	static const struct reading readings[] = {
		{ "1.5G", 1610612736 },
		{ "0.5K", 512 },
		{ "1.25M", 1310720 },
		{ "1.000T", 1099511627776 },
		{ "0.0009765625K", 1 },
		/* not a whole number of bytes: rounded down */
		{ "0.1K", 102 },
		{ "0.999999999999999999K", 1023 },
		/* beyond what a double holds */
		{ "9007199254740993", 9007199254740993 },
		{ "8388608.000000000001T", 9223372036854775809ULL },
	};

	(void)state;
	assert_reads(parse_size, readings, COUNT(readings));
}

static void largest_size_is_read_and_one_more_is_not(void **state)
{
	static const struct reading readings[] = {
		{ "18446744073709551615", UINT64_MAX },
		{ "16777215T", 16777215ULL << 40 },
		{ "18014398509481983K", 18014398509481983ULL << 10 },
		{ "18014398509481983.999K", UINT64_MAX - 1 },
	};
	static const char *const texts[] = {
		"18446744073709551616",
		"16777216T",
		"18014398509481984K",
		"17179869184G",
		"99999999999999999999999999999999T",
		"184467440737095516150",
	};

	(void)state;
	assert_reads(parse_size, readings, COUNT(readings));
	assert_refuses(parse_size, texts, COUNT(texts));
}

static void sizes_that_are_no_plain_number_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"K",
		"-1",
		"-0",
		"+1",
		"+1K",
		"nan",
		"NaN",
		"inf",
		"-inf",
		"0x10",
		"0X10K",
		"1e3",
		"1e3K",
		"1 K",
		" 1K",
		"1K ",
		"1\n",
		"1K\n",
		"12Q",
		"1KK",
		"1Kx",
		"1KiBB",
		"1iB",
		"1Ki",
		"1BK",
		"1BB",
		"1BiB",
		".5G",
		"5.G",
		"1..5G",
		"1.5",
		"1.5B",
		"1.0",
		"1,5G",
		"1.5.5G",
		"1P",
		"1E",
		"one",
		"\xc2\xb5",
		"1_000",
		"0b1",
		"1.-5G",
		"1.+5G",
		"1. 5G",
		"--1",
		".",
		"1.K",
		"1.0000000000000000001K", /* more digits than are looked at */
	};

	(void)state;
	assert_refuses(parse_size, texts, COUNT(texts));
}

static void durations_are_nanoseconds(void **state)
{
	static const struct reading readings[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "10ns", 10 },
		{ "500us", 500000 },
		{ "20ms", 20000000 },
		{ "2s", 2000000000 },
		{ "1.5s", 1500000000 },
		{ "1m", 60000000000 },
		{ "1.5m", 90000000000 },
		{ "2h", 7200000000000 },
		{ "49d", 4233600000000000 },
		{ "0.001ms", 1000 },
		{ "0.0000000019s", 1 }, /* rounded down */
		{ "18446744073709551615ns", UINT64_MAX },
		{ "18446744073.709551615s", UINT64_MAX },
	};

	(void)state;
	assert_reads(parse_duration, readings, COUNT(readings));
}

static void durations_need_a_unit_and_fit_in_64_bits(void **state)
{
	static const char *const texts[] = {
		"",
		"1",
		"20",
		"00",
		"0.0",
		"1.5",
		"-1s",
		"-0",
		"+1s",
		" 1s",
		"1 s",
		"1s ",
		"1s\n",
		"nans",
		"infs",
		"0x1s",
		"1e3s",
		"1S",
		"20MS",
		"1min",
		"1sec",
		"1ss",
		"s",
		".5s",
		"5.s",
		"1.5ns",
		"1w",
		"1y",
		"1m30s",
		"213504d",
		"18446744073709551616ns",
		"18446744073.709551616s",
		"99999999999999999999s",
	};

	(void)state;
	assert_refuses(parse_duration, texts, COUNT(texts));
}

static void a_bare_number_of_time_is_told_about_units(void **state)
{
	struct error err = { 0 };
	uint64_t value;

	(void)state;
	assert_int_equal(parse_duration("20", &value, &err), -EINVAL);
	assert_non_null(strstr(err.text, "'20' has no unit"));
}

static void assert_reads_u32(parse_u32 parse, const char *text,
			     uint32_t expected)
{
	struct error err = { 0 };
	uint32_t value = ~expected;

	if (parse(text, &value, &err))
		fail_msg("'%s': %s", text, err.text);
	if (value != expected)
		fail_msg("'%s' is read as %u", text, value);
}

static void assert_refuses_u32(parse_u32 parse, const char *const *texts,
			       size_t count)
{
	struct error err;
	uint32_t value;
	size_t i;

	for (i = 0; i < count; i++) {
		memset(&err, 0, sizeof(err));
		value = 0xdeadbeef;
		if (parse(texts[i], &value, &err) != -EINVAL)
			fail_msg("'%s' is taken", texts[i]);
		assert_int_equal(value, 0xdeadbeef);
		assert_one_line(&err);
	}
}

static void signals_are_known_by_name_and_number(void **state)
{
	char text[16];
	uint32_t i;

	(void)state;
	assert_reads_u32(parse_signal, "TERM", SIGTERM);
	assert_reads_u32(parse_signal, "SIGTERM", SIGTERM);
	assert_reads_u32(parse_signal, "sigusr1", SIGUSR1);
	assert_reads_u32(parse_signal, "Hup", SIGHUP);
	assert_reads_u32(parse_signal, "KILL", SIGKILL);
	assert_reads_u32(parse_signal, "RTMIN", SIGRTMIN);
	assert_reads_u32(parse_signal, "SIGRTMIN", SIGRTMIN);
	assert_reads_u32(parse_signal, "rtmin+3", SIGRTMIN + 3);
	assert_reads_u32(parse_signal, "RTMIN+0", SIGRTMIN);
	assert_reads_u32(parse_signal, "RTMIN+30", 64);
	assert_reads_u32(parse_signal, "RTMAX", 64);
	assert_reads_u32(parse_signal, "RTMAX-1", 63);
	assert_reads_u32(parse_signal, "SIGRTMAX-30", SIGRTMIN);
	for (i = 1; i <= 64; i++) {
		snprintf(text, sizeof(text), "%u", i);
		assert_reads_u32(parse_signal, text, i);
	}
}

static void real_time_signals_are_those_of_the_kernel(void **state)
{
	(void)state;
	/* the kernel's 32 and 33 belong to the C library */
	assert_reads_u32(parse_signal, "RTMIN", 34);
	assert_reads_u32(parse_signal, "RTMAX", 64);
}

static void signals_that_do_not_exist_are_refused(void **state)
{
	static const char *const texts[] = {
		"",	    "0",	"65",	      "-1",
		"+1",	    "SIG",	"SIGSIGTERM", "TERMX",
		"TER",	    "15 ",	" 15",	      "0x1",
		"1.5",	    "RTMIN+31", "RTMIN-1",    "RTMAX+1",
		"RTMAX-31", "RTMIN+",	"RTMIN+x",    "RTMIN+3 ",
		"RTMIN+-3", "RTMIN3",	"4294967311", "18446744073709551631",
		"SIG15",    "TERM\n",
	};

	(void)state;
	assert_refuses_u32(parse_signal, texts, COUNT(texts));
}

static int parse_action_u32(const char *text, uint32_t *out, struct error *err)
{
	enum overhigh_action action;
	int ret = parse_action(text, &action, err);

	if (!ret)
		*out = action;
	return ret;
}

static void actions_are_known_by_name_alone(void **state)
{
	static const char *const texts[] = {
		"",    "0",	"1",	     "Kill",	 "KILL",
		"kil", "kill ", "none,kill", "action 5",
	};

	(void)state;
	assert_reads_u32(parse_action_u32, "none", OVERHIGH_NONE);
	assert_reads_u32(parse_action_u32, "enomem", OVERHIGH_ENOMEM);
	assert_reads_u32(parse_action_u32, "slowdown", OVERHIGH_SLOWDOWN);
	assert_reads_u32(parse_action_u32, "signal", OVERHIGH_SIGNAL);
	assert_reads_u32(parse_action_u32, "kill", OVERHIGH_KILL);
	assert_refuses_u32(parse_action_u32, texts, COUNT(texts));
}

static void memory_kinds_are_a_list_in_any_order(void **state)
{
	static const char *const texts[] = {
		"",	      ",",	   "anon,",	     ",anon",
		"anon,,swap", "anon,anon", "anon,swap,anon", "anon swap",
		"anon, swap", "ANON",	   "none",	     "all",
		"ano",	      "anonx",	   "anon\n",	     "anon;swap",
	};

	(void)state;
	assert_reads_u32(parse_rss, "anon", OVERHIGH_RSS_ANON);
	assert_reads_u32(parse_rss, "file", OVERHIGH_RSS_FILE);
	assert_reads_u32(parse_rss, "shmem", OVERHIGH_RSS_SHMEM);
	assert_reads_u32(parse_rss, "swap", OVERHIGH_RSS_SWAP);
	assert_reads_u32(parse_rss, "anon,swap",
			 OVERHIGH_RSS_ANON | OVERHIGH_RSS_SWAP);
	assert_reads_u32(parse_rss, "swap,shmem,file,anon", OVERHIGH_RSS_MASK);
	assert_refuses_u32(parse_rss, texts, COUNT(texts));
}

static void a_memory_kind_named_twice_is_told(void **state)
{
	struct error err = { 0 };
	uint32_t flags;

	(void)state;
	assert_int_equal(parse_rss("anon,swap,anon", &flags, &err), -EINVAL);
	assert_non_null(strstr(err.text, "name anon twice"));
}

static void on_stuck_takes_report_release_or_kill(void **state)
{
	static const char *const texts[] = { "", "Report", "go", "kill " };

	(void)state;
	assert_reads_u32(parse_on_stuck, "report", OVERHIGH_STUCK_REPORT);
	assert_reads_u32(parse_on_stuck, "release", 0);
	assert_reads_u32(parse_on_stuck, "kill", OVERHIGH_STUCK_KILL);
	assert_refuses_u32(parse_on_stuck, texts, COUNT(texts));
}

static void process_ids_are_positive_and_fit(void **state)
{
	static const char *const texts[] = {
		"",	      "0",
		"-1",	      "+1",
		"1 ",	      " 1",
		"1x",	      "0x10",
		"1.0",	      "2147483648",
		"4294967297", "self",
		"00",	      "18446744073709551617",
	};

	(void)state;
	assert_reads_u32(parse_pid, "1", 1);
	assert_reads_u32(parse_pid, "4194304", 4194304);
	assert_reads_u32(parse_pid, "2147483647", 2147483647);
	assert_refuses_u32(parse_pid, texts, COUNT(texts));
}

static void a_message_stays_one_line_whatever_was_given(void **state)
{
	struct error err;
	char text[2000];
	uint64_t wide;
	uint32_t value;

	(void)state;
	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(parse_size(text, &wide, &err), -EINVAL);
	assert_one_line(&err);
	assert_int_equal(parse_duration(text, &wide, &err), -EINVAL);
	assert_one_line(&err);
	assert_int_equal(parse_signal(text, &value, &err), -EINVAL);
	assert_one_line(&err);
	assert_int_equal(parse_action_u32(text, &value, &err), -EINVAL);
	assert_one_line(&err);
	assert_int_equal(parse_rss(text, &value, &err), -EINVAL);
	assert_one_line(&err);
	assert_int_equal(parse_on_stuck(text, &value, &err), -EINVAL);
	assert_one_line(&err);
	assert_int_equal(parse_pid(text, &value, &err), -EINVAL);
	assert_one_line(&err);
}

static void a_message_says_what_would_be_right(void **state)
{
	struct error err;
	uint64_t value;

	(void)state;
	assert_int_equal(parse_size("12Q", &value, &err), -EINVAL);
	assert_string_equal(err.text,
			    "size '12Q' is not understood: use a number with "
			    "K, M, G or T, like 200M or 1.5G");
}

/* xorshift64: the same sequence on every machine. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void random_text_is_read_or_refused_cleanly(void **state)
{
	static const char alphabet[] = "0123456789.KMGTiBbsmunhd+-, xeSIGRTMN"
				       "\n\xc2";
	uint64_t seed = 20200618, wide;
	struct error err;
	uint32_t value;
	char text[12];
	int round, i, length;

	(void)state;
	for (round = 0; round < 200000; round++) {
		length = next_random(&seed) % sizeof(text);
		for (i = 0; i < length; i++)
			text[i] = alphabet[next_random(&seed) %
					   (sizeof(alphabet) - 1)];
		text[length] = '\0';
		if (parse_size(text, &wide, &err))
			assert_one_line(&err);
		else
			assert_true(strspn(text, "0123456789") > 0);
		if (parse_duration(text, &wide, &err))
			assert_one_line(&err);
		else
			assert_true(!strcmp(text, "0") ||
				    strpbrk(text, "smhd"));
		if (parse_signal(text, &value, &err))
			assert_one_line(&err);
		else
			assert_true(value >= 1 && value <= 64);
		if (parse_pid(text, &value, &err))
			assert_one_line(&err);
		else
			assert_true(value >= 1 && value <= INT32_MAX);
		if (parse_rss(text, &value, &err))
			assert_one_line(&err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_powers_of_1024_in_any_case),
		cmocka_unit_test(fractions_of_a_size_are_exact),
		cmocka_unit_test(largest_size_is_read_and_one_more_is_not),
		cmocka_unit_test(sizes_that_are_no_plain_number_are_refused),
		cmocka_unit_test(durations_are_nanoseconds),
		cmocka_unit_test(durations_need_a_unit_and_fit_in_64_bits),
		cmocka_unit_test(a_bare_number_of_time_is_told_about_units),
		cmocka_unit_test(signals_are_known_by_name_and_number),
		cmocka_unit_test(real_time_signals_are_those_of_the_kernel),
		cmocka_unit_test(signals_that_do_not_exist_are_refused),
		cmocka_unit_test(actions_are_known_by_name_alone),
		cmocka_unit_test(memory_kinds_are_a_list_in_any_order),
		cmocka_unit_test(a_memory_kind_named_twice_is_told),
		cmocka_unit_test(on_stuck_takes_report_release_or_kill),
		cmocka_unit_test(process_ids_are_positive_and_fit),
		cmocka_unit_test(a_message_stays_one_line_whatever_was_given),
		cmocka_unit_test(a_message_says_what_would_be_right),
		cmocka_unit_test(random_text_is_read_or_refused_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
