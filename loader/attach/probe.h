/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attach/probe.h - what this kernel offers, found out by asking it.
 *
 * Belongs here: existence checks and small trial loads that leave nothing
 * behind.  Does not: version numbers, loading overhigh itself (attach/load.h).
 */
#ifndef OVERHIGH_ATTACH_PROBE_H
#define OVERHIGH_ATTACH_PROBE_H

#include <stdbool.h>
#include "base/error.h"
#include "pins/hooks.h"

struct probe {
	char kernel[65]; /* release, as uname -r */
	bool hook_ok[HOOKS];
	char hook_reason[HOOKS][128]; /* why not */
	bool trampolines;	      /* fentry, fexit and fmod_ret work */
	char trampoline_reason[128];
	bool preempts; /* what is loaded may lose the CPU: RSS is looked at in
			* rss_stat; known of loaded programs alone */
	bool signals_others; /* bpf_send_signal_task() is there */
	bool module;	     /* the kernel module overhigh_hook can be used */
	char module_reason[128];
	bool memcg; /* the memory controller is on cgroup2 */
	char memcg_reason[128];
	char cgroup2[256]; /* where cgroup2 is mounted, "" if nowhere */
};

/* What a policy may ask for, and what serves it here. */
enum capability {
	CAP_KILL,
	CAP_SIGNAL,
	CAP_SLOWDOWN,
	CAP_ENOMEM,
	CAP_ENOMEM_MLOCK,
	CAP_RSS_LIMIT,
	CAP_MEMCG_MARGIN,
	CAPABILITIES,
};

struct capability_state {
	const char *name;
	bool available;
	const char *mechanism; /* if available */
	const char *reason;    /* if not */
};

/* Fills *p; fails only where overhigh cannot run at all: no root, no BTF, BPF
 * locked down. */
int probe_kernel(struct probe *p, struct error *err);

/*
 * Whether the module's functions are there to be called, by what sysfs shows:
 * it may come and go.  Otherwise the reason, and what would help, is written.
 */
bool probe_module(char *reason, size_t size);

/* Goes on as if the module were not there. */
void probe_without_module(struct probe *p, const char *reason);

/* How capability c stands on the probed kernel. */
struct capability_state probe_capability(const struct probe *p,
					 enum capability c);

#endif /* OVERHIGH_ATTACH_PROBE_H */
