// SPDX-License-Identifier: GPL-2.0
/* daemon/daemon.c - see daemon/daemon.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attach/attach.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/namespace.h"
#include "pins/counters.h"
#include "daemon/daemon.h"
#include "daemon/gearshift.h"
#include "report/events.h"
#include "daemon/stopped.h"
#include "govern/fingerprint.h"
#include "attach/load.h"
#include "base/log.h"
#include "govern/enforce.h"
#include "govern/policy_maps.h"
#include "daemon/protect.h"
#include "daemon/role.h"
#include "daemon/reload_result.h"
#include "daemon/respond.h"
#include "govern/rules_maps.h"

#define TICK_NS                                                                \
	100000000ULL	       /* heartbeat; also how late a policy that       \
				* bpftool wrote can get its hooks */
#define RESPOND_NS 10000000ULL /* look at held processes this often */
#define MOST_PAUSE_NS 200000000ULL
/* A look at all policies for what bpftool has written takes a thousandth of a
 * CPU; a first policy by bpftool is found within the shortest time. */
#define SCAN_FACTOR 1000
#define MOST_SCAN_NS 10000000000ULL
/* A look at all that is governed, when nothing is known to be over. */
#define LOOK_NS 1000000000ULL
#define LOOK_FACTOR 500
#define MOST_LOOK_NS 15000000000ULL
#define MOST_REFIT_GAP_NS 2000000000ULL
#define NR_EVENT_SOURCES 8
#define MOST_REFIT_PAUSE_NS 60000000000ULL
#define GUARD_RETRY_NS 1000000000ULL
#define RELOAD_MOST_NS 10000000000ULL
#define STARTER_NS 10000000000ULL /* for the first policy to be set */
#define UNLOAD_WAIT_MS 1000
#define MOST_EVENTS_A_TURN 2048 /* then duties come first again */

static int handle_event(void *ctx, void *data, size_t size)
{
	const struct overhigh_event *event = data;
	struct daemon *d = ctx;
	/* a return below zero ends the turn, with this one done */
	int ret = ++d->events_of_turn < MOST_EVENTS_A_TURN ? 0 : -EAGAIN;

	if (!event_valid(event, size)) {
		say("an event of %zu bytes is not valid and was dropped", size);
		return ret;
	}
	if (event->type == OVERHIGH_EV_NEAR) {
		/* it was to wake us: gearshift() and scan() see why */
		if (!d->near_event_ns)
			d->near_event_ns = event->time_ns;
		return ret;
	}
	if (event->type == OVERHIGH_EV_DUE) {
		d->respond_soon = true;
		return ret;
	}
	printer_event(&d->printer, event);
	if (d->responses) /* the last events come after they have ended */
		d->respond_soon |= responses_concerns(d->responses, event);
	stream_send(&d->stream, event);
	event_kernel_log(event);
	return ret;
}

/* A full ring buffer is counted by the BPF side; here it is said. */
static void report_lost(struct daemon *d)
{
	__u64 lost = counter_read(d->pins, OVERHIGH_COUNT_LOST_EVENTS);

	if (lost > d->lost)
		printer_lost(&d->printer, lost - d->lost);
	stream_lost(&d->stream, overhigh_excess(lost, d->lost));
	d->lost = lost;
}

/* With the lock of the policies. */
static int refit_locked(struct daemon *d, bool watch, struct error *err)
{
	int ret;

	d->generation = d->pins->control->generation;
	d->fingerprint = policy_fingerprint(d->pins);
	ret = policy_refit(d->pins, watch, &d->policies, err);
	pressure_refit(&d->pressure);
	if (!ret)
		d->watching = watch;
	else
		d->fingerprint = ~d->fingerprint; /* try again next time */
	return ret;
}

static int refit(struct daemon *d, bool watch, struct error *err)
{
	int lock = role_policy_lock(d, err), ret;

	if (lock < 0)
		return lock;
	ret = refit_locked(d, watch, err);
	close(lock);
	return ret;
}

/*
 * How long to pause after work that took so much CPU time: factor times as
 * long, so that many policies do not make a busy loader; but never so long that
 * what waits for us waits noticeably.
 */
static __u64 pause_after(__u64 took_ns, unsigned int factor, __u64 least_ns,
			 __u64 most_ns)
{
	__u64 pause_ns = took_ns * factor;

	if (pause_ns < least_ns)
		return least_ns;
	return pause_ns < most_ns ? pause_ns : most_ns;
}

/* One that fails is said once, and tried again after a while that grows. */
static void refit_or_say(struct daemon *d, bool watch)
{
	__u64 began_ns = clock_cpu_ns();
	struct error err;
	int ret;

	if (d->now_ns < d->next_refit_ns)
		return;
	ret = refit(d, watch, &err);
	if (!ret) {
		d->refit_pause_ns = 0;
		d->next_look_ns = 0; /* a limit may be lower than it was */
		d->next_refit_ns =
			d->now_ns + pause_after(clock_cpu_ns() - began_ns, 20,
						0, MOST_REFIT_GAP_NS);
		return;
	}
	if (ret == -EBUSY)
		return;
	if (!d->refit_pause_ns)
		say("%s: trying again, less and less often", err.text);
	d->refit_pause_ns = d->refit_pause_ns ? 2 * d->refit_pause_ns : TICK_NS;
	if (d->refit_pause_ns > MOST_REFIT_PAUSE_NS)
		d->refit_pause_ns = MOST_REFIT_PAUSE_NS;
	d->next_refit_ns = d->now_ns + d->refit_pause_ns;
}

/*
 * An exec that both programs for it missed, as both were preempted on its CPU:
 * what it started is matched now.
 */
static void catch_missed_execs(struct daemon *d)
{
	struct error err;
	__u64 missed;

	if (!d->pins->control->nr_rules)
		return;
	missed = attach_misses(HOOK_EXECED_AGAIN);
	if (missed != d->missed_execs && rules_apply(d->pins, &err))
		say("%s", err.text);
	d->missed_execs = missed;
}

/*
 * Policies may have been changed by bpftool, ended by exits, or set by a
 * command; processes may have crossed or fallen.
 */
static void scan(struct daemon *d)
{
	bool watch = d->pins->control->watch_until_ns > d->now_ns;
	__u64 generation = d->generation, old = d->fingerprint;
	bool changed = d->pins->control->generation != d->generation ||
		       watch != d->watching;
	__u64 began_ns = clock_cpu_ns();

	if (d->now_ns >= d->next_scan_ns) {
		catch_missed_execs(d);
		changed |= policy_fingerprint(d->pins) != d->fingerprint;
		d->next_scan_ns =
			d->now_ns + pause_after(clock_cpu_ns() - began_ns,
						SCAN_FACTOR, TICK_NS,
						MOST_SCAN_NS);
	}
	if (changed)
		refit_or_say(d, watch);
	/* a policy may have come by bpftool */
	if (d->generation != generation || d->fingerprint != old)
		d->gear_look_ns = 0;
}

/* When the next look at what is governed is due.  While nothing is over that is
 * rarely: it finds who is over though no charge has told of it. */
static __u64 respond_due_ns(const struct daemon *d)
{
	if (!d->pins->control->nr_over)
		return d->next_look_ns;
	return d->respond_soon ? d->soon_respond_ns : d->next_respond_ns;
}

/* Looks at what is over; more often while something is held, and when the next
 * step of a ladder is due. */
static void respond_in_time(struct daemon *d, bool anything_held)
{
	__u64 began_ns = clock_cpu_ns(), took_ns, due_ns;
	struct error err;

	if (!d->pins->control->nr_over)
		d->respond_soon = false; /* what it was for is below again */
	if ((!d->policies && !d->pins->control->nr_over) ||
	    d->now_ns < respond_due_ns(d))
		return;
	d->respond_soon = false;
	if (respond(d->pins, d->responses, &due_ns, &err))
		say("%s", err.text);
	took_ns = clock_cpu_ns() - began_ns;
	d->soon_respond_ns =
		d->now_ns + pause_after(took_ns, 20, RESPOND_NS, MOST_PAUSE_NS);
	d->next_respond_ns =
		d->now_ns + pause_after(took_ns, 20,
					anything_held ? RESPOND_NS : TICK_NS,
					MOST_PAUSE_NS);
	d->next_look_ns = d->now_ns + pause_after(took_ns, LOOK_FACTOR, LOOK_NS,
						  MOST_LOOK_NS);
	if (due_ns > d->now_ns && due_ns < d->next_respond_ns)
		d->next_respond_ns = due_ns;
}

/* The module may come at any time; it cannot go while we use it. */
static void take_up_module(struct daemon *d)
{
	struct probe probe;
	struct error err;
	char reason[128];
	int lock;

	if (d->module != MODULE_AUTO || d->pins->control->hook ||
	    d->module_failed || !probe_module(reason, sizeof(reason)))
		return;
	if (probe_kernel(&probe, &err) || !probe.module)
		return;
	lock = role_policy_lock(d, &err);
	if (lock == -EBUSY)
		return;
	d->module_failed = lock < 0 || load_again(&probe, d->pins, &err);
	if (lock >= 0)
		close(lock);
	if (d->module_failed)
		say("cannot use the module: %s", err.text);
	else
		say("the module " MODULE_NAME " has come: it serves from "
		    "now on");
	if (!d->module_failed && refit(d, d->watching, &err))
		say("%s", err.text);
}

/* Also when it could not be started: then every second. */
static void restart_guard(struct daemon *d)
{
	struct error err;

	if (!d->guard_retry_ns)
		say("the guard process ended: starting another");
	if (d->guard.pid > 0)
		close(d->guard.alive_fd);
	d->guard.pid = 0;
	if (guard_start(&d->guard, d->pins, &err)) {
		if (!d->guard_retry_ns)
			say("%s: held processes depend on this loader alone, "
			    "until that succeeds",
			    err.text);
		d->guard_retry_ns = d->now_ns + GUARD_RETRY_NS;
		return;
	}
	d->guard_retry_ns = 0;
	/* a rule may have taken it for somebody else's */
	if (d->pins->control->nr_rules && rules_apply(d->pins, &err))
		say("%s", err.text);
}

static void reap(struct daemon *d)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == d->guard.pid)
			restart_guard(d);
}

/* With the lock of the policies. */
static int enforce(struct daemon *d, const struct rules *rules,
		   struct error *err)
{
	struct probe probe;
	int ret = probe_kernel(&probe, err);

	return ret ? ret : rules_enforce(d->pins, rules, &probe, err);
}

/* All of the new rules, or the old ones go on. */
static void reload(struct daemon *d)
{
	struct reload_result result = { .began_ns = clock_now_ns() };
	int lock = role_policy_lock(d, &result.err), ret = lock;
	struct rules rules;

	if (lock == -EBUSY && d->now_ns < d->reload_until_ns)
		return; /* the next tick tries again */
	d->reload_until_ns = 0;
	rules_init(&rules, 0);
	if (lock >= 0)
		ret = rules_read_config(&rules, d->config, &result.err);
	if (!ret)
		ret = enforce(d, &rules, &result.err);
	if (!ret)
		ret = refit_locked(d, d->watching, &result.err);
	if (lock >= 0)
		close(lock);
	if (ret)
		say("the rules are as before: %s", result.err.text);
	else
		say("%u rule%s in force", rules.nr, rules.nr == 1 ? "" : "s");
	result.rules = rules.nr;
	reload_result_write(&result);
	rules_free(&rules);
}

static void handle_signal(struct daemon *d)
{
	struct signalfd_siginfo info;

	if (read(d->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(d);
	else if (info.ssi_signo == SIGHUP && d->rules)
		d->reload_until_ns = clock_now_ns() + RELOAD_MOST_NS;
	else
		d->ending = true;
}

/* All that goes by time.  Sets the timer for the next of it. */
static void tick(struct daemon *d)
{
	struct itimerspec next = {};
	__u64 deadline_ns, thaw_ns, wake_ns;
	bool held;

	d->now_ns = clock_now_ns();
	d->pins->control->heartbeat_ns = d->now_ns;
	gearshift(d);
	held = hold_release_due(d->pins, false, &deadline_ns) > 0;
	take_up_module(d);
	pressure_tick(&d->pressure, d->now_ns);
	scan(d);
	respond_in_time(d, held);
	thaw_ns = responses_tick(d->responses, d->now_ns);
	report_lost(d);
	printer_tick(&d->printer);
	if (d->guard_retry_ns && d->now_ns >= d->guard_retry_ns)
		restart_guard(d);
	if (d->reload_until_ns)
		reload(d);
	if (d->background)
		role_end_if_unneeded(d);
	wake_ns = d->now_ns + TICK_NS;
	if (held && deadline_ns < wake_ns)
		wake_ns = deadline_ns;
	if (d->pins->control->nr_over && d->next_respond_ns > d->now_ns &&
	    d->next_respond_ns < wake_ns)
		wake_ns = d->next_respond_ns;
	if (d->respond_soon && d->soon_respond_ns < wake_ns)
		wake_ns = d->soon_respond_ns;
	if (thaw_ns && thaw_ns < wake_ns)
		wake_ns = thaw_ns;
	next.it_value = clock_for_timer(wake_ns);
	timerfd_settime(d->timer_fd, TFD_TIMER_ABSTIME, &next, NULL);
}

static int open_signals(struct daemon *d, struct error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	d->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (d->signal_fd < 0 || d->timer_fd < 0)
		return fail(err, errno, "cannot make signal and timer fds: %s",
			    strerror(errno));
	return 0;
}

static int add_source(struct daemon *d, int fd, struct error *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return fail(err, errno, "cannot wait for events: %s",
			    strerror(errno));
	return 0;
}

static int open_sources(struct daemon *d, struct error *err)
{
	int ret;

	d->ring = ring_buffer__new(d->pins->map_fd[MAP_EVENTS], handle_event, d,
				   NULL);
	if (!d->ring)
		return fail(err, errno, "cannot read the ring buffer: %s",
			    strerror(errno));
	d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (d->epoll_fd < 0)
		return fail(err, errno, "cannot make an epoll fd: %s",
			    strerror(errno));
	pressure_start(&d->pressure, d->pins, d->epoll_fd);
	ret = add_source(d, ring_buffer__epoll_fd(d->ring), err);
	if (!ret)
		ret = add_source(d, d->signal_fd, err);
	if (!ret)
		ret = add_source(d, d->timer_fd, err);
	if (!ret && d->stream.listen_fd >= 0)
		ret = add_source(d, d->stream.listen_fd, err);
	if (!ret && d->background)
		ret = add_source(d, d->starter_fd, err);
	return ret;
}

int daemon_start(struct daemon *d, struct error *err)
{
	int ret = open_signals(d, err), lock;

	d->unload_lock_fd = -1;
	if (!ret)
		ret = role_take(d, err);
	if (ret)
		return ret;
	stream_init(&d->stream);
	/* with the loop's signals blocked, as their threads inherit it */
	log_start();
	if (printer_start(&d->printer, d->out, d->json))
		say("events are not printed: %s", strerror(errno));
	/* before the guard, which inherits the best of it; nobody has asked
	 * for one in the background */
	protect_self(d->background);
	d->pins->control->background = d->background;
	d->pins->control->dry_run = d->dry_run;
	gearshift_start(d);
	d->pins->control->loader_level = pid_names_level(d->pins);
	d->pins->control->loader_namespace = namespace_of_pids();
	d->pins->control->loader_pid = pid_to_initial(d->pins, getpid());
	d->lost = counter_read(d->pins, OVERHIGH_COUNT_LOST_EVENTS);
	ret = responses_start(&d->responses, d->pins, err);
	if (!ret)
		ret = guard_start(&d->guard, d->pins, err);
	if (!ret && stream_open(&d->stream, err))
		say("%s: no other command can follow the events", err->text);
	if (!ret)
		ret = open_sources(d, err);
	lock = ret ? ret : lock_take(LOCK_POLICY, true, err);
	if (lock < 0)
		ret = lock;
	if (!ret && d->rules)
		ret = enforce(d, d->rules, err);
	if (!ret)
		ret = refit_locked(d, false, err);
	if (lock >= 0)
		close(lock);
	if (ret) {
		role_give_back(d);
		daemon_stop(d, d->loaded);
		return ret;
	}
	reload_result_remove();
	if (d->rules)
		reload_result_write(
			&(struct reload_result){ .began_ns = clock_now_ns() });
	d->needed_until_ns = clock_now_ns() + STARTER_NS;
	tick(d);
	return 0;
}

int daemon_loop(struct daemon *d, struct error *err)
{
	struct epoll_event ready[NR_EVENT_SOURCES];
	__u64 expired;
	int i, n;

	while (!d->ending) {
		n = epoll_wait(d->epoll_fd, ready, NR_EVENT_SOURCES, 1000);
		if (n < 0 && errno != EINTR)
			return fail(err, errno, "cannot wait for events: %s",
				    strerror(errno));
		for (i = 0; i < n; i++) {
			int fd = ready[i].data.fd;

			if (fd == d->signal_fd)
				handle_signal(d);
			else if (d->background && fd == d->starter_fd)
				role_starter_left(d);
			else if (fd == d->stream.listen_fd)
				stream_accept(&d->stream, d->epoll_fd);
			else if (fd == d->timer_fd &&
				 read(fd, &expired, sizeof(expired)) < 0)
				continue;
			else if (!stream_hangup(&d->stream, fd))
				pressure_event(&d->pressure, fd,
					       ready[i].events, clock_now_ns());
		}
		d->events_of_turn = 0;
		ring_buffer__consume(d->ring);
		tick(d);
	}
	return 0;
}

/* A set that waits for the lock finds nothing loaded afterwards, and says so.
 * Who holds it for longer is stopped, and will say the same. */
static void unload(struct daemon *d)
{
	struct error err;
	int lock = d->unload_lock_fd;

	if (lock < 0)
		lock = lock_take_within(LOCK_POLICY, UNLOAD_WAIT_MS, &err);
	if (lock < 0)
		say("%s: going without", err.text);
	if (pins_remove(&err))
		say("%s", err.text);
	if (lock >= 0)
		close(lock);
}

void daemon_stop(struct daemon *d, bool detach)
{
	hold_end(d->pins);
	pressure_stop(&d->pressure);
	responses_stop(d->responses);
	d->responses = NULL;
	d->events_of_turn = 0;
	if (d->ring)
		ring_buffer__consume(d->ring);
	stream_close(&d->stream);
	if (d->ring)
		ring_buffer__free(d->ring);
	d->pins->control->loader_pid = 0;
	d->pins->control->guard_pid = 0;
	guard_stop(&d->guard);
	if (detach)
		unload(d);
	else
		gearshift_stop(d);
	pins_close(d->pins);
	close(d->lock_fd);
	printer_end(&d->printer);
	log_end();
}
