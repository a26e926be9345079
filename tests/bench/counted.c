// SPDX-License-Identifier: GPL-2.0
/*
 * counted.c - what overhigh adds to a page fault, a fork, an exec and an mmap,
 * in instructions: `make bench VM=6.12`.
 *
 * Belongs here: the states that are compared, and the table.  Does not: the
 * operations that are counted (counted_ops.c), what is allowed (budgets).
 *
 *	counted [--short] [--budgets FILE --kernel VERSION]
 *
 * For a guest whose clock counts instructions (tests/vm/run --count): its time
 * stamp counter goes on by one for each, so that a figure is the same on every
 * host, at any load.  Elsewhere it counts cycles, which say little.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counted.h"

#define CGROUP "/sys/fs/cgroup/overhigh-bench"
/* Longer than the loader takes to fit its hooks to a new policy, or to a
 * process that comes near its limit.  Where idle time is skipped it is free. */
#define SETTLE_US 600000

static pid_t loader_pid;
static char rules_path[] = "/tmp/overhigh-bench.XXXXXX";

void give_up(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "counted: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

static const char *overhigh_path(void)
{
	const char *path = getenv("OVERHIGH");

	return path ? path : "./overhigh";
}

static pid_t start_overhigh(char *const argv[], int err_fd)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (!freopen("/dev/null", "w", stdout))
		_exit(126);
	if (err_fd >= 0)
		dup2(err_fd, STDERR_FILENO);
	execv(overhigh_path(), argv);
	_exit(127);
}

static void loader_up(enum state_id id)
{
	/* who is near is seen at each page; the near gear stays on */
	bool exact = id == STATE_NEAR || id == STATE_BESIDE_NEAR;
	char *argv[] = { "overhigh", "run",
			 exact		   ? "--exact" :
			 id == STATE_RULES ? "--config" :
					     NULL,
			 exact ? NULL : rules_path, NULL };
	char line[512] = "";
	int ends[2];
	FILE *said;

	if (pipe(ends))
		give_up("pipe: %s", strerror(errno));
	loader_pid = start_overhigh(argv, ends[1]);
	close(ends[1]);
	said = fdopen(ends[0], "r");
	while (fgets(line, sizeof(line), said))
		if (strstr(line, "ready:"))
			return; /* the pipe stays open: it may say more */
	give_up("overhigh does not load here: %s", line);
}

static void loader_down(void)
{
	if (!loader_pid)
		return;
	kill(loader_pid, SIGTERM);
	waitpid(loader_pid, NULL, 0);
	loader_pid = 0;
}

/* overhigh with these words. */
static void overhigh(const char *format, ...)
{
	char line[256], *argv[32] = { "overhigh" }, *save = NULL, *word;
	int n = 1, status;
	va_list args;
	pid_t pid;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (word = strtok_r(line, " ", &save); word && n < 31;
	     word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	pid = start_overhigh(argv, -1);
	waitpid(pid, &status, 0);
	if (status)
		give_up("overhigh %s %s failed", argv[1], n > 2 ? argv[2] : "");
}

/* 1,000 rules that match nothing here: names, users, cgroups and paths. */
static void write_rules(void)
{
	int fd = mkstemp(rules_path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	unsigned int i;

	if (!f)
		give_up("%s: %s", rules_path, strerror(errno));
	for (i = 0; i < 1000; i++)
		fprintf(f,
			"[rule r%u]\nmatch-comm = program%u, other%u*\n%s%u\n"
			"limit = 1G\naction = kill\n\n",
			i, i, i,
			i % 4 ? "match-exe = /usr/lib/**/program" :
				"match-uid = 1",
			i);
	fclose(f);
}

/* ---- the states ---- */

/* What a state needs: who is governed, and how near. */
static const struct state {
	const char *name, *text;
	bool brief; /* part of --short */
} states[STATES] = {
	[STATE_NOTHING] = { "nothing", "nothing loaded", true },
	[STATE_ALIVE] = { "alive", "run alive, no policy", true },
	[STATE_UNMANAGED] = { "unmanaged", "another process is governed",
			      true },
	[STATE_FAR] = { "far", "governed, far below its limit", true },
	[STATE_BESIDE_NEAR] = { "beside-near",
				"unmanaged, another one is near its limit",
				true },
	[STATE_NEAR] = { "near", "governed, near its limit, not over", true },
	[STATE_OVER] = { "over", "over, action none", false },
	[STATE_MANY] = { "policies", "unmanaged, 20,000 others are governed",
			 false },
	[STATE_DEFAULT] = { "default", "governed by a default policy, far",
			    false },
	[STATE_RULES] = { "rules", "1,000 rules that do not match", false },
};

/* 20,000 policies of processes that are not there, as bpftool would write. */
static void set_many(void)
{
	unsigned int i;

	for (i = 0; i < 20000; i++)
		write_policy(1000000 + i);
}

static void enter(enum state_id id, const struct worker *me,
		  const struct worker *other)
{
	loader_down();
	if (id == STATE_NOTHING)
		return;
	loader_up(id);
	if (id == STATE_UNMANAGED)
		overhigh("set %d --action kill --limit 1G", other->pid);
	else if (id == STATE_FAR)
		overhigh("set %d --action kill --limit 1G", me->pid);
	else if (id == STATE_BESIDE_NEAR)
		overhigh("set %d --action kill --limit %llu", other->pid,
			 worker_rss(other) + WINDOW_BYTES + (1 << 20));
	else if (id == STATE_NEAR)
		overhigh("set %d --action kill --limit %llu", me->pid,
			 worker_rss(me) + WINDOW_BYTES + (1 << 20));
	else if (id == STATE_OVER)
		overhigh("set %d --action none --limit %llu", me->pid,
			 worker_rss(me) - (1 << 20));
	else if (id == STATE_MANY)
		set_many();
	else if (id == STATE_DEFAULT)
		overhigh("set --default --action kill --limit 1G");
}

static bool is_shown(enum op_id op, bool brief)
{
	return !brief || op == OP_FAULT || op == OP_FORK;
}

static void measure(enum state_id id, const struct worker *me,
		    const struct worker *other, bool brief, struct figures *out)
{
	enum op_id op;

	enter(id, me, other);
	usleep(SETTLE_US);
	/* both take some memory, so that who is near is seen to be */
	worker_do(other, OP_FAULT);
	worker_do(me, OP_FAULT);
	usleep(SETTLE_US);
	for (op = 0; op < OPS; op++)
		/* huge pages would take it over the limit that is near */
		if (is_shown(op, brief) && !(id == STATE_NEAR && op == OP_HUGE))
			out->count[op] = worker_do(me, op);
}

/* ---- the table ---- */

static void print_head(bool brief)
{
	enum op_id op;

	printf("%-42s", "instructions, added to \"nothing loaded\"");
	for (op = 0; op < OPS; op++)
		if (is_shown(op, brief))
			printf(" %12s", op_name(op));
	printf("\n");
}

static void print_row(enum state_id id, bool brief,
		      const struct figures figures[STATES])
{
	enum op_id op;

	printf("%-42s", states[id].text);
	for (op = 0; op < OPS; op++) {
		if (!is_shown(op, brief))
			continue;
		if (!figures[id].count[op])
			printf(" %12s", "-");
		else if (id == STATE_NOTHING)
			printf(" %12.0f", figures[id].count[op]);
		else
			printf(" %+12.0f",
			       figures[id].count[op] - figures[0].count[op]);
	}
	printf("\n");
}

/*
 * One line of the file of budgets: KERNEL STATE OP MOST, "#" and the reason.
 * MOST is in instructions, or with "%" a share of what the operation takes with
 * nothing loaded.  Returns false if it is exceeded.
 */
static bool within(const char *line, const char *kernel,
		   const bool measured[STATES],
		   const struct figures figures[STATES])
{
	char name[16], state[32], op_text[32], unit = 0;
	double most, added;
	enum state_id id;
	enum op_id op;

	if (sscanf(line, "%15s %31s %31s %lf%c", name, state, op_text, &most,
		   &unit) < 4 ||
	    name[0] == '#' || strcmp(name, kernel))
		return true;
	for (id = 0; id < STATES && strcmp(states[id].name, state);)
		id++;
	for (op = 0; op < OPS && strcmp(op_name(op), op_text);)
		op++;
	if (id == STATES || op == OPS)
		give_up("budgets: no state or operation: %s", line);
	if (!measured[id] || !figures[id].count[op])
		return true;
	if (unit == '%')
		most *= figures[0].count[op] / 100;
	added = figures[id].count[op] - figures[0].count[op];
	if (added <= most)
		return true;
	printf("over budget on %s: %s, %s: %+.0f, %.0f are allowed\n", kernel,
	       states[id].text, op_text, added, most);
	return false;
}

static bool hold_against(const char *path, const char *kernel,
			 const bool measured[STATES],
			 const struct figures figures[STATES])
{
	FILE *f = fopen(path, "r");
	unsigned int lines = 0;
	bool ok = true;
	char line[256];

	if (!f)
		give_up("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		lines += !strncmp(line, kernel, strlen(kernel));
		ok = within(line, kernel, measured, figures) && ok;
	}
	fclose(f);
	if (!lines)
		give_up("%s has no budget for %s", path, kernel);
	return ok;
}

/* The root of cgroup2 is not charged for anything; few processes live there. */
static void enter_cgroup(pid_t pid)
{
	FILE *f;

	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		give_up(CGROUP ": %s", strerror(errno));
	f = fopen(CGROUP "/cgroup.procs", "w");
	if (!f)
		give_up(CGROUP "/cgroup.procs: %s", strerror(errno));
	fprintf(f, "%d", pid);
	fclose(f);
}

static int count_all(bool brief, const char *budgets, const char *kernel)
{
	static struct figures figures[STATES];
	bool measured[STATES] = {};
	struct worker me, other;
	enum state_id id;
	bool ok = true;

	write_rules();
	worker_start(&me);
	worker_start(&other);
	enter_cgroup(me.pid);
	enter_cgroup(other.pid);
	worker_settle(&me);
	worker_settle(&other);
	print_head(brief);
	for (id = 0; id < STATES; id++) {
		if (brief && !states[id].brief)
			continue;
		measure(id, &me, &other, brief, &figures[id]);
		measured[id] = true;
		print_row(id, brief, figures);
		fflush(stdout);
	}
	loader_down();
	if (budgets)
		ok = hold_against(budgets, kernel, measured, figures);
	worker_end(&me);
	worker_end(&other);
	unlink(rules_path);
	rmdir(CGROUP);
	return !ok;
}

int main(int argc, char **argv)
{
	const char *budgets = NULL, *kernel = NULL;
	bool brief = false;
	int i;

	if (argc == 2 && !strcmp(argv[1], NOTHING_TO_DO))
		_exit(0);
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--short"))
			brief = true;
		else if (!strcmp(argv[i], "--budgets") && i + 1 < argc)
			budgets = argv[++i];
		else if (!strcmp(argv[i], "--kernel") && i + 1 < argc)
			kernel = argv[++i];
		else
			give_up("usage: counted [--short] [--budgets FILE "
				"--kernel VERSION]");
	}
	if (!budgets != !kernel)
		give_up("--budgets needs --kernel, and the other way round");
	return count_all(brief, budgets, kernel);
}
