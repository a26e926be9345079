// SPDX-License-Identifier: GPL-2.0
/*
 * bench.c - what overhigh costs and how exact it is, measured on the running
 * kernel: `make bench`.
 *
 * Belongs here: the cost of page faults, in interleaved rounds.  Does not: how
 * far past its limit a process gets (overshoot.c), the output (report.c).
 *
 *	bench [--json]	all of it
 *	bench --ways	only how far past its limit a process gets, by way
 *
 * Environment: BENCH_ROUNDS, BENCH_PASSES, BENCH_RUNS (bench.h), OVERHIGH the
 * binary.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define LIMIT "1G" /* is not reached */
/* Longer than the loader takes to fit its hooks to a new policy. */
#define SETTLE_US 400000
#define CGROUP "/sys/fs/cgroup/overhigh-bench"
#define TRIES 18000 /* a tenth of a second apart, when others disturb */

struct faults {
	pid_t pid;
	int ask_fd;
	FILE *answers;
};

static void faults_start(struct faults *f)
{
	char cpu[24];
	char *argv[] = { "faults", cpu, NULL };
	int ask[2], answer[2];

	/* the last CPU: interrupts prefer the first */
	snprintf(cpu, sizeof(cpu), "%ld", sysconf(_SC_NPROCESSORS_ONLN) - 1);
	if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		give_up("pipe: %s", strerror(errno));
	f->pid = child_start(argv, ask[0], answer[1], -1);
	close(ask[0]);
	close(answer[1]);
	f->ask_fd = ask[1];
	f->answers = fdopen(answer[0], "r");
}

static double one_pass(struct faults *f)
{
	double ns;

	if (write(f->ask_fd, "", 1) != 1 || fscanf(f->answers, "%lf", &ns) != 1)
		give_up("the measuring process has ended");
	return ns;
}

/* What others attach while we measure would be measured too. */
static double undisturbed_pass(struct faults *f)
{
	unsigned int i;
	double ns;

	for (i = 0; i < TRIES; i++) {
		if (nothing_foreign()) {
			ns = one_pass(f);
			if (nothing_foreign())
				return ns;
		}
		usleep(100000);
	}
	give_up("other BPF programs are attached: nothing can be measured");
}

/* The least of some passes: whatever else goes on only adds. */
static double measure_once(struct faults *f, unsigned int passes)
{
	double least_ns = 0, ns;
	unsigned int i;

	for (i = 0; i < passes; i++) {
		ns = undisturbed_pass(f);
		if (!i || ns < least_ns)
			least_ns = ns;
	}
	return least_ns;
}

/* From one state to the next; after the last, back to the first. */
static void enter(enum state state, const struct faults *f, pid_t other)
{
	if (state == STATE_NOTHING)
		loader_down();
	else if (state == STATE_ALIVE)
		loader_up();
	else if (state == STATE_UNMANAGED)
		overhigh("set %d --action kill --limit " LIMIT, other);
	else
		overhigh("set %d --action kill --limit " LIMIT, f->pid);
	usleep(SETTLE_US);
}

static void show_round(unsigned int round, unsigned int rounds,
		       double ns[STATES][MAX_ROUNDS + 1])
{
	enum state state;

	fprintf(stderr, "round %u of %u, ns:", round + 1, rounds);
	for (state = 0; state < STATES; state++)
		fprintf(stderr, " %.0f", ns[state][round]);
	fprintf(stderr, "\n");
}

/*
 * All states, interleaved: ns[state][round], and NOTHING once more at the end.
 * What others do to the machine changes slowly compared with a round.
 */
static void do_rounds(const struct settings *settings, struct faults *f,
		      pid_t other, double ns[STATES][MAX_ROUNDS + 1],
		      struct fault_cost *cost)
{
	unsigned int round;
	enum state state;

	for (round = 0; round < settings->rounds; round++) {
		for (state = 0; state < STATES; state++) {
			enter(state, f, other);
			ns[state][round] = measure_once(f, settings->passes);
			if (!round && state != STATE_NOTHING)
				attached_hooks(cost->hooks[state], HOOKS_TEXT);
		}
		show_round(round, settings->rounds, ns);
	}
	enter(STATE_NOTHING, f, other);
	ns[STATE_NOTHING][round] = measure_once(f, settings->passes);
}

/* A state's figure over the mean of NOTHING before it and after it, so that a
 * steady drift cancels out; for NOTHING itself, one over the one before: what
 * is seen there is noise. */
static void make_ratios(double ns[STATES][MAX_ROUNDS + 1], unsigned int rounds,
			struct fault_cost *cost)
{
	static double ratio[MAX_ROUNDS];
	double before, after;
	enum state state;
	unsigned int i;

	for (state = 0; state < STATES; state++) {
		for (i = 0; i < rounds; i++) {
			before = ns[STATE_NOTHING][i];
			after = ns[STATE_NOTHING][i + 1];
			ratio[i] = state == STATE_NOTHING ?
					   after / before :
					   ns[state][i] * 2 / (before + after);
		}
		cost->ratio[state] = spread_of(ratio, rounds);
	}
	for (state = 0; state < STATES; state++)
		cost->ns[state] = spread_of(ns[state], rounds);
}

/* The root of cgroup2 is not charged for anything; few processes live there. */
void enter_cgroup(pid_t pid)
{
	FILE *f;

	if (access("/sys/fs/cgroup/memory.stat", F_OK) ||
	    (mkdir(CGROUP, 0755) && errno != EEXIST))
		return;
	f = fopen(CGROUP "/cgroup.procs", "w");
	if (f) {
		fprintf(f, "%d", pid);
		fclose(f);
	}
}

void measure_faults(const struct settings *settings, struct fault_cost *cost)
{
	static double ns[STATES][MAX_ROUNDS + 1];
	char *argv[] = { "eat", "hold=86400", NULL };
	pid_t other = child_start(argv, -1, -1, -1);
	struct faults f;

	faults_start(&f);
	enter_cgroup(f.pid);
	do_rounds(settings, &f, other, ns, cost);
	make_ratios(ns, settings->rounds, cost);
	child_end(f.pid);
	child_end(other);
	rmdir(CGROUP);
}

static unsigned int number(const char *name, unsigned int usual,
			   unsigned int most)
{
	const char *text = getenv(name);
	unsigned long n = text ? strtoul(text, NULL, 10) : usual;

	if (!n || n > most)
		give_up("%s=%s: it can be 1 to %u", name, text, most);
	return n;
}

int main(int argc, char **argv)
{
	static struct overshoot overshoots[OVERSHOOTS];
	static struct fault_cost cost;
	struct settings settings = {
		.rounds = number("BENCH_ROUNDS", 31, MAX_ROUNDS),
		.passes = number("BENCH_PASSES", 15, 1000),
		.runs = number("BENCH_RUNS", 20, MAX_RUNS),
		.json = argc == 2 && !strcmp(argv[1], "--json"),
		.ways = argc == 2 && !strcmp(argv[1], "--ways"),
	};

	if (argc > 2 || (argc == 2 && !settings.json && !settings.ways)) {
		fprintf(stderr, "usage: bench [--json | --ways]\n");
		return 2;
	}
	if (geteuid())
		give_up("this needs root: try sudo");
	children_init();
	if (settings.ways) {
		measure_ways(&settings);
		return 0;
	}
	report_begin(&settings);
	measure_faults(&settings, &cost);
	measure_overshoot(&settings, overshoots);
	report(&settings, &cost, overshoots);
	if (!settings.json)
		measure_ways(&settings);
	return 0;
}
