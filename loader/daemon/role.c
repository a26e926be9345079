// SPDX-License-Identifier: GPL-2.0
/* daemon/role.c - see daemon/role.h. */
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include "attach/load.h"
#include "attach/probe.h"
#include "base/lock.h"
#include "base/log.h"
#include "daemon/role.h"
#include "govern/enforce.h"

#define BUSY_SAID_NS 2000000000ULL /* a lock held for longer is told of */
#define ROOM_TRIES 1000 /* of 5 ms: it continues what it holds, then ends */

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

/* Tells a loader in the background to end; its policies stay pinned. */
static bool ask_for_room(void)
{
	struct error ignored;
	struct pins pins;
	bool asked = false;
	pid_t pid;

	/* it may be just starting, or ending */
	if (pins_open(&pins, &ignored))
		return lock_owner() >= 0;
	pid = pid_to_local(&pins, pins.control->loader_pid);
	if (!pins.control->loader_pid)
		asked = true;
	else if (pins.control->background && pid > 0 && pid == lock_owner())
		asked = !kill(pid, SIGTERM);
	pins_close(&pins);
	return asked;
}

static int take_loader_lock(struct daemon *d, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	char owner[48];
	int tries;

	for (tries = 0; tries < ROOM_TRIES; tries++) {
		d->lock_fd = lock_take(LOCK_LOADER, false, err);
		if (d->lock_fd != -EBUSY)
			return d->lock_fd < 0 ? d->lock_fd : 0;
		/* two of a kind do not push each other out */
		if (d->background || !ask_for_room())
			break;
		nanosleep(&pause, NULL);
	}
	return fail(err, EBUSY,
		    "another loader is running (%s): stop it first, or use "
		    "'overhigh set'",
		    lock_owner_text(owner, sizeof(owner)));
}

int role_take(struct daemon *d, struct error *err)
{
	struct probe probe;
	int policy_lock, ret = probe_kernel(&probe, err);

	if (!ret)
		ret = choose_module(d, &probe, err);
	if (!ret)
		ret = take_loader_lock(d, err);
	if (ret)
		return ret;
	policy_lock = lock_take(LOCK_POLICY, true, err);
	d->loaded = !pins_exist();
	ret = policy_lock < 0 ? policy_lock :
				load_or_take_over(&probe, d->pins, err);
	if (policy_lock >= 0)
		close(policy_lock);
	if (ret) {
		close(d->lock_fd);
		return ret;
	}
	d->was_dry_run = d->pins->control->dry_run;
	d->was_exact = d->pins->control->exact;
	return 0;
}

void role_give_back(struct daemon *d)
{
	d->pins->control->dry_run = d->was_dry_run;
	d->pins->control->exact = d->was_exact;
}

int role_policy_lock(struct daemon *d, struct error *err)
{
	int lock = lock_take(LOCK_POLICY, false, err);

	if (lock != -EBUSY) {
		d->busy_since_ns = 0;
		d->busy_said = false;
		return lock;
	}
	if (!d->busy_since_ns)
		d->busy_since_ns = d->now_ns;
	if (d->now_ns - d->busy_since_ns > BUSY_SAID_NS && !d->busy_said) {
		d->busy_said = true;
		say("%s: hooks stay as they are until it lets go", err->text);
	}
	return lock;
}

void role_starter_left(struct daemon *d)
{
	epoll_ctl(d->epoll_fd, EPOLL_CTL_DEL, d->starter_fd, NULL);
	d->starter_gone = true;
	d->needed_until_ns = 0;
}

void role_end_if_unneeded(struct daemon *d)
{
	unsigned int left;
	struct error err;
	int lock;

	if (d->policies)
		d->needed_until_ns = 0;
	if (d->ending || d->now_ns < d->needed_until_ns ||
	    (d->policies && !d->starter_gone))
		return;
	lock = role_policy_lock(d, &err);
	if (lock < 0)
		return;
	if (policy_refit(d->pins, d->watching, &left, &err))
		say("%s", err.text);
	else
		d->policies = left;
	if (d->starter_gone && d->policies) {
		close(d->starter_fd); /* that we stay is the answer */
		d->starter_gone = false;
	}
	d->ending = !d->policies;
	if (d->ending)
		d->unload_lock_fd = lock;
	else
		close(lock);
}
