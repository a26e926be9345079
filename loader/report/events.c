// SPDX-License-Identifier: GPL-2.0
/* report/events.c - see report/events.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/cgroup.h"
#include "base/clock.h"
#include "report/events.h"
#include "report/json.h"
#include "text/format.h"
#include "text/printable.h"
#include "overhigh_policy.h"

#define CGROUP_MOST 80 /* bytes of a path: an event is a short line */

bool event_valid(const struct overhigh_event *event, size_t size)
{
	return size == sizeof(*event) && event->type > 0 &&
	       event->type < OVERHIGH_EV_MAX && event->pid;
}

/* It need not end with a zero: it came over a buffer. */
static void raw_comm(const struct overhigh_event *event, char *comm)
{
	memcpy(comm, event->comm, OVERHIGH_COMM_LEN);
	comm[OVERHIGH_COMM_LEN - 1] = 0;
}

void event_comm(const struct overhigh_event *event, char *comm)
{
	char raw[OVERHIGH_COMM_LEN];

	raw_comm(event, raw);
	printable(comm, OVERHIGH_COMM_LEN, raw);
}

/* What the number in detail means depends on the type. */
static const char *detail_text(const struct overhigh_event *event, char *text,
			       size_t size)
{
	if (event->type == OVERHIGH_EV_REFUSED)
		return format_refusal(text, size, event->detail);
	if (event->type == OVERHIGH_EV_MISSED)
		return format_missed(text, size, event->detail);
	return NULL;
}

static cJSON *rss_object(const struct overhigh_event *event)
{
	static const char *const names[OVERHIGH_KINDS] = { "file", "anon",
							   "swap", "shmem" };
	cJSON *rss = cJSON_CreateObject();
	int kind;

	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		json_add_u64(rss, names[kind], event->rss_bytes[kind]);
	return rss;
}

/* The number that the reader can use; null if the process lives outside his
 * pid namespace. */
static void add_pid(cJSON *object, const char *name, const char *initial_name,
		    __u32 seen, __u32 initial)
{
	if (seen)
		json_add_u64(object, name, seen);
	else
		cJSON_AddNullToObject(object, name);
	if (seen != initial)
		json_add_u64(object, initial_name, initial);
}

/* "2026-11-25T09:46:13.123456Z": the monotonic clock as that on the wall has
 * it now. */
static void add_wall_time(cJSON *object, __u64 time_ns)
{
	__u64 ago_ns = clock_now_ns() - time_ns;
	__u64 wall_ns = clock_read_ns(CLOCK_REALTIME) - ago_ns;
	time_t seconds = wall_ns / 1000000000ULL;
	char day[32], text[48];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%06lluZ", day,
		 wall_ns / 1000 % 1000000);
	json_add_text(object, "time", text);
}

/* The path below the mount of cgroup2, of a long one the end; NULL if the
 * cgroup is gone.  The last one is kept: many events in a row are of one
 * cgroup, whose id is never that of another. */
static const char *cgroup_path(__u64 id)
{
	static char path[PATH_MAX];
	static const char *shown;
	static __u64 last_id;
	char mount[PATH_MAX];
	size_t skip, length;

	if (id == last_id)
		return shown;
	last_id = 0;
	shown = NULL;
	if (cgroup_by_id(id, path, sizeof(path), NULL) ||
	    cgroup2_mount(mount, sizeof(mount)))
		return NULL;
	skip = strlen(mount);
	length = strlen(path);
	if (length > skip + CGROUP_MOST) {
		skip = length - CGROUP_MOST;
		memset(path + skip, '.', 3);
	}
	shown = path[skip] ? path + skip : "/";
	last_id = id;
	return shown;
}

static void add_cgroup(cJSON *object, __u64 id)
{
	const char *path = id ? cgroup_path(id) : NULL;

	if (path)
		json_add_text(object, "cgroup", path);
	else
		cJSON_AddNullToObject(object, "cgroup");
}

static cJSON *event_object(const struct overhigh_event *event)
{
	cJSON *object = cJSON_CreateObject();
	char comm[OVERHIGH_COMM_LEN], text[FORMAT_MAX];

	raw_comm(event, comm);
	add_wall_time(object, event->time_ns);
	json_add_u64(object, "time_ns", event->time_ns);
	cJSON_AddStringToObject(
		object, "type",
		format_event_type(text, sizeof(text), event->type));
	add_pid(object, "pid", "initial_pid", event->seen_pid, event->pid);
	add_pid(object, "tid", "initial_tid", event->seen_tid, event->tid);
	json_add_text(object, "comm", comm);
	add_cgroup(object, event->cgroup_id);
	json_add_u64(object, "cgroup_id", event->cgroup_id);
	json_add_u64(object, "start_ns", event->start_ns);
	cJSON_AddItemToObject(object, "rss", rss_object(event));
	json_add_u64(object, "usage_bytes", event->usage_bytes);
	if (event->limit_bytes == OVERHIGH_NO_LIMIT)
		cJSON_AddNullToObject(object, "limit_bytes");
	else
		json_add_u64(object, "limit_bytes", event->limit_bytes);
	json_add_u64(object, "excess_bytes", event->excess_bytes);
	format_action(text, sizeof(text), overhigh_action(event->control));
	cJSON_AddStringToObject(object, "action", text);
	if (overhigh_action(event->control) == OVERHIGH_SIGNAL) {
		format_signal(text, sizeof(text),
			      overhigh_signal(event->control));
		cJSON_AddStringToObject(object, "signal", text);
	}
	if (event->type == OVERHIGH_EV_ESCALATED)
		json_add_u64(object, "step", event->detail);
	json_add_u64(object, "delay_ns", event->delay_ns);
	json_add_u64(object, "over_ns", event->over_ns);
	format_source(text, sizeof(text), event->source);
	cJSON_AddStringToObject(object, "source", text);
	if (detail_text(event, text, sizeof(text)))
		cJSON_AddStringToObject(object, "detail", text);
	if (event->left_out)
		json_add_u64(object, "left_out", event->left_out);
	cJSON_AddBoolToObject(object, "dry_run",
			      event->flags & OVERHIGH_EVF_DRY_RUN);
	return object;
}

/* Takes the object over. */
static int object_line(char *line, size_t size, cJSON *object)
{
	char *text = cJSON_PrintUnformatted(object);
	int n;

	cJSON_Delete(object);
	if (!text)
		return -ENOMEM;
	n = snprintf(line, size, "%s\n", text);
	cJSON_free(text);
	return (size_t)n < size ? n : -ENOSPC;
}

int event_json(char *line, size_t size, const struct overhigh_event *event)
{
	return object_line(line, size, event_object(event));
}

static void describe_action(const struct overhigh_event *event, char *text,
			    size_t size)
{
	__u32 action = overhigh_action(event->control);
	char signal[FORMAT_MAX], delay[FORMAT_MAX];

	if (action == OVERHIGH_SIGNAL) {
		format_signal(signal, sizeof(signal),
			      overhigh_signal(event->control));
		snprintf(text, size, "signal %s", signal);
	} else if (action == OVERHIGH_SLOWDOWN &&
		   event->type == OVERHIGH_EV_ACTED) {
		format_duration_rounded(delay, sizeof(delay), event->delay_ns);
		snprintf(text, size, "slowdown for %s", delay);
	} else {
		format_action(text, size, action);
	}
}

/* The line without its end: "crossed  eat[123]  ...". */
static void event_text(const struct overhigh_event *event, char *line,
		       size_t size)
{
	char comm[OVERHIGH_COMM_LEN], action[96], rss[FORMAT_MAX];
	char limit[FORMAT_MAX], excess[FORMAT_MAX], over[FORMAT_MAX];
	char after[96] = "", who[48], type[FORMAT_MAX], detail[FORMAT_MAX];
	const char *dry_run = event->flags & OVERHIGH_EVF_DRY_RUN ?
				      " (dry run: not done)" :
				      "";
	/* the kinds that are counted, as the limit is one of them */
	__u32 flags = overhigh_flags(event->control);
	__u64 sum = 0;
	int kind;

	event_comm(event, comm);
	describe_action(event, action, sizeof(action));
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		if (!(flags & OVERHIGH_RSS_MASK) ||
		    (flags & overhigh_rss_kind_flag(kind)))
			sum += event->rss_bytes[kind];
	format_size_rounded(rss, sizeof(rss), sum);
	format_size_rounded(limit, sizeof(limit), event->limit_bytes);
	format_size_rounded(excess, sizeof(excess), event->excess_bytes);
	snprintf(who, sizeof(who),
		 event->seen_pid ? "%s[%u]" : "%s[outside:%u]", comm,
		 event->seen_pid ? event->seen_pid : event->pid);
	if (event->over_ns) {
		format_duration_rounded(over, sizeof(over), event->over_ns);
		snprintf(after, sizeof(after), " after %s over", over);
	}
	format_event_type(type, sizeof(type), event->type);
	if (detail_text(event, detail, sizeof(detail)))
		snprintf(line, size, "%-9s %s: %s: %s", type, who, action,
			 detail);
	else if (event->type == OVERHIGH_EV_ACTED && !event->excess_bytes)
		snprintf(line, size, "%-9s %s: above its rate (rss %s): %s%s",
			 type, who, rss, action, dry_run);
	else if (event->type == OVERHIGH_EV_EXITED ||
		 event->type == OVERHIGH_EV_BELOW)
		snprintf(line, size, "%-9s %s%s", type, who, after);
	else
		snprintf(line, size, "%-9s %s: %s over %s (rss %s)%s: %s%s",
			 type, who, excess, limit, rss, after, action, dry_run);
}

int event_line(char *line, size_t size, const struct overhigh_event *event,
	       bool json)
{
	char text[512], left_out[64] = "";
	int n;

	if (json)
		return event_json(line, size, event);
	event_text(event, text, sizeof(text));
	if (event->left_out)
		snprintf(left_out, sizeof(left_out),
			 " (%u events of it before this one were left out)",
			 event->left_out);
	n = snprintf(line, size, "%llu.%06llu %s%s\n",
		     event->time_ns / 1000000000ULL,
		     event->time_ns / 1000 % 1000000, text, left_out);
	return (size_t)n < size ? n : -ENOSPC;
}

int event_lost_line(char *line, size_t size, __u64 lost, bool json)
{
	cJSON *object;
	int n;

	if (!json) {
		n = snprintf(line, size,
			     "lost      %llu events were left out: the reader "
			     "was too slow\n",
			     lost);
		return (size_t)n < size ? n : -ENOSPC;
	}
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "type", "lost");
	json_add_u64(object, "count", lost);
	return object_line(line, size, object);
}

/* A line, if there is one. */
static int print_line(FILE *out, const char *line, int n)
{
	if (n < 0)
		return n;
	if (fwrite(line, n, 1, out) != 1 || fflush(out))
		return -errno;
	return 0;
}

int event_print(FILE *out, const struct overhigh_event *event, bool json)
{
	char line[EVENT_LINE_MAX];

	return print_line(out, line,
			  event_line(line, sizeof(line), event, json));
}

int event_print_lost(FILE *out, __u64 lost, bool json)
{
	char line[EVENT_LINE_MAX];

	return print_line(out, line,
			  event_lost_line(line, sizeof(line), lost, json));
}

void event_kernel_log(const struct overhigh_event *event)
{
	char text[512], line[600];
	int fd, n;

	if (!(event->flags & OVERHIGH_EVF_LOG) ||
	    (event->flags & OVERHIGH_EVF_DRY_RUN) ||
	    event->type != OVERHIGH_EV_CROSSED)
		return;
	event_text(event, text, sizeof(text));
	n = snprintf(line, sizeof(line), "<4>overhigh: %s\n", text);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, line, n) < 0)
		say("cannot write to the kernel log: %s", strerror(errno));
	close(fd);
}
