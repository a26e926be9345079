// SPDX-License-Identifier: GPL-2.0
/* attach/probe.c - see attach/probe.h. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/cgroup.h"
#include "attach/probe.h"

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

/* What is looked up in the kernel's BTF: ids by hook, and of two variables. */
struct btf_ids {
	__s32 hook[HOOKS];
	__s32 preempt_count; /* of either of its two names */
	__s32 send_signal;   /* bpf_send_signal_task() */
};

static bool names_hook(const struct hook *hook, const char *name, __u32 kind)
{
	static const char prefix[] = "btf_trace_";

	if (hook->kind == HOOK_TRAMPOLINE)
		return kind == BTF_KIND_FUNC && !strcmp(name, hook->target);
	return hook->kind == HOOK_TRACEPOINT && kind == BTF_KIND_TYPEDEF &&
	       !strncmp(name, prefix, sizeof(prefix) - 1) &&
	       !strcmp(name + sizeof(prefix) - 1, hook->target);
}

/* One pass: the types are a hundred thousand, and the machine may be slow. */
static void find_ids(const struct btf *btf, struct btf_ids *ids)
{
	__u32 n = btf__type_cnt(btf), i, kind;
	int id;

	memset(ids, 0, sizeof(*ids));
	for (i = 1; i < n; i++) {
		const struct btf_type *type = btf__type_by_id(btf, i);
		const char *name;

		kind = btf_kind(type);
		if (kind != BTF_KIND_FUNC && kind != BTF_KIND_TYPEDEF &&
		    kind != BTF_KIND_VAR)
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		if (kind == BTF_KIND_VAR) {
			if (!strcmp(name, "pcpu_hot") ||
			    !strcmp(name, "__preempt_count"))
				ids->preempt_count = i;
			continue;
		}
		if (!strcmp(name, "bpf_send_signal_task"))
			ids->send_signal = i;
		for (id = 0; id < HOOKS; id++)
			if (names_hook(&hooks[id], name, kind))
				ids->hook[id] = i;
	}
}

/*
 * Can a BPF program tell an interrupt from a task?  The verifier looks the
 * variable up in kallsyms, which lacks it without CONFIG_KALLSYMS_ALL.  Other
 * architectures than x86 keep the count in thread_info.
 */
static bool preempt_count_known(const struct btf_ids *ids)
{
#ifdef __x86_64__
	const struct bpf_insn code[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_BTF_ID,
		  .imm = ids->preempt_count },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd;

	if (!ids->preempt_count)
		return false;
	fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "overhigh_probe",
			   "GPL", code, 4, NULL);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
#else
	(void)ids;
	return true;
#endif
}

/*
 * Loads the smallest program of the given attach type and tries to attach it;
 * both steps are refused by some kernels.  Returns 0 or a negative errno.
 */
static int try_trampoline(enum bpf_attach_type type, __s32 function_id)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type,
		    .attach_btf_id = function_id);
	int fd, link;

	if (!function_id)
		return -ENOENT;
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

static void probe_trampolines(struct probe *p, const struct btf_ids *ids)
{
	/* the rarest function that we need, so that nobody notices */
	int ret = try_trampoline(BPF_MODIFY_RETURN, ids->hook[HOOK_MPROTECT]);

	if (!ret)
		ret = try_trampoline(BPF_TRACE_FENTRY,
				     ids->hook[HOOK_MPROTECT]);
	p->trampolines = !ret;
	if (ret)
		snprintf(
			p->trampoline_reason, sizeof(p->trampoline_reason),
			"this kernel refuses fentry and fmod_ret programs (%s)",
			strerror(-ret));
}

static void probe_hook(struct probe *p, const struct btf_ids *ids,
		       enum hook_id id, bool context_known)
{
	const struct hook *hook = &hooks[id];
	char *reason = p->hook_reason[id];
	size_t size = sizeof(p->hook_reason[id]);

	if (hook->kind == HOOK_TRAMPOLINE && !p->trampolines)
		snprintf(reason, size, "%s", p->trampoline_reason);
	else if (!ids->hook[id])
		snprintf(reason, size, "this kernel has no %s %s",
			 hook->kind == HOOK_TRACEPOINT ? "tracepoint" :
							 "function",
			 hook->target);
	else if (hook->needs_context && !context_known)
		snprintf(reason, size,
			 "kallsyms lacks the preempt count (no "
			 "CONFIG_KALLSYMS_ALL)");
	p->hook_ok[id] = !reason[0];
}

/* Whether a module that is not signed would be refused. */
static bool wants_signed_modules(void)
{
	return file_contains("/sys/module/module/parameters/sig_enforce",
			     "Y") ||
	       file_contains("/sys/kernel/security/lockdown", "[integrity]");
}

/* insmod succeeds without BTF, and then nothing of the module can be called. */
bool probe_module(char *reason, size_t size)
{
	if (!access("/sys/kernel/btf/" MODULE_NAME, F_OK))
		return true;
	if (access("/sys/module/" MODULE_NAME, F_OK) && wants_signed_modules())
		snprintf(reason, size,
			 "the module " MODULE_NAME
			 " is not loaded; this kernel takes signed ones only: "
			 "enroll DKMS' key with mokutil --import");
	else if (access("/sys/module/" MODULE_NAME, F_OK))
		snprintf(reason, size,
			 "the module " MODULE_NAME
			 " is not loaded: modprobe " MODULE_NAME);
	else
		snprintf(reason, size,
			 "the module " MODULE_NAME
			 " has no BTF: build it with pahole and the kernel's "
			 "vmlinux (man overhigh, MODULE)");
	return false;
}

void probe_without_module(struct probe *p, const char *reason)
{
	int id;

	p->module = false;
	snprintf(p->module_reason, sizeof(p->module_reason), "%s", reason);
	for (id = 0; id < HOOKS; id++) {
		if (hooks[id].kind != HOOK_MODULE)
			continue;
		p->hook_ok[id] = false;
		snprintf(p->hook_reason[id], sizeof(p->hook_reason[id]), "%s",
			 reason);
	}
}

static void probe_hook_module(struct probe *p)
{
	char reason[sizeof(p->module_reason)];
	int id;

	p->module = true;
	for (id = 0; id < HOOKS; id++)
		if (hooks[id].kind == HOOK_MODULE)
			p->hook_ok[id] = true;
	if (!p->trampolines)
		probe_without_module(p, p->trampoline_reason);
	else if (!probe_module(reason, sizeof(reason)))
		probe_without_module(p, reason);
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
	struct btf_ids ids;
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
	find_ids(btf, &ids);
	btf__free(btf);
	p->signals_others = ids.send_signal;
	probe_trampolines(p, &ids);
	context_known = preempt_count_known(&ids);
	for (id = 0; id < HOOKS; id++)
		if (hooks[id].kind != HOOK_MODULE)
			probe_hook(p, &ids, id, context_known);
	probe_hook_module(p);
	probe_memcg(p);
	if (!p->hook_ok[HOOK_RSS_STAT] && !p->hook_ok[HOOK_FAULT])
		return bad_input(err, "no way to see RSS change: %s; %s",
				 p->hook_reason[HOOK_FAULT],
				 p->hook_reason[HOOK_RSS_STAT]);
	return 0;
}
