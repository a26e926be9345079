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
#include "report/events.h"
#include "daemon/stopped.h"
#include "attach/load.h"
#include "base/log.h"
#include "govern/enforce.h"
#include "govern/policy_maps.h"
#include "daemon/protect.h"
#include "daemon/reload_result.h"
#include "daemon/respond.h"
#include "govern/rules_maps.h"

#define TICK_NS                                                                \
	100000000ULL	       /* heartbeat; also how late a policy that       \
				* bpftool wrote can get its hooks */
#define RESPOND_NS 10000000ULL /* look at held processes this often */
#define MOST_PAUSE_NS 200000000ULL
#define NR_EVENT_SOURCES 8
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
	if (event->type == OVERHIGH_EV_NEAR)
		return ret; /* it was to wake us: the next scan sees why */
	printer_event(&d->printer, event);
	if (d->on_event)
		d->on_event(event, d->on_event_ctx);
	d->respond_soon |= responses_concerns(d->responses, event);
	stream_send(&d->stream, event);
	event_kernel_log(event);
	return ret;
}

/* A full ring buffer is counted by the BPF side; here it is said. */
static void report_lost(struct daemon *d)
{
	__u64 lost = counter_read(d->pins, OVERHIGH_COUNT_LOST_EVENTS);

	if (lost <= d->lost)
		return;
	printer_lost(&d->printer, lost - d->lost);
	stream_lost(&d->stream, lost - d->lost);
	d->lost = lost;
}

static int refit(struct daemon *d, bool watch, struct error *err)
{
	int lock = lock_take(LOCK_POLICY, true, err);
	int ret;

	if (lock < 0)
		return lock;
	d->generation = d->pins->control->generation;
	d->fingerprint = policy_fingerprint(d->pins);
	ret = policy_refit(d->pins, watch, &d->policies, err);
	pressure_refit(&d->pressure);
	if (!ret)
		d->watching = watch;
	else
		d->fingerprint = ~d->fingerprint; /* try again next time */
	close(lock);
	return ret;
}

/*
 * How long to pause after work that took so much CPU time: factor times as
 * long, so that many policies do not make a busy loader; but never so long that
 * what waits for us waits noticeably.
 */
static __u64 pause_after(__u64 took_ns, unsigned int factor, __u64 least_ns)
{
	__u64 pause_ns = took_ns * factor;

	if (pause_ns < least_ns)
		return least_ns;
	return pause_ns < MOST_PAUSE_NS ? pause_ns : MOST_PAUSE_NS;
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
	bool watch = d->pins->control->nr_over > 0 ||
		     d->pins->control->near_until_ns > d->now_ns;
	__u64 fingerprint, began_ns;
	struct error err;

	if (d->now_ns < d->next_scan_ns && watch == d->watching)
		return;
	catch_missed_execs(d);
	began_ns = clock_cpu_ns();
	fingerprint = policy_fingerprint(d->pins);
	d->next_scan_ns =
		d->now_ns + pause_after(clock_cpu_ns() - began_ns, 50, TICK_NS);
	if ((d->pins->control->generation != d->generation ||
	     fingerprint != d->fingerprint || watch != d->watching) &&
	    refit(d, watch, &err))
		say("%s", err.text);
}

/* Looks at what is over; more often while something is held. */
static void respond_in_time(struct daemon *d, bool anything_held)
{
	__u64 began_ns = clock_cpu_ns();
	struct error err;

	if (!d->pins->control->nr_over)
		d->respond_soon = false; /* what it was for is below again */
	if (!d->pins->control->nr_over ||
	    d->now_ns <
		    (d->respond_soon ? d->soon_respond_ns : d->next_respond_ns))
		return;
	d->respond_soon = false;
	if (respond(d->pins, d->responses, &err))
		say("%s", err.text);
	d->soon_respond_ns = d->now_ns + pause_after(clock_cpu_ns() - began_ns,
						     20, RESPOND_NS);
	d->next_respond_ns =
		d->now_ns + pause_after(clock_cpu_ns() - began_ns, 20,
					anything_held ? RESPOND_NS : TICK_NS);
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
	lock = lock_take(LOCK_POLICY, true, &err);
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

/* All that goes by time.  Sets the timer for the next of it. */
static void tick(struct daemon *d)
{
	struct itimerspec next = {};
	__u64 deadline_ns, thaw_ns, wake_ns;
	bool held;

	d->now_ns = clock_now_ns();
	d->pins->control->heartbeat_ns = d->now_ns;
	held = hold_release_due(d->pins, false, &deadline_ns) > 0;
	take_up_module(d);
	pressure_tick(&d->pressure, d->now_ns);
	scan(d);
	respond_in_time(d, held);
	thaw_ns = responses_tick(d->responses, d->now_ns);
	report_lost(d);
	printer_tick(&d->printer);
	wake_ns = d->now_ns + TICK_NS;
	if (held && deadline_ns < wake_ns)
		wake_ns = deadline_ns;
	if (held && d->next_respond_ns > d->now_ns &&
	    d->next_respond_ns < wake_ns)
		wake_ns = d->next_respond_ns;
	if (d->respond_soon && d->soon_respond_ns < wake_ns)
		wake_ns = d->soon_respond_ns;
	if (thaw_ns && thaw_ns < wake_ns)
		wake_ns = thaw_ns;
	next.it_value = clock_for_timer(wake_ns);
	timerfd_settime(d->timer_fd, TFD_TIMER_ABSTIME, &next, NULL);
}

static void restart_guard(struct daemon *d)
{
	struct error err;

	say("the guard process ended: starting another");
	close(d->guard.alive_fd);
	d->guard.pid = 0;
	if (guard_start(&d->guard, d->pins, &err))
		say("%s: held processes depend on this loader alone", err.text);
	/* a rule may have taken it for somebody else's */
	if (d->pins->control->nr_rules && rules_apply(d->pins, &err))
		say("%s", err.text);
}

/* A child that the user stops (Ctrl-Z) stops us too, as a shell expects; what
 * is held is released first. */
static void stop_with_child(struct daemon *d, int sig)
{
	__u64 next_ns;

	if (sig == SIGSTOP)
		return; /* ours, or not from a terminal */
	hold_release_due(d->pins, true, &next_ns);
	d->pins->control->heartbeat_ns = 0;
	raise(SIGSTOP);
	kill(d->child, SIGCONT);
}

static void reap(struct daemon *d)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid == d->child && WIFSTOPPED(status)) {
			stop_with_child(d, WSTOPSIG(status));
		} else if (pid == d->child) {
			d->child_status = status;
			d->ending = true;
		} else if (pid == d->guard.pid && !WIFSTOPPED(status)) {
			restart_guard(d);
		}
	}
}

static int enforce(struct daemon *d, const struct rules *rules,
		   struct error *err)
{
	struct probe probe;
	int lock, ret = probe_kernel(&probe, err);

	if (ret)
		return ret;
	lock = lock_take(LOCK_POLICY, true, err);
	if (lock < 0)
		return lock;
	ret = rules_enforce(d->pins, rules, &probe, err);
	close(lock);
	return ret;
}

/* All of the new rules, or the old ones go on. */
static void reload(struct daemon *d)
{
	struct reload_result result = { .began_ns = clock_now_ns() };
	struct rules rules;
	int ret;

	rules_init(&rules, 0);
	ret = rules_read_config(&rules, d->config, &result.err);
	if (!ret)
		ret = enforce(d, &rules, &result.err);
	if (!ret)
		ret = refit(d, d->watching, &result.err);
	if (ret)
		say("the rules are as before: %s", result.err.text);
	else
		say("%u rules in force", rules.nr);
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
		reload(d);
	else if (!d->child)
		d->ending = true;
	else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP)
		kill(d->child, info.ssi_signo);
	/* SIGINT and SIGQUIT of a terminal reach the child by themselves */
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
	return ret;
}

/* Carries out --hook on what was found. */
static int choose_module(const struct daemon *d, struct probe *probe,
			 struct error *err)
{
	if (d->module == MODULE_OFF)
		probe_without_module(probe, "--hook=off was given");
	if (d->module == MODULE_REQUIRE && !probe->module)
		return bad_input(err, "--hook=require: %s",
				 probe->module_reason);
	return 0;
}

static int take_role(struct daemon *d, struct error *err)
{
	struct probe probe;
	char owner[48];
	int policy_lock, ret = probe_kernel(&probe, err);

	if (!ret)
		ret = choose_module(d, &probe, err);
	if (ret)
		return ret;
	d->lock_fd = lock_take(LOCK_LOADER, false, err);
	if (d->lock_fd == -EBUSY)
		return fail(err, EBUSY,
			    "another loader is running (%s): stop it first, "
			    "or use 'overhigh set'",
			    lock_owner_text(owner, sizeof(owner)));
	if (d->lock_fd < 0)
		return d->lock_fd;
	policy_lock = lock_take(LOCK_POLICY, true, err);
	ret = policy_lock < 0 ? policy_lock :
				load_or_take_over(&probe, d->pins, err);
	if (policy_lock >= 0)
		close(policy_lock);
	if (ret)
		close(d->lock_fd);
	return ret;
}

int daemon_start(struct daemon *d, struct error *err)
{
	int ret = open_signals(d, err);

	if (!ret)
		ret = take_role(d, err);
	if (ret)
		return ret;
	stream_init(&d->stream);
	/* with the loop's signals blocked, as their threads inherit it */
	log_start();
	if (printer_start(&d->printer, d->out, d->json))
		say("events are not printed: %s", strerror(errno));
	d->pins->control->dry_run = d->dry_run;
	d->pins->control->sample = d->sample;
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
	if (!ret && d->rules)
		ret = enforce(d, d->rules, err);
	if (!ret)
		ret = refit(d, false, err);
	if (ret) {
		daemon_stop(d, true);
		return ret;
	}
	reload_result_remove();
	if (d->rules)
		reload_result_write(
			&(struct reload_result){ .began_ns = clock_now_ns() });
	protect_self();
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
 */
static void unload(void)
{
	struct error err;
	int lock = lock_take(LOCK_POLICY, true, &err);

	if (lock < 0 || pins_remove(&err))
		say("%s", err.text);
	if (lock >= 0)
		close(lock);
}

void daemon_stop(struct daemon *d, bool detach)
{
	hold_end(d->pins);
	pressure_stop(&d->pressure);
	responses_stop(d->responses);
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
		unload();
	pins_close(d->pins);
	close(d->lock_fd);
	printer_end(&d->printer);
	log_end();
}
