// SPDX-License-Identifier: GPL-2.0
/*
 * test_policy_options.c - what loader/text/policy_options.h promises: which
 * policy a command line gives, what is refused and with which words, and that a
 * policy written as options is read back the same.
 *
 * Longer than 600 lines: all of it reads command lines in the same way.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include "overhigh_policy.h"
#include "text/policy_options.h"
/* last: it makes a macro of the name fail, which error.h uses */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define MAX_ARGS 40
#define USUAL_RSS (OVERHIGH_RSS_ANON | OVERHIGH_RSS_SHMEM | OVERHIGH_RSS_SWAP)

/* A subcommand as others are: its own argp with the options as a child. */
static error_t parse_parent(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

static int run_argp(int argc, char **argv, struct policy_options *options)
{
	const struct argp_child children[] = { { policy_argp(), 0, NULL, 0 },
					       { 0 } };
	const struct argp argp = { NULL,     parse_parent, NULL, NULL,
				   children, NULL,	   NULL };

	policy_options_init(options);
	return argp_parse(&argp, argc, argv, 0, NULL, options);
}

/* Splits a line at blanks; '_' stands for a blank in a word, and what is within
 * ' and ' is one word. */
static int split_line(char *line, char **argv)
{
	char *word;
	int argc = 0;

	while (*(line += strspn(line, " "))) {
		bool quoted = *line == '\'';

		assert_true(argc < MAX_ARGS - 1);
		word = line + quoted;
		line = word + strcspn(word, quoted ? "'" : " ");
		if (*line)
			*line++ = 0;
		argv[argc++] = word;
		while (!quoted && (word = strchr(word, '_')))
			*word = ' ';
	}
	argv[argc] = NULL;
	return argc;
}

/* Returns what finish returns, or what the parser did. */
static int read_line(const char *line, struct overhigh_policy *policy,
		     struct overhigh_extension *extension, struct error *err)
{
	char copy[FORMAT_POLICY_MAX + 16], *argv[MAX_ARGS];
	struct policy_options options;
	int argc, ret;

	snprintf(copy, sizeof(copy), "test %s", line);
	argc = split_line(copy, argv);
	ret = run_argp(argc, argv, &options);
	if (ret) {
		*err = options.err;
		return -ret;
	}
	ret = policy_options_finish(&options, policy, err);
	*extension = options.extension;
	return ret;
}

static struct overhigh_policy terms_of(const char *line,
				       struct overhigh_extension *extension)
{
	struct overhigh_policy policy, kept;
	struct error err = { 0 };

	if (read_line(line, &policy, extension, &err))
		fail_msg("'%s': %s", line, err.text);
	kept = policy;
	if (overhigh_extended(&policy)) /* as if it had been put into the map */
		kept.escalation = overhigh_extended_by(1);
	assert_int_equal(overhigh_policy_check(&kept), OVERHIGH_OK);
	assert_int_equal(overhigh_extension_check(extension), OVERHIGH_OK);
	return policy;
}

static struct overhigh_policy policy_of(const char *line)
{
	struct overhigh_extension extension;

	return terms_of(line, &extension);
}

static void assert_policy(const char *line, struct overhigh_policy expected)
{
	struct overhigh_policy policy = policy_of(line);
	char text[FORMAT_POLICY_MAX];

	if (memcmp(&policy, &expected, sizeof(policy)))
		fail_msg("'%s' gives %s", line,
			 format_policy(text, sizeof(text), &policy, NULL));
}

/* The line is refused, with words in the message, and gives no policy. */
static void assert_refused(const char *line, const char *words)
{
	struct overhigh_policy policy, before;
	struct overhigh_extension extension;
	struct error err = { 0 };

	memset(&policy, 0xa5, sizeof(policy));
	before = policy;
	if (read_line(line, &policy, &extension, &err) != -EINVAL)
		fail_msg("'%s' is taken", line);
	assert_memory_equal(&policy, &before, sizeof(policy));
	assert_int_equal(err.exit_status, 2);
	assert_null(strchr(err.text, '\n'));
	if (!strstr(err.text, words))
		fail_msg("'%s': \"%s\" does not say \"%s\"", line, err.text,
			 words);
}

static uint32_t word(uint32_t action, uint32_t number, uint32_t flags)
{
	return overhigh_control_word(action, number, flags);
}

static void a_limit_alone_is_direct_and_counts_no_files(void **state)
{
	(void)state;
	assert_policy("--action kill --limit 200M",
		      (struct overhigh_policy){
			      .control = word(OVERHIGH_KILL, 0,
					      OVERHIGH_DIRECT | USUAL_RSS),
			      .process_limit = 200 << 20 });
}

static void a_margin_alone_looks_at_the_cgroup_alone(void **state)
{
	(void)state;
	assert_policy("--action slowdown --margin 1.5M",
		      (struct overhigh_policy){
			      .control = word(OVERHIGH_SLOWDOWN, 0, 0),
			      .cgroup_margin = 3 << 19 });
	assert_policy("--action enomem --margin 0",
		      (struct overhigh_policy){
			      .control = word(OVERHIGH_ENOMEM, 0, 0) });
}

static void limit_and_margin_must_both_be_over(void **state)
{
	(void)state;
	assert_policy("--action enomem --limit 1G --margin 64K",
		      (struct overhigh_policy){
			      .control = word(OVERHIGH_ENOMEM, 0, USUAL_RSS),
			      .process_limit = 1 << 30,
			      .cgroup_margin = 64 << 10 });
	assert_policy("--action enomem --limit 1G --margin 64K --direct",
		      (struct overhigh_policy){
			      .control = word(OVERHIGH_ENOMEM, 0,
					      USUAL_RSS | OVERHIGH_DIRECT),
			      .process_limit = 1 << 30,
			      .cgroup_margin = 64 << 10 });
}

static void rss_says_what_the_limit_counts(void **state)
{
	(void)state;
	assert_policy(
		"--action kill --limit 1M --rss file,anon",
		(struct overhigh_policy){
			.control = word(OVERHIGH_KILL, 0,
					OVERHIGH_DIRECT | OVERHIGH_RSS_ANON |
						OVERHIGH_RSS_FILE),
			.process_limit = 1 << 20 });
}

static void the_second_step_has_the_flags_of_the_first(void **state)
{
	uint32_t flags = USUAL_RSS | OVERHIGH_DIRECT | OVERHIGH_LOG |
			 OVERHIGH_STUCK_KILL;

	(void)state;
	assert_policy(
		"--action slowdown --limit 1M --max-delay 500ms --log "
		"--on-stuck kill --grace 1.5s --then signal:USR1",
		(struct overhigh_policy){
			.control = word(OVERHIGH_SLOWDOWN, 0, flags),
			.escalation = word(OVERHIGH_SIGNAL, SIGUSR1, flags),
			.grace_ms = 1500,
			.max_delay_us = 500000,
			.process_limit = 1 << 20 });
}

static void both_steps_of_a_ladder_may_send_signals(void **state)
{
	uint32_t flags = USUAL_RSS | OVERHIGH_DIRECT | OVERHIGH_SIGCONT;

	(void)state;
	assert_policy("--action signal --signal TERM --repeat --limit 1M "
		      "--grace 0 --then signal_rtmin+3",
		      (struct overhigh_policy){
			      .control = word(OVERHIGH_SIGNAL, SIGTERM, flags),
			      .escalation = word(OVERHIGH_SIGNAL, 37, flags),
			      .process_limit = 1 << 20 });
}

static void the_action_none_alone_is_a_policy(void **state)
{
	(void)state;
	assert_policy("--action none", (struct overhigh_policy){ 0 });
	assert_policy("--action none --limit 1M",
		      (struct overhigh_policy){
			      .control = word(OVERHIGH_NONE, 0,
					      USUAL_RSS | OVERHIGH_DIRECT),
			      .process_limit = 1 << 20 });
}

static void an_option_given_twice_counts_as_the_last_says(void **state)
{
	(void)state;
	assert_policy(
		"--action kill --action enomem --limit 1M --limit 2M --rss "
		"file,swap --rss anon",
		(struct overhigh_policy){
			.control = word(OVERHIGH_ENOMEM, 0,
					OVERHIGH_DIRECT | OVERHIGH_RSS_ANON),
			.process_limit = 2 << 20 });
	assert_policy("--action signal --signal KILL --signal TERM --margin 1 "
		      "--margin 2 --grace 1s --grace 2s "
		      "--then slowdown --max-delay 2ms "
		      "--max-delay 1ms --on-stuck kill --on-stuck report",
		      (struct overhigh_policy){
			      .control = word(OVERHIGH_SIGNAL, SIGTERM,
					      OVERHIGH_STUCK_REPORT),
			      .escalation = word(OVERHIGH_SLOWDOWN, 0,
						 OVERHIGH_STUCK_REPORT),
			      .grace_ms = 2000,
			      .max_delay_us = 1000,
			      .cgroup_margin = 2 });
}

static void the_order_of_options_does_not_matter(void **state)
{
	static const char *const words[] = {
		"--action signal", "--limit 1M",   "--signal TERM", "--repeat",
		"--rss anon,swap", "--margin 64K", "--log",	    "--direct",
		"--grace 2s",	   "--then kill",
	};
	struct overhigh_policy first, policy;
	char line[FORMAT_POLICY_MAX];
	size_t start, i, length;

	(void)state;
	for (start = 0; start < COUNT(words); start++) {
		for (i = 0, length = 0; i < COUNT(words); i++)
			length += snprintf(
				line + length, sizeof(line) - length, "%s ",
				words[(start + 3 * i) % COUNT(words)]);
		policy = policy_of(line);
		if (!start)
			first = policy;
		assert_memory_equal(&policy, &first, sizeof(policy));
	}
}

static void a_missing_option_is_named_in_the_message(void **state)
{
	(void)state;
	assert_refused("", "--action");
	assert_refused("--limit 1M", "--action none, enomem, slowdown");
	assert_refused("--action kill", "--limit 200M");
	assert_refused("--action none --then kill --grace 1s", "--limit 200M");
	assert_refused("--action signal --limit 1M", "--signal TERM");
	assert_refused("--action kill --limit 1M --then enomem", "--grace 10s");
	assert_refused("--action kill --limit 1M --grace 1s", "--then kill");
	assert_refused("--action kill --limit 1M --grace 0", "--then kill");
	assert_refused("--action kill --limit 1M --grace 1s --then signal",
		       "use --then signal:TERM");
}

static void what_has_no_effect_is_refused(void **state)
{
	(void)state;
	assert_refused("--action kill --margin 0 --direct", "--direct");
	assert_refused("--action kill --margin 0 --rss anon", "--rss");
	assert_refused("--action kill --limit 1M --signal TERM",
		       "--signal needs --action signal");
	assert_refused("--action kill --limit 1M --signal TERM --grace 1s "
		       "--then signal:TERM",
		       "--signal needs --action signal");
	assert_refused("--action kill --limit 1M --repeat", "--repeat needs");
	assert_refused("--action kill --limit 1M --max-delay 1s",
		       "--max-delay needs --action slowdown");
	assert_refused("--action kill --limit 1M --on-stuck release",
		       "--on-stuck needs --action slowdown");
	assert_refused("--action kill --limit 1M --grace 1s --then none",
		       "--then none would lift the limit: leave --then out");
}

/* ---- what needs an extension ---- */

static void a_ladder_has_up_to_five_steps(void **state)
{
	struct overhigh_extension extension;
	struct overhigh_policy policy;
	__u32 flags = OVERHIGH_DIRECT | USUAL_RSS;

	(void)state;
	policy = terms_of("--action slowdown --limit 1G --grace 5s --then "
			  "signal_TERM --then kill_after_10s",
			  &extension);
	assert_int_equal(policy.escalation, overhigh_extended_by(0));
	assert_int_equal(policy.grace_ms, 0);
	assert_int_equal(extension.steps[0].control,
			 word(OVERHIGH_SIGNAL, SIGTERM, flags));
	assert_int_equal(extension.steps[0].after_ms, 5000);
	assert_int_equal(extension.steps[1].control,
			 word(OVERHIGH_KILL, 0, flags));
	assert_int_equal(extension.steps[1].after_ms, 10000);
	assert_int_equal(extension.steps[2].control, 0);
	assert_int_equal(extension.hysteresis_permille, 50);
	assert_refused("--action none --limit 1M --then kill_after_1s --then "
		       "kill_after_1s --then kill_after_1s --then "
		       "kill_after_1s --then kill_after_1s",
		       "one step too many");
	assert_refused("--action none --limit 1M --grace 1s --then enomem "
		       "--then kill",
		       "write --then 'kill after 10s'");
	assert_refused("--action none --limit 1M --grace 1s --then "
		       "kill_after_1s",
		       "both say when");
	assert_refused("--action none --limit 1M --then kill_after_50d",
		       "at most 49d");
	assert_refused("--action none --limit 1M --then kill_after_5",
		       "no unit");
	/* with its time, one step still is no more than a plain policy */
	policy = policy_of("--action none --limit 1M --then kill_after_3s");
	assert_int_equal(policy.escalation, word(OVERHIGH_KILL, 0, flags));
	assert_int_equal(policy.grace_ms, 3000);
}

static void an_extension_has_what_was_given(void **state)
{
	struct overhigh_extension extension;
	struct overhigh_policy policy;

	(void)state;
	policy = terms_of("--action slowdown --rate 50M/s_burst_200M",
			  &extension);
	assert_true(policy.process_limit == OVERHIGH_NO_LIMIT);
	assert_true(extension.rate_bytes == 50 << 20);
	assert_true(extension.burst_bytes == 200 << 20);
	terms_of("--action kill --limit 1M --when-pressure full_2.5%_over_2s",
		 &extension);
	assert_int_equal(extension.pressure, OVERHIGH_PRESSURE_FULL);
	assert_int_equal(extension.pressure_permille, 25);
	assert_int_equal(extension.pressure_window_ms, 2000);
	terms_of("--action none --limit 1M --then kill_after_7s --hysteresis "
		 "10% --respond reclaim,_high_64M,freeze,low-priority",
		 &extension);
	assert_int_equal(extension.hysteresis_permille, 100);
	assert_int_equal(extension.responses, OVERHIGH_RESPONSES_MASK);
	assert_int_equal(extension.freeze_ms, 7000);
	assert_true(extension.high_bytes == 64 << 20);
	assert_int_equal(extension.cpu_weight, 10);
}

static void a_bad_extension_is_refused(void **state)
{
	static const char limit[] = "--action slowdown --limit 1M";
	static const char *const bad[][2] = {
		{ "--rate 50M", "is no rate" },
		{ "--rate 0/s", "lets nothing grow" },
		{ "--rate 1M/s_burst_much", "much" },
		{ "--hysteresis 5", "no share of the limit" },
		{ "--hysteresis 101%_", "no share of the limit" },
		{ "--hysteresis 5%", "add --then" },
		{ "--when-pressure 10%_over_2s", "no condition on pressure" },
		{ "--when-pressure some_0%_over_2s", "no condition" },
		{ "--when-pressure some_10%_over_11s", "no condition" },
		{ "--when-pressure some_10%", "no condition on pressure" },
		{ "--respond reclaim,", "is no response" },
		{ "--respond high", "is no response" },
		{ "--respond freeze_now", "is no response" },
		{ "--respond freeze", "add --then" },
		{ "--respond low-priority_100", "no low priority" },
	};
	char line[FORMAT_POLICY_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		snprintf(line, sizeof(line), "%s %s", limit, bad[i][0]);
		assert_refused(line, bad[i][1]);
	}
	assert_refused("--action kill --limit 1M --rate 1M/s",
		       "--rate needs --action slowdown");
	assert_refused("--action slowdown --rate 1M/s --grace 1s --then kill",
		       "nothing says when a process is over");
}

static void slowdown_options_are_for_either_step(void **state)
{
	(void)state;
	policy_of("--action none --limit 1M --grace 1s --then slowdown "
		  "--max-delay 1ms --on-stuck report");
	policy_of("--action slowdown --limit 1M --grace 1s --then kill "
		  "--max-delay 1ms --on-stuck report");
	policy_of("--action none --limit 1M --grace 1s --then signal:TERM "
		  "--repeat");
}

/* As a later step is written; in a rule, "action = signal TERM". */
static void an_action_may_have_its_signal(void **state)
{
	(void)state;
	assert_int_equal(
		overhigh_signal(
			policy_of("--action signal:TERM --limit 1M").control),
		SIGTERM);
	assert_refused("--action signal:NONE --limit 1M", "signal 'NONE'");
	assert_refused("--action signal --limit 1M", "--action signal:TERM");
}

static void what_a_slip_meant_is_said(void **state)
{
	(void)state;
	assert_refused("--action none --limit 1M --then kill_10s",
		       "write 'kill after 10s'");
	assert_refused("--action kill --limit 50%", "in rules alone");
}

static void numbers_keep_to_their_bounds(void **state)
{
	struct overhigh_policy policy;

	(void)state;
	assert_refused("--action kill --limit 0", "at least 64K");
	assert_refused("--action kill --limit 65535", "at least 64K");
	assert_refused("--action kill --limit 63K", "at least 64K");
	/* a unit was forgotten */
	assert_refused("--action kill --limit 4", "like 200M or 4G");
	assert_refused("--action slowdown --limit 1M --max-delay 0",
		       "--max-delay 0 is too small: use at least 1ms");
	assert_refused("--action slowdown --limit 1M --max-delay 999us",
		       "use at least 1ms");
	assert_refused("--action slowdown --limit 1M --max-delay 2.000001s",
		       "use at most 2s");
	assert_refused("--action slowdown --limit 1M --max-delay 1000001ns",
		       "use a multiple of 1us");
	assert_refused("--action none --limit 1M --then kill --grace 1500us",
		       "use a multiple of 1ms");
	assert_refused("--action none --limit 1M --then kill --grace 50d",
		       "use at most 49d");
	policy = policy_of("--action slowdown --limit 64K --max-delay 2s "
			   "--grace 49d --then kill");
	assert_int_equal(policy.max_delay_us, OVERHIGH_MAX_DELAY_US);
	assert_true(policy.grace_ms == 49U * 24 * 3600 * 1000);
	assert_int_equal(policy.process_limit, OVERHIGH_MIN_LIMIT_BYTES);
}

static void a_wrong_value_stops_at_its_own_line(void **state)
{
	(void)state;
	assert_refused("--action kil --limit 1M", "action 'kil'");
	assert_refused("--limit 12Q --action kill", "size '12Q'");
	assert_refused("--margin -1 --action kill", "size '-1'");
	assert_refused("--rss rss", "memory kinds 'rss'");
	assert_refused("--signal FOO", "signal 'FOO'");
	assert_refused("--then signal:FOO", "signal 'FOO'");
	assert_refused("--then signal:", "signal ''");
	assert_refused("--then signals", "action 'signals'");
	assert_refused("--grace 20", "'20' has no unit");
	assert_refused("--max-delay 1x", "time '1x'");
	assert_refused("--on-stuck no", "'no'");
	/* the first one is told */
	assert_refused("--limit 12Q --margin 13Q", "size '12Q'");
}

/* Nothing but the line is shown: no usage text on stdout or stderr. */
static void a_wrong_value_of_an_option_prints_one_line_alone(void **state)
{
	FILE *capture = tmpfile();
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
	char argv0[] = "test", argv1[] = "--limit=12Q";
	char *argv[] = { argv0, argv1, NULL };
	struct policy_options options;
	int ret;

	(void)state;
	assert_non_null(capture);
	fflush(NULL);
	dup2(fileno(capture), STDOUT_FILENO);
	dup2(fileno(capture), STDERR_FILENO);
	ret = run_argp(2, argv, &options);
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	assert_int_equal(ret, EINVAL);
	assert_int_equal(lseek(fileno(capture), 0, SEEK_END), 0);
	fclose(capture);
	assert_non_null(strstr(options.err.text, "12Q"));
}

static void the_parser_of_policies_leaves_other_options_alone(void **state)
{
	static const int keys[] = { 'v', POLICY_KEY_FIRST - 1, POLICY_KEY_END };
	struct error err = { .text = "as before", .exit_status = 77 };
	struct policy_options o;
	size_t i;

	(void)state;
	policy_options_init(&o);
	for (i = 0; i < COUNT(keys); i++) {
		assert_int_equal(policy_option_set(&o, keys[i], "1", &err),
				 -ENOENT);
		assert_false(policy_option_given(&o, keys[i]));
	}
	assert_string_equal(err.text, "as before");
	assert_int_equal(policy_option_set(&o, POLICY_KEY_LIMIT, NULL, &err),
			 -EINVAL);
	assert_false(policy_options_any(&o));
}

static void options_that_were_given_are_told_from_defaults(void **state)
{
	struct policy_options o;
	struct error err;
	int key;

	(void)state;
	policy_options_init(&o);
	assert_false(policy_options_any(&o));
	assert_false(policy_option_set(&o, POLICY_KEY_MARGIN, "0", &err));
	assert_true(policy_option_set(&o, POLICY_KEY_LIMIT, "x", &err));
	assert_true(policy_options_any(&o));
	for (key = POLICY_KEY_FIRST; key < POLICY_KEY_END; key++)
		assert_int_equal(!!policy_option_given(&o, key),
				 key == POLICY_KEY_MARGIN);
}

static void the_table_describes_every_option(void **state)
{
	const struct argp_option *options = policy_argp_options();
	const struct policy_field *field;
	int i;

	(void)state;
	for (i = 0; i < POLICY_FIELDS; i++) {
		field = &policy_fields[i];
		assert_int_equal(field->key, POLICY_KEY_FIRST + i);
		assert_string_equal(options[i].name, field->name);
		assert_int_equal(options[i].key, field->key);
		assert_ptr_equal(options[i].arg, field->metavar);
		assert_non_null(strstr(options[i].doc, field->help));
		assert_null(strchr(options[i].doc, '\n'));
		/* a switch, or an argument and what takes it */
		assert_int_equal(!field->flag, !!field->metavar);
		assert_true(field->flag ||
			    ((field->set || field->parse_extension) &&
			     field->show));
	}
	assert_null(options[POLICY_FIELDS].name);
	assert_non_null(
		strstr(options[POLICY_KEY_MAX_DELAY - POLICY_KEY_FIRST].doc,
		       "(1ms to 2s)"));
}

static void assert_shown(const char *line, const char *expected)
{
	struct overhigh_extension extension;
	struct overhigh_policy policy = terms_of(line, &extension);
	char text[FORMAT_POLICY_MAX];

	assert_ptr_equal(
		format_policy(text, sizeof(text), &policy,
			      overhigh_extended(&policy) ? &extension : NULL),
		text);
	assert_string_equal(text, expected);
}

static void a_policy_is_shown_as_its_options(void **state)
{
	(void)state;
	assert_shown("--limit 204800K --action kill",
		     "--action kill --limit 200M --rss anon,shmem,swap "
		     "--direct");
	assert_shown("--action none", "--action none");
	assert_shown("--action none --margin 0 --log", "--action none --log");
	assert_shown("--action slowdown --margin 0",
		     "--action slowdown --margin 0");
	assert_shown("--action slowdown --margin 0 --on-stuck release",
		     "--action slowdown --margin 0");
	assert_shown("--action enomem --limit 1.5G --margin 0",
		     "--action enomem --limit 1.5G --margin 0 --rss "
		     "anon,shmem,swap");
	assert_shown("--action slowdown --limit 1G --grace 5s --then "
		     "signal_TERM --then kill_after_10s --rss anon "
		     "--hysteresis 2.5% --respond low-priority",
		     "--action slowdown --limit 1G --rss anon --direct --then "
		     "'signal:TERM after 5s' --then 'kill after 10s' "
		     "--hysteresis 2.5% --respond 'low-priority 10'");
	assert_shown("--action slowdown --rate 50M/s",
		     "--action slowdown --rss anon,shmem,swap --direct --rate "
		     "'50M/s burst 50M'");
	assert_shown("--then signal_37 --grace 0 --action slowdown --limit 1M "
		     "--rss swap --on-stuck kill --max-delay 20ms --repeat",
		     "--action slowdown --limit 1M --rss swap --direct "
		     "--repeat --max-delay 20ms --grace 0 --then "
		     "signal:RTMIN+3 --on-stuck kill");
}

/* xorshift64: the same sequence on every machine. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void add_word(char *line, const char *option, const char *value)
{
	snprintf(line + strlen(line), FORMAT_POLICY_MAX - strlen(line),
		 " --%s %s", option, value);
}

/* What needs an extension, for a policy with a ladder. */
static void random_extension(uint64_t *seed, char *line)
{
	static const char *const responses[] = {
		"reclaim",
		"high_64M",
		"freeze,reclaim",
		"low-priority",
		"high_1G,low-priority_3",
	};
	char value[64];

	if (next_random(seed) % 2)
		add_word(line, "then", "signal:HUP_after_2s");
	if (next_random(seed) % 2)
		add_word(line, "then", "kill_after_1500ms");
	snprintf(value, sizeof(value), "%d.%d%%", (int)(*seed % 100),
		 (int)(*seed / 100 % 10));
	if (next_random(seed) % 2)
		add_word(line, "hysteresis", value);
	snprintf(value, sizeof(value), "%s_%d%%_over_%dms",
		 *seed % 2 ? "some" : "full", 1 + (int)(*seed % 100),
		 500 + (int)(*seed % 9501));
	if (next_random(seed) % 2)
		add_word(line, "when-pressure", value);
	if (next_random(seed) % 2)
		add_word(line, "respond", responses[next_random(seed) % 5]);
}

/* A random command line that keeps about all rules between options. */
static void random_line(uint64_t *seed, char *line)
{
	static const char *const actions[] = { "none", "enomem", "slowdown",
					       "signal", "kill" };
	static const char *const kinds[] = { "anon", "swap,file", "shmem",
					     "anon,file,shmem,swap" };
	static const char *const stuck[] = { "report", "release", "kill" };
	int action = next_random(seed) % 5, then = next_random(seed) % 5;
	int condition = 1 + next_random(seed) % 3;
	char value[64];

	*line = '\0';
	add_word(line, "action", actions[action]);
	snprintf(value, sizeof(value), "%llu",
		 OVERHIGH_MIN_LIMIT_BYTES +
			 (unsigned long long)(next_random(seed) >>
					      (1 + next_random(seed) % 60)));
	if (condition & 1)
		add_word(line, "limit", value);
	if (condition & 1 && next_random(seed) % 2)
		add_word(line, "rss", kinds[next_random(seed) % 4]);
	if (condition & 1 && next_random(seed) % 2)
		add_word(line, "direct", "");
	if (condition & 2)
		add_word(line, "margin", next_random(seed) % 4 ? value : "0");
	snprintf(value, sizeof(value), "%d", 1 + (int)(*seed % 64));
	if (action == OVERHIGH_SIGNAL)
		add_word(line, "signal", value);
	if (then) {
		snprintf(value, sizeof(value), "%dms", (int)(*seed % 100000));
		add_word(line, "grace", value);
		snprintf(value, sizeof(value), "%s%s", actions[then],
			 then == OVERHIGH_SIGNAL ? ":QUIT" : "");
		add_word(line, "then", value);
		random_extension(seed, line);
	}
	if (action == OVERHIGH_SIGNAL || then == OVERHIGH_SIGNAL)
		if (next_random(seed) % 2)
			add_word(line, "repeat", "");
	if (next_random(seed) % 2)
		add_word(line, "log", "");
	if (action != OVERHIGH_SLOWDOWN && then != OVERHIGH_SLOWDOWN)
		return;
	snprintf(value, sizeof(value), "%dus", 1000 + (int)(*seed % 1999001));
	if (next_random(seed) % 2)
		add_word(line, "max-delay", value);
	if (next_random(seed) % 2)
		add_word(line, "on-stuck", stuck[next_random(seed) % 3]);
}

static void a_policy_as_text_is_read_back_the_same(void **state)
{
	struct overhigh_extension extension, more_back;
	struct overhigh_policy policy, back;
	char line[FORMAT_POLICY_MAX], text[FORMAT_POLICY_MAX];
	uint64_t seed = 20200618;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		random_line(&seed, line);
		policy = terms_of(line, &extension);
		format_policy(text, sizeof(text), &policy,
			      overhigh_extended(&policy) ? &extension : NULL);
		back = terms_of(text, &more_back);
		if (memcmp(&policy, &back, sizeof(policy)) ||
		    memcmp(&extension, &more_back, sizeof(extension)))
			fail_msg("'%s' is shown as '%s'", line, text);
	}
}

/* A map has other writers: whatever is in a record, it is shown, and cut to
 * the buffer. */
static void any_record_can_be_shown(void **state)
{
	struct overhigh_policy policy;
	char text[FORMAT_POLICY_MAX];
	uint64_t seed = 99;
	size_t i, size;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < sizeof(policy); i++)
			((uint8_t *)&policy)[i] = next_random(&seed);
		if (round % 2) /* actions that exist */
			policy.control = (policy.control & ~0xffU) | round % 5;
		format_policy(text, sizeof(text), &policy, NULL);
		assert_int_equal(strncmp(text, "--action ", 9), 0);
		assert_true(strlen(text) < sizeof(text) - 1);
		size = 1 + round % 64;
		memset(text, '#', sizeof(text));
		format_policy(text, size, &policy, NULL);
		assert_true(strlen(text) < size);
		assert_int_equal(text[size], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_limit_alone_is_direct_and_counts_no_files),
		cmocka_unit_test(a_margin_alone_looks_at_the_cgroup_alone),
		cmocka_unit_test(limit_and_margin_must_both_be_over),
		cmocka_unit_test(rss_says_what_the_limit_counts),
		cmocka_unit_test(the_second_step_has_the_flags_of_the_first),
		cmocka_unit_test(both_steps_of_a_ladder_may_send_signals),
		cmocka_unit_test(the_action_none_alone_is_a_policy),
		cmocka_unit_test(an_option_given_twice_counts_as_the_last_says),
		cmocka_unit_test(the_order_of_options_does_not_matter),
		cmocka_unit_test(a_missing_option_is_named_in_the_message),
		cmocka_unit_test(what_has_no_effect_is_refused),
		cmocka_unit_test(a_ladder_has_up_to_five_steps),
		cmocka_unit_test(an_extension_has_what_was_given),
		cmocka_unit_test(a_bad_extension_is_refused),
		cmocka_unit_test(slowdown_options_are_for_either_step),
		cmocka_unit_test(numbers_keep_to_their_bounds),
		cmocka_unit_test(an_action_may_have_its_signal),
		cmocka_unit_test(what_a_slip_meant_is_said),
		cmocka_unit_test(a_wrong_value_stops_at_its_own_line),
		cmocka_unit_test(
			a_wrong_value_of_an_option_prints_one_line_alone),
		cmocka_unit_test(
			the_parser_of_policies_leaves_other_options_alone),
		cmocka_unit_test(
			options_that_were_given_are_told_from_defaults),
		cmocka_unit_test(the_table_describes_every_option),
		cmocka_unit_test(a_policy_is_shown_as_its_options),
		cmocka_unit_test(a_policy_as_text_is_read_back_the_same),
		cmocka_unit_test(any_record_can_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
