// SPDX-License-Identifier: GPL-2.0
/*
 * attach/capability.c - what serves each thing a policy may ask for, or why
 * nothing does: in words, from what attach/probe.c has found.  Pure; see
 * attach/probe.h.
 */
#include "attach/probe.h"

struct capability_state probe_capability(const struct probe *p,
					 enum capability c)
{
	struct capability_state s = { .available = true };

	switch (c) {
	case CAP_KILL:
		s.name = "kill";
		s.mechanism = "bpf_send_signal from the crossing charge";
		break;
	case CAP_SIGNAL:
		s.name = "signal";
		s.mechanism = "bpf_send_signal from the crossing charge";
		break;
	case CAP_SLOWDOWN:
		s.name = "slowdown";
		s.mechanism =
			p->module ?
				"a sleep in the module overhigh_hook" :
				"SIGSTOP from BPF, SIGCONT by the loader at a "
				"deadline";
		break;
	case CAP_ENOMEM:
		s.name = "enomem";
		s.available = p->hook_ok[HOOK_MMAP] &&
			      p->hook_ok[HOOK_GROWTH] &&
			      p->hook_ok[HOOK_MPROTECT];
		s.mechanism =
			"fmod_ret on mmap, brk, mremap growth and mprotect";
		s.reason = p->trampolines ? "a security hook is missing" :
					    p->trampoline_reason;
		break;
	case CAP_ENOMEM_MLOCK:
		s.name = "enomem_mlock";
		s.available = p->module;
		s.mechanism = "kprobes of the module overhigh_hook";
		s.reason = p->module_reason;
		break;
	case CAP_RSS_LIMIT:
		s.name = "rss_limit";
		s.mechanism =
			!p->hook_ok[HOOK_CHARGE] ?
				"tracepoint rss_stat" :
			p->preempts || !p->hook_ok[HOOK_FAULT] ?
				"each batch of charges; near a limit tracepoint "
				"rss_stat" :
				"each batch of charges; near a limit fexit on "
				"handle_mm_fault";
		break;
	case CAP_MEMCG_MARGIN:
		s.name = "memcg_margin";
		s.available = p->memcg;
		s.mechanism = "fentry on page_counter_try_charge";
		s.reason = p->memcg_reason;
		break;
	default:
		s.name = "?";
		s.available = false;
		s.reason = "unknown capability";
	}
	return s;
}
