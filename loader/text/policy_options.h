/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text/policy_options.h - the options that describe a policy, for all
 * subcommands.
 *
 * One table (policy_fields) names every option with its unit, bounds and help;
 * the argp options, the parser and format_policy() are made from it.  Whose
 * policy it is, and putting it into a map, do not belong here.
 */
#ifndef OVERHIGH_TEXT_POLICY_OPTIONS_H
#define OVERHIGH_TEXT_POLICY_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "overhigh.h"

/* Keys of the options; outside of ASCII, so none has a short form.  A
 * subcommand's own long options take keys below POLICY_KEY_FIRST. */
enum policy_option_key {
	POLICY_KEY_FIRST = 0x1000,
	POLICY_KEY_ACTION = POLICY_KEY_FIRST,
	POLICY_KEY_LIMIT,
	POLICY_KEY_MARGIN,
	POLICY_KEY_RSS,
	POLICY_KEY_DIRECT,
	POLICY_KEY_FORK_GROWN,
	POLICY_KEY_SIGNAL,
	POLICY_KEY_REPEAT,
	POLICY_KEY_LOG,
	POLICY_KEY_MAX_DELAY,
	POLICY_KEY_GRACE,
	POLICY_KEY_THEN,
	POLICY_KEY_ON_STUCK,
	POLICY_KEY_HYSTERESIS,
	POLICY_KEY_RATE,
	POLICY_KEY_WHEN_PRESSURE,
	POLICY_KEY_RESPOND,
	POLICY_KEY_END,
};

#define POLICY_FIELDS (POLICY_KEY_END - POLICY_KEY_FIRST)

/* What the options said so far. */
struct policy_options {
	struct overhigh_policy policy;	     /* not complete before finish */
	struct overhigh_extension extension; /* likewise */
	unsigned int steps;		     /* of more.steps that are given */
	uint32_t given;			     /* bit (key - POLICY_KEY_FIRST) */
	struct error err;		     /* written by the argp parser */
};

enum policy_unit {
	POLICY_UNIT_NONE, /* a switch: no argument */
	POLICY_UNIT_WORD,
	POLICY_UNIT_BYTES,
	POLICY_UNIT_TIME, /* bounds and step in ns */
};

/* A policy as show() below looks at it. */
struct policy_terms {
	const struct overhigh_policy *policy;
	const struct overhigh_extension *extension; /* NULL: it has none */
	const struct overhigh_step *steps;	    /* all of the ladder */
	unsigned int nr_steps;
	unsigned int nth; /* of the steps, that is shown next */
};

/* Does any step of the ladder have this action? */
bool policy_terms_have(const struct policy_terms *terms,
		       enum overhigh_action action);

/* One option: the one place that knows its name, bounds and help. */
struct policy_field {
	const char *name;    /* without the dashes */
	int key;	     /* enum policy_option_key */
	const char *metavar; /* 0: a switch */
	enum policy_unit unit;
	uint32_t flag;	   /* of a switch: enum overhigh_flag */
	uint64_t min, max; /* of BYTES and TIME, inclusive */
	uint64_t step;	   /* TIME: a whole number of these */
	const char *help;  /* one line, without the bounds */
	/* takes an argument; of BYTES and TIME its value, within bounds */
	int (*set)(struct policy_options *options, const char *arg,
		   uint64_t value, struct error *err);
	/* or, of what goes into the extension */
	int (*parse_extension)(const char *arg,
			       struct overhigh_extension *extension,
			       struct error *err);
	/* writes the argument that gives this policy; returns non-zero if the
	 * option is needed for that; 0 for a switch that is shown when its
	 * flag is set */
	int (*show)(const struct policy_terms *terms, char *arg, size_t size);
};

/* POLICY_FIELDS entries in the order of their keys, which is also the order of
 * format_policy(); --help sorts by name. */
extern const struct policy_field policy_fields[POLICY_FIELDS];

void policy_options_init(struct policy_options *options);

/*
 * Takes one option.  If it comes twice, the last one counts; but each --then
 * adds a step.  Returns 0; -EINVAL with the line in err; or -ENOENT with err
 * untouched if key is none of a policy's.
 */
int policy_option_set(struct policy_options *options, int key, const char *arg,
		      struct error *err);

/* True if any option of a policy was given. */
int policy_options_any(const struct policy_options *options);

/* True if the option with this enum policy_option_key was given. */
int policy_option_given(const struct policy_options *options, int key);

/*
 * Checks what the options say together and writes the policy, which then
 * satisfies overhigh_policy_check().  If overhigh_extended() says that it needs
 * an extension, that is options->extension, which has no key yet:
 * extension_take() gives it one.
 * Returns 0 or -EINVAL with the line in err; out is written on success alone.
 */
int policy_options_finish(struct policy_options *options,
			  struct overhigh_policy *out, struct error *err);

/*
 * The options as a child for another argp, made from the table at the first
 * call.  The parent sets state->child_inputs[i] to its struct policy_options
 * at ARGP_KEY_INIT.  If an argument is wrong, argp_parse() returns EINVAL with
 * the line in options->err and nothing is printed; otherwise the caller calls
 * policy_options_finish() itself.
 */
const struct argp *policy_argp(void);

/* The same as an array, ended by an empty entry. */
const struct argp_option *policy_argp_options(void);

#define FORMAT_POLICY_MAX 512

/*
 * A policy as options, on one line: "--action kill --limit 200M --rss
 * anon,shmem,swap --direct".  Read back it gives the same policy, if that can
 * be written as options at all: a map's other writers can also put numbers
 * into fields that nothing looks at; those are left out.  extension is
 * what the policy says in the map of that name, NULL if nothing.
 */
const char *format_policy(char *buffer, size_t size,
			  const struct overhigh_policy *policy,
			  const struct overhigh_extension *extension);

#endif /* OVERHIGH_TEXT_POLICY_OPTIONS_H */
