/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overhigh_rules.h - rules as the kernel side sees them: the tables that the
 * loader compiles, and the glob matcher that both sides run.
 *
 * Belongs here: layouts of the rule maps and pure functions on them.  Does not:
 * the text of rules (loader/rules/parse.c), reading processes
 * (bpf/rules.bpf.h).
 *
 * A set of rules is compiled into tests: each distinct pattern or range is
 * there once, with the set of rules (a bit for each, the first rule is bit 0)
 * that it is for.  There is room for two sets; the low bit of
 * overhigh_control.rules says which one holds.
 *
 * All of this is since 0.2.  The loader alone writes these maps.
 */
#ifndef OVERHIGH_RULES_H
#define OVERHIGH_RULES_H

#include "overhigh_policy.h"

#define OVERHIGH_MAX_RULES 1024
#define OVERHIGH_RULE_WORDS (OVERHIGH_MAX_RULES / 64)
#define OVERHIGH_MAX_TESTS 4096
#define OVERHIGH_PATTERN_LEN 128 /* with the NUL at its end; a power of two */
#define OVERHIGH_PATH_LEN 1024	 /* of a process's path, likewise */
#define OVERHIGH_RULE_NAME_LEN 32
#define OVERHIGH_RULE_WHERE_LEN 96

/* overhigh_rule_note.rule: none */
#define OVERHIGH_NO_RULE OVERHIGH_MAX_RULES

/* Steps of patterns that one value may take, of all patterns together: far
 * above what honest ones need.  At a fork nothing else runs on the CPU. */
#define OVERHIGH_MATCH_STEPS (1 << 16)

/* What a rule looks at. */
enum overhigh_attribute {
	OVERHIGH_ATTR_COMM,
	OVERHIGH_ATTR_UID, /* the real one */
	OVERHIGH_ATTR_CGROUP,
	OVERHIGH_ATTR_EXE,
	OVERHIGH_ATTRIBUTES,
};

/* Bits of overhigh_rule.flags. */
enum overhigh_rule_flag {
	OVERHIGH_RULE_PROTECT = 1 << 0, /* governed by nothing but a policy of
					 * its own */
};

/* Value of the map "rules" (key: __u32 set * OVERHIGH_MAX_RULES + rule). */
struct overhigh_rule {
	struct overhigh_policy policy;
	__u32 percent_of_max; /* process_limit is so much of the cgroup's
			       * memory.max; 0: it is what it is */
	__u32 flags;	      /* enum overhigh_rule_flag */
	char name[OVERHIGH_RULE_NAME_LEN];
	char where[OVERHIGH_RULE_WHERE_LEN]; /* FILE:LINE, the end of it */
};

/* Value of "rule_tests" (key: __u32 set * OVERHIGH_MAX_TESTS + test). */
struct overhigh_rule_test {
	__u64 rules[OVERHIGH_RULE_WORDS]; /* that this one is for */
	__u64 head[2];			  /* what a text must begin with, */
	__u64 head_mask[2];		  /* as far as this says */
	__u64 tail[2];			  /* what it must end with, */
	__u64 tail_mask[2];		  /* likewise; since 0.3 */
	__u32 first, last;		  /* of UID: the range */
	char pattern[OVERHIGH_PATTERN_LEN];
};

/* Value of "rule_sets" (key: __u32 set). */
struct overhigh_rule_set {
	/* rules that do not look at an attribute */
	__u64 any[OVERHIGH_ATTRIBUTES][OVERHIGH_RULE_WORDS];
	/* where an attribute's tests are, and how many */
	__u32 first[OVERHIGH_ATTRIBUTES];
	__u32 nr[OVERHIGH_ATTRIBUTES];
	__u64 ram_bytes; /* memory.max of a cgroup that has none */
	__u32 nr_rules;
	__u32 pad; /* 0 */
};

/*
 * Which rule matched a process when it last called exec, or when the rules came
 * into force; value of "process_rule" (key: __u32 pid).  A policy without such
 * a note, or with one that says OVERHIGH_NO_RULE, was set by hand, and no rule
 * changes it.  A child inherits what its parent has while the rest of the note
 * holds.
 */
struct overhigh_rule_note {
	__u64 generation; /* of overhigh_control.rules, then */
	__u64 cgroup_id;  /* since 0.3 */
	__u32 rule;
	__u32 uid;	      /* since 0.3 */
	__u32 protected_then; /* no rule was to touch it; since 0.3 */
	__u32 pad;	      /* 0 */
};

/* Which bit the first six bits of a de Bruijn sequence tell of, when it is
 * multiplied by that bit. */
static const __u8 overhigh_bit_of[64] = {
	0,  1,	48, 2,	57, 49, 28, 3,	61, 58, 50, 42, 38, 29, 17, 4,
	62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
	63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11,
	46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,	13, 8,	7,  6,
};

/* The number of the lowest bit that is set; some is.  Without branches: the
 * verifier would follow each of them, for each word of a set. */
OVERHIGH_INLINE __u32 overhigh_lowest_bit(__u64 word)
{
	return overhigh_bit_of[(word & -word) * 0x03f79d71b4cb0a89ULL >> 58];
}

/* What stands in a pattern for a wildcard: control characters, which the text
 * of a rule cannot have. */
enum overhigh_glob_op {
	OVERHIGH_GLOB_ONE = 1,	 /* ?: one character but not a slash */
	OVERHIGH_GLOB_STAR = 2,	 /* *: any number of those */
	OVERHIGH_GLOB_STARS = 3, /* **: anything */
};

/* Where a match has got to. */
struct overhigh_glob {
	__u32 p, t;		/* in the pattern, in the text */
	__u32 star_p, star_t;	/* after the last *, 0: there is none */
	__u32 stars_p, stars_t; /* after the last ** */
	__u32 matches;
	__u32 pad; /* 0 */
};

/*
 * One step of matching; returns 1 when it is decided, with g->matches set.  No
 * recursion, and only the last * and the last ** are ever gone back to: what a
 * ** before those could take, the later one can take too; and a * cannot pass
 * the slash that stands between it and the next.
 */
OVERHIGH_INLINE int overhigh_glob_step(struct overhigh_glob *g,
				       const char *pattern, const char *text)
{
	char op = pattern[g->p & (OVERHIGH_PATTERN_LEN - 1)];
	char c = text[g->t & (OVERHIGH_PATH_LEN - 1)];
	char next;

	if (op == OVERHIGH_GLOB_STARS) {
		g->p++;
		g->stars_p = g->p;
		g->stars_t = g->t;
		g->star_p = 0;
		g->matches = !pattern[g->p & (OVERHIGH_PATTERN_LEN - 1)];
		return g->matches;
	}
	if (op == OVERHIGH_GLOB_STAR) {
		g->p++;
		g->star_p = g->p;
		g->star_t = g->t;
		return 0;
	}
	if (!c && !op) {
		g->matches = 1;
		return 1;
	}
	if (c && (op == OVERHIGH_GLOB_ONE ? c != '/' : op == c)) {
		g->p++;
		g->t++;
		return 0;
	}
	next = text[g->star_t & (OVERHIGH_PATH_LEN - 1)];
	if (g->star_p && next && next != '/') {
		g->star_t++;
		g->p = g->star_p;
		g->t = g->star_t;
		return 0;
	}
	if (g->stars_p && text[g->stars_t & (OVERHIGH_PATH_LEN - 1)]) {
		g->stars_t++;
		g->p = g->stars_p;
		g->t = g->stars_t;
		g->star_p = 0;
		return 0;
	}
	return 1;
}

#endif /* OVERHIGH_RULES_H */
