// SPDX-License-Identifier: GPL-2.0
/*
 * report.c - the benchmark's output: tables for the README, or JSON.
 *
 * Belongs here: layout, and the wanted bounds that the figures are held
 * against.  Does not: measuring.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"

#define PAGE_BYTES 4096
#define HUGE_BYTES (2 << 20)
#define WANTED_PAGES 64

static const struct {
	const char *text, *name;
	double wanted; /* 0: none */
} states[STATES] = {
	[STATE_NOTHING] = { "nothing loaded", "nothing", 0 },
	[STATE_ALIVE] = { "`overhigh run` alive, no policy", "alive", 1.00 },
	[STATE_UNMANAGED] = { "unmanaged, another process is governed",
			      "unmanaged", 1.02 },
	[STATE_GOVERNED] = { "governed, limit not reached", "governed", 1.05 },
};

static double load_at_begin;

static double load(void)
{
	double one = 0;

	return getloadavg(&one, 1) == 1 ? one : 0;
}

/* Software emulation: its ratios say nothing about a real CPU. */
static bool emulated(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, "QEMU TCG") ||
			strstr(line, "QEMU Virtual");
	if (f)
		fclose(f);
	return found;
}

/* Ratios are wanted to two places, so they are judged to two. */
static bool met(double ratio, double wanted)
{
	return ratio < wanted + 0.005;
}

static double wanted_bytes(const struct overshoot *o)
{
	return o->huge ? HUGE_BYTES : WANTED_PAGES * PAGE_BYTES;
}

static bool overshoot_met(const struct overshoot *o)
{
	return o->written.most <= wanted_bytes(o) &&
	       o->charged.most <= wanted_bytes(o);
}

void report_begin(const struct settings *settings)
{
	load_at_begin = load();
	fprintf(stderr, "%u rounds of 4 states, then %u runs of 4 kinds\n",
		settings->rounds, settings->runs);
}

static void print_conditions(const struct settings *settings)
{
	struct utsname name;

	uname(&name);
	printf("Linux %s %s, %ld CPUs, load %.1f at the start and %.1f at the "
	       "end%s.\n\n",
	       name.release, name.machine, sysconf(_SC_NPROCESSORS_ONLN),
	       load_at_begin, load(),
	       emulated() ? ". **The CPU is emulated: these ratios are the "
			    "emulator's**" :
			    "");
	printf("Page fault: %u rounds, each all four states in turn; a "
	       "measurement is the least CPU\ntime of %u passes over 64 MiB "
	       "in 4 KiB pages; a ratio is that to the mean of\n\"nothing "
	       "loaded\" before and after it in the same round; median "
	       "[quartiles] of the\nratios. In the first row: to the round "
	       "before, which is the noise.\n\n",
	       settings->rounds, settings->passes);
}

static void print_faults(const struct fault_cost *cost)
{
	const struct spread *r;
	char wanted[16];
	enum state state;

	printf("| page fault | ns, median | ratio | wanted | met |\n"
	       "|---|---|---|---|---|\n");
	for (state = 0; state < STATES; state++) {
		r = &cost->ratio[state];
		snprintf(wanted, sizeof(wanted), "%.2f", states[state].wanted);
		printf("| %s | %.0f | %.3f [%.3f..%.3f] | %s | %s |\n",
		       states[state].text, cost->ns[state].median, r->median,
		       r->low, r->high, states[state].wanted ? wanted : "",
		       !states[state].wanted		    ? "" :
		       met(r->median, states[state].wanted) ? "yes" :
							      "**no**");
	}
	printf("\nAttached with no policy: %s. With one process governed by "
	       "`--action kill\n--limit 1G`: %s; the same when it is the one "
	       "that is measured: %s.\n\n",
	       cost->hooks[STATE_ALIVE], cost->hooks[STATE_UNMANAGED],
	       cost->hooks[STATE_GOVERNED]);
}

static void print_overshoot(const struct settings *settings,
			    const struct overshoot *o)
{
	unsigned int i;

	printf("| past a limit of 64 MiB, of %u runs | written, median / most "
	       "| charged, median / most | wanted | met |\n"
	       "|---|---|---|---|---|\n",
	       settings->runs);
	for (i = 0; i < OVERSHOOTS; i++)
		printf("| `%s`, %s pages | %.0f / %.0f | %.0f / %.0f | %.0f | "
		       "%s |\n",
		       o[i].action, o[i].huge ? "huge" : "4 KiB",
		       o[i].written.median, o[i].written.most,
		       o[i].charged.median, o[i].charged.most,
		       wanted_bytes(&o[i]),
		       overshoot_met(&o[i]) ? "yes" : "**no**");
	printf("\nBytes. Written: stores that the process has carried out. "
	       "Charged: memory that it\nhas been given; with `signal` by its "
	       "page tables where SIGSTOP met it, with `kill`\nby overhigh's "
	       "event.\n");
}

static cJSON *spread_object(struct spread s)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddNumberToObject(object, "least", s.least);
	cJSON_AddNumberToObject(object, "low", s.low);
	cJSON_AddNumberToObject(object, "median", s.median);
	cJSON_AddNumberToObject(object, "high", s.high);
	cJSON_AddNumberToObject(object, "most", s.most);
	return object;
}

static void add_faults(cJSON *root, const struct fault_cost *cost)
{
	cJSON *faults = cJSON_AddObjectToObject(root, "page_fault"), *one;
	enum state state;

	for (state = 0; state < STATES; state++) {
		one = cJSON_AddObjectToObject(faults, states[state].name);
		cJSON_AddItemToObject(one, "ns",
				      spread_object(cost->ns[state]));
		cJSON_AddItemToObject(one, "ratio",
				      spread_object(cost->ratio[state]));
		if (!states[state].wanted)
			continue;
		cJSON_AddStringToObject(one, "hooks", cost->hooks[state]);
		cJSON_AddNumberToObject(one, "wanted", states[state].wanted);
		cJSON_AddBoolToObject(
			one, "met",
			met(cost->ratio[state].median, states[state].wanted));
	}
}

static void add_overshoot(cJSON *root, const struct overshoot *o)
{
	cJSON *list = cJSON_AddArrayToObject(root, "overshoot_bytes"), *one;
	unsigned int i;

	for (i = 0; i < OVERSHOOTS; i++) {
		one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "action", o[i].action);
		cJSON_AddBoolToObject(one, "huge_pages", o[i].huge);
		cJSON_AddItemToObject(one, "written",
				      spread_object(o[i].written));
		cJSON_AddItemToObject(one, "charged",
				      spread_object(o[i].charged));
		cJSON_AddNumberToObject(one, "wanted", wanted_bytes(&o[i]));
		cJSON_AddBoolToObject(one, "met", overshoot_met(&o[i]));
		cJSON_AddItemToArray(list, one);
	}
}

static void print_json(const struct settings *settings,
		       const struct fault_cost *cost, const struct overshoot *o)
{
	cJSON *root = cJSON_CreateObject();
	struct utsname name;
	char *text;

	uname(&name);
	cJSON_AddStringToObject(root, "kernel", name.release);
	cJSON_AddBoolToObject(root, "emulated", emulated());
	cJSON_AddNumberToObject(root, "load_before", load_at_begin);
	cJSON_AddNumberToObject(root, "load_after", load());
	cJSON_AddNumberToObject(root, "rounds", settings->rounds);
	cJSON_AddNumberToObject(root, "passes", settings->passes);
	cJSON_AddNumberToObject(root, "runs", settings->runs);
	add_faults(root, cost);
	add_overshoot(root, o);
	text = cJSON_Print(root);
	if (text)
		puts(text);
	cJSON_free(text);
	cJSON_Delete(root);
}

void report(const struct settings *settings, const struct fault_cost *cost,
	    const struct overshoot overshoots[OVERSHOOTS])
{
	if (settings->json) {
		print_json(settings, cost, overshoots);
		return;
	}
	print_conditions(settings);
	print_faults(cost);
	print_overshoot(settings, overshoots);
}
