// SPDX-License-Identifier: GPL-2.0
/* commands/explain.c - overhigh explain: which rule, policy or default governs
 * a process, and why. */
#include <bpf/bpf.h>
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cgroup.h"
#include "base/clock.h"
#include "commands/command.h"
#include "report/json.h"
#include "govern/extension.h"
#include "text/extension_text.h"
#include "text/format.h"
#include "pins/governed.h"
#include "overhigh_policy.h"
#include "govern/policy_maps.h"
#include "text/policy_options.h"
#include "base/process.h"
#include "govern/rules_maps.h"
#include "report/policy_json.h"

static const char doc[] =
	"Say which rule, cgroup policy or default governs process PID, and "
	"why.\v"
	"Rules look at a process when it is forked and when it calls exec, and "
	"when they come into force; what it became since then is shown, too.";

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "JSON in place of text", 0 },
	{ 0 },
};

struct settings {
	bool json;
	const char *pid;
	struct error *err;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *settings = state->input;

	switch (key) {
	case 'j':
		settings->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (settings->pid) {
			bad_input(settings->err,
				  "explain takes one process: leave '%s' out",
				  arg);
			return EINVAL;
		}
		settings->pid = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A process, and all that is known about why it is governed or not. */
struct explanation {
	const struct pins *pins;
	__u32 pid;   /* in the initial pid namespace */
	__u32 local; /* in ours */
	struct rule_subject subject;
	int oom_score_adj;
	struct rule_tables tables;
	int matching; /* the first rule that matches now, -1: none */
	struct overhigh_policy policy;
	bool has_policy;
	cJSON *out;
};

static FILE *open_proc(__u32 pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	return fopen(path, "re");
}

/* The rest of the line that begins with the words given. */
static void read_line(__u32 pid, const char *name, const char *begin, char *out,
		      size_t size)
{
	FILE *file = open_proc(pid, name);
	char line[OVERHIGH_PATH_LEN + 64];

	out[0] = 0;
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, begin, strlen(begin)))
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(out, size, "%.*s", (int)size - 1,
			 line + strlen(begin));
	}
	if (file)
		fclose(file);
}

static void read_subject(struct explanation *e)
{
	static const char deleted[] = " (deleted)";
	struct rule_subject *s = &e->subject;
	char path[64], text[64];
	ssize_t n;

	memset(s, 0, sizeof(*s));
	read_line(e->local, "comm", "", s->comm, sizeof(s->comm));
	read_line(e->local, "status", "Uid:", text, sizeof(text));
	s->uid = strtoul(text, NULL, 10);
	read_line(e->local, "cgroup", "0::", s->cgroup, sizeof(s->cgroup));
	read_line(e->local, "oom_score_adj", "", text, sizeof(text));
	e->oom_score_adj = atoi(text);
	snprintf(path, sizeof(path), "/proc/%u/exe", e->local);
	n = readlink(path, s->exe, sizeof(s->exe) - 1);
	n = n < 0 ? 0 : n;
	s->exe[n] = 0;
	n -= strlen(deleted);
	if (n > 0 && !strcmp(s->exe + n, deleted))
		s->exe[n] = 0;
}

static void add_process(struct explanation *e)
{
	cJSON_AddNumberToObject(e->out, "pid", e->local);
	json_add_text(e->out, "comm", e->subject.comm);
	cJSON_AddNumberToObject(e->out, "uid", e->subject.uid);
	cJSON_AddStringToObject(e->out, "cgroup", e->subject.cgroup);
	cJSON_AddStringToObject(e->out, "exe", e->subject.exe);
}

/* What is governing it, and the reason, as two lines. */
static void say_governed(struct explanation *e, const char *by, const char *why)
{
	cJSON_AddStringToObject(e->out, "governed_by", by);
	cJSON_AddStringToObject(e->out, "why", why);
}

/* Two stars to one. */
static void join_stars(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (text[0] != '*' || text[1] != '*')
			*to++ = *text;
	*to = 0;
}

/* "comm matches cc1*, uid matches 1000-1999": the tests of a rule that the
 * process passes. */
static void describe_match(const struct explanation *e, unsigned int rule,
			   char *text, size_t size)
{
	char pattern[2 * OVERHIGH_PATTERN_LEN];
	unsigned int a, i;
	size_t n = 0;

	text[0] = 0;
	for (a = 0; a < OVERHIGH_ATTRIBUTES; a++) {
		for (i = 0; i < e->tables.set.nr[a] && n < size; i++) {
			const struct overhigh_rule_test *t =
				&e->tables.tests[e->tables.set.first[a] + i];

			if (!(t->rules[rule / 64] >> rule % 64 & 1) ||
			    !rule_test_holds(t, a, &e->subject))
				continue;
			rule_pattern_text(t->pattern, pattern);
			if (a == OVERHIGH_ATTR_COMM) /* as it was written */
				join_stars(pattern);
			if (a == OVERHIGH_ATTR_UID)
				snprintf(pattern, sizeof(pattern), "%u-%u",
					 t->first, t->last);
			n += snprintf(text + n, size - n, "%s%s matches %s",
				      n ? ", " : "", attribute_names[a],
				      pattern);
			break;
		}
	}
}

/* The policy came from a rule: is it still the one that matches? */
static void explain_rule(struct explanation *e,
			 const struct overhigh_rule *rule)
{
	bool protects = rule->flags & OVERHIGH_RULE_PROTECT;
	char by[256], why[1024];
	bool same = e->matching >= 0 &&
		    !strcmp(e->tables.rules[e->matching].name, rule->name);

	if (e->oom_score_adj == -1000 && !protects) {
		say_governed(e, "nothing",
			     "its oom_score_adj is -1000, which no rule "
			     "touches");
		return;
	}
	snprintf(by, sizeof(by), "%s%s %s (%s)", protects ? "nothing: " : "",
		 protects ? "protect" : "rule", rule->name, rule->where);
	if (same)
		describe_match(e, e->matching, why, sizeof(why));
	else
		snprintf(why, sizeof(why),
			 "it matched at its last fork or exec, or when the "
			 "rules came into force; at the next %s%s will",
			 e->matching < 0 ? "none" : "rule ",
			 e->matching < 0 ? "" :
					   e->tables.rules[e->matching].name);
	say_governed(e, by, why);
}

static bool is_overhigh(const struct explanation *e)
{
	return e->pid == e->pins->control->loader_pid ||
	       e->pid == e->pins->control->guard_pid;
}

/* It has no policy of its own: of a cgroup, the default, or none. */
static void explain_others(struct explanation *e)
{
	struct overhigh_look look;
	char by[PATH_MAX + 32], path[PATH_MAX], why[256];
	struct error ignored;

	if (e->pid == 1)
		say_governed(e, "nothing", "it is pid 1");
	else if (is_overhigh(e))
		say_governed(e, "nothing", "it is overhigh itself");
	else if (e->oom_score_adj == -1000)
		say_governed(e, "nothing", "its oom_score_adj is -1000");
	else if (!look_at(e->pins, e->pid, &look, &ignored)) {
		e->policy = look.policy;
		e->has_policy = true;
		snprintf(by, sizeof(by), "the default");
		if (look.head.source == OVERHIGH_SOURCE_CGROUP &&
		    !cgroup_by_id(look.head.source_id, path, sizeof(path),
				  NULL))
			snprintf(by, sizeof(by), "the policy of cgroup %s",
				 path);
		say_governed(e, by,
			     "no rule matches, and it has no policy of its "
			     "own");
	} else {
		snprintf(why, sizeof(why),
			 "no rule%s, and there is no policy of its own, of its "
			 "cgroup or by default",
			 e->matching < 0 ? " matches" :
					   " matched when it was started");
		say_governed(e, "nothing", why);
	}
}

/* What was decided by hand in this episode. */
static bool has_verdict(const struct explanation *e,
			const struct overhigh_state *state,
			struct overhigh_verdict *verdict)
{
	return !bpf_map_lookup_elem(e->pins->map_fd[MAP_VERDICT], &e->pid,
				    verdict) &&
	       verdict->start_ns == state->start_ns &&
	       verdict->over_since_ns == state->over_since_ns;
}

/* When a step comes that was due then, as the kernel side has it. */
static __u64 put_off(__u64 due_ns, __u64 not_before_ns)
{
	__u64 most_ns = due_ns + OVERHIGH_MAX_EXTEND_NS;

	if (not_before_ns > most_ns)
		return most_ns;
	return not_before_ns > due_ns ? not_before_ns : due_ns;
}

/* "2s until signal:TERM", or what keeps it. */
static void describe_next(const struct explanation *e,
			  const struct overhigh_extension *extension,
			  const struct overhigh_state *state, char *text,
			  size_t size)
{
	struct overhigh_verdict verdict;
	char step[FORMAT_MAX], left[FORMAT_MAX];
	struct overhigh_step next;
	__u64 due_ns;

	if (!has_verdict(e, state, &verdict))
		memset(&verdict, 0, sizeof(verdict));
	if (verdict.released) {
		snprintf(text, size,
			 "released by hand: nothing is done to it, and no step "
			 "comes, until it has fallen below");
		return;
	}
	if (!ladder_next(&e->policy, extension, state, &next, &due_ns)) {
		snprintf(text, size, "no further step");
		return;
	}
	due_ns = put_off(due_ns, verdict.not_before_ns);
	next.after_ms = AFTER_NOT_GIVEN;
	format_step(step, sizeof(step), &next);
	format_duration_rounded(left, sizeof(left),
				overhigh_excess(due_ns, clock_now_ns()));
	snprintf(text, size, "%s comes after %s more", step, left);
}

/* Where it stands on its ladder. */
static void explain_ladder(struct explanation *e,
			   const struct overhigh_extension *extension)
{
	struct overhigh_state state;
	char next[160], text[320], over[FORMAT_MAX];

	if (bpf_map_lookup_elem(e->pins->map_fd[MAP_PROCESS_STATE], &e->pid,
				&state) ||
	    state.over_since_ns <= 1) {
		cJSON_AddStringToObject(e->out, "ladder",
					"below its limit: at the first step");
		return;
	}
	describe_next(e, extension, &state, next, sizeof(next));
	format_duration_rounded(
		over, sizeof(over),
		overhigh_excess(clock_now_ns(), state.over_since_ns));
	snprintf(text, sizeof(text), "over for %s, at step %u; %s", over,
		 state.step + 1, next);
	cJSON_AddStringToObject(e->out, "ladder", text);
}

static void explain_policy(struct explanation *e)
{
	struct overhigh_extension record, *extension = NULL;
	char text[FORMAT_POLICY_MAX];

	if (extension_get(e->pins, &e->policy, &record))
		extension = &record;
	cJSON_AddStringToObject(
		e->out, "policy",
		format_policy(text, sizeof(text), &e->policy, extension));
	explain_ladder(e, extension);
}

static void explain(struct explanation *e)
{
	struct overhigh_rule rule;

	e->has_policy = !bpf_map_lookup_elem(
		e->pins->map_fd[MAP_PROCESS_POLICY], &e->pid, &e->policy);
	if (!e->has_policy)
		explain_others(e);
	else if (rule_of_process(e->pins, e->pid, &rule))
		explain_rule(e, &rule);
	else
		say_governed(e, "a policy of its own",
			     "it was set by hand, or inherited from a process "
			     "where it was; no rule changes it");
	if (e->has_policy && (e->policy.process_limit != OVERHIGH_NO_LIMIT ||
			      overhigh_extended(&e->policy)))
		explain_policy(e);
}

static void print_text(const cJSON *object)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, object)
	{
		if (cJSON_IsString(item))
			printf("%-12s %s\n", item->string, item->valuestring);
		else
			printf("%-12s %.0f\n", item->string, item->valuedouble);
	}
}

static int explain_process(struct explanation *e, bool json, struct error *err)
{
	int ret = rules_in_force(e->pins, &e->tables, err);

	if (ret)
		return ret;
	read_subject(e);
	e->matching = rule_tables_match(&e->tables, &e->subject);
	e->out = cJSON_CreateObject();
	add_process(e);
	explain(e);
	if (json)
		show_json(e->out);
	else
		print_text(e->out);
	cJSON_Delete(e->out);
	rule_tables_free(&e->tables);
	return 0;
}

static int run(int argc, char **argv, struct error *err)
{
	struct settings settings = { .err = err };
	struct explanation e = {};
	struct target target;
	struct pins pins;
	int ret = command_parse(&command_explain, argc, argv, &settings, err);

	if (ret)
		return ret;
	if (!settings.pid)
		return bad_input(err, "which process?  Give a PID");
	ret = pins_open(&pins, err);
	if (ret)
		return ret;
	ret = target_parse(&pins, settings.pid, &target, err);
	if (!ret && target.kind != TARGET_PROCESS)
		ret = bad_input(err, "%s is no process: give a PID",
				settings.pid);
	if (!ret) {
		e.pins = &pins;
		e.pid = target.pid;
		e.local = target.local;
		ret = explain_process(&e, settings.json, err);
		target_close(&target);
	}
	pins_close(&pins);
	return ret;
}

const struct command command_explain = {
	.name = "explain",
	.summary = "say what governs a process, and why",
	.arguments = "PID",
	.doc = doc,
	.options = options,
	.parse = parse,
	.run = run,
};
