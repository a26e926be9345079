// SPDX-License-Identifier: GPL-2.0
/*
 * commands/restore.c - overhigh restore: sets the policies of a file that save
 * has printed, or somebody has written.
 *
 * All lines are read and checked before the first is set.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "attach/attach.h"
#include "attach/plan.h"
#include "attach/probe.h"
#include "base/lock.h"
#include "base/log.h"
#include "commands/command.h"
#include "govern/enforce.h"
#include "govern/target.h"
#include "text/policy_options.h"

#define MOST_WORDS 64

struct entry {
	struct target target;
	struct overhigh_policy policy;
	struct overhigh_extension extension;
};

struct restore {
	struct pins pins;
	struct entry *entry;
	unsigned int nr, ended;
	struct probe probe;
	bool probed;
};

/* ---- a line ---- */

/* Splits at blanks; '...' and "..." keep what is in them, a backslash the next
 * character.  *comment: what is behind a #, or NULL.  Negative: a quote does
 * not end, or there are too many words. */
static int split(char *line, char **word, char **comment)
{
	char *to = line, quote;
	int n = 0;

	*comment = NULL;
	for (;;) {
		line += strspn(line, " \t\r\n");
		if (!*line || n == MOST_WORDS)
			return *line ? -1 : n;
		if (*line == '#') {
			*comment = line + 1;
			return n;
		}
		word[n++] = to;
		for (quote = 0; *line && (quote || !strchr(" \t\r\n", *line));
		     line++) {
			if (*line == quote)
				quote = 0;
			else if (!quote && strchr("'\"", *line))
				quote = *line;
			else if (*line == '\\' && quote != '\'' && line[1])
				*to++ = *++line;
			else
				*to++ = *line;
		}
		if (quote)
			return -1;
		line += *line != 0;
		*to++ = 0;
	}
}

/* Words from the second on: options and their arguments. */
static int read_options(char **word, int n, struct policy_options *options,
			struct error *err)
{
	int i, f, ret;

	for (i = 1; i < n; i++) {
		for (f = 0; f < POLICY_FIELDS; f++)
			if (!strncmp(word[i], "--", 2) &&
			    !strcmp(word[i] + 2, policy_fields[f].name))
				break;
		if (f == POLICY_FIELDS)
			return bad_input(err, "'%.40s' is no option of set",
					 word[i]);
		if (policy_fields[f].metavar && i + 1 == n)
			return bad_input(err, "%s needs %s", word[i],
					 policy_fields[f].metavar);
		ret = policy_option_set(
			options, policy_fields[f].key,
			policy_fields[f].metavar ? word[++i] : NULL, err);
		if (ret)
			return ret;
	}
	return 0;
}

/* 1: it has ended, or its number is another's by now. */
static int read_target(const struct restore *r, const char *word,
		       const char *comment, struct target *target,
		       struct error *err)
{
	const char *mark = comment ? strchr(comment, '@') : NULL;
	int ret;

	if (!strcmp(word, "--default")) {
		target_default(target);
		return 0;
	}
	ret = target_parse(&r->pins, word, target, err);
	target_close(target);
	if (mark && target->kind == TARGET_PROCESS &&
	    (ret || strtoull(mark + 1, NULL, 10) != target->start_ticks))
		return 1;
	return ret;
}

static int check(struct restore *r, const struct entry *entry,
		 struct error *err)
{
	const struct overhigh_extension *extension = &entry->extension;
	int ret = 0;

	if (plan_served(&entry->policy, extension, attach_loaded()))
		return 0;
	if (!r->probed)
		ret = probe_kernel(&r->probe, err);
	r->probed = !ret;
	return ret ? ret :
		     plan_check(&entry->policy, extension, &r->probe, err);
}

static int read_line(struct restore *r, char *line, struct error *err)
{
	struct policy_options options;
	char *word[MOST_WORDS], *comment;
	struct entry *entry, *more;
	int ret, n = split(line, word, &comment);

	if (n < 0)
		return bad_input(err, "a quote does not end, or there are more "
				      "than 64 words");
	if (!n)
		return 0;
	more = realloc(r->entry, (r->nr + 1) * sizeof(*more));
	if (!more)
		return fail(err, ENOMEM, "out of memory");
	r->entry = more;
	entry = &more[r->nr];
	policy_options_init(&options);
	ret = read_options(word, n, &options, err);
	if (!ret)
		ret = policy_options_finish(&options, &entry->policy, err);
	entry->extension = options.extension;
	if (!ret)
		ret = check(r, entry, err);
	if (!ret)
		ret = read_target(r, word[0], comment, &entry->target, err);
	if (ret > 0)
		r->ended++;
	r->nr += !ret;
	return ret < 0 ? ret : 0;
}

/* ---- the file ---- */

static int read_lines(struct restore *r, FILE *file, const char *path,
		      struct error *err)
{
	char *line = NULL, text[sizeof(err->text)];
	unsigned int nr = 0;
	size_t size = 0;
	int ret = 0;

	while (!ret && getline(&line, &size, file) >= 0) {
		nr++;
		ret = read_line(r, line, err);
	}
	free(line);
	if (!ret && ferror(file))
		ret = fail(err, EIO, "%s cannot be read", path);
	if (ret && nr) {
		memcpy(text, err->text, sizeof(text));
		bad_input(err, "%.100s:%u: %.300s", path, nr, text);
	}
	return ret;
}

static int set_all(struct restore *r, struct error *err)
{
	unsigned int i, set = 0, all = r->nr + r->ended;
	int ret = 0;

	for (i = 0; !ret && i < r->nr; i++) {
		struct entry *entry = &r->entry[i];

		if (target_open_again(&entry->target, err)) {
			r->ended++;
			continue;
		}
		ret = policy_set(&r->pins, &entry->target, &entry->policy,
				 &entry->extension, err);
		target_close(&entry->target);
		set += !ret;
	}
	if (!ret)
		say("%u of %u policies are set%s", set, all,
		    r->ended ? "; the processes of the others have ended" : "");
	return ret;
}

static int restore(const char *path, struct error *err)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	struct restore r = {};
	int lock, ret;

	if (!file)
		return bad_input(err, "%s: %s", path, strerror(errno));
	ret = pins_open(&r.pins, err);
	lock = ret ? ret : lock_take(LOCK_POLICY, true, err);
	if (!ret && lock < 0) {
		ret = lock;
		pins_close(&r.pins);
	}
	if (!ret) {
		ret = read_lines(&r, file, path, err);
		if (!ret)
			ret = set_all(&r, err);
		close(lock);
		pins_close(&r.pins);
	}
	free(r.entry);
	if (file != stdin)
		fclose(file);
	return ret;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **path = state->input;

	if (key != ARGP_KEY_ARG || *path)
		return ARGP_ERR_UNKNOWN;
	*path = arg;
	return 0;
}

static int run(int argc, char **argv, struct error *err)
{
	const char *path = NULL;
	int ret = command_parse(&command_restore, argc, argv, &path, err);

	if (ret)
		return ret;
	if (!path)
		return bad_input(err,
				 "which FILE?  'overhigh save' prints one; "
				 "- is standard input");
	return restore(path, err);
}

const struct command command_restore = {
	.name = "restore",
	.summary = "set again what save has printed",
	.arguments = "FILE",
	.doc = "Set the policies that a file names, as save prints it; - is "
	       "standard input.\v"
	       "Every line is checked before the first is set.  Processes that "
	       "have ended are left out.\n\n"
	       "Example:\n  overhigh restore policies",
	.parse = parse,
	.run = run,
};
