// SPDX-License-Identifier: GPL-2.0
/* text/extension_text.c - see text/extension_text.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "text/extension_text.h"
#include "text/format.h"
#include "overhigh_policy.h"
#include "text/parse.h"

#define MS_NS 1000000ULL
#define DAY_NS (24 * 3600 * 1000 * MS_NS)
#define MOST_AFTER_NS (49 * DAY_NS) /* that after_ms holds */

/* What low-priority gives if it does not say: a tenth of the usual 100. */
#define LOW_CPU_WEIGHT 10

#define WORD_MAX 64

/* Copies the part of text that is before a word, without the blanks around it;
 * returns what is after the word, NULL if the word is not there. */
static const char *split_at(const char *text, const char *word, char *before,
			    size_t size)
{
	const char *at = strstr(text, word);
	size_t length = at ? (size_t)(at - text) : strlen(text);

	while (length && isblank(text[length - 1]))
		length--;
	snprintf(before, size, "%.*s", (int)length, text);
	if (!at)
		return NULL;
	at += strlen(word);
	return at + strspn(at, " \t");
}

static int parse_after(const char *text, __u32 *after_ms, struct error *err)
{
	uint64_t after_ns;
	int ret = parse_duration(text, &after_ns, err);

	if (ret)
		return ret;
	if (after_ns > MOST_AFTER_NS)
		return bad_input(err,
				 "after %.32s is too long: use at most "
				 "49d",
				 text);
	if (after_ns % MS_NS)
		return bad_input(err,
				 "after %.32s is too fine: use a multiple "
				 "of 1ms",
				 text);
	*after_ms = after_ns / MS_NS;
	return 0;
}

int parse_step(const char *text, struct overhigh_step *step, struct error *err)
{
	static const char word[] = "signal";
	size_t length = sizeof(word) - 1;
	enum overhigh_action action = OVERHIGH_SIGNAL;
	__u32 number = 0, after_ms = AFTER_NOT_GIVEN;
	char what[WORD_MAX];
	const char *after = split_at(text, " after ", what, sizeof(what));
	int ret;

	/* "kill 10s" */
	if (!after && strncmp(what, word, length) && what[strcspn(what, " ")] &&
	    isdigit((unsigned char)what[strcspn(what, " ") + 1]))
		return bad_input(err,
				 "--then '%.40s' lacks a word: write '%.*s "
				 "after %.20s'",
				 what, (int)strcspn(what, " "), what,
				 what + strcspn(what, " ") + 1);
	if (!strcmp(what, word))
		return bad_input(err, "--then signal does not say which one: "
				      "use --then signal:TERM");
	if (!strncmp(what, word, length) && strchr(": ", what[length]))
		ret = parse_signal(what + length + 1, &number, err);
	else
		ret = parse_action(what, &action, err);
	if (!ret && after)
		ret = parse_after(after, &after_ms, err);
	if (ret)
		return ret;
	if (action == OVERHIGH_NONE)
		return bad_input(err, "--then none would lift the limit: leave "
				      "--then out");
	step->control = overhigh_control_word(action, number, 0);
	step->after_ms = after_ms;
	return 0;
}

/* "10%", "2.5%" in thousandths; -1 if it is no such thing. */
static int permille_of(const char *text)
{
	char *end;
	long percent = strtol(text, &end, 10), permille;

	if (!isdigit(text[0]) || percent > 100)
		return -1;
	permille = percent * 10;
	if (end[0] == '.' && isdigit(end[1])) {
		permille += end[1] - '0';
		end += 2;
	}
	return permille <= 1000 && !strcmp(end, "%") ? (int)permille : -1;
}

int parse_hysteresis(const char *text, struct overhigh_extension *extension,
		     struct error *err)
{
	int permille = permille_of(text);

	if (permille < 0)
		return bad_input(err,
				 "'%.40s' is no share of the limit: use 0%% to "
				 "100%%, like 5%% or 2.5%%",
				 text);
	extension->hysteresis_permille = permille;
	return 0;
}

int parse_rate(const char *text, struct overhigh_extension *extension,
	       struct error *err)
{
	char rate[WORD_MAX];
	const char *burst = split_at(text, " burst ", rate, sizeof(rate));
	uint64_t rate_bytes, burst_bytes;
	size_t length = strlen(rate);
	int ret;

	if (length < 3 || strcmp(rate + length - 2, "/s"))
		return bad_input(err,
				 "'%.40s' is no rate: use a size a second, "
				 "like 50M/s or '50M/s burst 200M'",
				 text);
	rate[length - 2] = 0;
	ret = parse_size(rate, &rate_bytes, err);
	burst_bytes = rate_bytes;
	if (!ret && burst)
		ret = parse_size(burst, &burst_bytes, err);
	if (ret)
		return ret;
	if (!rate_bytes)
		return bad_input(err, "a rate of 0 lets nothing grow: use for "
				      "example 1M/s, or --limit");
	extension->rate_bytes = rate_bytes;
	extension->burst_bytes = burst_bytes;
	return 0;
}

static int bad_pressure(const char *text, struct error *err)
{
	return bad_input(err,
			 "'%.60s' is no condition on pressure: use some or "
			 "full, a share and a time of 500ms to 10s, like "
			 "'some 10%% over 2s'",
			 text);
}

int parse_pressure(const char *text, struct overhigh_extension *extension,
		   struct error *err)
{
	char share[WORD_MAX];
	const char *window = split_at(text, " over ", share, sizeof(share));
	uint64_t window_ns;
	__u32 line;
	int permille;

	if (!strncmp(share, "some ", 5))
		line = OVERHIGH_PRESSURE_SOME;
	else if (!strncmp(share, "full ", 5))
		line = OVERHIGH_PRESSURE_FULL;
	else
		return bad_pressure(text, err);
	permille = permille_of(share + 5 + strspn(share + 5, " \t"));
	if (!window || permille < 1 ||
	    parse_duration(window, &window_ns, err) ||
	    window_ns < 500 * MS_NS || window_ns > 10000 * MS_NS ||
	    window_ns % MS_NS)
		return bad_pressure(text, err);
	extension->pressure = line;
	extension->pressure_permille = permille;
	extension->pressure_window_ms = window_ns / MS_NS;
	return 0;
}

static int parse_weight(const char *text, __u32 *weight, struct error *err)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!isdigit(text[0]) || *end || value < 1 || value > 99)
		return bad_input(err,
				 "'%.40s' is no low priority: use a cpu.weight "
				 "of 1 to 99, where 100 is usual",
				 text);
	*weight = value;
	return 0;
}

/* One word of the list, and what follows it in the item, "" if nothing. */
static int add_response(const char *item, struct overhigh_extension *extension,
			struct error *err)
{
	char word[WORD_MAX];
	const char *value = split_at(item, " ", word, sizeof(word));
	uint64_t bytes;
	int ret = 0;

	if (!strcmp(word, "reclaim") && !value) {
		extension->responses |= OVERHIGH_RECLAIM;
	} else if (!strcmp(word, "freeze") && !value) {
		extension->responses |= OVERHIGH_FREEZE;
	} else if (!strcmp(word, "high") && value) {
		extension->responses |= OVERHIGH_HIGH;
		ret = parse_size(value, &bytes, err);
		if (!ret)
			extension->high_bytes = bytes;
	} else if (!strcmp(word, "low-priority")) {
		extension->responses |= OVERHIGH_LOW_PRIORITY;
		extension->cpu_weight = LOW_CPU_WEIGHT;
		if (value)
			ret = parse_weight(value, &extension->cpu_weight, err);
	} else {
		ret = bad_input(err,
				"'%.40s' is no response: use a list of "
				"reclaim, 'high SIZE', freeze and "
				"low-priority, like 'reclaim, high 1G'",
				item);
	}
	return ret;
}

int parse_responses(const char *text, struct overhigh_extension *extension,
		    struct error *err)
{
	struct overhigh_extension result = *extension;
	char item[WORD_MAX];
	const char *rest = text;
	int ret;

	result.responses = 0;
	do {
		rest += strspn(rest, " \t");
		rest = split_at(rest, ",", item, sizeof(item));
		ret = add_response(item, &result, err);
	} while (!ret && rest);
	if (!ret)
		*extension = result;
	return ret;
}

const char *format_step(char *buffer, size_t size,
			const struct overhigh_step *step)
{
	char action[FORMAT_MAX], signal[FORMAT_MAX], after[FORMAT_MAX];
	__u32 which = overhigh_action(step->control);

	format_action(action, sizeof(action), which);
	if (which == OVERHIGH_SIGNAL)
		snprintf(action, sizeof(action), "signal:%.20s",
			 format_signal(signal, sizeof(signal),
				       overhigh_signal(step->control)));
	if (step->after_ms == AFTER_NOT_GIVEN)
		snprintf(buffer, size, "%s", action);
	else
		snprintf(buffer, size, "%s after %s", action,
			 format_duration(after, sizeof(after),
					 step->after_ms * MS_NS));
	return buffer;
}

const char *format_hysteresis(char *buffer, size_t size, __u32 permille)
{
	if (permille % 10)
		snprintf(buffer, size, "%u.%u%%", permille / 10, permille % 10);
	else
		snprintf(buffer, size, "%u%%", permille / 10);
	return buffer;
}

const char *format_rate(char *buffer, size_t size,
			const struct overhigh_extension *extension)
{
	char rate[FORMAT_MAX], burst[FORMAT_MAX];

	snprintf(buffer, size, "%s/s burst %s",
		 format_size(rate, sizeof(rate), extension->rate_bytes),
		 format_size(burst, sizeof(burst), extension->burst_bytes));
	return buffer;
}

const char *format_pressure(char *buffer, size_t size,
			    const struct overhigh_extension *extension)
{
	char share[FORMAT_MAX], window[FORMAT_MAX];

	snprintf(buffer, size, "%s %s over %s",
		 extension->pressure == OVERHIGH_PRESSURE_FULL ? "full" :
								 "some",
		 format_hysteresis(share, sizeof(share),
				   extension->pressure_permille),
		 format_duration(window, sizeof(window),
				 extension->pressure_window_ms * MS_NS));
	return buffer;
}

const char *format_responses(char *buffer, size_t size,
			     const struct overhigh_extension *extension)
{
	char high[FORMAT_MAX], text[4 * FORMAT_MAX] = "";
	size_t n = 0;

	if (extension->responses & OVERHIGH_RECLAIM)
		n += snprintf(text + n, sizeof(text) - n, ",reclaim");
	if (extension->responses & OVERHIGH_HIGH)
		n += snprintf(
			text + n, sizeof(text) - n, ",high %s",
			format_size(high, sizeof(high), extension->high_bytes));
	if (extension->responses & OVERHIGH_FREEZE)
		n += snprintf(text + n, sizeof(text) - n, ",freeze");
	if (extension->responses & OVERHIGH_LOW_PRIORITY)
		snprintf(text + n, sizeof(text) - n, ",low-priority %u",
			 extension->cpu_weight);
	snprintf(buffer, size, "%s", text[0] ? text + 1 : "");
	return buffer;
}
