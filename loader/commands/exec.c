// SPDX-License-Identifier: GPL-2.0
/*
 * commands/exec.c - overhigh exec: a command that is under a policy before its
 * first instruction.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "attach/attach.h"
#include "attach/plan.h"
#include "commands/acted.h"
#include "attach/plan.h"
#include "attach/pressure_trigger.h"
#include "base/lock.h"
#include "commands/command.h"
#include "daemon/background.h"
#include "base/log.h"
#include "govern/enforce.h"
#include "overhigh_policy.h"
#include "govern/gears.h"
#include "govern/policy_maps.h"
#include "text/policy_options.h"
#include "attach/plan.h"
#include "attach/probe.h"
#include "base/process.h"
#include "pins/counters.h"
#include "report/events.h"
#include "report/printer.h"
#include "report/stream.h"

#define LAST_WORDS_MS 100 /* until what the loader says has come */
#define RENEW_MS 300	  /* for a run to take over from its loader */

static const char doc[] =
	"Start CMD under a policy and pass its exit status on as a shell "
	"would.\v"
	"If no 'overhigh run' is alive, exec starts a loader in the background, "
	"which ends with the last policy.  The policy is each process's own, not one for all of them "
	"together.  What was done to one of them is said at the end, in a line "
	"on standard error.\n\n"
	"Examples:\n"
	"  overhigh exec --action kill --limit 2G -- make -j8  (each compiler "
	"2G)\n"
	"  overhigh exec --action enomem --limit 1G -- ./server";

enum {
	KEY_FORCE = 0x800,
	KEY_EVENTS,
	KEY_QUIET,
};

static const struct argp_option options[] = {
	{ "force", KEY_FORCE, NULL, 0,
	  "even if what is asked for is unavailable here", 0 },
	{ "events", KEY_EVENTS, NULL, 0, "print its events on standard error",
	  0 },
	{ "quiet", KEY_QUIET, NULL, 0,
	  "do not say at the end what was done to its processes", 0 },
	{ 0 },
};

struct settings {
	struct policy_options policy;
	bool force, events, quiet;
	char **command; /* points into argv */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *settings = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &settings->policy;
		return 0;
	case KEY_FORCE:
		settings->force = true;
		return 0;
	case KEY_EVENTS:
		settings->events = true;
		return 0;
	case KEY_QUIET:
		settings->quiet = true;
		return 0;
	case ARGP_KEY_ARGS:
		settings->command = state->argv + state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The child waits for a byte, which says that its policy is in force; the end
 * of the pipe without one says that it is not to run. */
static void __attribute__((noreturn))
run_command(char **command, int go_fd, const sigset_t *mask)
{
	char go;

	if (read(go_fd, &go, 1) != 1)
		_exit(1);
	close(go_fd);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	say("cannot run %s: %s", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* mask: the signals that were blocked before us, as CMD is to have them. */
static pid_t start_child(char **command, const sigset_t *mask, int *go_fd,
			 struct error *err)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return fail(err, errno, "cannot make a pipe: %s",
			    strerror(errno));
	pid = fork();
	if (!pid) {
		close(ends[1]);
		run_command(command, ends[0], mask);
	}
	if (pid < 0)
		fail(err, errno, "cannot fork: %s", strerror(errno));
	close(ends[0]);
	if (pid < 0)
		close(ends[1]);
	*go_fd = ends[1];
	return pid;
}

/* CMD may have been ended already, by its policy. */
static int start_command(int go_fd, struct error *err)
{
	int ret = 0;

	signal(SIGPIPE, SIG_IGN);
	if (write(go_fd, "", 1) != 1 && errno != EPIPE)
		ret = fail(err, errno, "cannot start the command: %s",
			   strerror(errno));
	close(go_fd);
	return ret;
}

/* From before CMD is there until somebody handles them: a signal in between
 * must not end us and leave CMD behind. */
static void block_signals(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, before);
}

static int govern(struct pins *pins, pid_t child,
		  const struct overhigh_policy *policy,
		  const struct overhigh_extension *extension, struct error *err)
{
	int lock = lock_take(LOCK_POLICY, true, err);
	struct target target;
	char text[16];
	int ret;

	if (lock < 0)
		return lock;
	/* a loader that ends unloads under this lock */
	if (!pins->control->loader_pid) {
		close(lock);
		return -EAGAIN;
	}
	snprintf(text, sizeof(text), "%d", child);
	ret = target_parse(pins, text, &target, err);
	if (!ret) {
		ret = policy_set(pins, &target, policy, extension, err);
		target_close(&target);
	}
	/* over as it was: the policy that was set has ended it */
	if (ret == -ESRCH)
		ret = 0;
	if (!ret)
		ret = gears_look(pins, err);
	close(lock);
	return ret;
}

static int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

static volatile sig_atomic_t child_to_signal;

static void pass_on(int sig)
{
	kill(child_to_signal, sig);
}

/* What exec has to do with its loader: of CMD and what it starts. */
struct watch {
	struct acted acted;
	struct printer printer; /* of events, if they are wanted */
	struct pins pins;
	int fd;	       /* of the stream, -1: there is none */
	int loader_fd; /* of a loader that we have started, -1: we have not */
	bool given_up; /* there is nothing to watch any more */
	__u64 crossed_before;
};

static void take_event(const struct overhigh_event *event, struct watch *watch)
{
	if (acted_is_ours(&watch->acted, event))
		printer_event(&watch->printer, event);
	acted_take(&watch->acted, event);
}

/* All packets that are there. */
static void take_packets(struct watch *watch)
{
	struct stream_packet packet;
	struct error ignored;
	ssize_t n = 0;

	while (watch->fd >= 0 && (n = recv(watch->fd, &packet, sizeof(packet),
					   MSG_DONTWAIT)) == sizeof(packet)) {
		if (stream_check(&packet, n, &ignored))
			continue;
		if (packet.lost && watch->printer.outlet)
			printer_lost(&watch->printer, packet.lost);
		if (packet.kind != STREAM_EVENT)
			continue;
		pid_names_event(&watch->pins, &packet.event);
		take_event(&packet.event, watch);
	}
	printer_tick(&watch->printer);
	/* the loader has ended: see renew_loader() */
	if (watch->fd >= 0 &&
	    (!n || (n < 0 && errno != EAGAIN && errno != EINTR))) {
		close(watch->fd);
		watch->fd = -1;
	}
}

/* What the loader may be about to tell of; if nobody crossed there is nothing
 * to wait for. */
static void take_last_packets(struct watch *watch)
{
	struct pollfd p = { .fd = watch->fd, .events = POLLIN };
	int i;

	if (counter_read(&watch->pins, OVERHIGH_COUNT_CROSSED) ==
	    watch->crossed_before)
		return;
	for (i = 0; i < 10 && watch->fd >= 0 && poll(&p, 1, LAST_WORDS_MS) > 0;
	     i++)
		take_packets(watch);
}

static void leave_loader(struct watch *watch)
{
	if (watch->loader_fd >= 0)
		background_leave(watch->loader_fd);
	watch->loader_fd = -1;
}

/* A loader that is alive, or is just starting; if there is none it is up to
 * us. */
static int need_loader(struct watch *watch, struct error *err)
{
	int fd;

	if (lock_owner())
		return 0;
	leave_loader(watch);
	fd = background_start(err);
	if (fd >= 0)
		watch->loader_fd = fd;
	return fd >= 0 || fd == -EBUSY ? 0 : fd;
}

/* The loader has ended, or was killed, while CMD runs: its duties pass on to
 * the next one, which may be one that we start. */
static void renew_loader(struct watch *watch)
{
	struct error err;

	if (!pins_exist()) {
		say("the loader has ended and has detached everything: the "
		    "command is under no policy any more");
		watch->given_up = true;
	} else if (need_loader(watch, &err)) {
		say("%s: later steps and slowdown do not come without a loader",
		    err.text);
		watch->given_up = true;
	} else {
		watch->fd = stream_connect(&err);
	}
}

/* Until CMD has ended. */
static int wait_for(pid_t child, const sigset_t *mask, struct watch *watch)
{
	struct pollfd p[] = { { .fd = process_open(child), .events = POLLIN },
			      { .events = POLLIN } };
	int status, n;

	child_to_signal = child;
	signal(SIGTERM, pass_on);
	signal(SIGHUP, pass_on);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	sigprocmask(SIG_SETMASK, mask, NULL);
	while (p[0].fd >= 0 && !p[0].revents) {
		bool lost = watch->fd < 0 && !watch->given_up;

		p[1].fd = watch->fd;
		n = poll(p, 2,
			 lost			 ? RENEW_MS :
			 watch->printer.left_out ? LAST_WORDS_MS :
						   -1);
		if (n >= 0 && p[1].revents)
			take_packets(watch);
		else if (!n && lost)
			renew_loader(watch);
		printer_tick(&watch->printer);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	take_last_packets(watch);
	return shell_status(status);
}

/* -EAGAIN if the loader is just coming or going. */
static int govern_under_loader(struct watch *watch, struct error *err)
{
	struct error ignored;
	int ret = pins_open(&watch->pins, err);

	if (ret)
		return ret == -ENOENT ? -EAGAIN : ret;
	watch->fd = stream_connect(&ignored);
	watch->crossed_before =
		counter_read(&watch->pins, OVERHIGH_COUNT_CROSSED);
	ret = govern(&watch->pins, watch->acted.child, watch->acted.policy,
		     watch->acted.extension, err);
	if (!ret)
		return 0;
	if (watch->fd >= 0)
		close(watch->fd);
	watch->fd = -1;
	pins_close(&watch->pins);
	return ret;
}

static int govern_command(struct watch *watch, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	char owner[48];
	int ret, tries;

	for (tries = 0; tries < 500; tries++) {
		ret = need_loader(watch, err);
		if (!ret)
			ret = govern_under_loader(watch, err);
		if (ret != -EAGAIN)
			return ret;
		nanosleep(&pause, NULL);
	}
	return fail(err, ETIMEDOUT,
		    "another loader (%s) holds the lock and does not get ready",
		    lock_owner_text(owner, sizeof(owner)));
}

/* CMD waits to be started; its exit status, or a negative errno. */
static int run_governed(struct watch *watch, int go_fd, const sigset_t *mask,
			struct error *err)
{
	int ret = govern_command(watch, err);

	if (ret) {
		close(go_fd);
		leave_loader(watch);
		return ret;
	}
	ret = start_command(go_fd, err);
	if (!ret)
		ret = wait_for(watch->acted.child, mask, watch);
	pins_close(&watch->pins);
	leave_loader(watch);
	return ret;
}

static int run(int argc, char **argv, struct error *err)
{
	struct settings settings = {};
	const struct overhigh_extension *extension = &settings.policy.extension;
	struct overhigh_policy policy;
	struct watch watch = { .fd = -1,
			       .loader_fd = -1,
			       .acted = { .policy = &policy,
					  .extension = extension } };
	struct probe probe;
	int go_fd = -1, ret;
	sigset_t mask;
	pid_t child;

	policy_options_init(&settings.policy);
	ret = command_parse(&command_exec, argc, argv, &settings,
			    &settings.policy.err);
	if (ret)
		*err = settings.policy.err;
	if (!ret && !settings.command)
		ret = bad_input(
			err, "what shall run?  Give -- CMD after the options");
	if (!ret)
		ret = policy_options_finish(&settings.policy, &policy, err);
	if (!ret && geteuid())
		ret = bad_input(err, "this needs root: try sudo");
	if (!ret && !settings.force &&
	    !plan_served(&policy, extension, attach_loaded())) {
		ret = probe_kernel(&probe, err);
		if (!ret)
			ret = plan_check(&policy, extension, &probe, err);
	}
	if (!ret && !settings.force && overhigh_extended(&policy))
		ret = pressure_check(extension, err);
	if (ret)
		return ret;
	block_signals(&mask);
	child = start_child(settings.command, &mask, &go_fd, err);
	if (child < 0)
		return child;
	watch.acted.child = child;
	log_start();
	if (printer_start(&watch.printer, settings.events ? stderr : NULL,
			  false))
		say("events are not printed: %s", strerror(errno));
	ret = run_governed(&watch, go_fd, &mask, err);
	printer_end(&watch.printer);
	if (!settings.quiet)
		acted_say(&watch.acted);
	log_end();
	return ret;
}

const struct command command_exec = {
	.name = "exec",
	.summary = "start a command under a policy",
	.arguments = "-- CMD [ARG...]",
	.doc = doc,
	.options = options,
	.parse = parse,
	.governs = true,
	.flags = ARGP_IN_ORDER,
	.run = run,
};
