// SPDX-License-Identifier: GPL-2.0
/*
 * commands/handle.c - overhigh handle: start a command of the user's for each
 * crossing that the running loader tells of.
 *
 * Does not belong here: the handlers themselves (commands/handler.h).  The
 * kernel side does not wait for any of this: whatever becomes of a handler, the
 * ladder of a policy goes on.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "commands/command.h"
#include "report/events.h"
#include "commands/handler.h"
#include "base/log.h"
#include "text/parse.h"
#include "pins/pins.h"
#include "daemon/protect.h"
#include "report/stream.h"

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL
#define DEFAULT_MOST 4
#define DEFAULT_TIMEOUT_NS (10 * NS_PER_S)
#define MAX_TIMEOUT_NS (300 * NS_PER_S)

static const char doc[] =
	"Start CMD once for each process that goes over its limit, until the "
	"running loader ends.\v"
	"CMD finds the event in variables of its environment, like "
	"OVERHIGH_PID, OVERHIGH_COMM and OVERHIGH_EXCESS_BYTES, and as a line "
	"of JSON on its standard input.\n\n"
	"Examples:\n"
	"  overhigh handle -- /usr/local/sbin/save-and-release\n"
	"  overhigh handle --timeout 2s --most 1 -- logger 'over its limit'";

enum {
	KEY_TIMEOUT = 0x800,
	KEY_MOST,
};

static const struct argp_option options[] = {
	{ "timeout", KEY_TIMEOUT, "TIME", 0,
	  "kill a CMD that runs for longer; at most 5m (default: 10s)", 0 },
	{ "most", KEY_MOST, "N", 0,
	  "run so many at once, 1 to 64 (default: 4); further crossings are "
	  "counted, not handled",
	  0 },
	{ 0 },
};

struct settings {
	struct handlers *handlers;
	struct error *err;
};

static int read_timeout(const char *text, struct handlers *handlers,
			struct error *err)
{
	uint64_t ns;
	int ret = parse_duration(text, &ns, err);

	if (ret)
		return ret;
	if (!ns || ns > MAX_TIMEOUT_NS)
		return bad_input(err,
				 "--timeout %s: give more than 0 and at most "
				 "5m",
				 text);
	handlers->timeout_ns = ns;
	return 0;
}

static int read_most(const char *text, struct handlers *handlers,
		     struct error *err)
{
	char *end;
	unsigned long most = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || most < 1 ||
	    most > HANDLERS_MAX)
		return bad_input(err, "--most %s: give a number from 1 to %d",
				 text, HANDLERS_MAX);
	handlers->most = most;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *settings = state->input;
	struct handlers *handlers = settings->handlers;

	switch (key) {
	case KEY_TIMEOUT:
		return -read_timeout(arg, handlers, settings->err);
	case KEY_MOST:
		return -read_most(arg, handlers, settings->err);
	case ARGP_KEY_ARGS:
		handlers->command = state->argv + state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Blocks what the loop reads from the descriptor that is returned. */
static int catch_signals(sigset_t *before, struct error *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	/* who started us may have it ignored, and then nobody is waited for */
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, before);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd >= 0 ? fd :
			 fail(err, errno, "cannot make a signalfd: %s",
			      strerror(errno));
}

/* True if it is one to end by. */
static bool take_signal(int fd, struct handlers *handlers)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo != SIGCHLD)
		return true;
	handlers_reap(handlers);
	return false;
}

/* One packet, which is there. */
static int take_event(int fd, const struct pins *pins,
		      struct handlers *handlers, struct error *err)
{
	struct stream_packet packet;
	ssize_t n = recv(fd, &packet, sizeof(packet), MSG_DONTWAIT);
	int ret;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return fail(err, EPIPE,
			    "the loader has ended: start 'overhigh run', then "
			    "this again");
	ret = stream_check(&packet, n, err);
	if (ret)
		return ret;
	if (packet.lost)
		say("%llu events were lost, and crossings among them not "
		    "handled: they came too fast",
		    packet.lost);
	if (packet.kind == STREAM_EVENT && packet.event.left_out)
		say("%u events of process %u were left out, and crossings "
		    "among them not handled: it crosses all the time",
		    packet.event.left_out, packet.event.pid);
	if (packet.kind != STREAM_EVENT ||
	    packet.event.type != OVERHIGH_EV_CROSSED)
		return 0;
	pid_names_event(pins, &packet.event);
	if (packet.event.seen_pid)
		handlers_start(handlers, &packet.event);
	else
		say("a crossing was not handled: its process lives outside of "
		    "this pid namespace, and no handler could name it");
	return 0;
}

/* In poll()'s unit, rounded up so that a wait does not end too early. */
static int wait_ms(__u64 until_ns)
{
	__u64 now_ns = clock_now_ns();

	if (!until_ns)
		return -1;
	return until_ns <= now_ns ? 0 : (until_ns - now_ns) / NS_PER_MS + 1;
}

/* Until a signal ends it, which is 0, or the stream does. */
static int loop(int stream_fd, int signal_fd, const struct pins *pins,
		struct handlers *handlers, struct error *err)
{
	struct pollfd fds[] = { { .fd = signal_fd, .events = POLLIN },
				{ .fd = stream_fd, .events = POLLIN } };
	int n, ret = 0;

	while (!ret) {
		n = poll(fds, 2, wait_ms(handlers_expire(handlers)));
		if (n < 0 && errno != EINTR)
			return fail(err, errno, "cannot wait for events: %s",
				    strerror(errno));
		if (n <= 0)
			continue;
		if (fds[0].revents && take_signal(signal_fd, handlers))
			return 0;
		if (fds[1].revents)
			ret = take_event(stream_fd, pins, handlers, err);
	}
	return ret;
}

/* From here on overhigh does not hold this process, nor what it starts. */
static int protect(struct pins *pins, struct error *err)
{
	int ret;

	protect_memory(false);
	ret = pins_open(pins, err);
	if (ret)
		return ret;
	ret = protect_drop_policy(pins, err);
	if (ret)
		pins_close(pins);
	return ret;
}

static int handle(struct handlers *handlers, struct error *err)
{
	int stream_fd, signal_fd, ret;
	struct pins pins;

	signal_fd = catch_signals(&handlers->mask, err);
	if (signal_fd < 0)
		return signal_fd;
	stream_fd = stream_connect(err);
	ret = stream_fd < 0 ? stream_fd : protect(&pins, err);
	if (!ret) {
		say("ready: %s is started for each crossing",
		    handlers->program);
		ret = loop(stream_fd, signal_fd, &pins, handlers, err);
		handlers_end(handlers);
		pins_close(&pins);
	}
	if (stream_fd >= 0)
		close(stream_fd);
	close(signal_fd);
	return ret;
}

static int run(int argc, char **argv, struct error *err)
{
	struct handlers handlers = { .most = DEFAULT_MOST,
				     .timeout_ns = DEFAULT_TIMEOUT_NS };
	struct settings settings = { .handlers = &handlers, .err = err };
	int ret = command_parse(&command_handle, argc, argv, &settings, err);

	if (ret)
		return ret;
	if (!handlers.command)
		return bad_input(err, "what shall be started?  Give -- CMD "
				      "after the options");
	if (geteuid())
		return bad_input(err, "this needs root: try sudo");
	ret = handlers_find(&handlers, err);
	return ret ? ret : handle(&handlers, err);
}

const struct command command_handle = {
	.name = "handle",
	.summary = "start a command for each crossing",
	.arguments = "-- CMD [ARG...]",
	.doc = doc,
	.options = options,
	.parse = parse,
	.flags = ARGP_IN_ORDER,
	.run = run,
};
