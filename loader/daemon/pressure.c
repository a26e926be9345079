// SPDX-License-Identifier: GPL-2.0
/* daemon/pressure.c - see daemon/pressure.h. */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "attach/pressure_trigger.h"
#include "base/cgroup.h"
#include "base/clock.h"
#include "govern/extension.h"
#include "base/log.h"
#include "overhigh_policy.h"
#include "overhigh_rules.h"
#include "pins/map_walk.h"
#include "govern/policy_maps.h"
#include "daemon/pressure.h"

#define RETRY_NS 1000000000ULL /* after a trigger could not be made */

/* ---- one condition ---- */

static void set_gate(const struct pressure *p,
		     const struct pressure_condition *c)
{
	struct overhigh_pressure_gate gate = { .until_ns = c->gate.until_ns };

	if (bpf_map_update_elem(p->pins->map_fd[MAP_PRESSURE], &c->key, &gate,
				BPF_ANY))
		say("cannot write the map pressure: %s", strerror(errno));
}

static void drop_trigger(const struct pressure *p, struct pressure_condition *c)
{
	if (c->trigger_fd < 0)
		return;
	epoll_ctl(p->epoll_fd, EPOLL_CTL_DEL, c->trigger_fd, NULL);
	close(c->trigger_fd);
	c->trigger_fd = -1;
}

static void forget_gate(const struct pressure *p,
			const struct pressure_condition *c)
{
	bpf_map_delete_elem(p->pins->map_fd[MAP_PRESSURE], &c->key);
}

static void end(const struct pressure *p, struct pressure_condition *c)
{
	drop_trigger(p, c);
	forget_gate(p, c);
	if (c->dir_fd >= 0)
		close(c->dir_fd);
}

/* Its policy goes with the next look at all of them, which is now. */
static void cgroup_is_gone(struct pressure *p, struct pressure_condition *c)
{
	say("cgroup %llu is gone: nothing waits for its memory pressure now",
	    c->key.cgroup_id);
	__sync_fetch_and_add(&p->pins->control->generation, 1);
}

static void say_failed(struct pressure *p, struct pressure_condition *c,
		       int code)
{
	char path[PATH_MAX];

	if (c->failed)
		return;
	c->failed = true;
	if (access(PRESSURE_DIR "/memory", F_OK) || code == EOPNOTSUPP) {
		if (!p->said_no_psi)
			say("this kernel does not account memory pressure, so "
			    "policies that wait for it are not enforced: boot "
			    "with psi=1");
		p->said_no_psi = true;
	} else if (!c->key.cgroup_id) {
		say("cannot watch memory pressure (%s): policies that wait for "
		    "it are not enforced",
		    pressure_trigger_reason(code));
	} else if (cgroup_by_id(c->key.cgroup_id, path, sizeof(path), NULL) ==
		   -ESTALE) {
		cgroup_is_gone(p, c);
	} else {
		say("cannot watch memory.pressure of cgroup %llu (%s): its "
		    "policy is not enforced",
		    c->key.cgroup_id, pressure_trigger_reason(code));
	}
}

static void listen_to(struct pressure *p, struct pressure_condition *c)
{
	struct epoll_event event = { .events = EPOLLPRI };
	int fd = pressure_trigger_open(c->dir_fd, !c->key.cgroup_id,
				       &c->extension);

	/*
	 * Not through an epoll fd of our own: to ask a trigger whether it has
	 * fired takes the event away, and the outer of two epolls asks first.
	 */
	event.data.fd = c->trigger_fd = fd;
	if (fd >= 0 && epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		fd = -errno;
		drop_trigger(p, c);
	}
	if (fd >= 0) {
		c->failed = false;
		set_gate(p, c);
		return;
	}
	forget_gate(p, c);
	say_failed(p, c, -fd);
	/* memory for it, or the file, may be there later */
	c->gate.listen_ns = clock_now_ns() + RETRY_NS;
}

static void begin(struct pressure *p, struct pressure_condition *c)
{
	c->gate.window_ns = c->extension.pressure_window_ms * 1000000ULL;
	c->trigger_fd = -1;
	c->dir_fd = pressure_dir_open(c->key.cgroup_id);
	if (c->dir_fd >= 0)
		listen_to(p, c);
	else
		say_failed(p, c, -c->dir_fd);
}

static void step(struct pressure *p, struct pressure_condition *c, __u64 now_ns,
		 bool fired)
{
	if (c->dir_fd < 0)
		return;
	switch (pressure_gate_step(&c->gate, now_ns, fired)) {
	case PRESSURE_OPEN:
		set_gate(p, c);
		break;
	case PRESSURE_PAUSE:
		set_gate(p, c);
		drop_trigger(p, c);
		break;
	case PRESSURE_LISTEN:
		listen_to(p, c);
		break;
	case PRESSURE_KEEP:
		break;
	}
}

/* ---- all of them ---- */

/* What policies ask for, before it is compared with what is there. */
struct wanted {
	struct pressure *p;
	struct pressure_condition list[PRESSURE_MAX_CONDITIONS];
	unsigned int nr, left_out;
	/* extensions whose condition is on the pressure of the machine */
	bool by_machine[OVERHIGH_MAX_EXTENSIONS];
};

static void want(struct wanted *w, __u64 cgroup_id, __u32 key,
		 const struct overhigh_extension *extension)
{
	struct pressure_condition *c = &w->list[w->nr];

	if (w->nr == PRESSURE_MAX_CONDITIONS) {
		w->left_out++;
		return;
	}
	memset(c, 0, sizeof(*c));
	c->key.cgroup_id = cgroup_id;
	c->key.extension = key;
	c->extension.pressure = extension->pressure;
	c->extension.pressure_permille = extension->pressure_permille;
	c->extension.pressure_window_ms = extension->pressure_window_ms;
	w->nr++;
}

static bool get_condition(const struct pins *pins, __u32 key,
			  struct overhigh_extension *extension)
{
	struct overhigh_policy policy = { .escalation =
						  overhigh_extended_by(key) };

	return extension_get(pins, &policy, extension) && extension->pressure;
}

/* Processes and the default share the machine's; a cgroup has its own. */
static int look_at_policy(const struct target *target,
			  const struct overhigh_policy *policy, void *ctx)
{
	__u32 key = overhigh_extension_key(policy);
	struct overhigh_extension extension;
	struct wanted *w = ctx;

	if (!overhigh_extended(policy) || key >= OVERHIGH_MAX_EXTENSIONS)
		return 0;
	if (target->kind != TARGET_CGROUP)
		w->by_machine[key] = true;
	else if (get_condition(w->p->pins, key, &extension))
		want(w, target->cgroup_id, key, &extension);
	return 0;
}

/* What a rule gives to processes that are still to come. */
static void look_at_rules(struct pressure *p)
{
	__u32 half = p->pins->control->rules & 1, key, i;
	struct overhigh_rule rule;

	if (p->pins->control->rules == p->rules)
		return;
	p->rules = p->pins->control->rules;
	memset(p->ruled, 0, sizeof(p->ruled));
	for (i = 0; i < p->pins->control->nr_rules; i++) {
		key = half * OVERHIGH_MAX_RULES + i;
		if (bpf_map_lookup_elem(p->pins->map_fd[MAP_RULES], &key,
					&rule) ||
		    !overhigh_extended(&rule.policy))
			continue;
		key = overhigh_extension_key(&rule.policy);
		if (key < OVERHIGH_MAX_EXTENSIONS)
			p->ruled[key] = true;
	}
}

static void find_wanted(struct wanted *w)
{
	struct overhigh_extension extension;
	__u32 key;

	policy_each(w->p->pins, look_at_policy, w);
	look_at_rules(w->p);
	for (key = 1; key < OVERHIGH_MAX_EXTENSIONS; key++)
		if ((w->by_machine[key] || w->p->ruled[key]) &&
		    get_condition(w->p->pins, key, &extension))
			want(w, 0, key, &extension);
}

static bool is_in(const struct pressure_condition *list, unsigned int nr,
		  const struct pressure_condition *c)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!memcmp(&list[i].key, &c->key, sizeof(c->key)) &&
		    !memcmp(&list[i].extension, &c->extension,
			    sizeof(c->extension)))
			return true;
	return false;
}

/* One that is left out is never met, and so not counted as watched. */
static void say_left_out(struct pressure *p, unsigned int left_out)
{
	if (left_out > p->left_out)
		say("there are %u more conditions on memory pressure than the "
		    "%d that can be watched: their policies are not enforced",
		    left_out, PRESSURE_MAX_CONDITIONS);
	p->left_out = left_out;
}

void pressure_refit(struct pressure *p)
{
	struct wanted w = { .p = p };
	unsigned int i, kept = 0;

	find_wanted(&w);
	for (i = 0; i < p->nr; i++) {
		if (is_in(w.list, w.nr, &p->conditions[i]))
			p->conditions[kept++] = p->conditions[i];
		else
			end(p, &p->conditions[i]);
	}
	p->nr = kept;
	for (i = 0; i < w.nr; i++) {
		if (is_in(p->conditions, kept, &w.list[i]))
			continue;
		p->conditions[p->nr] = w.list[i];
		begin(p, &p->conditions[p->nr++]);
	}
	say_left_out(p, w.left_out);
}

void pressure_start(struct pressure *p, const struct pins *pins, int epoll_fd)
{
	int fd = pins->map_fd[MAP_PRESSURE];
	struct map_walk walk = map_walk_of(fd);
	struct overhigh_pressure_key key;

	p->pins = pins;
	p->epoll_fd = epoll_fd;
	while (map_walk_next(&walk, &key, sizeof(key)))
		bpf_map_delete_elem(fd, &key);
}

void pressure_stop(struct pressure *p)
{
	while (p->nr)
		end(p, &p->conditions[--p->nr]);
}

void pressure_event(struct pressure *p, int fd, __u32 events, __u64 now_ns)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++) {
		struct pressure_condition *c = &p->conditions[i];

		if (c->trigger_fd != fd)
			continue;
		if (events & EPOLLERR) {
			/* the cgroup is gone, or its pressure file was */
			drop_trigger(p, c);
			c->gate.until_ns = c->gate.run_since_ns = 0;
			listen_to(p, c);
		} else if (events & EPOLLPRI) {
			step(p, c, now_ns, true);
		}
		return;
	}
}

void pressure_tick(struct pressure *p, __u64 now_ns)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		step(p, &p->conditions[i], now_ns, false);
}
