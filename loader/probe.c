// SPDX-License-Identifier: GPL-2.0
/* probe.c - see probe.h. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "cgroup.h"
#include "probe.h"
#include "sample.h"

static bool file_contains(const char *path, const char *word)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(path, "re");

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, word);
	if (f)
		fclose(f);
	return found;
}

/* Does kallsyms know the symbol that tells an interrupt from a task?  Not
 * without CONFIG_KALLSYMS_ALL. */
static bool preempt_count_known(void)
{
	return file_contains("/proc/kallsyms", " pcpu_hot\n") ||
	       file_contains("/proc/kallsyms", " __preempt_count\n");
}

/*
 * Loads the smallest program of the given attach type and tries to attach it;
 * both steps are refused by some kernels.  Returns 0 or a negative errno.
 */
static int try_trampoline(struct btf *btf, enum bpf_attach_type type,
			  const char *function)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type);
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	int fd, link;

	if (id < 0)
		return -ENOENT;
	opts.attach_btf_id = id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "overhigh_probe", "GPL", code,
			   2, &opts);
	if (fd < 0)
		return -errno;
	link = bpf_raw_tracepoint_open(NULL, fd);
	if (link < 0)
		link = -errno;
	else
		close(link);
	close(fd);
	return link < 0 ? link : 0;
}

static void probe_trampolines(struct probe *p, struct btf *btf)
{
	/* the rarest function that we need, so that nobody notices */
	int ret = try_trampoline(btf, BPF_MODIFY_RETURN,
				 hooks[HOOK_MPROTECT].target);

	if (!ret)
		ret = try_trampoline(btf, BPF_TRACE_FENTRY,
				     hooks[HOOK_MPROTECT].target);
	p->trampolines = !ret;
	if (ret)
		snprintf(
			p->trampoline_reason, sizeof(p->trampoline_reason),
			"this kernel refuses fentry and fmod_ret programs (%s)",
			strerror(-ret));
}

/* Sampling is for where the fault hook is not to be had. */
static void probe_perf(const struct probe *p, char *reason, size_t size)
{
	int fd;

	if (p->trampolines) {
		snprintf(reason, size, "not needed: fentry works here");
		return;
	}
	fd = sample_open(getpid());
	if (fd < 0)
		snprintf(reason, size, "perf events are refused (%s)",
			 strerror(-fd));
	else
		close(fd);
}

static void probe_hook(struct probe *p, struct btf *btf, enum hook_id id,
		       bool context_known)
{
	const struct hook *hook = &hooks[id];
	char *reason = p->hook_reason[id];
	size_t size = sizeof(p->hook_reason[id]);
	char name[128];

	if (hook->kind == HOOK_PERF) {
		probe_perf(p, reason, size);
	} else if (hook->kind == HOOK_TRACEPOINT) {
		snprintf(name, sizeof(name), "btf_trace_%s", hook->target);
		if (btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) < 0)
			snprintf(reason, size,
				 "this kernel has no tracepoint %s",
				 hook->target);
	} else if (!p->trampolines) {
		snprintf(reason, size, "%s", p->trampoline_reason);
	} else if (btf__find_by_name_kind(btf, hook->target, BTF_KIND_FUNC) <
		   0) {
		snprintf(reason, size, "this kernel has no function %s",
			 hook->target);
	}
	if (!reason[0] && hook->needs_context && !context_known)
		snprintf(reason, size,
			 "kallsyms lacks the preempt count (no "
			 "CONFIG_KALLSYMS_ALL)");
	p->hook_ok[id] = !reason[0];
}

static void probe_memcg(struct probe *p)
{
	char path[300];

	if (cgroup2_mount(p->cgroup2, sizeof(p->cgroup2))) {
		snprintf(p->memcg_reason, sizeof(p->memcg_reason),
			 "cgroup2 is not mounted");
		return;
	}
	snprintf(path, sizeof(path), "%s/cgroup.controllers", p->cgroup2);
	if (!file_contains(path, "memory"))
		snprintf(p->memcg_reason, sizeof(p->memcg_reason),
			 "the memory controller is not on cgroup2");
	else if (!p->hook_ok[HOOK_CHARGE])
		snprintf(p->memcg_reason, sizeof(p->memcg_reason), "%s",
			 p->hook_reason[HOOK_CHARGE]);
	p->memcg = !p->memcg_reason[0];
}

int probe_kernel(struct probe *p, struct error *err)
{
	struct utsname name;
	struct btf *btf;
	bool context_known;
	enum hook_id id;

	memset(p, 0, sizeof(*p));
	if (geteuid())
		return bad_input(err, "this needs root: try sudo");
	if (!uname(&name))
		snprintf(p->kernel, sizeof(p->kernel), "%s", name.release);
	if (file_contains("/sys/kernel/security/lockdown", "[confidentiality]"))
		return bad_input(err,
				 "kernel lockdown is at 'confidentiality', "
				 "which forbids BPF to read kernel memory: "
				 "boot with lockdown=integrity or none");
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return bad_input(
			err, "this kernel has no BTF "
			     "(/sys/kernel/btf/vmlinux): it must be built with "
			     "CONFIG_DEBUG_INFO_BTF=y, as Debian's are");
	probe_trampolines(p, btf);
	context_known = preempt_count_known();
	for (id = 0; id < HOOKS; id++)
		probe_hook(p, btf, id, context_known);
	btf__free(btf);
	probe_memcg(p);
	if (!p->hook_ok[HOOK_RSS_STAT] && !p->hook_ok[HOOK_FAULT])
		return bad_input(err, "no way to see RSS change: %s; %s",
				 p->hook_reason[HOOK_FAULT],
				 p->hook_reason[HOOK_RSS_STAT]);
	return 0;
}
