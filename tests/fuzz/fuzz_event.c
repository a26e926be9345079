// SPDX-License-Identifier: GPL-2.0
/* fuzz_event.c - records of the ring, and packets of the stream, to text and
 * JSON: whatever they hold, what comes out is one line that can be read. */
#include <cjson/cJSON.h>

#include "fuzz.h"
#include "report/events.h"
#include "text/printable.h"

/* One line of UTF-8, and as text with nothing in it that a terminal takes for
 * more than that. */
static void assert_line(const char *line, size_t bytes, bool json)
{
	char *shown = malloc(4 * bytes), *copy = strndup(line, bytes - 1);

	PROMISE(shown && copy);
	PROMISE(bytes && line[bytes - 1] == '\n');
	PROMISE(strlen(copy) == bytes - 1 && !strchr(copy, '\n'));
	(json ? printable_utf8 : printable)(shown, 4 * bytes, copy);
	PROMISE(!strcmp(shown, copy));
	free(shown);
	free(copy);
}

static void assert_json(const char *line)
{
	cJSON *object = cJSON_Parse(line);

	PROMISE(cJSON_IsObject(object));
	cJSON_Delete(object);
}

static void print(const struct overhigh_event *event, bool json)
{
	char *line = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&line, &bytes);

	PROMISE(out);
	PROMISE(!event_print(out, event, json));
	fclose(out);
	assert_line(line, bytes, json);
	if (json)
		assert_json(line);
	free(line);
}

static void into_a_buffer(const struct overhigh_event *event)
{
	static char line[4096];
	int n, whole = event_json(line, sizeof(line), event);

	PROMISE(whole > 0);
	assert_line(line, whole, true);
	/* one byte too short */
	n = event_json(line, whole, event);
	PROMISE(n == -ENOSPC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct overhigh_event event = {};
	char comm[OVERHIGH_COMM_LEN];

	memcpy(&event, data, size < sizeof(event) ? size : sizeof(event));
	PROMISE(!event_valid(&event, size) || size == sizeof(event));
	event_comm(&event, comm);
	PROMISE(memchr(comm, 0, sizeof(comm)));
	/* most bytes make no valid record: these then do */
	event.type = 1 + event.type % (OVERHIGH_EV_MAX - 1);
	event.pid += !event.pid;
	PROMISE(event_valid(&event, sizeof(event)));
	print(&event, false);
	print(&event, true);
	into_a_buffer(&event);
	return 0;
}
