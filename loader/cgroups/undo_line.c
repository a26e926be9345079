// SPDX-License-Identifier: GPL-2.0
/* cgroups/undo_line.c - see cgroups/undo_line.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cgroups/undo_line.h"

#define HEAD "overhigh-responses 1 "

const char *const knob_files[KNOBS] = {
	[KNOB_HIGH] = "memory.high",
	[KNOB_WEIGHT] = "cpu.weight",
	[KNOB_FREEZE] = "cgroup.freeze",
};

/* Decimal digits and nothing else. */
static int read_number(const char *text, __u64 *number)
{
	char *end;

	if (!*text || text[strspn(text, "0123456789")])
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno ? -EINVAL : 0;
}

int knob_number(const char *text, __u64 *number)
{
	if (strcmp(text, "max"))
		return read_number(text, number);
	*number = UNDO_KNOB_MAX;
	return 0;
}

int undo_head_format(char *line, size_t size, pid_t owner)
{
	int n = snprintf(line, size, HEAD "%d\n", owner);

	return n < (int)size ? 0 : -E2BIG;
}

int undo_head_parse(const char *line, pid_t *owner)
{
	__u64 number;

	if (strncmp(line, HEAD, strlen(HEAD)) ||
	    read_number(line + strlen(HEAD), &number) || !number ||
	    number > 0x7fffffff)
		return -EINVAL;
	*owner = number;
	return 0;
}

int undo_format(char *line, size_t size, const struct undo *undo)
{
	int n = snprintf(line, size, "%llu %llu %s %s %s %s\n", undo->cgroup_id,
			 undo->until_ns, knob_files[undo->knob], undo->old,
			 undo->wrote, undo->path);

	return n < (int)size ? 0 : -E2BIG;
}

/* Cuts the word off that *rest begins with; NULL if nothing comes after it. */
static char *next_word(char **rest)
{
	char *word = *rest, *end = strchr(word, ' ');

	if (!end || end == word)
		return NULL;
	*end = 0;
	*rest = end + 1;
	return word;
}

static int read_knob(const char *text, enum knob *knob)
{
	int k;

	for (k = 0; k < KNOBS; k++) {
		if (strcmp(text, knob_files[k]))
			continue;
		*knob = k;
		return 0;
	}
	return -EINVAL;
}

static int read_value(const char *text, enum knob knob, char *value)
{
	__u64 number;

	if (strlen(text) >= KNOB_TEXT_MAX || knob_number(text, &number))
		return -EINVAL;
	if (knob != KNOB_HIGH && number > (knob == KNOB_FREEZE ? 1 : 10000))
		return -EINVAL;
	memcpy(value, text, strlen(text) + 1);
	return 0;
}

static int check_path(const char *path)
{
	const char *part;

	if (path[0] != '/' || strlen(path) >= 4096)
		return -EINVAL;
	for (part = path; part; part = strchr(part + 1, '/'))
		if (!strcmp(part, "/..") || !strncmp(part, "/../", 4) ||
		    !strcmp(part, "/.") || !strncmp(part, "/./", 3))
			return -EINVAL;
	return 0;
}

int undo_parse(char *line, struct undo *undo)
{
	char *words[5], *rest = line;
	int i;

	for (i = 0; i < 5; i++) {
		words[i] = next_word(&rest);
		if (!words[i])
			return -EINVAL;
	}
	undo->path = rest;
	if (read_number(words[0], &undo->cgroup_id) || !undo->cgroup_id ||
	    read_number(words[1], &undo->until_ns) ||
	    read_knob(words[2], &undo->knob) ||
	    read_value(words[3], undo->knob, undo->old) ||
	    read_value(words[4], undo->knob, undo->wrote))
		return -EINVAL;
	return check_path(undo->path);
}
