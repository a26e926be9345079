// SPDX-License-Identifier: GPL-2.0
/* cgroups/response.c - see cgroups/response.h. */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cgroup.h"
#include "cgroups/episode.h"
#include "cgroups/response.h"
#include "govern/extension.h"
#include "base/log.h"
#include "overhigh_policy.h"
#include "base/process.h"

/* ---- which cgroup ---- */

/* Opens the cgroup at a path below the mount point, and tells its id. */
static int open_path(const struct responses *r, const char *path, __u64 *id)
{
	char full[2 * PATH_MAX];
	struct stat st;
	int fd;

	snprintf(full, sizeof(full), "%s%s", r->mount, path);
	fd = open(full, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		close(fd);
		return -errno;
	}
	*id = st.st_ino;
	return fd;
}

static int open_own(const struct responses *r, const struct overhigh_look *look,
		    __u64 *id)
{
	struct process process;
	char path[PATH_MAX];
	__u32 pid = pid_to_local(r->pins, look->head.pid);
	int ret = read_cgroup(pid, path);

	if (ret)
		return ret;
	/* the pid may be another's by now */
	if (process_read(pid, &process) ||
	    !process_started_at(&process, look->head.start_ns))
		return -ESRCH;
	return open_path(r, path, id);
}

static int open_by_id(const struct responses *r, __u64 cgroup_id, __u64 *id)
{
	char path[PATH_MAX];
	int ret = cgroup_by_id(cgroup_id, path, sizeof(path), NULL);

	if (ret)
		return ret;
	ret = path_is_below(path, r->mount) ?
		      open_path(r, path + strlen(r->mount), id) :
		      -EINVAL;
	if (ret >= 0 && *id != cgroup_id) {
		close(ret);
		ret = -ESTALE;
	}
	return ret;
}

/* The episode of the cgroup that is meant, or NULL: there can be none. */
static struct episode *episode_for(struct responses *r,
				   const struct overhigh_look *look)
{
	bool by_cgroup = look->head.source == OVERHIGH_SOURCE_CGROUP;
	struct episode *e;
	__u64 id = look->head.source_id;
	int fd;

	if (!r->root_id)
		return NULL;
	e = by_cgroup ? episode_find(r, id) : NULL;
	if (e)
		return e;
	fd = by_cgroup ? open_by_id(r, id, &id) : open_own(r, look, &id);
	if (fd < 0) {
		if (fd != -ESRCH && fd != -ENODEV && fd != -ESTALE &&
		    first_time(r, look->head.pid, CAUSE_NO_PATH))
			say("cannot find the cgroup of process %u: %s",
			    look->head.pid, strerror(-fd));
		return NULL;
	}
	e = id == r->root_id ? NULL : episode_find(r, id);
	if (id == r->root_id && first_time(r, id, CAUSE_ROOT))
		say("process %u is in the root cgroup: nothing is done to that",
		    look->head.pid);
	if (e || id == r->root_id) {
		close(fd);
		return e;
	}
	return episode_new(r, id, fd);
}

/* ---- what is wanted ---- */

/* It has crossed, as its own charge saw, and nobody has released it. */
static bool is_in_episode(const struct responses *r,
			  const struct overhigh_look *look)
{
	__u32 pid = look->head.pid;
	struct overhigh_verdict verdict;
	struct overhigh_state state;

	if (bpf_map_lookup_elem(r->pins->map_fd[MAP_PROCESS_STATE], &pid,
				&state) ||
	    state.start_ns != look->head.start_ns || state.over_since_ns <= 1)
		return false;
	return bpf_map_lookup_elem(r->pins->map_fd[MAP_VERDICT], &pid,
				   &verdict) ||
	       verdict.start_ns != state.start_ns ||
	       verdict.over_since_ns != state.over_since_ns ||
	       !verdict.released;
}

static void want(struct wanted *w, const struct overhigh_extension *x,
		 __u64 excess_bytes)
{
	if ((x->responses & OVERHIGH_HIGH) &&
	    (!(w->responses & OVERHIGH_HIGH) || x->high_bytes < w->high_bytes))
		w->high_bytes = x->high_bytes;
	if ((x->responses & OVERHIGH_LOW_PRIORITY) &&
	    (!(w->responses & OVERHIGH_LOW_PRIORITY) ||
	     x->cpu_weight < w->cpu_weight))
		w->cpu_weight = x->cpu_weight;
	if ((x->responses & OVERHIGH_FREEZE) &&
	    (!(w->responses & OVERHIGH_FREEZE) || x->freeze_ms < w->freeze_ms))
		w->freeze_ms = x->freeze_ms;
	if (x->responses & OVERHIGH_RECLAIM)
		w->excess_bytes = overhigh_add(w->excess_bytes, excess_bytes);
	w->responses |= x->responses;
}

void responses_look_begin(struct responses *r)
{
	int i;

	for (i = 0; r->nr && i < MAX_EPISODES; i++)
		memset(&r->episode[i].wanted, 0, sizeof(struct wanted));
}

void responses_look(struct responses *r, const struct overhigh_look *look)
{
	struct overhigh_extension extension;
	struct episode *e;

	if (!look->head.excess_bytes || r->pins->control->dry_run ||
	    !extension_get(r->pins, &look->policy, &extension) ||
	    !extension.responses || !is_in_episode(r, look))
		return;
	e = episode_for(r, look);
	if (e)
		want(&e->wanted, &extension, look->head.excess_bytes);
}

void responses_look_end(struct responses *r, bool complete)
{
	struct episode *e;
	int i;

	for (i = 0; r->nr && i < MAX_EPISODES; i++) {
		e = &r->episode[i];
		if (!e->cgroup_id)
			continue;
		if (e->wanted.responses)
			episode_go_on(r, e);
		else if (complete)
			episode_end(r, e);
	}
}

bool responses_concerns(const struct responses *r,
			const struct overhigh_event *event)
{
	struct overhigh_extension extension;
	struct overhigh_policy policy;
	__u32 key = event->pid;
	enum map_id map = MAP_PROCESS_POLICY;

	if (!r)
		return false;
	if (event->type == OVERHIGH_EV_BELOW ||
	    event->type == OVERHIGH_EV_EXITED)
		return r->nr > 0;
	if (event->type != OVERHIGH_EV_CROSSED)
		return false;
	if (event->source == OVERHIGH_SOURCE_CGROUP)
		return true; /* which of them, the look will tell */
	if (event->source == OVERHIGH_SOURCE_DEFAULT) {
		map = MAP_DEFAULT_POLICY;
		key = 0;
	}
	return !bpf_map_lookup_elem(r->pins->map_fd[map], &key, &policy) &&
	       extension_get(r->pins, &policy, &extension) &&
	       extension.responses;
}

/* ---- by time ---- */

static void restart_writer(struct responses *r)
{
	struct error err;
	int i;

	writer_stop(&r->writer);
	for (i = 0; i < MAX_EPISODES; i++)
		episode_writers_ended(&r->episode[i]);
	if (writer_start(&r->writer, &err) && first_time(r, 0, CAUSE_WRITER))
		say("%s", err.text);
}

static __u64 thaw_in_time(struct responses *r, __u64 now_ns)
{
	__u64 at_ns, next_ns = 0;
	int i;

	for (i = 0; i < MAX_EPISODES; i++) {
		at_ns = episode_thaw(r, &r->episode[i], now_ns);
		if (at_ns && (!next_ns || at_ns < next_ns))
			next_ns = at_ns;
	}
	return next_ns;
}

__u64 responses_tick(struct responses *r, __u64 now_ns)
{
	struct write_reply reply;
	int ret;

	if (!r || !r->nr)
		return 0;
	while ((ret = writer_reply(&r->writer, &reply)) > 0)
		episode_reply(r, &reply);
	if (ret < 0)
		restart_writer(r);
	if (!r->pins->control->nr_over) {
		responses_look_begin(r);
		responses_look_end(r, true);
	}
	return thaw_in_time(r, now_ns);
}

/* ---- beginning and end ---- */

int responses_start(struct responses **responses, const struct pins *pins,
		    struct error *err)
{
	struct responses *r = calloc(1, sizeof(*r));
	struct stat st;
	int ret;

	if (!r)
		return fail(err, ENOMEM, "out of memory");
	undo_all();
	r->pins = pins;
	if (!cgroup2_mount(r->mount, sizeof(r->mount)) && !stat(r->mount, &st))
		r->root_id = st.st_ino;
	ret = writer_start(&r->writer, err);
	if (ret)
		free(r);
	else
		*responses = r;
	return ret;
}

void responses_stop(struct responses *r)
{
	int i;

	if (!r)
		return;
	writer_stop(&r->writer);
	undo_all();
	for (i = 0; i < MAX_EPISODES; i++)
		if (r->episode[i].cgroup_id)
			close(r->episode[i].cgroup_fd);
	free(r);
}
