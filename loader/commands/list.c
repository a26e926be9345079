// SPDX-License-Identifier: GPL-2.0
/*
 * commands/list.c - overhigh list: every policy, and how the process it governs
 * stands.
 */
#include <bpf/bpf.h>
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "base/cgroup.h"
#include "commands/command.h"
#include "text/format.h"
#include "text/printable.h"
#include "pins/governed.h"
#include "overhigh_policy.h"
#include "govern/extension.h"
#include "govern/policy_maps.h"
#include "govern/rules_maps.h"
#include "text/policy_options.h"
#include "report/json.h"
#include "base/process.h"
#include "report/policy_json.h"

static const char doc[] =
	"Show every policy and rule; for processes also memory and state; and "
	"who is over under the policy of a cgroup or the default.";

#define MOST_OVER 20	 /* of those without a policy of their own */
#define POLICY_COLUMN 50 /* where the policy of a row begins */
#define COLUMNS 80

/* What a row is about, in the order in which they are shown. */
enum row_kind {
	ROW_DEFAULT,
	ROW_CGROUP,
	ROW_RULE,
	ROW_PROCESS,
	ROW_OVER, /* under the policy of a cgroup or the default */
};

struct row {
	enum row_kind kind;
	__u64 bytes; /* the most first */
	cJSON *object;
};

struct list {
	struct pins *pins;
	struct looks looks;
	struct row *row;
	unsigned int nr, left_out;
	bool no_memory;
};

static void add_row(struct list *list, enum row_kind kind, __u64 bytes,
		    cJSON *object)
{
	struct row *row = object ? list->row : NULL;

	/* doubled whenever it is full: at 0, 1, 2, 4, ... */
	if (object && !(list->nr & (list->nr - 1)))
		row = realloc(list->row,
			      (list->nr ? 2 * list->nr : 1) * sizeof(*row));
	if (!row) {
		list->no_memory = true;
		cJSON_Delete(object);
		return;
	}
	list->row = row;
	row[list->nr++] = (struct row){ kind, bytes, object };
}

static int add_policy(const struct target *target,
		      const struct overhigh_policy *policy, void *ctx)
{
	static const enum row_kind kinds[] = {
		[TARGET_PROCESS] = ROW_PROCESS,
		[TARGET_CGROUP] = ROW_CGROUP,
		[TARGET_DEFAULT] = ROW_DEFAULT,
	};
	struct list *list = ctx;
	const struct overhigh_look *look =
		target->kind == TARGET_PROCESS ?
			look_find(&list->looks, target->pid) :
			NULL;
	cJSON *object = show_object(list->pins, target, policy, look);

	add_row(list, kinds[target->kind], look ? show_counted_bytes(look) : 0,
		object);
	return 0;
}

/* How many processes each rule governs now. */
static void count_matches(const struct pins *pins, unsigned int *matches)
{
	int fd = pins->map_fd[MAP_PROCESS_RULE];
	struct overhigh_rule_note note;
	__u32 key, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);

	while (more) {
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_elem(fd, &key, &note) &&
		    note.rule < OVERHIGH_MAX_RULES &&
		    note.generation == pins->control->rules)
			matches[note.rule]++;
	}
}

static void add_rules(struct list *list)
{
	static unsigned int matches[OVERHIGH_MAX_RULES];
	char text[FORMAT_POLICY_MAX], name[OVERHIGH_RULE_NAME_LEN + 16];
	struct overhigh_extension extension;
	struct rule_tables tables;
	struct error ignored;
	cJSON *object;
	unsigned int i;

	if (rules_in_force(list->pins, &tables, &ignored))
		return;
	count_matches(list->pins, matches);
	for (i = 0; i < tables.set.nr_rules; i++) {
		const struct overhigh_rule *rule = &tables.rules[i];
		bool protects = rule->flags & OVERHIGH_RULE_PROTECT;
		bool extended =
			extension_get(list->pins, &rule->policy, &extension);

		snprintf(name, sizeof(name), "%s %s",
			 protects ? "protect" : "rule", rule->name);
		format_policy(text, sizeof(text), &rule->policy,
			      extended ? &extension : NULL);
		object = cJSON_CreateObject();
		json_add_text(object, "target", name);
		json_add_text(object, "where", rule->where);
		json_add_u64(object, "matches", matches[i]);
		json_add_text(object, "policy", protects ? "none" : text);
		add_row(list, ROW_RULE, OVERHIGH_MAX_RULES - i, object);
	}
	rule_tables_free(&tables);
}

/* Nobody else shows them: they have no policy of their own. */
static void add_over(struct list *list)
{
	struct target target = { .kind = TARGET_PROCESS, .pidfd = -1 };
	char path[PATH_MAX];
	unsigned int i;
	cJSON *object;

	for (i = 0; i < list->looks.nr; i++) {
		const struct overhigh_look *look = &list->looks.look[i];

		if (look->head.source == OVERHIGH_SOURCE_PROCESS ||
		    !look->head.excess_bytes)
			continue;
		target.pid = look->head.pid;
		object = show_object(list->pins, &target, &look->policy, look);
		if (look->head.source == OVERHIGH_SOURCE_DEFAULT ||
		    cgroup_by_id(look->head.source_id, path, sizeof(path),
				 NULL))
			snprintf(path, sizeof(path), "default");
		json_add_text(object, "governed_by", path);
		add_row(list, ROW_OVER, look->head.excess_bytes, object);
	}
}

static int by_kind_and_bytes(const void *a, const void *b)
{
	const struct row *one = a, *other = b;

	if (one->kind != other->kind)
		return one->kind - other->kind;
	if (one->bytes != other->bytes)
		return one->bytes < other->bytes ? 1 : -1;
	return strcmp(
		cJSON_GetObjectItem(one->object, "target")->valuestring,
		cJSON_GetObjectItem(other->object, "target")->valuestring);
}

/* Sorts, and leaves out what nobody would read to the end. */
static cJSON *in_order(struct list *list)
{
	cJSON *array = cJSON_CreateArray();
	unsigned int i, over = 0;

	if (list->nr)
		qsort(list->row, list->nr, sizeof(*list->row),
		      by_kind_and_bytes);
	for (i = 0; i < list->nr; i++) {
		if (list->row[i].kind != ROW_OVER || ++over <= MOST_OVER) {
			cJSON_AddItemToArray(array, list->row[i].object);
			continue;
		}
		cJSON_Delete(list->row[i].object);
		list->left_out++;
	}
	return array;
}

/* "kill --limit 200M": without what is so for about all of them. */
static void print_policy(const cJSON *one)
{
	static const char *const usual[] = { " --rss anon,shmem,swap",
					     " --direct" };
	const cJSON *by = cJSON_GetObjectItem(one, "governed_by");
	char text[FORMAT_POLICY_MAX], *at;
	const char *begin = text;
	size_t i;

	if (by) {
		printf("(of %s)\n", by->valuestring);
		return;
	}
	snprintf(text, sizeof(text), "%s",
		 cJSON_GetObjectItem(one, "policy")->valuestring);
	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		at = strstr(text, usual[i]);
		if (at)
			memmove(at, at + strlen(usual[i]),
				strlen(at + strlen(usual[i])) + 1);
	}
	if (!strncmp(begin, "--action ", 9))
		begin += 9;
	printf("%s%s\n",
	       strlen(begin) > COLUMNS - POLICY_COLUMN ? "\n    " : "", begin);
}

static void print_row(const cJSON *one)
{
	const cJSON *comm = cJSON_GetObjectItem(one, "comm");
	const cJSON *counted = cJSON_GetObjectItem(one, "counted_bytes");
	const cJSON *state = cJSON_GetObjectItem(one, "state");
	const cJSON *matches = cJSON_GetObjectItem(one, "matches");
	const char *target = cJSON_GetObjectItem(one, "target")->valuestring;
	char rss[32] = "-", name[64] = "-";

	if (comm)
		printable(name, sizeof(name), comm->valuestring);
	if (matches)
		snprintf(name, sizeof(name), "%.0f match%s",
			 matches->valuedouble,
			 matches->valuedouble == 1 ? "" : "es");
	if (counted)
		format_size_rounded(rss, sizeof(rss), counted->valuedouble);
	printf("%-14s%s%-15s %-9s %7s  ", target,
	       strlen(target) > 14 ? "\n               " : " ", name,
	       state ? state->valuestring : "-", rss);
	print_policy(one);
}

static void print_text(const struct list *list, const cJSON *array)
{
	const cJSON *one;

	printf("%-14s %-15s %-9s %7s  %s\n", "TARGET", "COMM", "STATE",
	       "COUNTED", "POLICY");
	cJSON_ArrayForEach(one, array) print_row(one);
	if (list->left_out)
		printf("... and %u more that are over under a cgroup's policy "
		       "or the default\n",
		       list->left_out);
}

static int collect(struct list *list, struct error *err)
{
	int ret = look_collect(list->pins, &list->looks, err);

	if (ret)
		return ret;
	policy_each(list->pins, add_policy, list);
	add_rules(list);
	add_over(list);
	return list->no_memory ? fail(err, ENOMEM, "out of memory") : 0;
}

static int run(int argc, char **argv, struct error *err)
{
	struct list list = {};
	struct pins pins;
	cJSON *array;
	int json = 0, ret;

	ret = command_parse(&command_list, argc, argv, &json, err);
	if (!ret)
		ret = pins_open(&pins, err);
	if (ret)
		return ret;
	list.pins = &pins;
	ret = collect(&list, err);
	array = in_order(&list);
	if (!ret && json)
		show_json(array);
	else if (!ret)
		print_text(&list, array);
	cJSON_Delete(array);
	free(list.row);
	free(list.looks.look);
	pins_close(&pins);
	return ret;
}

const struct command command_list = {
	.name = "list",
	.summary = "show every policy and how its process stands",
	.doc = doc,
	.options = command_json,
	.parse = command_parse_json,
	.run = run,
};
