// SPDX-License-Identifier: GPL-2.0
/*
 * test_enomem.c - ENOMEM: requests for more memory fail as the manual pages
 * say, while over and no longer; programs that handle that go on.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live_module.h"

static struct live_cmd cmd;

/* Opens the gate that the process waits at; it does one request and waits at
 * the next.  Returns the errno of the request. */
static int next_request(struct live_proc *proc, unsigned int *gate)
{
	live_open_gate(proc, 0);
	live_at_gate(proc, 0, ++*gate);
	LIVE_ASSERT(!proc->slot->broken, "see eat.c, line %d",
		    proc->slot->broken);
	return proc->slot->error;
}

/* One kind of request: works below, fails while over, works below again. */
static void fails_only_while_over(const char *request)
{
	struct live_proc *proc;
	unsigned int gate = 1;
	int error;

	live_run("");
	proc = live_eat("reserve=8M wait %s wait touch=48M wait %s wait %s "
			"wait dontneed wait %s wait",
			request, request, request, request);
	live_ok("set %d --action enomem --limit 32M", proc->pid);
	assert_int_equal(next_request(proc, &gate), 0);
	next_request(proc, &gate);
	live_event(proc->pid, "crossed", 1);
	error = next_request(proc, &gate);
	LIVE_ASSERT(error == ENOMEM, "over: errno %d", error);
	error = next_request(proc, &gate);
	LIVE_ASSERT(error == ENOMEM, "over, again: errno %d", error);
	next_request(proc, &gate);
	error = next_request(proc, &gate);
	LIVE_ASSERT(error == 0, "below again: errno %d", error);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_string_equal(
		live_string(live_event(proc->pid, "acted", 1), "action"),
		"enomem");
	assert_int_equal(live_events(proc->pid, "acted"), 1);
	assert_true(live_counter("enomem") == 2);
	live_run_stop();
}

static void mmap_fails_only_while_over(void **state)
{
	(void)state;
	LIVE_NEED("enomem");
	fails_only_while_over("mmap=1M");
}

/* The break stays where it was, and that is what the call returns. */
static void brk_fails_only_while_over_and_returns_the_old_break(void **state)
{
	(void)state;
	LIVE_NEED("enomem");
	fails_only_while_over("brk=1M");
}

static void growing_mremap_fails_only_while_over(void **state)
{
	(void)state;
	LIVE_NEED("enomem");
	fails_only_while_over("mremap=1M");
}

static void mprotect_fails_only_while_over(void **state)
{
	(void)state;
	LIVE_NEED("enomem");
	fails_only_while_over("mprotect=1M");
}

static void a_runaway_stops_at_its_limit_and_lives(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("enomem");
	live_run("");
	proc = live_eat("--chunk 1M wait touch=256M");
	live_ok("set %d --action enomem --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_int_equal(proc->slot->error, ENOMEM);
	LIVE_ASSERT(proc->slot->touched_bytes <= 33 * MIB &&
			    proc->slot->touched_bytes >= 24 * MIB,
		    "touched %llu",
		    (unsigned long long)proc->slot->touched_bytes);
	live_run_stop();
}

/* ENOMEM is for requests: what the process has it may use. */
static void page_faults_succeed_under_enomem(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("enomem");
	live_run("");
	proc = live_eat("--chunk 64M wait touch=64M");
	live_ok("set %d --action enomem --limit 16M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_int_equal(proc->slot->touched_bytes, 64 * MIB);
	live_run_stop();
}

#define FIVE(request) request " " request " " request " " request " " request

/* 17 requests of 60 KiB are within the budget of 1 MiB, the 18th is not. */
static void small_requests_pass_up_to_their_budget(void **state)
{
	struct live_proc *proc;
	unsigned int gate = 1;

	(void)state;
	LIVE_NEED("enomem");
	live_run("");
	proc = live_eat("wait touch=48M wait " FIVE("mmap=60K") " " FIVE(
		"mmap=60K") " " FIVE("mmap=60K") " wait " FIVE("mmap=60K") " wa"
									   "it "
									   "mma"
									   "p="
									   "64K"
									   " wa"
									   "i"
									   "t");
	live_ok("set %d --action enomem --limit 32M", proc->pid);
	next_request(proc, &gate);
	assert_int_equal(next_request(proc, &gate), 0);
	assert_int_equal(next_request(proc, &gate), ENOMEM);
	assert_int_equal(next_request(proc, &gate), ENOMEM);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	live_run_stop();
}

static void fork_of_a_process_that_is_over_works(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("enomem");
	live_run("");
	proc = live_eat("wait touch=48M fork=1 exit=7");
	live_ok("set %d --action enomem --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_int_equal(proc->slot->error, 0);
	assert_true(WIFEXITED(proc->slot[1].status));
	assert_int_equal(WEXITSTATUS(proc->slot[1].status), 7);
	live_run_stop();
}

static void exec_of_a_process_that_is_over_works(void **state)
{
	struct live_proc *proc;
	int status;

	(void)state;
	LIVE_NEED("enomem");
	live_run("");
	proc = live_eat("wait touch=48M exec mmap=1M exit=6");
	live_ok("set %d --action enomem --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	status = live_wait_end(proc, LIVE_WAIT_MS);
	LIVE_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 6, "status %#x",
		    status);
	assert_int_equal(proc->slot->error, 0);
	live_run_stop();
}

/* Nothing that the new program maps brings its cgroup below: it must link and
 * run all the same, within the budget of small requests. */
static void exec_in_a_cgroup_that_is_over_works(void **state)
{
	const char *root = live_cgroup_root("memory"), *cgroup;
	struct live_proc *holder, *proc;
	int status;

	(void)state;
	LIVE_NEED("enomem");
	LIVE_NEED("memcg_margin");
	assert_non_null(root);
	cgroup = live_cgroup(root, "over");
	live_cgroup_no_swap(cgroup);
	live_run("");
	holder = live_eat("wait touch=64M wait");
	proc = live_eat("wait mmap=1M exec exit=6");
	live_cgroup_enter(cgroup, holder->pid);
	live_cgroup_enter(cgroup, proc->pid);
	live_open_gate(holder, 0);
	live_at_gate(holder, 0, 2);
	live_cgroup_write(cgroup, "memory.high", "32M");
	live_ok("set %d --action enomem --margin 0", proc->pid);
	live_open_gate(proc, 0);
	status = live_wait_end(proc, 60000);
	LIVE_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 6, "status %#x",
		    status);
	assert_int_equal(proc->slot->error, ENOMEM);
	live_run_stop();
}

static void a_dry_run_fails_nothing(void **state)
{
	struct live_proc *proc;

	(void)state;
	LIVE_NEED("enomem");
	live_run("--dry-run");
	proc = live_eat("wait touch=48M mmap=1M");
	live_ok("set %d --action enomem --limit 32M", proc->pid);
	live_open_gate(proc, 0);
	live_assert_unharmed(proc);
	assert_int_equal(proc->slot->error, 0);
	live_event(proc->pid, "acted", 1);
	live_run_stop();
}

/* ---- allocators ---- */

static void recovers(const char *program, unsigned int block_bytes)
{
	const char *dir = getenv("TEST_PROGS");
	unsigned long long got;

	live_overhigh(&cmd,
		      "exec --action enomem --limit 32M -- %s/%s %u 536870912",
		      dir ? dir : "build/tests", program, block_bytes);
	LIVE_ASSERT(cmd.status == 0, "%s with blocks of %u: exit %d: %s%s",
		    program, block_bytes, cmd.status, cmd.out, cmd.err);
	assert_int_equal(sscanf(cmd.out, "got=%llu", &got), 1);
	LIVE_ASSERT(got >= 16 * MIB && got <= 128 * MIB, "%s got %llu", program,
		    got);
}

static void programs_recover(const char *program)
{
	live_run("");
	recovers(program, 4000);    /* from a heap or an arena */
	recovers(program, 1 << 20); /* from mappings of their own */
	live_run_stop();
}

static void a_program_with_glibc_sees_null_and_recovers(void **state)
{
	(void)state;
	LIVE_NEED("enomem");
	programs_recover("recover_glibc");
}

static void a_program_with_musl_sees_null_and_recovers(void **state)
{
	(void)state;
	LIVE_NEED("enomem");
	programs_recover("recover_musl");
}

static void a_program_with_jemalloc_sees_null_and_recovers(void **state)
{
	(void)state;
	LIVE_NEED("enomem");
	programs_recover("recover_jemalloc");
}

/* ---- what only the kernel module can make fail ---- */

static void mlock_fails_only_while_over(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	fails_only_while_over("mlock=512K");
	fails_only_while_over("mlock2=512K");
}

static void mlockall_fails_only_while_over(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	fails_only_while_over("mlockall");
}

static void growth_of_shared_memory_fails_only_while_over(void **state)
{
	(void)state;
	LIVE_NEED_MODULE();
	fails_only_while_over("grow_shared=1M");
	fails_only_while_over("mremap=1M");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(mmap_fails_only_while_over),
		LIVE_TEST(brk_fails_only_while_over_and_returns_the_old_break),
		LIVE_TEST(growing_mremap_fails_only_while_over),
		LIVE_TEST(mprotect_fails_only_while_over),
		LIVE_TEST(a_runaway_stops_at_its_limit_and_lives),
		LIVE_TEST(page_faults_succeed_under_enomem),
		LIVE_TEST_ONCE(small_requests_pass_up_to_their_budget),
		LIVE_TEST(fork_of_a_process_that_is_over_works),
		LIVE_TEST(exec_of_a_process_that_is_over_works),
		LIVE_TEST(exec_in_a_cgroup_that_is_over_works),
		LIVE_TEST_ONCE(a_dry_run_fails_nothing),
		LIVE_TEST_ONCE(a_program_with_glibc_sees_null_and_recovers),
		LIVE_TEST_ONCE(a_program_with_musl_sees_null_and_recovers),
		LIVE_TEST_ONCE(a_program_with_jemalloc_sees_null_and_recovers),
		LIVE_TEST(mlock_fails_only_while_over),
		LIVE_TEST(mlockall_fails_only_while_over),
		LIVE_TEST(growth_of_shared_memory_fails_only_while_over),
	};

	return live_tests("enomem", tests, NULL, live_module_end);
}
