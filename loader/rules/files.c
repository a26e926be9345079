// SPDX-License-Identifier: GPL-2.0
/*
 * rules/files.c - which files rules are read from, and in which order.
 *
 * Does not belong here: what is in them (rules/parse.c).
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "rules/rules.h"

#define MOST_BYTES (4 << 20) /* of a file */

/* Who may write a rule governs the machine: root, or who tries it out. */
static int check_owner(const char *path, const struct stat *st,
		       struct error *err)
{
	if (st->st_uid && st->st_uid != geteuid())
		return bad_input(err,
				 "%s belongs to user %u, who could change the "
				 "rules: chown it to root",
				 path, st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return bad_input(
			err, "%s can be written by %s: chmod go-w it", path,
			st->st_mode & S_IWOTH ? "anybody" : "its group");
	return 0;
}

/* A FIFO or a device is not waited for, nor read. */
static int open_rules(const char *path, FILE **file, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int ret = 0;

	if (fd < 0)
		return bad_input(err, "%s: %s; give a file of rules", path,
				 strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		ret = bad_input(err,
				"%s is no regular file; give a file of "
				"rules",
				path);
	else
		ret = check_owner(path, &st, err);
	*file = ret ? NULL : fdopen(fd, "r");
	if (!*file)
		close(fd);
	if (!ret && !*file)
		ret = fail(err, ENOMEM, "out of memory");
	return ret;
}

static int read_text(const char *path, char **text, struct error *err)
{
	FILE *file;
	size_t n;
	int ret = open_rules(path, &file, err);

	if (ret)
		return ret;
	*text = malloc(MOST_BYTES + 1);
	if (!*text) {
		fclose(file);
		return fail(err, ENOMEM, "out of memory");
	}
	n = fread(*text, 1, MOST_BYTES + 1, file);
	if (ferror(file) || n > MOST_BYTES) {
		n = ferror(file);
		fclose(file);
		free(*text);
		return n ? bad_input(err, "%s cannot be read", path) :
			   bad_input(err, "%s is too large; at most 4 MiB",
				     path);
	}
	fclose(file);
	(*text)[n] = 0;
	if (strlen(*text) == n)
		return 0;
	free(*text);
	return bad_input(err, "%s is not text; it has a byte that is 0", path);
}

static int read_file(struct rules *rules, const char *path, struct error *err)
{
	char *text;
	int ret = read_text(path, &text, err);

	if (ret)
		return ret;
	ret = rules_parse(rules, path, text, err);
	free(text);
	return ret;
}

static int is_conf(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       !strcmp(entry->d_name + length - 5, ".conf");
}

/* As strcmp() has it, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_directory(struct rules *rules, const char *path,
			  struct error *err)
{
	struct dirent **entries;
	char name[PATH_MAX];
	int i, n, ret = 0;

	n = scandir(path, &entries, is_conf, by_name);
	if (n < 0)
		return bad_input(err, "%s: %s", path, strerror(errno));
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (!ret)
			ret = read_file(rules, name, err);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int rules_read(struct rules *rules, const char *path, struct error *err)
{
	struct stat st;

	int ret;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return read_file(rules, path, err);
	ret = check_owner(path, &st, err);
	return ret ? ret : read_directory(rules, path, err);
}

int rules_read_config(struct rules *rules, const char *path, struct error *err)
{
	struct stat st;
	int ret = 0;

	if (path)
		return rules_read(rules, path, err);
	if (!stat(RULES_FILE, &st) || errno != ENOENT)
		ret = rules_read(rules, RULES_FILE, err);
	if (!ret && (!stat(RULES_DIR, &st) || errno != ENOENT))
		ret = rules_read(rules, RULES_DIR, err);
	return ret;
}
