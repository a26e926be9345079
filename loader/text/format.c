// SPDX-License-Identifier: GPL-2.0
/*
 * text/format.c - see text/format.h.  Belongs here: how single values are
 * written. Nothing here depends on the locale.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "text/format.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* From the largest on; the last one is the value itself. */
static const struct unit size_units[] = {
	{ "T", 1ULL << 40 }, { "G", 1ULL << 30 }, { "M", 1ULL << 20 },
	{ "K", 1ULL << 10 }, { "", 1 },
};

static const struct unit duration_units[] = {
	{ "d", 24 * 3600 * 1000000000ULL },
	{ "h", 3600 * 1000000000ULL },
	{ "m", 60 * 1000000000ULL },
	{ "s", 1000000000ULL },
	{ "ms", 1000000ULL },
	{ "us", 1000ULL },
	{ "ns", 1ULL },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* value in this unit with up to three decimals; 0 if that is not exact. */
static int write_exactly(char text[FORMAT_MAX], uint64_t value,
			 const struct unit *unit)
{
	unsigned __int128 thousandths = (unsigned __int128)value * 1000;
	unsigned int decimals;
	int length;

	if (value < unit->factor || thousandths % unit->factor)
		return 0;
	thousandths /= unit->factor;
	decimals = thousandths % 1000;
	if (!decimals)
		return snprintf(text, FORMAT_MAX, "%llu%s",
				(unsigned long long)(thousandths / 1000),
				unit->name);
	length = snprintf(text, FORMAT_MAX, "%llu.%03u",
			  (unsigned long long)(thousandths / 1000), decimals);
	while (text[length - 1] == '0')
		length--;
	return length +
	       snprintf(text + length, FORMAT_MAX - length, "%s", unit->name);
}

/* The shortest exact text; of two as short the one in the larger unit. */
static const char *format_exactly(char *buffer, size_t size, uint64_t value,
				  const struct unit *units, size_t count)
{
	char text[FORMAT_MAX], best[FORMAT_MAX] = "0";
	int length, best_length = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		length = write_exactly(text, value, &units[i]);
		if (!length || (best_length && length >= best_length))
			continue;
		best_length = length;
		memcpy(best, text, length + 1);
	}
	snprintf(buffer, size, "%s", best);
	return buffer;
}

/* value in tenths of unit, to the nearest. */
static uint64_t tenths(uint64_t value, uint64_t unit)
{
	return ((unsigned __int128)value * 10 + unit / 2) / unit;
}

/* One decimal, in the largest unit in which that is at least 1.0 after
 * rounding: 1023.96K is 1.0M. */
static const char *format_rounded(char *buffer, size_t size, uint64_t value,
				  const struct unit *units, size_t count)
{
	uint64_t shown;
	size_t i;

	for (i = 0; i < count - 1; i++) {
		shown = tenths(value, units[i].factor);
		/* what the next unit would show is below one of this */
		if (tenths(value, units[i + 1].factor) <
		    units[i].factor / units[i + 1].factor * 10)
			continue;
		snprintf(buffer, size, "%llu.%llu%s",
			 (unsigned long long)shown / 10,
			 (unsigned long long)shown % 10, units[i].name);
		return buffer;
	}
	snprintf(buffer, size, "%llu%s", (unsigned long long)value,
		 units[i].name);
	return buffer;
}

const char *format_size(char *buffer, size_t size, uint64_t bytes)
{
	return format_exactly(buffer, size, bytes, size_units,
			      COUNT(size_units));
}

const char *format_size_rounded(char *buffer, size_t size, uint64_t bytes)
{
	return format_rounded(buffer, size, bytes, size_units,
			      COUNT(size_units));
}

const char *format_duration(char *buffer, size_t size, uint64_t duration_ns)
{
	return format_exactly(buffer, size, duration_ns, duration_units,
			      COUNT(duration_units));
}

const char *format_duration_rounded(char *buffer, size_t size,
				    uint64_t duration_ns)
{
	/* d, h and m are not decimal: from a minute on two units are shown */
	const uint64_t second_ns = 1000000000ULL;
	uint64_t seconds = duration_ns / second_ns +
			   (duration_ns % second_ns >= second_ns / 2);

	if (tenths(duration_ns, second_ns) < 600)
		return format_rounded(buffer, size, duration_ns,
				      duration_units + 3,
				      COUNT(duration_units) - 3);
	if (seconds < 3600)
		snprintf(buffer, size, "%um%02us", (unsigned int)seconds / 60,
			 (unsigned int)seconds % 60);
	else if (seconds < 24 * 3600)
		snprintf(buffer, size, "%uh%02um", (unsigned int)seconds / 3600,
			 (unsigned int)seconds / 60 % 60);
	else
		snprintf(buffer, size, "%llud%02lluh",
			 (unsigned long long)seconds / (24 * 3600),
			 (unsigned long long)seconds / 3600 % 24);
	return buffer;
}

const char *format_signal(char *buffer, size_t size, uint32_t signal_number)
{
	uint32_t min = SIGRTMIN, max = SIGRTMAX;
	const char *name = NULL;

	if (signal_number < min)
		name = sigabbrev_np(signal_number);
	if (name)
		snprintf(buffer, size, "%s", name);
	else if (signal_number == min)
		snprintf(buffer, size, "RTMIN");
	else if (signal_number == max)
		snprintf(buffer, size, "RTMAX");
	else if (signal_number > min && signal_number <= min + (max - min) / 2)
		snprintf(buffer, size, "RTMIN+%u", signal_number - min);
	else if (signal_number > min && signal_number < max)
		snprintf(buffer, size, "RTMAX-%u", max - signal_number);
	else
		snprintf(buffer, size, "%u", signal_number);
	return buffer;
}

/* names[value], or "what value" where there is no name. */
static const char *format_name(char *buffer, size_t size, uint32_t value,
			       const char *const *names, size_t count,
			       const char *what)
{
	if (value < count && names[value])
		snprintf(buffer, size, "%s", names[value]);
	else
		snprintf(buffer, size, "%s %u", what, value);
	return buffer;
}

const char *format_action(char *buffer, size_t size, uint32_t action)
{
	static const char *const names[OVERHIGH_ACTION_MAX] = {
		[OVERHIGH_NONE] = "none",	  [OVERHIGH_ENOMEM] = "enomem",
		[OVERHIGH_SLOWDOWN] = "slowdown", [OVERHIGH_SIGNAL] = "signal",
		[OVERHIGH_KILL] = "kill",
	};

	return format_name(buffer, size, action, names, COUNT(names), "action");
}

const char *format_rss(char *buffer, size_t size, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} kinds[] = {
		{ OVERHIGH_RSS_ANON, ",anon" },
		{ OVERHIGH_RSS_FILE, ",file" },
		{ OVERHIGH_RSS_SHMEM, ",shmem" },
		{ OVERHIGH_RSS_SWAP, ",swap" },
	};
	char text[FORMAT_MAX] = "";
	size_t i, n = 0;

	for (i = 0; i < COUNT(kinds); i++)
		if (flags & kinds[i].flag)
			n += snprintf(text + n, sizeof(text) - n, "%s",
				      kinds[i].name);
	snprintf(buffer, size, "%s", *text ? text + 1 : "none");
	return buffer;
}

const char *format_refusal(char *buffer, size_t size, uint32_t refusal)
{
	static const char *const names[OVERHIGH_REFUSALS] = {
		[OVERHIGH_OK] = "valid",
		[OVERHIGH_BAD_ACTION] = "the action is not known",
		[OVERHIGH_BAD_SIGNAL] = "the signal is not one of 1 to 64",
		[OVERHIGH_BAD_FLAGS] = "a flag is set that is not known",
		[OVERHIGH_BAD_DIRECT] = "DIRECT without an RSS kind to count",
		[OVERHIGH_BAD_DELAY] = "max_delay_us is above 2 s",
		[OVERHIGH_BAD_ESCALATION] = "the escalation is not valid",
		[OVERHIGH_BAD_EXTENSION] = "the extension is not valid",
	};

	return format_name(buffer, size, refusal, names, COUNT(names),
			   "refusal");
}

const char *format_event_type(char *buffer, size_t size, uint32_t type)
{
	static const char *const names[OVERHIGH_EV_MAX] = {
		[OVERHIGH_EV_CROSSED] = "crossed",
		[OVERHIGH_EV_ACTED] = "acted",
		[OVERHIGH_EV_ESCALATED] = "escalated",
		[OVERHIGH_EV_BELOW] = "below",
		[OVERHIGH_EV_EXITED] = "exited",
		[OVERHIGH_EV_STUCK] = "stuck",
		[OVERHIGH_EV_REFUSED] = "refused",
		[OVERHIGH_EV_MISSED] = "missed",
		[OVERHIGH_EV_NEAR] = "near",
		[OVERHIGH_EV_DUE] = "due",
	};

	return format_name(buffer, size, type, names, COUNT(names), "event");
}

const char *format_missed(char *buffer, size_t size, uint32_t missed)
{
	static const char *const names[] = {
		[OVERHIGH_MISSED_SIGNAL] = "the kernel refused the signal",
		[OVERHIGH_MISSED_NO_LOADER] = "no live loader",
		[OVERHIGH_MISSED_MAP_FULL] = "a map is full",
		[OVERHIGH_MISSED_NO_SLOT] =
			"no memory to put a thread to sleep",
	};

	return format_name(buffer, size, missed, names, COUNT(names), "reason");
}

const char *format_source(char *buffer, size_t size, uint32_t source)
{
	static const char *const names[] = {
		[OVERHIGH_SOURCE_NONE] = "none",
		[OVERHIGH_SOURCE_PROCESS] = "process",
		[OVERHIGH_SOURCE_CGROUP] = "cgroup",
		[OVERHIGH_SOURCE_DEFAULT] = "default",
	};

	return format_name(buffer, size, source, names, COUNT(names), "source");
}

const char *format_counter(char *buffer, size_t size, uint32_t counter)
{
	static const char *const names[OVERHIGH_COUNTERS] = {
		[OVERHIGH_COUNT_CROSSED] = "crossed",
		[OVERHIGH_COUNT_BELOW] = "below",
		[OVERHIGH_COUNT_ENOMEM] = "enomem",
		[OVERHIGH_COUNT_SLOWDOWN] = "slowdown",
		[OVERHIGH_COUNT_SIGNAL] = "signal",
		[OVERHIGH_COUNT_KILL] = "kill",
		[OVERHIGH_COUNT_STUCK] = "stuck",
		[OVERHIGH_COUNT_INHERITED] = "inherited",
		[OVERHIGH_COUNT_EXITED] = "exited",
		[OVERHIGH_COUNT_LOST_EVENTS] = "lost_events",
		[OVERHIGH_COUNT_REFUSED] = "refused",
		[OVERHIGH_COUNT_MISSED_SIGNAL] = "missed_signal",
		[OVERHIGH_COUNT_MISSED_NO_LOADER] = "missed_no_loader",
		[OVERHIGH_COUNT_MISSED_MAP_FULL] = "missed_map_full",
		[OVERHIGH_COUNT_MISSED_NO_SLOT] = "missed_no_slot",
		[OVERHIGH_COUNT_WOKEN] = "woken",
		[OVERHIGH_COUNT_STALE] = "stale",
		[OVERHIGH_COUNT_RULED] = "ruled",
		[OVERHIGH_COUNT_MISSED_RULE] = "missed_rule",
		[OVERHIGH_COUNT_LEFT_OUT] = "left_out_events",
	};

	return format_name(buffer, size, counter, names, COUNT(names),
			   "counter");
}
