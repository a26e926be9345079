// SPDX-License-Identifier: GPL-2.0
/* report/policy_json.c - see report/policy_json.h. */
#include <bpf/bpf.h>
#include <limits.h>
#include "base/cgroup.h"
#include "govern/extension.h"
#include "text/extension_text.h"
#include "text/format.h"
#include "pins/governed.h"
#include "overhigh_policy.h"
#include "text/policy_options.h"
#include "base/process.h"
#include "report/json.h"
#include "report/policy_json.h"

__u64 show_counted_bytes(const struct overhigh_look *look)
{
	__u32 flags = overhigh_flags(look->policy.control);
	__u64 sum = 0;
	int kind;

	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		if (flags & overhigh_rss_kind_flag(kind))
			sum += look->head.rss_bytes[kind];
	return sum;
}

static const char *state_word(const struct overhigh_state *state, bool held)
{
	if (held)
		return "held";
	if (!state->over_since_ns)
		return "below";
	if (state->flags & OVERHIGH_STATE_STUCK)
		return "stuck";
	return state->step ? "escalated" : "over";
}

/* "pid" is what the reader can use; what lives outside his pid namespace has
 * none for him. */
static void add_pid(cJSON *object, __u32 pid, __u32 local)
{
	if (local)
		json_add_u64(object, "pid", local);
	else
		cJSON_AddNullToObject(object, "pid");
	if (local != pid)
		json_add_u64(object, "initial_pid", pid);
}

static void add_process(cJSON *object, const struct pins *pins, __u32 pid,
			__u32 local, const struct overhigh_look *look)
{
	struct overhigh_state state = {};
	struct overhigh_held held;
	struct process process;
	bool is_held;

	if (!process_read(local, &process))
		json_add_text(object, "comm", process.comm);
	if (look) {
		json_add_u64(object, "counted_bytes", show_counted_bytes(look));
		json_add_u64(object, "usage_bytes", look->head.usage_bytes);
		json_add_u64(object, "limit_bytes", look->head.limit_bytes);
		json_add_u64(object, "excess_bytes", look->head.excess_bytes);
	}
	bpf_map_lookup_elem(pins->map_fd[MAP_PROCESS_STATE], &pid, &state);
	is_held = !bpf_map_lookup_elem(pins->map_fd[MAP_HELD], &pid, &held);
	cJSON_AddStringToObject(object, "state", state_word(&state, is_held));
	json_add_u64(object, "crossings", state.crossings);
	json_add_u64(object, "denied", state.denied);
	json_add_u64(object, "delays", state.delays);
	json_add_u64(object, "delay_ns", state.delay_ns);
	json_add_u64(object, "longest_delay_ns", state.longest_delay_ns);
}

static void add_step(cJSON *steps, __u32 control, __u32 after_ms)
{
	cJSON *step = cJSON_CreateObject();
	char text[FORMAT_MAX];

	json_add_text(
		step, "action",
		format_action(text, sizeof(text), overhigh_action(control)));
	if (overhigh_action(control) == OVERHIGH_SIGNAL)
		json_add_text(step, "signal",
			      format_signal(text, sizeof(text),
					    overhigh_signal(control)));
	json_add_u64(step, "after_ms", after_ms);
	cJSON_AddItemToArray(steps, step);
}

/* What is in the text of the policy, too, for programs. */
static void add_terms(cJSON *object, const struct overhigh_policy *policy,
		      const struct overhigh_extension *extension)
{
	cJSON *steps = cJSON_AddArrayToObject(object, "steps");
	char text[FORMAT_MAX];
	int i;

	add_step(steps, policy->control, 0);
	if (!extension && policy->escalation && !overhigh_extended(policy))
		add_step(steps, policy->escalation, policy->grace_ms);
	if (!extension)
		return;
	for (i = 0; i < OVERHIGH_MAX_STEPS && extension->steps[i].control; i++)
		add_step(steps, extension->steps[i].control,
			 extension->steps[i].after_ms);
	if (extension->rate_bytes) {
		json_add_u64(object, "rate_bytes", extension->rate_bytes);
		json_add_u64(object, "burst_bytes", extension->burst_bytes);
	}
	if (extension->responses) {
		format_responses(text, sizeof(text), extension);
		json_add_text(object, "responses", text);
	}
	if (extension->pressure) {
		format_pressure(text, sizeof(text), extension);
		json_add_text(object, "pressure", text);
	}
}

static void add_policy(cJSON *object, const struct pins *pins,
		       const struct overhigh_policy *policy)
{
	char text[FORMAT_POLICY_MAX], refusal[FORMAT_MAX];
	int bad = overhigh_policy_check(policy);
	struct overhigh_extension extension;
	bool extended = extension_get(pins, policy, &extension);

	if (!bad && overhigh_extended(policy) && !extended)
		bad = OVERHIGH_BAD_EXTENSION;
	format_policy(text, sizeof(text), policy, extended ? &extension : NULL);
	cJSON_AddStringToObject(object, "policy", text);
	add_terms(object, policy, extended ? &extension : NULL);
	json_add_u64(object, "control", policy->control);
	json_add_u64(object, "escalation", policy->escalation);
	json_add_u64(object, "grace_ms", policy->grace_ms);
	json_add_u64(object, "max_delay_us", policy->max_delay_us);
	json_add_u64(object, "cgroup_margin", policy->cgroup_margin);
	if (policy->process_limit == OVERHIGH_NO_LIMIT)
		cJSON_AddNullToObject(object, "process_limit");
	else
		json_add_u64(object, "process_limit", policy->process_limit);
	if (bad)
		cJSON_AddStringToObject(
			object, "refused",
			format_refusal(refusal, sizeof(refusal), bad));
}

cJSON *show_object(const struct pins *pins, const struct target *target,
		   const struct overhigh_policy *policy,
		   const struct overhigh_look *look)
{
	cJSON *object = cJSON_CreateObject();
	__u32 local = pid_to_local(pins, target->pid);
	char text[PATH_MAX];

	if (target->kind == TARGET_PROCESS && !local)
		snprintf(text, sizeof(text), "outside:%u", target->pid);
	else if (target->kind == TARGET_PROCESS)
		snprintf(text, sizeof(text), "%u", local);
	else if (target->kind == TARGET_DEFAULT)
		snprintf(text, sizeof(text), "default");
	else if (cgroup_by_id(target->cgroup_id, text, sizeof(text), NULL))
		snprintf(text, sizeof(text), "cgroup %llu (gone)",
			 target->cgroup_id);
	cJSON_AddStringToObject(object, "target", text);
	if (target->kind == TARGET_PROCESS) {
		add_pid(object, target->pid, local);
		add_process(object, pins, target->pid, local, look);
	}
	add_policy(object, pins, policy);
	return object;
}

void show_json(const cJSON *json)
{
	char *text = cJSON_Print(json);

	if (text)
		puts(text);
	cJSON_free(text);
}
