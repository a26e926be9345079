// SPDX-License-Identifier: GPL-2.0
/* fuzz_rules.c - a file of rules, up to the tables that are made of it. */
#include "fuzz.h"
#include "rules/rules.h"

static void match_some(const struct rule_tables *tables)
{
	static const struct rule_subject subjects[] = {
		{ "cc1plus", 1000, "/build.slice", "/usr/lib/gcc/cc1plus" },
		{ "", 0, "/", "/" },
	};
	size_t i;
	int nr = tables->set.nr_rules;

	for (i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		int rule = rule_tables_match(tables, &subjects[i]);

		PROMISE(rule >= -1 && rule < nr);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct rule_tables tables;
	struct error err = {};
	struct rules rules;
	int ret;

	rules_init(&rules, 16ULL << 30);
	ret = rules_parse(&rules, "a.conf", text, &err);
	if (!ret) {
		ret = rules_compile(&rules, &tables, &err);
		if (!ret) {
			match_some(&tables);
			rule_tables_free(&tables);
		}
	}
	if (ret)
		fuzz_refused(ret, &err);
	rules_free(&rules);
	free(text);
	return 0;
}
