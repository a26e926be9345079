// SPDX-License-Identifier: GPL-2.0
/* cgroups/episode.c - see cgroups/episode.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cgroups/episode.h"
#include "base/clock.h"
#include "base/log.h"

#define BACKOFF_LEAST_NS 100000000ULL
#define BACKOFF_MOST_NS 5000000000ULL
#define RECLAIM KNOBS /* write_request.what of memory.reclaim */

/* ---- saying things once ---- */

bool first_time(struct responses *r, __u64 cgroup_id, __u32 cause)
{
	struct said *said;
	unsigned int i;

	for (i = 0; i < MAX_SAID && i < r->nr_said; i++)
		if (r->said[i].cgroup_id == cgroup_id &&
		    r->said[i].cause == cause)
			return false;
	said = &r->said[r->nr_said++ % MAX_SAID];
	said->cgroup_id = cgroup_id;
	said->cause = cause;
	return true;
}

static const char *path_of(const struct episode *e, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", e->cgroup_fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n < 0 ? 0 : n] = 0;
	return path;
}

static bool is_gone(int error)
{
	return error == -ENODEV || error == -ESTALE;
}

static void say_cannot(struct responses *r, const struct episode *e,
		       __u32 cause, const char *file, int error)
{
	char path[PATH_MAX];

	/* one whose cgroup was removed needs nothing any more */
	if (is_gone(error) || !first_time(r, e->cgroup_id, cause))
		return;
	if (faccessat(e->cgroup_fd, "cgroup.procs", F_OK, 0))
		return;
	say("cannot change %s/%s: %s", path_of(e, path), file,
	    error == -ENOENT ? "there is none (no such controller there?)" :
			       strerror(-error));
}

static void say_user(struct responses *r, const struct episode *e,
		     enum knob knob, const char *now)
{
	char path[PATH_MAX];

	if (first_time(r, e->cgroup_id, CAUSE_USER))
		say("%s/%s was changed meanwhile: it stays %s",
		    path_of(e, path), knob_files[knob], now);
}

/* ---- what is to be undone, on disk ---- */

static void put_episode(const struct episode *e, struct undo_file *file)
{
	struct undo undo = { .cgroup_id = e->cgroup_id };
	char path[PATH_MAX];
	int k;

	for (k = 0; k < KNOBS; k++) {
		const struct change *c = &e->change[k];

		if (c->state == CHANGE_NONE || c->state == CHANGE_OVER)
			continue;
		undo.path = path_of(e, path);
		undo.knob = k;
		undo.until_ns = c->until_ns;
		memcpy(undo.old, c->old, sizeof(undo.old));
		memcpy(undo.wrote, c->wrote, sizeof(undo.wrote));
		undo_put(file, &undo);
	}
}

static int save(struct responses *r)
{
	struct undo_file file;
	struct error err;
	int i, ret = undo_begin(&file, getpid(), true, &err);

	for (i = 0; !ret && i < MAX_EPISODES; i++)
		if (r->episode[i].cgroup_id)
			put_episode(&r->episode[i], &file);
	if (!ret)
		ret = undo_commit(&file, &err);
	if (ret && first_time(r, 0, CAUSE_UNDO_FILE))
		say("%s: cgroups are not changed", err.text);
	return ret;
}

/* ---- changing a file, and changing it back ---- */

static int ask_writer(struct responses *r, struct episode *e, __u32 what,
		      const char *name, const char *text)
{
	struct write_request request = { .tag = e->cgroup_id, .what = what };
	int fd = openat(e->cgroup_fd, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	snprintf(request.text, sizeof(request.text), "%s", text);
	return writer_ask(&r->writer, fd, &request);
}

/* The kernel reclaims within a write to memory.high. */
static int write_change(struct responses *r, struct episode *e, enum knob knob,
			const char *text, enum change_state under_way,
			enum change_state done)
{
	int ret;

	if (knob == KNOB_HIGH)
		ret = ask_writer(r, e, knob, knob_files[knob], text);
	else
		ret = knob_write(e->cgroup_fd, knob, text);
	if (!ret)
		e->change[knob].state = knob == KNOB_HIGH ? under_way : done;
	return ret;
}

/* As the kernel will show it: memory.high in whole pages. */
static __u64 as_shown(enum knob knob, __u64 value)
{
	__u64 page_bytes = sysconf(_SC_PAGESIZE);

	if (knob != KNOB_HIGH)
		return value;
	value -= value % page_bytes;
	return value / page_bytes >= LONG_MAX / page_bytes ? UNDO_KNOB_MAX :
							     value;
}

/* Whether value is a change of what is there in the way that is wanted: freeze
 * from 0 to 1, all else to less. */
static bool is_change(enum knob knob, const char *old, __u64 value)
{
	__u64 number;

	if (knob_number(old, &number))
		return false;
	return knob == KNOB_FREEZE ? number == 0 : value < number;
}

static void begin_change(struct responses *r, struct episode *e, enum knob knob,
			 __u64 value)
{
	struct change *c = &e->change[knob];
	int ret = knob_read(e->cgroup_fd, knob, c->old);

	if (!ret && !is_change(knob, c->old, value))
		return;
	if (!ret) {
		snprintf(c->wrote, sizeof(c->wrote), "%llu", value);
		c->until_ns = knob == KNOB_FREEZE ?
				      clock_now_ns() +
					      e->wanted.freeze_ms * 1000000ULL :
				      0;
		/* on disk first: we may die right after the write */
		c->state = CHANGE_WRITING;
		if (save(r)) {
			c->state = CHANGE_NONE;
			return;
		}
		ret = write_change(r, e, knob, c->wrote, CHANGE_WRITING,
				   CHANGE_HELD);
	}
	if (!ret)
		return;
	c->state = ret == -EAGAIN ? CHANGE_NONE : CHANGE_OVER;
	save(r);
	if (ret != -EAGAIN)
		say_cannot(r, e, CAUSE_KNOB + knob, knob_files[knob], ret);
}

/* after: CHANGE_OVER if it is not to be done again in this episode. */
static void end_change(struct responses *r, struct episode *e, enum knob knob,
		       enum change_state after)
{
	struct change *c = &e->change[knob];
	char now[KNOB_TEXT_MAX];
	int ret;

	if (c->state != CHANGE_HELD)
		return;
	ret = knob_read(e->cgroup_fd, knob, now);
	if (!ret && !strcmp(now, c->wrote)) {
		ret = write_change(r, e, knob, c->old, CHANGE_UNDOING, after);
		if (ret == -EAGAIN || (!ret && c->state == CHANGE_UNDOING))
			return;
	} else if (!ret && strcmp(now, c->old)) {
		say_user(r, e, knob, now);
		after = CHANGE_OVER;
	}
	if (ret)
		say_cannot(r, e, CAUSE_KNOB + knob, knob_files[knob], ret);
	c->state = after;
	save(r);
}

bool path_is_below(const char *path, const char *above)
{
	size_t length = strlen(above);

	return !strncmp(path, above, length) &&
	       (!path[length] || path[length] == '/');
}

int read_cgroup(__u32 pid, char path[PATH_MAX])
{
	char name[64], line[PATH_MAX];
	FILE *file;
	int ret = -ENOENT;

	snprintf(name, sizeof(name), "/proc/%u/cgroup", pid);
	file = fopen(name, "re");
	if (!file)
		return -ESRCH;
	while (ret && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "0::/", 4))
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(path, PATH_MAX, "%s", line + 3);
		ret = 0;
	}
	fclose(file);
	return ret;
}

/* Frozen, we and our guard could thaw nothing. */
static bool has_us(const struct responses *r, const struct episode *e)
{
	__u32 us[] = { getpid(),
		       pid_to_local(r->pins, r->pins->control->guard_pid),
		       r->writer.pid };
	char frozen[PATH_MAX], ours[PATH_MAX];
	size_t i;

	path_of(e, frozen);
	if (!path_is_below(frozen, r->mount))
		return true;
	for (i = 0; i < sizeof(us) / sizeof(us[0]); i++)
		if (us[i] && !read_cgroup(us[i], ours) &&
		    path_is_below(ours, frozen + strlen(r->mount)))
			return true;
	return false;
}

static void freeze(struct responses *r, struct episode *e)
{
	char path[PATH_MAX];

	if (!e->wanted.freeze_ms || e->change[KNOB_FREEZE].state != CHANGE_NONE)
		return;
	if (!has_us(r, e)) {
		begin_change(r, e, KNOB_FREEZE, 1);
		return;
	}
	e->change[KNOB_FREEZE].state = CHANGE_OVER;
	if (first_time(r, e->cgroup_id, CAUSE_OURS))
		say("%s is not frozen: overhigh itself is in it",
		    path_of(e, path));
}

/* Another value may be wanted than before: then the old one comes back first,
 * and the new one with the next look. */
static void change(struct responses *r, struct episode *e, enum knob knob,
		   __u64 value)
{
	struct change *c = &e->change[knob];
	__u64 wrote;

	value = as_shown(knob, value);
	if (c->state == CHANGE_NONE)
		begin_change(r, e, knob, value);
	else if (c->state == CHANGE_HELD && !knob_number(c->wrote, &wrote) &&
		 wrote != value)
		end_change(r, e, knob, CHANGE_NONE);
}

/* ---- reclaim ---- */

static void reclaim(struct responses *r, struct episode *e)
{
	__u64 now_ns = clock_now_ns();
	char text[32];
	int ret;

	if (e->reclaiming || now_ns < e->next_reclaim_ns)
		return;
	snprintf(text, sizeof(text), "%llu", e->wanted.excess_bytes);
	ret = ask_writer(r, e, RECLAIM, "memory.reclaim", text);
	e->reclaiming = !ret;
	if (!ret || ret == -EAGAIN)
		return;
	e->next_reclaim_ns = now_ns + BACKOFF_MOST_NS;
	say_cannot(r, e, CAUSE_RECLAIM, "memory.reclaim", ret);
}

/* EAGAIN: there was less to be had. */
static void reclaimed(struct responses *r, struct episode *e, int error)
{
	e->reclaiming = false;
	e->next_reclaim_ns = clock_now_ns() + e->backoff_ns;
	e->backoff_ns *= 2;
	if (e->backoff_ns > BACKOFF_MOST_NS)
		e->backoff_ns = BACKOFF_MOST_NS;
	if (error && error != -EAGAIN && error != -EINTR)
		say_cannot(r, e, CAUSE_RECLAIM, "memory.reclaim", error);
}

/* ---- episodes ---- */

struct episode *episode_find(struct responses *r, __u64 cgroup_id)
{
	int i;

	for (i = 0; r->nr && i < MAX_EPISODES; i++)
		if (r->episode[i].cgroup_id == cgroup_id)
			return &r->episode[i];
	return NULL;
}

struct episode *episode_new(struct responses *r, __u64 cgroup_id, int fd)
{
	struct episode *e;
	int i;

	for (i = 0; i < MAX_EPISODES; i++) {
		e = &r->episode[i];
		if (e->cgroup_id)
			continue;
		memset(e, 0, sizeof(*e));
		e->cgroup_id = cgroup_id;
		e->cgroup_fd = fd;
		e->backoff_ns = BACKOFF_LEAST_NS;
		r->nr++;
		return e;
	}
	close(fd);
	if (first_time(r, 0, CAUSE_FULL))
		say("more than %d cgroups have a process that is over: "
		    "nothing is done to the others",
		    MAX_EPISODES);
	return NULL;
}

void episode_end(struct responses *r, struct episode *e)
{
	bool done = !e->reclaiming;
	int k;

	for (k = 0; k < KNOBS; k++) {
		end_change(r, e, k, CHANGE_NONE);
		done &= e->change[k].state == CHANGE_NONE ||
			e->change[k].state == CHANGE_OVER;
	}
	if (!done)
		return;
	close(e->cgroup_fd);
	e->cgroup_id = 0;
	r->nr--;
}

void episode_go_on(struct responses *r, struct episode *e)
{
	const struct wanted *w = &e->wanted;

	/* first what holds it, reclaim then has less to run after */
	if (w->responses & OVERHIGH_FREEZE)
		freeze(r, e);
	else
		end_change(r, e, KNOB_FREEZE, CHANGE_NONE);
	if (w->responses & OVERHIGH_HIGH)
		change(r, e, KNOB_HIGH, w->high_bytes);
	else
		end_change(r, e, KNOB_HIGH, CHANGE_NONE);
	if (w->responses & OVERHIGH_LOW_PRIORITY)
		change(r, e, KNOB_WEIGHT, w->cpu_weight);
	else
		end_change(r, e, KNOB_WEIGHT, CHANGE_NONE);
	if (w->responses & OVERHIGH_RECLAIM)
		reclaim(r, e);
}

void episode_reply(struct responses *r, const struct write_reply *reply)
{
	struct episode *e = episode_find(r, reply->tag);
	struct change *c;

	if (!e || reply->what > RECLAIM)
		return;
	if (reply->what == RECLAIM) {
		reclaimed(r, e, reply->error);
		return;
	}
	c = &e->change[reply->what];
	if (reply->error)
		say_cannot(r, e, CAUSE_KNOB + reply->what,
			   knob_files[reply->what], reply->error);
	if (c->state == CHANGE_WRITING) {
		c->state = reply->error ? CHANGE_OVER : CHANGE_HELD;
	} else if (c->state == CHANGE_UNDOING) {
		c->state = reply->error ? CHANGE_OVER : CHANGE_NONE;
		save(r);
	}
}

/* What was under way may have been done, or not: as held it is looked at. */
void episode_writers_ended(struct episode *e)
{
	struct change *c = &e->change[KNOB_HIGH];

	e->reclaiming = false;
	if (c->state == CHANGE_WRITING || c->state == CHANGE_UNDOING)
		c->state = CHANGE_HELD;
}

__u64 episode_thaw(struct responses *r, struct episode *e, __u64 now_ns)
{
	struct change *c = &e->change[KNOB_FREEZE];

	if (!e->cgroup_id || c->state != CHANGE_HELD)
		return 0;
	if (c->until_ns > now_ns)
		return c->until_ns;
	end_change(r, e, KNOB_FREEZE, CHANGE_OVER);
	return 0;
}
