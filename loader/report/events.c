// SPDX-License-Identifier: GPL-2.0
/* report/events.c - see report/events.h. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "report/events.h"
#include "text/format.h"
#include "overhigh_policy.h"

bool event_valid(const struct overhigh_event *event, size_t size)
{
	return size == sizeof(*event) && event->type > 0 &&
	       event->type < OVERHIGH_EV_MAX && event->pid;
}

void event_comm(const struct overhigh_event *event, char *comm)
{
	int i;

	for (i = 0; i < OVERHIGH_COMM_LEN - 1 && event->comm[i]; i++)
		comm[i] = event->comm[i] >= ' ' && event->comm[i] < 127 ?
				  event->comm[i] :
				  '?';
	comm[i] = 0;
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
		cJSON_AddNumberToObject(rss, names[kind],
					event->rss_bytes[kind]);
	return rss;
}

/* The number that the reader can use; null if the process lives outside his
 * pid namespace. */
static void add_pid(cJSON *object, const char *name, const char *initial_name,
		    __u32 seen, __u32 initial)
{
	if (seen)
		cJSON_AddNumberToObject(object, name, seen);
	else
		cJSON_AddNullToObject(object, name);
	if (seen != initial)
		cJSON_AddNumberToObject(object, initial_name, initial);
}

static cJSON *event_object(const struct overhigh_event *event)
{
	cJSON *object = cJSON_CreateObject();
	char comm[OVERHIGH_COMM_LEN], text[FORMAT_MAX];

	event_comm(event, comm);
	cJSON_AddNumberToObject(object, "time_ns", event->time_ns);
	cJSON_AddStringToObject(
		object, "type",
		format_event_type(text, sizeof(text), event->type));
	add_pid(object, "pid", "initial_pid", event->seen_pid, event->pid);
	add_pid(object, "tid", "initial_tid", event->seen_tid, event->tid);
	cJSON_AddStringToObject(object, "comm", comm);
	cJSON_AddNumberToObject(object, "cgroup_id", event->cgroup_id);
	cJSON_AddNumberToObject(object, "start_ns", event->start_ns);
	cJSON_AddItemToObject(object, "rss", rss_object(event));
	cJSON_AddNumberToObject(object, "usage_bytes", event->usage_bytes);
	cJSON_AddNumberToObject(object, "limit_bytes", event->limit_bytes);
	cJSON_AddNumberToObject(object, "excess_bytes", event->excess_bytes);
	format_action(text, sizeof(text), overhigh_action(event->control));
	cJSON_AddStringToObject(object, "action", text);
	if (overhigh_action(event->control) == OVERHIGH_SIGNAL) {
		format_signal(text, sizeof(text),
			      overhigh_signal(event->control));
		cJSON_AddStringToObject(object, "signal", text);
	}
	if (event->type == OVERHIGH_EV_ESCALATED)
		cJSON_AddNumberToObject(object, "step", event->detail);
	cJSON_AddNumberToObject(object, "delay_ns", event->delay_ns);
	cJSON_AddNumberToObject(object, "over_ns", event->over_ns);
	format_source(text, sizeof(text), event->source);
	cJSON_AddStringToObject(object, "source", text);
	if (detail_text(event, text, sizeof(text)))
		cJSON_AddStringToObject(object, "detail", text);
	cJSON_AddBoolToObject(object, "dry_run",
			      event->flags & OVERHIGH_EVF_DRY_RUN);
	return object;
}

int event_json(char *line, size_t size, const struct overhigh_event *event)
{
	cJSON *object = event_object(event);
	char *text = cJSON_PrintUnformatted(object);
	int n;

	cJSON_Delete(object);
	if (!text)
		return -ENOMEM;
	n = snprintf(line, size, "%s\n", text);
	cJSON_free(text);
	return (size_t)n < size ? n : -ENOSPC;
}

/* Takes the object over. */
static int print_object(FILE *out, cJSON *object)
{
	char *line = cJSON_PrintUnformatted(object);

	cJSON_Delete(object);
	if (!line)
		return -ENOMEM;
	fprintf(out, "%s\n", line);
	cJSON_free(line);
	return fflush(out) ? -errno : 0;
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
	__u64 sum = 0;
	int kind;

	event_comm(event, comm);
	describe_action(event, action, sizeof(action));
	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
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

int event_print(FILE *out, const struct overhigh_event *event, bool json)
{
	char line[512];

	if (json)
		return print_object(out, event_object(event));
	event_text(event, line, sizeof(line));
	fprintf(out, "%llu.%06llu %s\n", event->time_ns / 1000000000ULL,
		event->time_ns / 1000 % 1000000, line);
	return fflush(out) ? -errno : 0;
}

int event_print_lost(FILE *out, __u64 lost, bool json)
{
	cJSON *object;

	if (!json) {
		fprintf(out, "lost      %llu events: the reader was too slow\n",
			lost);
		return fflush(out) ? -errno : 0;
	}
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "type", "lost");
	cJSON_AddNumberToObject(object, "count", lost);
	return print_object(out, object);
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
		perror("overhigh: /dev/kmsg");
	close(fd);
}
