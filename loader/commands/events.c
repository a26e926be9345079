// SPDX-License-Identifier: GPL-2.0
/* commands/events.c - overhigh events: follow the events of a running loader.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "commands/command.h"
#include "pins/pins.h"
#include "report/events.h"
#include "report/stream.h"

static const char doc[] =
	"Follow the events of the running loader until it ends.\v"
	"Example:\n  overhigh events --json | grep '\"kill\"'";

static int run(int argc, char **argv, struct error *err)
{
	struct stream_packet packet;
	struct pins pins;
	int json = 0, fd, ret;
	ssize_t n;

	ret = command_parse(&command_events, argc, argv, &json, err);
	if (ret)
		return ret;
	if (geteuid())
		return bad_input(err, "this needs root: try sudo");
	fd = stream_connect(err);
	if (fd < 0)
		return fd;
	ret = pins_open(&pins, err);
	if (ret) {
		close(fd);
		return ret;
	}
	while (!ret && (n = recv(fd, &packet, sizeof(packet), 0)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		ret = stream_check(&packet, n, err);
		if (!ret && packet.lost)
			ret = event_print_lost(stdout, packet.lost, json);
		if (!ret && packet.kind == STREAM_EVENT) {
			pid_names_event(&pins, &packet.event);
			ret = event_print(stdout, &packet.event, json);
		}
		if (ret && !err->text[0])
			fail(err, -ret, "cannot write events: %s",
			     strerror(-ret));
	}
	pins_close(&pins);
	close(fd);
	return ret;
}

const struct command command_events = {
	.name = "events",
	.summary = "follow what happens",
	.doc = doc,
	.options = command_json,
	.parse = command_parse_json,
	.run = run,
};
