// SPDX-License-Identifier: GPL-2.0
/* pins/hooks.c - see pins/hooks.h; the names are those of bpf/overhigh.bpf.c.
 */
#include "pins/hooks.h"

const struct hook hooks[HOOKS] = {
	[HOOK_FAULT] = { "fault", "handle_mm_fault", HOOK_TRAMPOLINE, 0,
			 "the near gear: RSS limits, to the page" },
	[HOOK_RSS_STAT] = { "rss_stat", "rss_stat", HOOK_TRACEPOINT, 0,
			    "RSS limits, to the page" },
	[HOOK_CHARGE] = { "charge", "page_counter_try_charge", HOOK_TRAMPOLINE,
			  0, "the far gear: limits, once a batch of charges" },
	[HOOK_UNCHARGE] = { "uncharge", "page_counter_uncharge",
			    HOOK_TRAMPOLINE, 1, "falling below" },
	[HOOK_MMAP] = { "mmap_request", "security_mmap_file", HOOK_TRAMPOLINE,
			0, "ENOMEM" },
	[HOOK_GROWTH] = { "growth_request", "security_vm_enough_memory_mm",
			  HOOK_TRAMPOLINE, 0, "ENOMEM" },
	[HOOK_MPROTECT] = { "mprotect_request", "security_file_mprotect",
			    HOOK_TRAMPOLINE, 0, "ENOMEM" },
	[HOOK_FORKED] = { "forked", "sched_wakeup_new", HOOK_TRACEPOINT, 0,
			  "inheritance" },
	[HOOK_EXECED] = { "execed", "sched_process_exec", HOOK_TRACEPOINT, 0,
			  "rules" },
	[HOOK_EXECED_AGAIN] = { "execed_again", "sched_process_exec",
				HOOK_TRACEPOINT, 0, "rules" },
	[HOOK_EXITED] = { "exited", "sched_process_exit", HOOK_TRACEPOINT, 0,
			  "end of a policy" },
	[HOOK_SIGNALLED] = { "signalled", "signal_generate", HOOK_TRACEPOINT, 0,
			     "stop and continue by users" },
	[HOOK_MEMLOCK] = { "memlock", "overhigh_memlock", HOOK_MODULE, 0,
			   "ENOMEM for mlock and mremap" },
	[HOOK_SLEPT] = { "slept", "overhigh_slept", HOOK_MODULE, 0,
			 "account of sleeps" },
};
