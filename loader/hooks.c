// SPDX-License-Identifier: GPL-2.0
/* hooks.c - see hooks.h; the names are those of bpf/overhigh.bpf.c. */
#include "hooks.h"

const struct hook hooks[HOOKS] = {
	[HOOK_FAULT] = { "fault", "handle_mm_fault", HOOK_TRAMPOLINE, 0,
			 "RSS limits" },
	[HOOK_RSS_STAT] = { "rss_stat", "rss_stat", HOOK_TRACEPOINT, 0,
			    "RSS limits" },
	[HOOK_CHARGE] = { "charge", "try_charge_memcg", HOOK_TRAMPOLINE, 1,
			  "memcg limits" },
	[HOOK_UNCHARGE] = { "uncharge", "__mem_cgroup_uncharge",
			    HOOK_TRAMPOLINE, 1, "falling below" },
	[HOOK_UNCHARGE_LIST] = { "uncharge_list", "__mem_cgroup_uncharge_list",
				 HOOK_TRAMPOLINE, 1, "falling below" },
	[HOOK_UNCHARGE_FOLIOS] = { "uncharge_folios",
				   "__mem_cgroup_uncharge_folios",
				   HOOK_TRAMPOLINE, 1, "falling below" },
	[HOOK_MEMCG_STATE] = { "memcg_state", "mod_memcg_lruvec_state",
			       HOOK_TRACEPOINT, 1, "falling below" },
	[HOOK_MMAP] = { "mmap_request", "security_mmap_file", HOOK_TRAMPOLINE,
			0, "ENOMEM" },
	[HOOK_GROWTH] = { "growth_request", "security_vm_enough_memory_mm",
			  HOOK_TRAMPOLINE, 0, "ENOMEM" },
	[HOOK_MPROTECT] = { "mprotect_request", "security_file_mprotect",
			    HOOK_TRAMPOLINE, 0, "ENOMEM" },
	[HOOK_FORKED] = { "forked", "sched_process_fork", HOOK_TRACEPOINT, 0,
			  "inheritance" },
	[HOOK_EXITED] = { "exited", "sched_process_exit", HOOK_TRACEPOINT, 0,
			  "end of a policy" },
	[HOOK_SIGNALLED] = { "signalled", "signal_generate", HOOK_TRACEPOINT, 0,
			     "stop and continue by users" },
};
