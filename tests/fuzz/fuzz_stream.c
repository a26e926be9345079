// SPDX-License-Identifier: GPL-2.0
/* fuzz_stream.c - packets of the stream of events, as a reader takes them off
 * its socket: first how many bytes came, then those. */
#include "fuzz.h"
#include "report/events.h"
#include "report/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream_packet packet = {};
	char *text = NULL;
	size_t bytes = 0;
	struct error err = {};
	FILE *out;
	int ret;

	/* as recv() leaves what is longer */
	memcpy(&packet, data, size < sizeof(packet) ? size : sizeof(packet));
	ret = stream_check(&packet, size, &err);
	if (ret) {
		fuzz_refused(ret, &err);
		return 0;
	}
	PROMISE(size == sizeof(packet));
	out = open_memstream(&text, &bytes);
	PROMISE(out);
	if (packet.lost)
		PROMISE(!event_print_lost(out, packet.lost, packet.pad & 1));
	if (packet.kind == STREAM_EVENT)
		PROMISE(!event_print(out, &packet.event, packet.pad & 2));
	fclose(out);
	PROMISE(!bytes || text[bytes - 1] == '\n');
	free(text);
	return 0;
}
