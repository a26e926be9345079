// SPDX-License-Identifier: GPL-2.0
/* fuzz_event.c - records of the ring, and packets of the stream, to text and
 * JSON: whatever they hold, what comes out is one line that can be read. */
#include <cjson/cJSON.h>

#include "fuzz.h"
#include "report/events.h"
#include "report/stream.h"

/* One line, of nothing but printable ASCII. */
static void assert_line(const char *line, size_t bytes)
{
	size_t i;

	PROMISE(bytes && line[bytes - 1] == '\n');
	for (i = 0; i < bytes - 1; i++)
		PROMISE(line[i] >= ' ' && line[i] < 127);
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
	assert_line(line, bytes);
	if (json)
		assert_json(line);
	free(line);
}

static void into_a_buffer(const struct overhigh_event *event)
{
	static char line[4096];
	int n, whole = event_json(line, sizeof(line), event);

	PROMISE(whole > 0);
	assert_line(line, whole);
	/* one byte too short */
	n = event_json(line, whole, event);
	PROMISE(n == -ENOSPC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream_packet packet;
	char comm[OVERHIGH_COMM_LEN];

	/* a packet that is cut off, or too long */
	PROMISE(!event_valid((const void *)data, size) ||
		size == sizeof(packet.event));
	memset(&packet, 0, sizeof(packet));
	memcpy(&packet, data, size < sizeof(packet) ? size : sizeof(packet));
	event_comm(&packet.event, comm);
	PROMISE(memchr(comm, 0, sizeof(comm)));
	if (!event_valid(&packet.event, sizeof(packet.event)))
		return 0;
	print(&packet.event, false);
	print(&packet.event, true);
	into_a_buffer(&packet.event);
	return 0;
}
