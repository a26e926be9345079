// SPDX-License-Identifier: GPL-2.0
/*
 * text/parse.c - see text/parse.h.  Belongs here: the grammar of single values
 * and the line that explains what is wrong with one.  Nothing here depends on
 * the locale or reads anything but its text.
 */
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include "text/format.h"
#include "overhigh_policy.h"
#include "text/parse.h"

/* As much of the user's text as a message repeats. */
#define QUOTE_MAX 48

/* 10^18 < 2^60: a fraction of so many digits times any unit fits in 128 bits */
#define FRACTION_DIGITS_MAX 18

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 },	     { "B", 1 },	  { "K", 1ULL << 10 },
	{ "M", 1ULL << 20 }, { "G", 1ULL << 30 }, { "T", 1ULL << 40 },
};

static const struct unit duration_units[] = {
	{ "ns", 1ULL },
	{ "us", 1000ULL },
	{ "ms", 1000000ULL },
	{ "s", 1000000000ULL },
	{ "m", 60 * 1000000000ULL },
	{ "h", 3600 * 1000000000ULL },
	{ "d", 24 * 3600 * 1000000000ULL },
};

/* A decimal number and what follows it. */
struct number {
	uint64_t whole;
	uint64_t fraction; /* the digits behind the point */
	uint64_t scale;	   /* 10 to the number of those digits */
	const char *rest;
};

enum number_problem {
	NUMBER_OK,
	NUMBER_SYNTAX,
	NUMBER_LARGE,
};

/* The text as a message can show it: short, and on one line whatever is in
 * it. */
static const char *shown(char quote[QUOTE_MAX], const char *text)
{
	size_t i;

	for (i = 0; text[i] && i < QUOTE_MAX - 1; i++)
		quote[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	quote[i] = '\0';
	if (text[i])
		memcpy(quote + i - 3, "...", 3);
	return quote;
}

/* isdigit() without a locale and without its trap for negative chars. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits to a number; *text is left behind the last one. */
static enum number_problem read_digits(const char **text, uint64_t *value)
{
	if (!is_digit(**text))
		return NUMBER_SYNTAX;
	for (*value = 0; is_digit(**text); (*text)++)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, **text - '0', value))
			return NUMBER_LARGE;
	return NUMBER_OK;
}

/* strtod() would take signs, hex, inf and exponents, and round to 53 bits. */
static enum number_problem read_number(const char *text, struct number *number)
{
	enum number_problem problem = read_digits(&text, &number->whole);
	const char *point = text;
	int digits;

	number->fraction = 0;
	number->scale = 1;
	number->rest = text;
	if (problem || *point != '.')
		return problem;
	number->rest = point + 1;
	problem = read_digits(&number->rest, &number->fraction);
	digits = number->rest - point - 1;
	if (problem || digits > FRACTION_DIGITS_MAX)
		return NUMBER_SYNTAX;
	while (digits-- > 0)
		number->scale *= 10;
	return NUMBER_OK;
}

static enum number_problem scale_number(const struct number *number,
					uint64_t factor, uint64_t *out)
{
	unsigned __int128 value;

	/* a part of a byte or of a nanosecond is a slip, not a wish */
	if (factor == 1 && number->scale != 1)
		return NUMBER_SYNTAX;
	value = (unsigned __int128)number->whole * factor +
		(unsigned __int128)number->fraction * factor / number->scale;
	if (value > UINT64_MAX)
		return NUMBER_LARGE;
	*out = value;
	return NUMBER_OK;
}

/* Is name this unit of size: alone, or as KB or KiB? */
static bool is_size_unit(const char *name, const char *unit)
{
	size_t length = strlen(unit);

	if (strncasecmp(name, unit, length))
		return false;
	name += length;
	if (!*name)
		return true;
	/* "B" and "" are complete, of K to T there are more spellings */
	return length && strcasecmp(unit, "B") &&
	       (!strcasecmp(name, "B") || !strcasecmp(name, "iB"));
}

static enum number_problem read_size(const char *text, uint64_t *bytes)
{
	enum number_problem problem;
	struct number number;
	size_t i;

	problem = read_number(text, &number);
	if (problem)
		return problem;
	for (i = 0; i < sizeof(size_units) / sizeof(*size_units); i++)
		if (is_size_unit(number.rest, size_units[i].name))
			return scale_number(&number, size_units[i].factor,
					    bytes);
	return NUMBER_SYNTAX;
}

int parse_size(const char *text, uint64_t *bytes, struct error *err)
{
	char quote[QUOTE_MAX];

	switch (read_size(text, bytes)) {
	case NUMBER_OK:
		return 0;
	case NUMBER_LARGE:
		return bad_input(err,
				 "size '%s' is too large: it does not fit in "
				 "64 bits, use less than 16777216T",
				 shown(quote, text));
	default:
		return bad_input(err,
				 "size '%s' is not understood: use a number "
				 "with K, M, G or T, like 200M or 1.5G",
				 shown(quote, text));
	}
}

static enum number_problem read_duration(const char *text,
					 uint64_t *duration_ns)
{
	enum number_problem problem;
	struct number number;
	size_t i;

	problem = read_number(text, &number);
	if (problem)
		return problem;
	for (i = 0; i < sizeof(duration_units) / sizeof(*duration_units); i++)
		if (!strcmp(number.rest, duration_units[i].name))
			return scale_number(&number, duration_units[i].factor,
					    duration_ns);
	return NUMBER_SYNTAX;
}

int parse_duration(const char *text, uint64_t *duration_ns, struct error *err)
{
	char quote[QUOTE_MAX];

	if (!strcmp(text, "0")) {
		*duration_ns = 0;
		return 0;
	}
	if (*text && text[strspn(text, "0123456789")] == '\0')
		return bad_input(err,
				 "time '%s' has no unit: use ns, us, ms, s, m, "
				 "h or d, like 20ms or 1.5s",
				 shown(quote, text));
	switch (read_duration(text, duration_ns)) {
	case NUMBER_OK:
		return 0;
	case NUMBER_LARGE:
		return bad_input(err,
				 "time '%s' is too large: it does not fit in "
				 "64 bits of nanoseconds, use less than "
				 "213503d",
				 shown(quote, text));
	default:
		return bad_input(err,
				 "time '%s' is not understood: use a number "
				 "with ns, us, ms, s, m, h or d, like 20ms or "
				 "1.5s",
				 shown(quote, text));
	}
}

/* A number that is the whole text and at most max. */
static int read_integer(const char *text, uint64_t max, uint64_t *value)
{
	if (read_digits(&text, value) || *text || *value > max)
		return -1;
	return 0;
}

/* "RTMIN", "RTMIN+3", "RTMAX", "RTMAX-1"; 0 if it is none.  The C library
 * keeps the first real-time signals: its SIGRTMIN is not 32. */
static uint32_t realtime_signal(const char *name)
{
	uint64_t span = SIGRTMAX - SIGRTMIN;
	uint64_t distance = 0;
	bool from_min = !strncasecmp(name, "RTMIN", 5);

	if (!from_min && strncasecmp(name, "RTMAX", 5))
		return 0;
	name += 5;
	if (*name && (*name != (from_min ? '+' : '-') ||
		      read_integer(name + 1, span, &distance)))
		return 0;
	return from_min ? SIGRTMIN + distance : SIGRTMAX - distance;
}

static uint32_t named_signal(const char *name)
{
	const char *known;
	int i;

	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (i = 1; i < SIGRTMIN; i++) {
		known = sigabbrev_np(i);
		if (known && !strcasecmp(name, known))
			return i;
	}
	return realtime_signal(name);
}

int parse_signal(const char *text, uint32_t *signal_number, struct error *err)
{
	char quote[QUOTE_MAX];
	uint64_t value;

	if (read_integer(text, SIGRTMAX, &value))
		value = named_signal(text);
	if (!value)
		return bad_input(err,
				 "signal '%s' is not known: use a name like "
				 "TERM or RTMIN+3, or a number from 1 to %d",
				 shown(quote, text), SIGRTMAX);
	*signal_number = value;
	return 0;
}

/* The names are those that text/format.c writes, so that there is one list. */
int parse_action(const char *text, enum overhigh_action *action,
		 struct error *err)
{
	char name[FORMAT_MAX], quote[QUOTE_MAX];
	int i;

	for (i = 0; i < OVERHIGH_ACTION_MAX; i++) {
		format_action(name, sizeof(name), i);
		if (!strcmp(text, name)) {
			*action = i;
			return 0;
		}
	}
	return bad_input(err,
			 "action '%s' is not known: use none, enomem, "
			 "slowdown, signal or kill",
			 shown(quote, text));
}

/* The flag of the RSS kind that is the first length characters of text. */
static uint32_t rss_flag(const char *text, size_t length)
{
	char name[FORMAT_MAX];
	uint32_t kind, flag;

	for (kind = 0; kind < OVERHIGH_KINDS; kind++) {
		flag = overhigh_rss_kind_flag(kind);
		format_rss(name, sizeof(name), flag);
		if (strlen(name) == length && !memcmp(text, name, length))
			return flag;
	}
	return 0;
}

int parse_rss(const char *text, uint32_t *flags, struct error *err)
{
	char quote[QUOTE_MAX];
	const char *kind = text;
	uint32_t sum = 0, flag;
	size_t length;

	for (;;) {
		length = strcspn(kind, ",");
		flag = rss_flag(kind, length);
		if (!flag)
			return bad_input(err,
					 "memory kinds '%s' are not "
					 "understood: use a list of anon, "
					 "file, shmem and swap, like "
					 "anon,shmem",
					 shown(quote, text));
		if (sum & flag)
			return bad_input(err,
					 "memory kinds '%s' name %.*s twice: "
					 "use each of them once",
					 shown(quote, text), (int)length, kind);
		sum |= flag;
		if (!kind[length])
			break;
		kind += length + 1;
	}
	*flags = sum;
	return 0;
}

int parse_on_stuck(const char *text, uint32_t *flags, struct error *err)
{
	char quote[QUOTE_MAX];

	if (!strcmp(text, "report"))
		*flags = OVERHIGH_STUCK_REPORT;
	else if (!strcmp(text, "release"))
		*flags = 0;
	else if (!strcmp(text, "kill"))
		*flags = OVERHIGH_STUCK_KILL;
	else
		return bad_input(err,
				 "'%s' is not known as what to do when a "
				 "slowdown leads nowhere: use report, release "
				 "or kill",
				 shown(quote, text));
	return 0;
}

int parse_pid(const char *text, uint32_t *pid, struct error *err)
{
	char quote[QUOTE_MAX];
	uint64_t value;

	if (read_integer(text, INT_MAX, &value) || !value)
		return bad_input(err,
				 "process id '%s' is not understood: use a "
				 "number from 1 to %d",
				 shown(quote, text), INT_MAX);
	*pid = value;
	return 0;
}
