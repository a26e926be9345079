// SPDX-License-Identifier: GPL-2.0
/*
 * demo.c - what `make demo` shows: a runaway under each action of overhigh, an
 * innocent neighbour beside it, and a table of what was measured.
 *
 * Belongs here: the course of events and what counts as success.  Does not:
 * processes and pipes (watch.h), the table (table.h).  Exit status: 0 if every
 * action that this kernel can do did its work and the neighbour went on, 1 if
 * not, 2 if overhigh is in use here, 3 if it does not load on this kernel.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "resident.h"
#include "table.h"
#include "watch.h"

#define MIB (1ULL << 20)
#define LIMIT "64M"
#define LIMIT_BYTES (64 * MIB)
#define MOST_BYTES (256 * MIB) /* a runaway that nothing stops ends here */
#define HIGH_BYTES (96 * MIB)  /* memory.high, where there is cgroup2 */
#define NEIGHBOUR_BYTES (8 * MIB)
#define BEFORE_MS 1000
#define LEAST_MS 500 /* a shorter time says nothing about a rate */
#define WINDOW_S 4   /* of an action that does not end the runaway */
#define TIMEOUT_MS 30000
#define LAST_EVENT_MS 3000
#define MAX_LINES 9 /* live lines of one action */

/* The promise for KILL and SIGNAL. */
#define MAX_PAST_BYTES (64 * 4096)
/* What the neighbour must not do is stand still.  That it shares the CPUs with
 * the runaway and the machine's other work is nobody's fault: the time in which
 * it was ready and waited for one does not count against it. */
#define LEAST_RATE 0.10
#define MOST_STALL_NS 1000000000ULL

static const struct act {
	const char *name;
	const char *options;
	bool goes_on; /* the runaway does */
	const char *what;
} acts[] = {
	{ "none", "", true, "for comparison: only reports" },
	{ "enomem", "", false, "its requests for memory fail" },
	{ "slowdown", "", true, "it is stopped, for longer and longer" },
	{ "signal", " --signal USR1 --repeat", false,
	  "it is warned each time, and frees what it has" },
	{ "kill", "", false, "it is killed" },
};

/* What has been seen of the action that is being shown. */
static struct {
	uint64_t crossed_ns, acted_ns, excess_bytes, delay_ns;
	unsigned int crossed, acted, exited, lines, not_shown;
} seen;

static double rate_before; /* the neighbour's, bytes per second */

/* ---- live lines ---- */

static void say_at(uint64_t time_ns, const char *text)
{
	if (seen.lines++ >= MAX_LINES) {
		seen.not_shown++;
		return;
	}
	printf("  %8.3f s  %s\n",
	       runaway->start_ns && time_ns > runaway->start_ns ?
		       (time_ns - runaway->start_ns) / 1e9 :
		       0.0,
	       text);
	fflush(stdout);
}

static double number(const cJSON *event, const char *name)
{
	const cJSON *item = cJSON_GetObjectItem(event, name);

	return item ? item->valuedouble : 0;
}

static void say_event(const cJSON *event, const char *type)
{
	const cJSON *action = cJSON_GetObjectItem(event, "action");
	char text[128];

	if (!strcmp(type, "crossed"))
		snprintf(text, sizeof(text),
			 "crossed its limit of %.0f MiB "
			 "by %.0f KiB",
			 number(event, "limit_bytes") / MIB,
			 number(event, "excess_bytes") / 1024);
	else if (!strcmp(type, "acted") && number(event, "delay_ns"))
		snprintf(text, sizeof(text),
			 "overhigh: %s for %.1f ms, "
			 "%.0f KiB over",
			 action->valuestring, number(event, "delay_ns") / 1e6,
			 number(event, "excess_bytes") / 1024);
	else if (!strcmp(type, "acted"))
		snprintf(text, sizeof(text), "overhigh: %s",
			 action->valuestring);
	else if (!strcmp(type, "below"))
		snprintf(text, sizeof(text), "is below its limit again");
	else
		snprintf(text, sizeof(text), "overhigh reports: %s", type);
	say_at(number(event, "time_ns"), text);
}

static void on_event(const cJSON *event)
{
	const cJSON *item = cJSON_GetObjectItem(event, "type");
	const char *type = item ? item->valuestring : "";

	if (!strcmp(type, "lost"))
		printf("  %.0f events were lost\n", number(event, "count"));
	if (number(event, "pid") != runaway->pid)
		return;
	if (!strcmp(type, "crossed") && !seen.crossed++) {
		seen.crossed_ns = number(event, "time_ns");
		seen.excess_bytes = number(event, "excess_bytes");
	} else if (!strcmp(type, "acted") && !seen.acted++) {
		seen.acted_ns = number(event, "time_ns");
	}
	seen.delay_ns += !strcmp(type, "acted") ? number(event, "delay_ns") : 0;
	if (!strcmp(type, "exited"))
		seen.exited++;
	else
		say_event(event, type);
}

/* ---- one action ---- */

struct span {
	uint64_t start_ns, start_bytes, start_waited_ns;
};

static struct span neighbour_mark(void)
{
	struct span s = { now_ns(), neighbour->touched_bytes,
			  neighbour_waited_ns() };

	neighbour->worst_stall_ns = 0;
	return s;
}

static double neighbour_rate(struct span s)
{
	return (neighbour->touched_bytes - s.start_bytes) * 1e9 /
	       (now_ns() - s.start_ns);
}

/* A stall that lasts still is a stall too. */
static uint64_t neighbour_stall(struct span s)
{
	uint64_t last_ns = neighbour->last_change_ns, now = now_ns();
	uint64_t lasting_ns = now > last_ns ? now - last_ns : 0;

	if (lasting_ns > now - s.start_ns)
		lasting_ns = now - s.start_ns;
	return lasting_ns > neighbour->worst_stall_ns ?
		       lasting_ns :
		       neighbour->worst_stall_ns;
}

/* When the action could be felt: ns after the crossing, or -1. */
static int64_t effect_ns(const struct act *act, uint64_t end_ns)
{
	uint64_t from_ns;
	unsigned int i;

	if (!strcmp(act->name, "enomem") && runaway->errors)
		return runaway->first_error_ns - seen.crossed_ns;
	if (!strcmp(act->name, "signal") && runaway->signals)
		return runaway->first_signal_ns - seen.crossed_ns;
	if (!strcmp(act->name, "kill"))
		return end_ns - seen.crossed_ns;
	if (strcmp(act->name, "slowdown"))
		return -1;
	/* the pause that the act began */
	for (i = 0; i < runaway->pauses; i++) {
		from_ns = runaway->pause[i].from_ns;
		if (from_ns <= seen.acted_ns &&
		    runaway->pause[i].to_ns > seen.acted_ns)
			return from_ns > seen.crossed_ns ?
				       from_ns - seen.crossed_ns :
				       0;
	}
	return -1;
}

/* How fast it was up to the crossing, and afterwards. */
static void slowdown_rates(uint64_t past_bytes, uint64_t end_ns, double *before,
			   double *after)
{
	*before = LIMIT_BYTES * 1e9 / (seen.crossed_ns - runaway->start_ns);
	*after = past_bytes * 1e9 / (end_ns - seen.crossed_ns);
}

static void judge_slowdown(struct row *row, uint64_t end_ns)
{
	double before, after;

	slowdown_rates(row->past_bytes, end_ns, &before, &after);
	snprintf(row->fate, sizeof(row->fate),
		 "from %.0f MiB/s down to %.1f MiB/s: stopped %u times",
		 before / MIB, after / MIB, seen.acted);
	row->failed = after > before / 4 || !seen.acted;
}

/* Nobody has promised anything; where the runaway shares a memory.high with
 * the neighbour, that is what slows both. */
static void judge_none(struct row *row, bool ended)
{
	unsigned long high = cgroup_high_events();
	int n;

	n = snprintf(row->fate, sizeof(row->fate), "%s at %.0f MiB",
		     ended ? "ended of its own accord," : "still growing",
		     runaway->peak_bytes / (double)MIB);
	if (high)
		snprintf(row->fate + n, sizeof(row->fate) - n,
			 "; over memory.high %lu times", high);
}

/* What became of the runaway, and is it what was to happen? */
static void judge(const struct act *act, struct row *row, int status,
		  bool ended, uint64_t end_ns)
{
	char *fate = row->fate;
	size_t size = sizeof(row->fate);

	if (!strcmp(act->name, "enomem")) {
		snprintf(fate, size,
			 "mmap gave %s; freed all, then mmap %s, exit %d",
			 strerrorname_np(runaway->error),
			 status ? "failed again" : "worked again", status);
		row->failed = status || runaway->error != ENOMEM ||
			      row->past_bytes > (int64_t)RUNAWAY_CHUNK_BYTES;
	} else if (!strcmp(act->name, "slowdown")) {
		judge_slowdown(row, end_ns);
	} else if (!strcmp(act->name, "signal")) {
		snprintf(fate, size,
			 "warned %u times, freed all each time, exit %d",
			 runaway->signals, status);
		row->failed = status || !runaway->signals ||
			      row->past_bytes > MAX_PAST_BYTES;
	} else if (!strcmp(act->name, "kill")) {
		snprintf(fate, size, "ended by %s",
			 status == 137 ? "SIGKILL" : "something else");
		row->failed = status != 137 || !seen.acted ||
			      row->past_bytes > MAX_PAST_BYTES;
	} else {
		judge_none(row, ended);
	}
	if (!seen.crossed || (!ended && !act->goes_on))
		row->failed = true;
}

/* Actions that do not end the runaway are watched for a while, from the
 * crossing; nothing is watched for ever. */
static bool time_is_up(const struct act *act, struct span span)
{
	uint64_t since_ns = act->goes_on ? seen.crossed_ns : 0;

	return (since_ns && now_ns() > since_ns + WINDOW_S * 1000000000ULL) ||
	       now_ns() > span.start_ns + TIMEOUT_MS * 1000000ULL;
}

/* Of a process that was over, overhigh also reports the end. */
static void wait_for_last_event(void)
{
	uint64_t end_ns = now_ns() + LAST_EVENT_MS * 1000000ULL;

	while (!seen.exited && now_ns() < end_ns)
		pause_ms(5);
}

/* With "none" nobody has promised the neighbour anything. */
static void judge_neighbour(struct row *row, struct span span, bool promised)
{
	double took_ns = now_ns() - span.start_ns;
	double waited_ns = neighbour_waited_ns() - span.start_waited_ns;
	double rate = row->neighbour_rate;

	if (waited_ns < took_ns)
		rate *= took_ns / (took_ns - waited_ns);
	if (!neighbour_alive())
		row->neighbour_failed = true;
	else if (promised)
		row->neighbour_failed =
			rate < LEAST_RATE ||
			row->stall_ns > MOST_STALL_NS + waited_ns;
}

static void show_act(const struct act *act, struct row *row)
{
	uint64_t base_bytes, end_ns = 0;
	char options[128], fate[96];
	struct span span;
	bool ended;

	snprintf(options, sizeof(options), "--action %s%s --limit " LIMIT,
		 act->name, act->options);
	memset(&seen, 0, sizeof(seen));
	printf("\n%s: %s\n  $ overhigh exec %s -- runaway\n", act->name,
	       act->what, options);
	runaway_start(options, MOST_BYTES);
	base_bytes = resident_bytes(runaway->pid);
	span = neighbour_mark();
	runaway->gate = 1;
	while (!(ended = runaway_ended(10, &end_ns)) && !time_is_up(act, span))
		;
	if (!ended) {
		end_ns = now_ns();
		say_at(end_ns, "enough seen: the demo ends it");
	}
	while (now_ns() < span.start_ns + LEAST_MS * 1000000ULL)
		pause_ms(10);
	row->neighbour_rate = neighbour_rate(span) / rate_before;
	row->stall_ns = neighbour_stall(span);
	judge_neighbour(row, span, strcmp(act->name, "none"));
	row->past_bytes = base_bytes + runaway->peak_bytes - LIMIT_BYTES;
	runaway_kill();
	row->status = runaway_status();
	wait_for_last_event();
	row->acted_ns =
		seen.acted ? (int64_t)(seen.acted_ns - seen.crossed_ns) : -1;
	row->effect_ns = seen.crossed ? effect_ns(act, end_ns) : -1;
	judge(act, row, row->status, ended, end_ns);
	snprintf(fate, sizeof(fate), "%s", row->fate);
	if (seen.not_shown)
		printf("              (%u more lines like these)\n",
		       seen.not_shown);
	seen.lines = 0;
	say_at(end_ns, fate);
}

static void show_acts(const cJSON *probe, struct table *table)
{
	const cJSON *can, *actions = cJSON_GetObjectItem(probe, "actions");
	struct row *row;
	unsigned int i;

	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		row = &table->rows[table->nr_rows++];
		row->action = acts[i].name;
		row->limit = LIMIT;
		can = cJSON_GetObjectItem(actions, acts[i].name);
		if (can &&
		    cJSON_IsFalse(cJSON_GetObjectItem(can, "available"))) {
			can = cJSON_GetObjectItem(can, "reason");
			row->reason =
				can ? can->valuestring : "no reason given";
			printf("\n%s: not on this kernel\n", acts[i].name);
			continue;
		}
		show_act(&acts[i], row);
		if (!loader_alive())
			give_up(DEMO_FAILED, "the loader has ended");
	}
}

static void measure_neighbour(void)
{
	struct span span;

	neighbour_start(NEIGHBOUR_BYTES);
	pause_ms(200);
	span = neighbour_mark();
	pause_ms(BEFORE_MS);
	rate_before = neighbour_rate(span);
	printf("The neighbour touches %.0f MiB/s, worst stall %.1f ms.\n",
	       rate_before / MIB, neighbour_stall(span) / 1e6);
}

int main(void)
{
	static struct table table;
	struct utsname name;
	cJSON *probe;

	setvbuf(stdout, NULL, _IOLBF, 0);
	watch_start();
	uname(&name);
	probe = probe_actions();
	printf("overhigh %s on Linux %s\n",
	       cJSON_GetObjectItem(probe, "version")->valuestring,
	       name.release);
	loader_start(on_event);
	if (cgroup_enter(HIGH_BYTES))
		printf("Runaway and neighbour share a cgroup, memory.high is "
		       "%llu MiB.\n",
		       HIGH_BYTES / MIB);
	measure_neighbour();
	show_acts(probe, &table);
	table_print(&table);
	cJSON_Delete(probe);
	return table_failed(&table) ? DEMO_FAILED : 0;
}
