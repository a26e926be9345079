// SPDX-License-Identifier: GPL-2.0
/*
 * test_policy_curves.c - each policy program does what its curve says.
 *
 * Environment: as in live_policy.h; POLICY_POINTS, a file that takes what was
 * asked of each curve and what was measured, which is also printed, for
 * tests/plot.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "live_policy.h"
#include "overhigh_curve.h"

#define BATCH_BYTES (OVERHIGH_BATCH_PAGES * PAGE)
#define LIMIT (128 * MIB)

/* ---- a process that stays as far over as it is ---- */

/*
 * It has some memory, and gives back and touches the last batch of it over and
 * over.  Each round is timed by itself, without help of what is tested.
 */
struct cycler {
	volatile uint64_t rounds, bytes; /* bytes: written by the test */
	volatile uint64_t other_bytes;	 /* what it got from the test by fork */
	volatile uint64_t took_ns[1 << 10];
	pid_t pid; /* of the test's */
};

#define ROUNDS (sizeof(((struct cycler *)0)->took_ns) / sizeof(uint64_t))

static void touch(volatile char *from, uint64_t bytes)
{
	uint64_t at;

	for (at = 0; at < bytes; at += PAGE)
		from[at] = 1;
}

static void __attribute__((noreturn)) cycle(struct cycler *c)
{
	uint64_t has = 0, start;
	char *memory = mmap(NULL, 4 * LIMIT, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *last;

	madvise(memory, 4 * LIMIT, MADV_NOHUGEPAGE);
	for (;;) {
		if (has < c->bytes)
			touch(memory + has, c->bytes - has);
		has = c->bytes;
		last = memory + has - BATCH_BYTES;
		madvise(last, BATCH_BYTES, MADV_DONTNEED);
		start = live_now_ns();
		touch(last, BATCH_BYTES);
		c->took_ns[c->rounds % ROUNDS] = live_now_ns() - start;
		__atomic_fetch_add(&c->rounds, 1, __ATOMIC_RELEASE);
	}
}

static struct cycler *start_cycler(uint64_t bytes)
{
	struct cycler *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	pid_t pid;

	assert_true(c != MAP_FAILED);
	c->bytes = bytes;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		cycle(c);
	}
	assert_true(pid > 0);
	c->pid = policy_child = pid;
	return c;
}

static void end_cycler(struct cycler *c)
{
	end_child();
	munmap(c, sizeof(*c));
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * How long some rounds from now on take: of ten the third fastest.  A sleep is
 * never too short but often too long, as an emulated CPU is lent to others; and
 * the few fastest may be rounds without a sleep, as one round is not quite one
 * batch.
 */
static uint64_t round_ns(struct cycler *c, unsigned int rounds)
{
	uint64_t from = c->rounds + 2, sorted[512];
	unsigned int i;

	assert_true(rounds && rounds <= 512);
	LIVE_UNTIL(c->rounds >= from + rounds, 120000,
		   "pid %d makes no progress: %llu rounds", c->pid,
		   (unsigned long long)(c->rounds - from));
	for (i = 0; i < rounds; i++)
		sorted[i] = c->took_ns[(from + i) % ROUNDS];
	qsort(sorted, rounds, sizeof(*sorted), compare);
	return sorted[rounds * 3 / 10];
}

/* ---- points ---- */

static void note_point(const char *curve, double x, double asked_ns,
		       double measured_ns)
{
	const char *path = getenv("POLICY_POINTS");
	FILE *f = path ? fopen(path, "ae") : NULL;

	print_message("point %s %.4f %.6f %.6f\n", curve, x, asked_ns / 1e6,
		      measured_ns / 1e6);
	if (!f)
		return;
	/* ms, but for the ladder: s */
	fprintf(f, "%s %.4f %.6f %.6f\n", curve, x, asked_ns / 1e6,
		measured_ns / 1e6);
	fclose(f);
}

/* How much later than asked a sleep may end: a timer's slack, our work behind
 * each sleep; an emulated CPU is not there at once when a timer ends. */
static double late_ns(void)
{
	return live_late_ms() > 500 ? 10e6 : 2.5e6;
}

/* least: what may be asked when the process is a batch less over. */
static void assert_measured(const char *curve, double x, double least_ns,
			    double asked_ns, double measured_ns)
{
	note_point(curve, x, asked_ns, measured_ns);
	LIVE_ASSERT(measured_ns >= 0.9 * least_ns - 200000 &&
			    measured_ns <= 1.15 * asked_ns + late_ns(),
		    "%s at %.4f: %.0f to %.0f ns asked, %.0f measured", curve,
		    x, least_ns, asked_ns, measured_ns);
}

/* The rounds that fit into a second, or three for points that are drawn,
 * between bounds. */
static unsigned int rounds_for(double each_ns)
{
	double n = (getenv("POLICY_POINTS") ? 3e9 : 1e9) / (each_ns + 1e6);

	return n < 7 ? 7 : n > 200 ? 200 : n;
}

/* Of all rounds: what one sleeps too long the next one sleeps less. */
static double mean_round_ns(struct cycler *c, unsigned int rounds)
{
	uint64_t from = c->rounds, start;

	LIVE_UNTIL(c->rounds > from, 60000, "pid %d hangs", c->pid);
	from = c->rounds;
	start = live_now_ns();
	LIVE_UNTIL(c->rounds >= from + rounds, 120000, "pid %d hangs", c->pid);
	return (double)(live_now_ns() - start) / (c->rounds - from);
}

/* The best of three: in which an emulated CPU was not lent to others.  Of
 * twelve rounds one may pass freely after such a pause. */
static double best_mean_ns(struct cycler *c, double asked_ns)
{
	unsigned int rounds =
		rounds_for(asked_ns) < 12 ? 12 : rounds_for(asked_ns);
	double best_ns = 0, now_ns;
	int i;

	for (i = 0; i < 3; i++) {
		now_ns = mean_round_ns(c, rounds);
		if (!i || now_ns < best_ns)
			best_ns = now_ns;
		if (best_ns < 1.05 * asked_ns)
			break;
	}
	return best_ns;
}

typedef uint64_t (*curve_fn)(uint64_t excess, uint64_t limit);

/*
 * How far over it is with the whole of its last batch, which some looks miss:
 * what the curve is asked.  Beside its own it has memory from the test by fork.
 */
static uint64_t excess_of(struct cycler *c)
{
	uint64_t most = 0, now;
	struct live_cmd cmd;
	cJSON *object;
	int i;

	for (i = 0; i < 10; i++) {
		live_overhigh(&cmd, "get %d --json", c->pid);
		object = cJSON_Parse(cmd.out);
		LIVE_ASSERT(object, "get: %s%s", cmd.out, cmd.err);
		now = live_number(object, "excess_bytes");
		cJSON_Delete(object);
		if (most < now)
			most = now;
	}
	return most;
}

/* Up to three tries, while it is later than a timer explains. */
static double best_round_ns(struct cycler *c, uint64_t asked_ns,
			    uint64_t base_ns)
{
	double best_ns = 0, now_ns;
	int i;

	for (i = 0; i < 3; i++) {
		now_ns = (double)round_ns(c, rounds_for(asked_ns)) - base_ns;
		if (!i || now_ns < best_ns)
			best_ns = now_ns;
		if (best_ns < 1.1 * asked_ns + late_ns() / 3)
			break;
	}
	return best_ns;
}

/* The policy that is active, at each excess, in percent of the limit. */
static void measure_curve(const char *name, curve_fn curve,
			  const double *percent, unsigned int points)
{
	uint64_t excess, base_ns, asked_ns, least_ns;
	struct cycler *c = start_cycler(LIMIT / 2);
	double measured_ns;
	unsigned int i;

	live_run("--hook=require");
	live_ok("set %d --action slowdown --limit %llu --on-stuck report",
		c->pid, LIMIT);
	base_ns = round_ns(c, 100);
	for (i = 0; i < points; i++) {
		excess = (uint64_t)(percent[i] / 100 * LIMIT) & ~(PAGE - 1);
		/* growing there must not take for ever */
		live_ok("set %d --action none --limit %llu", c->pid, LIMIT);
		c->bytes = LIMIT + excess;
		round_ns(c, 1);
		live_ok("set %d --action slowdown --limit %llu "
			"--on-stuck report",
			c->pid, LIMIT);
		excess = excess_of(c);
		asked_ns = curve(excess, LIMIT);
		least_ns = curve(overhigh_excess(excess, BATCH_BYTES), LIMIT);
		measured_ns = best_round_ns(c, asked_ns, base_ns);
		assert_measured(name, 100.0 * excess / LIMIT, least_ns,
				asked_ns, measured_ns);
	}
	end_cycler(c);
	live_run_stop();
}

static uint64_t rfc_curve(uint64_t excess, uint64_t limit)
{
	return overhigh_linear_ns(excess, limit, 20000, 5000000);
}

static uint64_t steep_linear(uint64_t excess, uint64_t limit)
{
	return overhigh_linear_ns(excess, limit, 1000000, 150000000);
}

static uint64_t kernel_curve(uint64_t excess, uint64_t limit)
{
	const struct overhigh_policy policy = { 0 };

	return overhigh_delay_ns(&policy, excess, limit, OVERHIGH_BATCH_PAGES);
}

#define MEASURE(name, curve, ...)                                              \
	measure_curve(name, curve, (const double[]){ __VA_ARGS__ },            \
		      sizeof((const double[]){ __VA_ARGS__ }) /                \
			      sizeof(double))

static void linear_does_what_its_curve_says(void **state)
{
	(void)state;
	NEED_POLICIES();
	load(POLICY("linear"), "");
	MEASURE("linear", rfc_curve, 2, 10, 25, 50, 75, 100, 150);
	/* in which what emulation adds is small */
	load(POLICY("linear"), "--set step=1ms --set most=150ms");
	MEASURE("linear-1ms", steep_linear, 2, 5, 10, 25, 50, 75, 100);
}

static void quadratic_does_what_its_curve_says(void **state)
{
	(void)state;
	NEED_POLICIES();
	load(POLICY("quadratic"), "");
	MEASURE("quadratic", kernel_curve, 1, 2, 3, 5, 7, 10, 15, 20);
}

static void no_policy_gets_more_than_two_seconds(void **state)
{
	struct overhigh_state now = {};
	struct cycler *c;
	uint32_t key;

	(void)state;
	NEED_POLICIES();
	load(POLICY("linear"), "--set step=60s --set most=60s");
	c = start_cycler(2 * LIMIT);
	key = c->pid;
	live_run("--hook=require");
	live_ok("set %d --action slowdown --limit %llu --on-stuck report",
		c->pid, LIMIT);
	LIVE_UNTIL((live_map_get("process_state", &key, &now), now.delays >= 2),
		   30000, "%u delays", now.delays);
	LIVE_ASSERT(now.longest_delay_ns >= 2000000000 &&
			    now.longest_delay_ns < 2060000000 + late_ns(),
		    "slept %llu ns", (unsigned long long)now.longest_delay_ns);
	end_cycler(c);
	live_run_stop();
}

static void the_built_in_curve_is_the_same(void **state)
{
	(void)state;
	NEED_POLICIES();
	MEASURE("built-in", kernel_curve, 2, 5, 10);
}

/* A batch of pages takes as long as its bytes at the rate. */
static void the_rate_program_slows_to_its_rate(void **state)
{
	static const unsigned int rates[] = { 32, 16, 8, 4, 2, 1 }; /* MiB/s */
	double asked_ns, measured_ns;
	char settings[64];
	struct cycler *c;
	unsigned int i;

	(void)state;
	NEED_POLICIES();
	load(POLICY("rate"), "");
	live_run("--hook=require");
	c = start_cycler(LIMIT / 2);
	round_ns(c, 1);
	live_ok("set %d --action slowdown --limit 16M --on-stuck report",
		c->pid);
	for (i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		snprintf(settings, sizeof(settings),
			 "--set rate=%uM --set burst=256K", rates[i]);
		load(POLICY("rate"), settings);
		asked_ns = (double)BATCH_BYTES / (rates[i] * MIB) * 1e9;
		/* its own work is a part of that time, so nothing is taken
		 * off; the first rounds use up the burst */
		round_ns(c, 4);
		measured_ns = best_mean_ns(c, asked_ns);
		assert_measured("rate", rates[i], asked_ns, asked_ns,
				measured_ns);
	}
	end_cycler(c);
	live_run_stop();
}

static void ladder_slows_down_then_signals_then_kills(void **state)
{
	struct live_proc *proc;
	uint64_t crossed, signalled;
	cJSON *event;

	(void)state;
	NEED_POLICIES();
	load(POLICY("ladder"), "--set signal_after=3s --set kill_after=2s");
	live_run("--hook=require");
	proc = live_eat("--on-signal 15=report wait touch=512M");
	live_ok("set %d --action slowdown --limit 16M "
		"--max-delay 50ms --on-stuck report",
		proc->pid);
	live_open_gate(proc, 0);
	live_event(proc->pid, "crossed", 1);
	crossed = live_now_ns();
	event = live_event(proc->pid, "acted", 1);
	assert_string_equal(live_string(event, "action"), "slowdown");
	LIVE_UNTIL(proc->slot->signals || live_has_ended(proc), 20000,
		   "no signal");
	signalled = live_now_ns();
	LIVE_ASSERT(!live_has_ended(proc), "killed before the signal");
	assert_int_equal(proc->slot->last_signal, SIGTERM);
	note_point("ladder-signal", 1, 3e9, signalled - crossed);
	LIVE_ASSERT(signalled - crossed > 2800 * 1000000ULL &&
			    signalled - crossed <
				    (3000 + live_late_ms()) * 1000000ULL,
		    "signal after %llu ns",
		    (unsigned long long)(signalled - crossed));
	live_assert_killed(proc, 2000 + live_late_ms());
	note_point("ladder-kill", 2, 5e9, live_now_ns() - crossed);
	LIVE_ASSERT(live_now_ns() - crossed > 4800 * 1000000ULL,
		    "killed after %llu ns",
		    (unsigned long long)(live_now_ns() - crossed));
	live_run_stop();
}

/* The ladder is for those who are to be slowed down. */
static void ladder_leaves_other_actions_alone(void **state)
{
	struct live_proc *proc;

	(void)state;
	NEED_POLICIES();
	load(POLICY("ladder"), "--set signal_after=0 --set kill_after=0");
	live_run("--hook=require");
	proc = live_eat("wait touch=32M");
	live_ok("set %d --action none --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		POLICY_TEST_ONCE(ladder_leaves_other_actions_alone),
		POLICY_TEST_ONCE(ladder_slows_down_then_signals_then_kills),
		POLICY_TEST_ONCE(the_rate_program_slows_to_its_rate),
		POLICY_TEST_ONCE(linear_does_what_its_curve_says),
		POLICY_TEST_ONCE(quadratic_does_what_its_curve_says),
		POLICY_TEST(no_policy_gets_more_than_two_seconds),
		POLICY_TEST(the_built_in_curve_is_the_same),
	};

	return live_tests("policy curves", tests, NULL, live_module_end);
}
