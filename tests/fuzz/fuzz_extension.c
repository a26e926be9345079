// SPDX-License-Identifier: GPL-2.0
/* fuzz_extension.c - the small languages of the options of an extension: steps,
 * hysteresis, rate, pressure, responses. */
#include "fuzz.h"
#include "text/extension_text.h"
#include "text/format.h"

static void step(const char *text)
{
	struct overhigh_step one = {}, again = {};
	char buffer[FORMAT_MAX];
	struct error err = {};
	int ret = parse_step(text, &one, &err);

	if (ret) {
		fuzz_refused(ret, &err);
		return;
	}
	if (one.after_ms == AFTER_NOT_GIVEN)
		return;
	format_step(buffer, sizeof(buffer), &one);
	PROMISE(!parse_step(buffer, &again, &err));
	PROMISE(!memcmp(&one, &again, sizeof(one)));
}

typedef int (*parse_fn)(const char *text, struct overhigh_extension *extension,
			struct error *err);

static const char *hysteresis(char *buffer, size_t size,
			      const struct overhigh_extension *extension)
{
	return format_hysteresis(buffer, size, extension->hysteresis_permille);
}

static const struct {
	parse_fn parse;
	const char *(*format)(char *buffer, size_t size,
			      const struct overhigh_extension *extension);
} kinds[] = {
	{ parse_hysteresis, hysteresis },
	{ parse_rate, format_rate },
	{ parse_pressure, format_pressure },
	{ parse_responses, format_responses },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct overhigh_extension extension, again;
	char *text = fuzz_text(data, size);
	char buffer[4 * FORMAT_MAX];
	size_t i;

	step(text);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct error err = {};
		int ret;

		memset(&extension, 0, sizeof(extension));
		memset(&again, 0, sizeof(again));
		ret = kinds[i].parse(text, &extension, &err);
		if (ret) {
			fuzz_refused(ret, &err);
			continue;
		}
		kinds[i].format(buffer, sizeof(buffer), &extension);
		PROMISE(!kinds[i].parse(buffer, &again, &err));
		PROMISE(!memcmp(&extension, &again, sizeof(extension)));
	}
	free(text);
	return 0;
}
