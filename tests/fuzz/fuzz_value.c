// SPDX-License-Identifier: GPL-2.0
/* fuzz_value.c - sizes, times, signals and the other single values of options.
 */
#include "fuzz.h"
#include "text/format.h"
#include "text/parse.h"

static void bytes_of(const char *text)
{
	struct error err = {};
	uint64_t bytes, again;
	char buffer[FORMAT_MAX];
	int ret = parse_size(text, &bytes, &err);

	if (ret) {
		fuzz_refused(ret, &err);
		return;
	}
	format_size(buffer, sizeof(buffer), bytes);
	PROMISE(!parse_size(buffer, &again, &err) && again == bytes);
}

static void duration(const char *text)
{
	struct error err = {};
	uint64_t ns, again;
	char buffer[FORMAT_MAX];
	int ret = parse_duration(text, &ns, &err);

	if (ret) {
		fuzz_refused(ret, &err);
		return;
	}
	format_duration(buffer, sizeof(buffer), ns);
	PROMISE(!parse_duration(buffer, &again, &err) && again == ns);
}

static void signal_number(const char *text)
{
	struct error err = {};
	uint32_t number, again;
	char buffer[FORMAT_MAX];
	int ret = parse_signal(text, &number, &err);

	if (ret) {
		fuzz_refused(ret, &err);
		return;
	}
	format_signal(buffer, sizeof(buffer), number);
	PROMISE(!parse_signal(buffer, &again, &err) && again == number);
}

static void rss(const char *text)
{
	struct error err = {};
	uint32_t flags;
	int ret = parse_rss(text, &flags, &err);

	if (ret)
		fuzz_refused(ret, &err);
	else
		PROMISE(flags);
}

static void action(const char *text)
{
	enum overhigh_action value;
	struct error err = {};
	char buffer[FORMAT_MAX];
	int ret = parse_action(text, &value, &err);

	if (ret) {
		fuzz_refused(ret, &err);
		return;
	}
	format_action(buffer, sizeof(buffer), value);
	PROMISE(!strcmp(buffer, text));
}

static void on_stuck_and_pid(const char *text)
{
	struct error err = {};
	uint32_t value;
	int ret = parse_on_stuck(text, &value, &err);

	if (ret)
		fuzz_refused(ret, &err);
	memset(&err, 0, sizeof(err));
	ret = parse_pid(text, &value, &err);
	if (ret)
		fuzz_refused(ret, &err);
	else
		PROMISE(value > 0 && value <= INT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const char *text) = {
		bytes_of, duration, signal_number,
		rss,	  action,   on_stuck_and_pid,
	};
	char *text = fuzz_text(data, size);
	size_t i;

	for (i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++)
		parsers[i](text);
	free(text);
	return 0;
}
