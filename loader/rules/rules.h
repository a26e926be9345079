/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rules/rules.h - rules as the user wrote them, and the steps that they go
 * through.
 *
 * Belongs here: the model, and one prototype group for each of rules/parse.c
 * (text to model), rules/files.c (which files), rules/compile.c (model to the
 * tables of overhigh_rules.h).  All of it is done without root and changes
 * nothing; putting tables into force is govern/rules_maps.h.
 */
#ifndef OVERHIGH_RULES_RULES_H
#define OVERHIGH_RULES_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "overhigh_rules.h"

#define RULES_FILE "/etc/overhigh/overhigh.conf"
#define RULES_DIR "/etc/overhigh/conf.d"

/* One pattern, with ops in place of wildcards, or one range of uids. */
struct rule_match {
	enum overhigh_attribute attribute;
	unsigned int line;
	char pattern[OVERHIGH_PATTERN_LEN];
	__u32 first, last;
};

struct rule {
	struct overhigh_rule record;	     /* name, where, policy */
	struct overhigh_extension extension; /* of the policy, if it has one */
	char *file;			     /* where it was read from */
	unsigned int line;		     /* of its section header */
	struct rule_match *matches;
	unsigned int nr_matches;
};

struct rules {
	struct rule *rule; /* in the order in which they are tried */
	unsigned int nr;
	__u64 ram_bytes; /* what "25% of RAM" is a part of */
};

/* ram_bytes 0: that of this machine. */
void rules_init(struct rules *rules, __u64 ram_bytes);
void rules_free(struct rules *rules);

/*
 * Adds the rules in text, which was read from the file named.  On an error *err
 * has one line "FILE:LINE: what is wrong", and rules are good for nothing but
 * rules_free().
 */
int rules_parse(struct rules *rules, const char *file, const char *text,
		struct error *err);

/* The same for a file, or for every *.conf of a directory in name order. */
int rules_read(struct rules *rules, const char *path, struct error *err);
/* path, or if that is NULL the usual files as far as they are there. */
int rules_read_config(struct rules *rules, const char *path, struct error *err);

/* The tables of one set. */
struct rule_tables {
	struct overhigh_rule_set set;
	struct overhigh_rule *rules;	       /* set.nr_rules of them */
	struct overhigh_extension *extensions; /* of the policy of each */
	struct overhigh_rule_test *tests;      /* by attribute */
	unsigned int nr_tests;
};

int rules_compile(const struct rules *rules, struct rule_tables *tables,
		  struct error *err);
void rule_tables_free(struct rule_tables *tables);

/* What a process is, for rules. */
struct rule_subject {
	char comm[OVERHIGH_COMM_LEN];
	__u32 uid;
	char cgroup[OVERHIGH_PATH_LEN];
	char exe[OVERHIGH_PATH_LEN];
};

/* Whether one test holds: what the kernel side does, here for explain and the
 * unit tests. */
bool rule_test_holds(const struct overhigh_rule_test *test,
		     enum overhigh_attribute attribute,
		     const struct rule_subject *subject);
/* The first rule that matches, or -1. */
int rule_tables_match(const struct rule_tables *tables,
		      const struct rule_subject *subject);

extern const char *const attribute_names[OVERHIGH_ATTRIBUTES]; /* "comm" */

/* A pattern as a user writes it, ops turned back into wildcards. */
const char *rule_pattern_text(const char *pattern,
			      char text[2 * OVERHIGH_PATTERN_LEN]);

#endif /* OVERHIGH_RULES_RULES_H */
