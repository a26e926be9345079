// SPDX-License-Identifier: GPL-2.0
/* commands/acted.c - see commands/acted.h. */
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/process.h"
#include "commands/acted.h"
#include "overhigh_policy.h"
#include "report/events.h"
#include "text/format.h"

#define MOST_LINES 20
#define MOST_ANCESTORS 64

/* ---- whose events ---- */

/* Whether CMD is among the ancestors; also true if that cannot be known, as the
 * process or its parent is gone. */
static bool may_descend(const struct acted *acted, __u32 pid)
{
	struct process process;
	int i;

	for (i = 0; i < MOST_ANCESTORS; i++) {
		if (!pid || pid == (__u32)acted->child ||
		    process_read(pid, &process))
			return true;
		if (process.ppid <= 1)
			return !i; /* an orphan */
		pid = process.ppid;
	}
	return false;
}

static bool has_control(const struct acted *acted, __u32 control)
{
	const struct overhigh_policy *policy = acted->policy;
	int i;

	/* what a policy program decided has the flags alone */
	if (overhigh_flags(control) != overhigh_flags(policy->control))
		return false;
	if (control == policy->control || control == policy->escalation)
		return true;
	for (i = 0; i < OVERHIGH_MAX_STEPS; i++)
		if (acted->extension->steps[i].control == control)
			return true;
	return false;
}

static bool known(const struct acted *acted, const struct overhigh_event *event)
{
	unsigned int i;

	for (i = 0; i < acted->nr; i++)
		if (acted->process[i].pid == event->pid &&
		    acted->process[i].start_ns == event->start_ns)
			return true;
	return false;
}

bool acted_is_ours(const struct acted *acted,
		   const struct overhigh_event *event)
{
	__u64 limit_bytes = acted->policy->process_limit;

	if (known(acted, event) || event->seen_pid == (__u32)acted->child)
		return true;
	return event->source == OVERHIGH_SOURCE_PROCESS &&
	       has_control(acted, event->control) &&
	       (!(overhigh_flags(event->control) & OVERHIGH_DIRECT) ||
		event->limit_bytes == limit_bytes) &&
	       may_descend(acted, event->seen_pid);
}

/* ---- gathering ---- */

static struct acted_process *find(struct acted *acted,
				  const struct overhigh_event *event)
{
	struct acted_process *process;
	unsigned int i;

	for (i = 0; i < acted->nr; i++) {
		process = &acted->process[i];
		if (process->pid == event->pid &&
		    process->start_ns == event->start_ns)
			return process;
	}
	if (event->type == OVERHIGH_EV_EXITED)
		return NULL;
	if (acted->nr == ACTED_MOST) {
		acted->left_out += event->type == OVERHIGH_EV_CROSSED;
		return NULL;
	}
	process = &acted->process[acted->nr++];
	process->pid = event->pid;
	process->seen_pid = event->seen_pid;
	process->start_ns = event->start_ns;
	event_comm(event, process->comm);
	return process;
}

static __u64 counted_bytes(const struct overhigh_event *event)
{
	__u32 flags = overhigh_flags(event->control);
	__u64 sum = 0;
	int kind;

	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		if (flags & overhigh_rss_kind_flag(kind))
			sum += event->rss_bytes[kind];
	return sum;
}

static void take_action(struct acted_process *process,
			const struct overhigh_event *event)
{
	__u32 action = overhigh_action(event->control);

	process->done |= 1U << action;
	process->dry_run |= !!(event->flags & OVERHIGH_EVF_DRY_RUN);
	if (action == OVERHIGH_SIGNAL)
		process->signal = overhigh_signal(event->control);
	if (action == OVERHIGH_SLOWDOWN)
		process->delay_ns += event->delay_ns;
	if (!event->excess_bytes)
		process->rate = true;
}

void acted_take(struct acted *acted, const struct overhigh_event *event)
{
	struct acted_process *process;
	__u64 now_bytes = counted_bytes(event);

	if (!acted_is_ours(acted, event))
		return;
	process = find(acted, event);
	if (!process)
		return;
	if (now_bytes > process->peak_bytes)
		process->peak_bytes = now_bytes;
	if (!process->at_bytes) {
		process->at_bytes = now_bytes;
		process->limit_bytes = event->limit_bytes;
	}
	if (event->type == OVERHIGH_EV_ACTED)
		take_action(process, event);
	else if (event->type == OVERHIGH_EV_MISSED)
		process->missed = true;
	/* all delays; events tell of a part of them */
	else if (event->type == OVERHIGH_EV_EXITED && event->delay_ns)
		process->delay_ns = event->delay_ns;
}

/* ---- saying ---- */

static void add(char *text, size_t size, const char *words)
{
	size_t n = strlen(text);

	snprintf(text + n, size - n, "%s%s", n ? ", then " : "", words);
}

static void describe(const struct acted_process *process, char *text,
		     size_t size)
{
	char words[FORMAT_MAX + 32], value[FORMAT_MAX];

	text[0] = 0;
	if (process->done & 1U << OVERHIGH_ENOMEM)
		add(text, size, "was refused more memory");
	if (process->done & 1U << OVERHIGH_SLOWDOWN) {
		snprintf(words, sizeof(words), "was slowed down for %s",
			 format_duration_rounded(value, sizeof(value),
						 process->delay_ns));
		add(text, size, words);
	}
	if (process->done & 1U << OVERHIGH_SIGNAL) {
		snprintf(words, sizeof(words), "was sent %s",
			 format_signal(value, sizeof(value), process->signal));
		add(text, size, words);
	}
	if (process->done & 1U << OVERHIGH_KILL)
		add(text, size, "was killed");
	if (process->missed && !text[0])
		add(text, size, "could not be acted on");
}

bool acted_line(const struct acted_process *process, char *line, size_t size)
{
	char limit[FORMAT_MAX], at[FORMAT_MAX], peak[FORMAT_MAX], what[192];

	describe(process, what, sizeof(what));
	if (!what[0] || process->dry_run)
		return false;
	if (process->rate && process->limit_bytes == OVERHIGH_NO_LIMIT)
		snprintf(limit, sizeof(limit), "its rate");
	else
		format_size(limit, sizeof(limit), process->limit_bytes);
	snprintf(line, size, "%s[%u] went over %s and %s (at %s, peak %s)",
		 process->comm, process->seen_pid, limit, what,
		 format_size_rounded(at, sizeof(at), process->at_bytes),
		 format_size_rounded(peak, sizeof(peak), process->peak_bytes));
	return true;
}

void acted_say(const struct acted *acted)
{
	unsigned int i, lines = 0, extension = acted->left_out;
	char line[512];

	for (i = 0; i < acted->nr; i++) {
		if (!acted_line(&acted->process[i], line, sizeof(line)))
			continue;
		if (lines++ < MOST_LINES)
			say("%s", line);
		else
			extension++;
	}
	if (extension)
		say("and %u more processes: 'overhigh run --json' keeps a log "
		    "of all",
		    extension);
}
