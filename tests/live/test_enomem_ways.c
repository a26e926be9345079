// SPDX-License-Identifier: GPL-2.0
/*
 * test_enomem_ways.c - ENOMEM meets every way to ask for memory, of 64-bit and
 * of 32-bit system calls; and what takes none never fails.
 */
#include <errno.h>
#include <sys/wait.h>

#include "live_module.h"

static struct live_cmd cmd;

static const char *program(const char *name)
{
	static char path[256];
	const char *dir = getenv("TEST_PROGS");

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "build/tests", name);
	return path;
}

static void ask_while_over(void)
{
	live_overhigh(&cmd, "exec --action enomem --limit 32M -- %s 48",
		      program("ask"));
	LIVE_ASSERT(cmd.status == 0, "exit %d: %s%s", cmd.status, cmd.out,
		    cmd.err);
}

/* The errno of a way before and after the limit was crossed. */
static void assert_way(const char *way, int below, int over)
{
	char line[64];
	const char *found;
	int is_below, is_over;

	snprintf(line, sizeof(line), "%s=", way);
	found = cmd.out;
	do {
		found = strstr(found, line);
		if (!found)
			LIVE_FAIL("no %s in %s", way, cmd.out);
	} while (found != cmd.out && found[-1] != '\n' && *found++);
	assert_int_equal(
		sscanf(found + strlen(line), "%d,%d", &is_below, &is_over), 2);
	if (is_below == -1) /* this kernel has no such call */
		return;
	LIVE_ASSERT(is_below == below && is_over == over,
		    "%s: errno %d below, %d over", way, is_below, is_over);
}

static void every_way_to_ask_for_memory_fails_only_while_over(void **state)
{
	static const char *const ways[] = {
		"mmap",
		"mmap_shared",
		"mmap_run",
		"mmap_linker_mark",
		"mmap_linker_mark_fixed",
		"mremap",
		"mremap_and_keep",
		"brk",
		"mprotect",
		"mprotect_loose",
		"pkey_mprotect",
		"shmat",
#ifdef __x86_64__
		"mmap_odd_number",
		"mmap_x32",
		"i80_old_mmap",
		"i80_mmap2",
		"i80_mremap",
		"i80_mprotect",
		"i80_ipc_shmat",
		"i80_shmat",
#endif
	};
	unsigned int i;

	(void)state;
	LIVE_NEED("enomem");
	ask_while_over();
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		assert_way(ways[i], 0, ENOMEM);
}

static void the_module_adds_memory_that_is_locked_or_shared(void **state)
{
	static const char *const ways[] = {
		"mremap",	   "mremap_shared",
		"mremap_and_keep", "mlock",
		"mlock2",	   "mlockall",
#ifdef __x86_64__
		"i80_mremap",	   "i80_mremap_shared",
		"i80_mlock",	   "i80_mlock2",
		"i80_mlockall",
#endif
	};
	unsigned int i;

	(void)state;
	LIVE_NEED_MODULE();
	ask_while_over();
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		assert_way(ways[i], 0, ENOMEM);
}

static void what_takes_no_memory_never_fails(void **state)
{
	static const char *const ways[] = { "jit",	"loose_jit", "relro",
					    "reserve",	"map_code",  "map_data",
					    "give_back" };
	unsigned int i;

	(void)state;
	LIVE_NEED("enomem");
	ask_while_over();
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		assert_way(ways[i], 0, 0);
}

/* The table that its linker makes read-only is no small request. */
static void a_program_started_by_what_is_over_links_and_runs(void **state)
{
	const char *root = live_cgroup_root("memory"), *cgroup;
	struct live_proc *holder, *proc;
	int status;

	(void)state;
	LIVE_NEED("enomem");
	LIVE_NEED("memcg_margin");
	assert_non_null(root);
	cgroup = live_cgroup(root, "links");
	live_cgroup_no_swap(cgroup);
	live_run("");
	holder = live_eat("wait touch=64M wait");
	proc = live_eat("wait mmap=1M exec=%s", program("ask"));
	live_cgroup_enter(cgroup, holder->pid);
	live_cgroup_enter(cgroup, proc->pid);
	live_open_gate(holder, 0);
	live_at_gate(holder, 0, 2);
	live_cgroup_write(cgroup, "memory.high", "32M");
	live_ok("set %d --action enomem --margin 0", proc->pid);
	live_open_gate(proc, 0);
	status = live_wait_end(proc, 60000);
	LIVE_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x",
		    status);
	assert_int_equal(proc->slot->error, ENOMEM);
	live_run_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(every_way_to_ask_for_memory_fails_only_while_over),
		LIVE_TEST(what_takes_no_memory_never_fails),
		LIVE_TEST(a_program_started_by_what_is_over_links_and_runs),
		LIVE_TEST(the_module_adds_memory_that_is_locked_or_shared),
	};

	return cmocka_run_group_tests_name("enomem_ways", tests, NULL,
					   live_module_end);
}
