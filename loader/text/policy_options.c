// SPDX-License-Identifier: GPL-2.0
/*
 * text/policy_options.c - see text/policy_options.h.  Belongs here: the table
 * of the options, for each how its argument gets into a policy and back.  The
 * rules between them do not (text/policy_checks.c), nor the grammar of single
 * values (text/parse.c, text/extension_text.c).
 *
 * Longer than 600 lines: a row of the table beside what reads and shows it.
 */
#include <stdbool.h>
#include <string.h>
#include "text/extension_text.h"
#include "text/format.h"
#include "overhigh_policy.h"
#include "text/parse.h"
#include "text/policy_options.h"

#define MS_NS 1000000ULL
#define US_NS 1000ULL
#define DAY_NS (24 * 3600 * 1000 * MS_NS)

static void set_flags(struct policy_options *options, uint32_t mask,
		      uint32_t flags)
{
	options->policy.control &= ~(mask << 16);
	options->policy.control |= flags << 16;
}

static int set_signal(struct policy_options *options, const char *arg,
		      uint64_t value, struct error *err);

static int set_action(struct policy_options *options, const char *arg,
		      uint64_t value, struct error *err)
{
	enum overhigh_action action;
	int ret;

	(void)value;
	/* as a later step is written */
	if (!strncmp(arg, "signal", 6) && (arg[6] == ':' || arg[6] == ' ')) {
		ret = set_signal(options, arg + 7, 0, err);
		if (ret)
			return ret;
		options->given |= 1U << (POLICY_KEY_SIGNAL - POLICY_KEY_FIRST);
		arg = "signal";
	}
	ret = parse_action(arg, &action, err);
	if (!ret)
		options->policy.control =
			(options->policy.control & ~0xffU) | action;
	return ret;
}

static int set_limit(struct policy_options *options, const char *arg,
		     uint64_t value, struct error *err)
{
	if (value < OVERHIGH_MIN_LIMIT_BYTES)
		return bad_input(
			err,
			"--limit %.32s is less than any process has: use at "
			"least 64K%s",
			arg,
			value && arg[strspn(arg, "0123456789")] == 0 ?
				", or add a unit, like 200M or 4G" :
				"");
	options->policy.process_limit = value;
	return 0;
}

static int set_margin(struct policy_options *options, const char *arg,
		      uint64_t value, struct error *err)
{
	(void)arg;
	(void)err;
	options->policy.cgroup_margin = value;
	return 0;
}

static int set_rss(struct policy_options *options, const char *arg,
		   uint64_t value, struct error *err)
{
	uint32_t flags;
	int ret = parse_rss(arg, &flags, err);

	(void)value;
	if (!ret)
		set_flags(options, OVERHIGH_RSS_MASK, flags);
	return ret;
}

static int set_signal(struct policy_options *options, const char *arg,
		      uint64_t value, struct error *err)
{
	uint32_t number;
	int ret = parse_signal(arg, &number, err);

	(void)value;
	if (!ret)
		options->policy.control =
			(options->policy.control & ~0xff00U) | number << 8;
	return ret;
}

static int set_max_delay(struct policy_options *options, const char *arg,
			 uint64_t value, struct error *err)
{
	(void)arg;
	(void)err;
	options->policy.max_delay_us = value / US_NS;
	return 0;
}

static int set_grace(struct policy_options *options, const char *arg,
		     uint64_t value, struct error *err)
{
	(void)arg;
	(void)err;
	options->policy.grace_ms = value / MS_NS;
	return 0;
}

/* Each one that is given is a further step.  The flags come in
 * policy_options_finish(), when they are all known. */
static int set_then(struct policy_options *options, const char *arg,
		    uint64_t value, struct error *err)
{
	int ret;

	(void)value;
	if (options->steps == OVERHIGH_MAX_STEPS)
		return bad_input(err,
				 "--then %.40s is one step too many: a ladder "
				 "has %d after --action",
				 arg, OVERHIGH_MAX_STEPS);
	ret = parse_step(arg, &options->extension.steps[options->steps], err);
	if (!ret)
		options->steps++;
	return ret;
}

static int set_on_stuck(struct policy_options *options, const char *arg,
			uint64_t value, struct error *err)
{
	uint32_t flags;
	int ret = parse_on_stuck(arg, &flags, err);

	(void)value;
	if (!ret)
		set_flags(options, OVERHIGH_STUCK_REPORT | OVERHIGH_STUCK_KILL,
			  flags);
	return ret;
}

bool policy_terms_have(const struct policy_terms *terms,
		       enum overhigh_action action)
{
	unsigned int i;

	if (overhigh_action(terms->policy->control) == action)
		return true;
	for (i = 0; i < terms->nr_steps; i++)
		if (overhigh_action(terms->steps[i].control) == action)
			return true;
	return false;
}

static bool has_flag(const struct policy_terms *terms, uint32_t flags)
{
	return overhigh_flags(terms->policy->control) & flags;
}

static int show_action(const struct policy_terms *terms, char *arg, size_t size)
{
	format_action(arg, size, overhigh_action(terms->policy->control));
	return 1;
}

static int show_limit(const struct policy_terms *terms, char *arg, size_t size)
{
	format_size(arg, size, terms->policy->process_limit);
	return has_flag(terms, OVERHIGH_RSS_MASK) &&
	       terms->policy->process_limit != OVERHIGH_NO_LIMIT;
}

static int show_margin(const struct policy_terms *terms, char *arg, size_t size)
{
	format_size(arg, size, terms->policy->cgroup_margin);
	if (terms->policy->cgroup_margin)
		return 1;
	if (has_flag(terms, OVERHIGH_DIRECT))
		return 0;
	/* "--action none" alone is how a process is exempted */
	return has_flag(terms, OVERHIGH_RSS_MASK) || terms->nr_steps ||
	       overhigh_action(terms->policy->control) != OVERHIGH_NONE;
}

static int show_rss(const struct policy_terms *terms, char *arg, size_t size)
{
	format_rss(arg, size, overhigh_flags(terms->policy->control));
	return has_flag(terms, OVERHIGH_RSS_MASK);
}

static int show_signal(const struct policy_terms *terms, char *arg, size_t size)
{
	format_signal(arg, size, overhigh_signal(terms->policy->control));
	return overhigh_action(terms->policy->control) == OVERHIGH_SIGNAL;
}

static int show_repeat(const struct policy_terms *terms, char *arg, size_t size)
{
	(void)arg;
	(void)size;
	return has_flag(terms, OVERHIGH_SIGCONT) &&
	       policy_terms_have(terms, OVERHIGH_SIGNAL);
}

static int show_max_delay(const struct policy_terms *terms, char *arg,
			  size_t size)
{
	format_duration(arg, size, terms->policy->max_delay_us * US_NS);
	return terms->policy->max_delay_us &&
	       policy_terms_have(terms, OVERHIGH_SLOWDOWN);
}

/* The time of the first step, if it is the only one; else each has its own. */
static int show_grace(const struct policy_terms *terms, char *arg, size_t size)
{
	format_duration(arg, size, terms->policy->grace_ms * MS_NS);
	return terms->nr_steps && !terms->extension;
}

/* The nth of them: see format_policy_terms(). */
static int show_then(const struct policy_terms *terms, char *arg, size_t size)
{
	struct overhigh_step step = terms->steps[terms->nth];

	if (!terms->extension)
		step.after_ms = AFTER_NOT_GIVEN;
	format_step(arg, size, &step);
	return terms->nth < terms->nr_steps;
}

static int show_hysteresis(const struct policy_terms *terms, char *arg,
			   size_t size)
{
	__u32 permille = terms->extension ?
				 terms->extension->hysteresis_permille :
				 OVERHIGH_HYSTERESIS_PERMILLE;

	format_hysteresis(arg, size, permille);
	return permille != OVERHIGH_HYSTERESIS_PERMILLE;
}

static int show_rate(const struct policy_terms *terms, char *arg, size_t size)
{
	if (!terms->extension || !terms->extension->rate_bytes)
		return 0;
	format_rate(arg, size, terms->extension);
	return 1;
}

static int show_when_pressure(const struct policy_terms *terms, char *arg,
			      size_t size)
{
	if (!terms->extension || !terms->extension->pressure)
		return 0;
	format_pressure(arg, size, terms->extension);
	return 1;
}

static int show_respond(const struct policy_terms *terms, char *arg,
			size_t size)
{
	if (!terms->extension || !terms->extension->responses)
		return 0;
	format_responses(arg, size, terms->extension);
	return 1;
}

static int show_on_stuck(const struct policy_terms *terms, char *arg,
			 size_t size)
{
	/* KILL first, as the kernel side looks at them */
	snprintf(arg, size, "%s",
		 has_flag(terms, OVERHIGH_STUCK_KILL) ? "kill" : "report");
	return has_flag(terms, OVERHIGH_STUCK_KILL | OVERHIGH_STUCK_REPORT) &&
	       policy_terms_have(terms, OVERHIGH_SLOWDOWN);
}

const struct policy_field policy_fields[POLICY_FIELDS] = {
	{ .name = "action",
	  .key = POLICY_KEY_ACTION,
	  .metavar = "ACTION",
	  .unit = POLICY_UNIT_WORD,
	  .help = "what happens to a process that is over: none, enomem, "
		  "slowdown, signal:SIGNAL or kill",
	  .set = set_action,
	  .show = show_action },
	{ .name = "limit",
	  .key = POLICY_KEY_LIMIT,
	  .metavar = "SIZE",
	  .unit = POLICY_UNIT_BYTES,
	  .max = UINT64_MAX,
	  .help = "over when the process has more memory than SIZE, like 200M "
		  "or 1.5G",
	  .set = set_limit,
	  .show = show_limit },
	{ .name = "margin",
	  .key = POLICY_KEY_MARGIN,
	  .metavar = "SIZE",
	  .unit = POLICY_UNIT_BYTES,
	  .max = UINT64_MAX,
	  .help = "over when its cgroup is above memory.high by more than "
		  "SIZE; with --limit both must be over",
	  .set = set_margin,
	  .show = show_margin },
	{ .name = "rss",
	  .key = POLICY_KEY_RSS,
	  .metavar = "KINDS",
	  .unit = POLICY_UNIT_WORD,
	  .help = "memory that --limit counts: a list of anon, file, shmem and "
		  "swap; anon,shmem,swap if not given",
	  .set = set_rss,
	  .show = show_rss },
	{ .name = "direct",
	  .key = POLICY_KEY_DIRECT,
	  .help = "only --limit counts, whatever the cgroup does; so it is "
		  "when --margin is not given",
	  .flag = OVERHIGH_DIRECT },
	{ .name = "fork-grown",
	  .key = POLICY_KEY_FORK_GROWN,
	  .help = "of a child that was forked and does not exec, --limit "
		  "counts only what it has taken since",
	  .flag = OVERHIGH_FORK_GROWN },
	{ .name = "signal",
	  .key = POLICY_KEY_SIGNAL,
	  .metavar = "SIGNAL",
	  .unit = POLICY_UNIT_WORD,
	  .help = "the signal of --action signal, like TERM, RTMIN+3 or 10",
	  .set = set_signal,
	  .show = show_signal },
	{ .name = "repeat",
	  .key = POLICY_KEY_REPEAT,
	  .help = "signal each time the process goes over, not just once",
	  .flag = OVERHIGH_SIGCONT,
	  .show = show_repeat },
	{ .name = "log",
	  .key = POLICY_KEY_LOG,
	  .help = "write to the log when the action starts",
	  .flag = OVERHIGH_LOG },
	{ .name = "max-delay",
	  .key = POLICY_KEY_MAX_DELAY,
	  .metavar = "TIME",
	  .unit = POLICY_UNIT_TIME,
	  .min = MS_NS,
	  .max = OVERHIGH_MAX_DELAY_US * US_NS,
	  .step = US_NS,
	  .help = "longest single delay of slowdown, 2s if not given",
	  .set = set_max_delay,
	  .show = show_max_delay },
	{ .name = "grace",
	  .key = POLICY_KEY_GRACE,
	  .metavar = "TIME",
	  .unit = POLICY_UNIT_TIME,
	  .max = 49 * DAY_NS, /* the most that grace_ms holds */
	  .step = MS_NS,
	  .help = "over for so long without a break before --then",
	  .set = set_grace,
	  .show = show_grace },
	{ .name = "then",
	  .key = POLICY_KEY_THEN,
	  .metavar = "ACTION",
	  .unit = POLICY_UNIT_WORD,
	  .help = "what happens after --grace: enomem, slowdown, signal:SIGNAL "
		  "or kill; up to 4 times, like --then 'kill after 10s'",
	  .set = set_then,
	  .show = show_then },
	{ .name = "on-stuck",
	  .key = POLICY_KEY_ON_STUCK,
	  .metavar = "WHAT",
	  .unit = POLICY_UNIT_WORD,
	  .help = "when slowdown leads nowhere for 30s: report and go on, "
		  "release (if not given) or kill",
	  .set = set_on_stuck,
	  .show = show_on_stuck },
	{ .name = "hysteresis",
	  .key = POLICY_KEY_HYSTERESIS,
	  .metavar = "SHARE",
	  .unit = POLICY_UNIT_WORD,
	  .help = "so far below the limit the ladder begins anew, 5% if not "
		  "given",
	  .parse_extension = parse_hysteresis,
	  .show = show_hysteresis },
	{ .name = "rate",
	  .key = POLICY_KEY_RATE,
	  .metavar = "RATE",
	  .unit = POLICY_UNIT_WORD,
	  .help = "slowdown lets memory grow by so much a second, below the "
		  "limit too, like '50M/s burst 200M'",
	  .parse_extension = parse_rate,
	  .show = show_rate },
	{ .name = "when-pressure",
	  .key = POLICY_KEY_WHEN_PRESSURE,
	  .metavar = "PRESSURE",
	  .unit = POLICY_UNIT_WORD,
	  .help = "only under memory pressure (of the cgroup whose policy it "
		  "is, else of the machine), like 'some 10% over 2s'",
	  .parse_extension = parse_pressure,
	  .show = show_when_pressure },
	{ .name = "respond",
	  .key = POLICY_KEY_RESPOND,
	  .metavar = "LIST",
	  .unit = POLICY_UNIT_WORD,
	  .help = "what happens to the cgroup meanwhile: reclaim, 'high SIZE', "
		  "freeze (for the time of the first step), 'low-priority "
		  "[WEIGHT]'",
	  .parse_extension = parse_responses,
	  .show = show_respond },
};

void policy_options_init(struct policy_options *options)
{
	memset(options, 0, sizeof(*options));
	options->extension.hysteresis_permille = OVERHIGH_HYSTERESIS_PERMILLE;
}

static const struct policy_field *find_field(int key)
{
	if (key < POLICY_KEY_FIRST || key >= POLICY_KEY_END)
		return NULL;
	return &policy_fields[key - POLICY_KEY_FIRST];
}

/* The number in arg, in bytes or ns, if it keeps to the table. */
static int read_value(const struct policy_field *field, const char *arg,
		      uint64_t *value, struct error *err)
{
	bool is_time = field->unit == POLICY_UNIT_TIME;
	const char *(*format)(char *, size_t, uint64_t) =
		is_time ? format_duration : format_size;
	char bound[FORMAT_MAX];
	int ret;

	if (!is_time && strchr(arg, '%'))
		return bad_input(err,
				 "--%s %.32s: a share is understood in rules "
				 "alone, give a size, like 200M",
				 field->name, arg);
	ret = is_time ? parse_duration(arg, value, err) :
			parse_size(arg, value, err);
	if (ret)
		return ret;
	if (*value < field->min)
		return bad_input(err,
				 "--%s %.32s is too small: use at least %s",
				 field->name, arg,
				 format(bound, sizeof(bound), field->min));
	if (*value > field->max)
		return bad_input(err, "--%s %.32s is too large: use at most %s",
				 field->name, arg,
				 format(bound, sizeof(bound), field->max));
	if (field->step && *value % field->step)
		return bad_input(err,
				 "--%s %.32s is too fine: use a multiple of %s",
				 field->name, arg,
				 format(bound, sizeof(bound), field->step));
	return 0;
}

int policy_option_set(struct policy_options *options, int key, const char *arg,
		      struct error *err)
{
	const struct policy_field *field = find_field(key);
	uint64_t value = 0;
	int ret = 0;

	if (!field)
		return -ENOENT;
	if (field->metavar && !arg)
		return bad_input(err, "--%s needs %s", field->name,
				 field->metavar);
	if (field->unit == POLICY_UNIT_BYTES || field->unit == POLICY_UNIT_TIME)
		ret = read_value(field, arg, &value, err);
	if (field->flag)
		set_flags(options, field->flag, field->flag);
	else if (field->parse_extension)
		ret = field->parse_extension(arg, &options->extension, err);
	else if (!ret)
		ret = field->set(options, arg, value, err);
	if (!ret)
		options->given |= 1U << (key - POLICY_KEY_FIRST);
	return ret;
}

int policy_options_any(const struct policy_options *options)
{
	return options->given != 0;
}

int policy_option_given(const struct policy_options *options, int key)
{
	return find_field(key) &&
	       (options->given & 1U << (key - POLICY_KEY_FIRST));
}

static error_t parse_argp_option(int key, char *arg, struct argp_state *state)
{
	struct policy_options *options = state->input;
	int ret;

	/* argp's own keys come here too, some before there is an input */
	if (!find_field(key))
		return ARGP_ERR_UNKNOWN;
	ret = policy_option_set(options, key, arg, &options->err);
	return -ret;
}

/* The help of an option, with its bounds where it has some. */
static void write_doc(const struct policy_field *field, char *doc, size_t size)
{
	char min[FORMAT_MAX], max[FORMAT_MAX];

	if (field->unit == POLICY_UNIT_TIME)
		snprintf(doc, size, "%s (%s to %s)", field->help,
			 format_duration(min, sizeof(min), field->min),
			 format_duration(max, sizeof(max), field->max));
	else
		snprintf(doc, size, "%s", field->help);
}

const struct argp_option *policy_argp_options(void)
{
	static struct argp_option options[POLICY_FIELDS + 1];
	static char docs[POLICY_FIELDS][192];
	int i;

	for (i = 0; i < POLICY_FIELDS && !options[i].name; i++) {
		write_doc(&policy_fields[i], docs[i], sizeof(docs[i]));
		options[i].name = policy_fields[i].name;
		options[i].key = policy_fields[i].key;
		options[i].arg = policy_fields[i].metavar;
		options[i].doc = docs[i];
	}
	return options;
}

const struct argp *policy_argp(void)
{
	static struct argp argp = { .parser = parse_argp_option };

	argp.options = policy_argp_options();
	return &argp;
}

/* One option; words with blanks are quoted, as a shell wants it. */
static size_t add_option(char *text, size_t size,
			 const struct policy_field *field, const char *arg)
{
	const char *quote = strchr(arg, ' ') ? "'" : "";

	if (!field->metavar)
		return snprintf(text, size, " --%s", field->name);
	return snprintf(text, size, " --%s %s%s%s", field->name, quote, arg,
			quote);
}

static void format_terms(char *buffer, size_t size, struct policy_terms *terms)
{
	const struct policy_field *field;
	char text[FORMAT_POLICY_MAX] = "", arg[FORMAT_MAX] = "";
	size_t length = 0;
	int i;

	for (i = 0; i < POLICY_FIELDS; i++) {
		field = &policy_fields[i];
		if (!(field->show ? field->show(terms, arg, sizeof(arg)) :
				    has_flag(terms, field->flag)))
			continue;
		length += add_option(text + length, sizeof(text) - length,
				     field, arg);
		if (field->key == POLICY_KEY_THEN &&
		    ++terms->nth < terms->nr_steps)
			i--; /* once more, for the next step */
	}
	snprintf(buffer, size, "%s", text[0] ? text + 1 : "");
}

const char *format_policy(char *buffer, size_t size,
			  const struct overhigh_policy *policy,
			  const struct overhigh_extension *extension)
{
	struct overhigh_step step = { .control = policy->escalation,
				      .after_ms = policy->grace_ms };
	struct policy_terms terms = { .policy = policy,
				      .extension = extension,
				      .steps = extension ? extension->steps :
							   &step };

	if (extension)
		while (terms.nr_steps < OVERHIGH_MAX_STEPS &&
		       extension->steps[terms.nr_steps].control)
			terms.nr_steps++;
	else if (policy->escalation && !overhigh_extended(policy))
		terms.nr_steps = 1;
	format_terms(buffer, size, &terms);
	return buffer;
}
