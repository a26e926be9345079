// SPDX-License-Identifier: GPL-2.0
/* commands/check.c - overhigh check: are files of rules right?  Needs no root.
 */
#include <stdlib.h>
#include "base/log.h"
#include "commands/command.h"
#include "rules/rules.h"

static const char doc[] =
	"Check files of rules, or directories of them, as one set in the order "
	"given; without any " RULES_FILE " and " RULES_DIR "/*.conf.\v"
	"The first thing that is wrong is named with its file and line, and the "
	"exit status is 2.  Needs no root and changes nothing.\n\n"
	"Examples:\n"
	"  overhigh check\n"
	"  overhigh check new.conf && cp new.conf " RULES_DIR
	" && overhigh reload";

struct settings {
	char **paths;
	int nr;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *settings = state->input;

	(void)arg;
	if (key != ARGP_KEY_ARGS)
		return ARGP_ERR_UNKNOWN;
	settings->paths = state->argv + state->next;
	settings->nr = state->argc - state->next;
	return 0;
}

static bool looks_at(const struct rule *rule, enum overhigh_attribute attribute)
{
	unsigned int i;

	for (i = 0; i < rule->nr_matches; i++)
		if (rule->matches[i].attribute == attribute)
			return true;
	return false;
}

/* Whoever may name a program chooses such a rule. */
static unsigned int warn(const struct rules *rules)
{
	const struct rule *rule;
	unsigned int i, warned = 0;

	for (i = 0; i < rules->nr; i++) {
		rule = &rules->rule[i];
		if (!(rule->record.flags & OVERHIGH_RULE_PROTECT) ||
		    looks_at(rule, OVERHIGH_ATTR_UID) ||
		    looks_at(rule, OVERHIGH_ATTR_CGROUP))
			continue;
		say("%s:%u: warning: protect %s goes by a name alone, which a "
		    "user may give a program of his own: add match-uid, like "
		    "match-uid = 0",
		    rule->file, rule->line, rule->record.name);
		warned++;
	}
	return warned;
}

static int run(int argc, char **argv, struct error *err)
{
	struct settings settings = {};
	struct rule_tables tables = {};
	unsigned int warned;
	struct rules rules;
	int i, ret = command_parse(&command_check, argc, argv, &settings, err);

	if (ret)
		return ret;
	rules_init(&rules, 0);
	if (!settings.nr)
		ret = rules_read_config(&rules, NULL, err);
	for (i = 0; !ret && i < settings.nr; i++)
		ret = rules_read(&rules, settings.paths[i], err);
	if (!ret)
		ret = rules_compile(&rules, &tables, err);
	if (!ret) {
		warned = warn(&rules);
		printf("%u rule%s, %u different pattern%s: nothing is wrong",
		       rules.nr, rules.nr == 1 ? "" : "s", tables.nr_tests,
		       tables.nr_tests == 1 ? "" : "s");
		if (warned)
			printf(", %u warning%s", warned,
			       warned == 1 ? "" : "s");
		printf("\n");
		rule_tables_free(&tables);
	}
	rules_free(&rules);
	return ret;
}

const struct command command_check = {
	.name = "check",
	.summary = "check files of rules",
	.arguments = "[FILE...]",
	.doc = doc,
	.parse = parse,
	.run = run,
};
