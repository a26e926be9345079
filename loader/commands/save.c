// SPDX-License-Identifier: GPL-2.0
/*
 * commands/save.c - overhigh save: the policies that were set by hand, as a
 * text that a person can read and edit, and that restore sets again.
 *
 * Also of pins that another version has made, as far as its records are those
 * of this one.  Does not belong here: reading it (commands/restore.c).
 */
#include <bpf/bpf.h>
#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "base/cgroup.h"
#include "base/log.h"
#include "base/namespace.h"
#include "base/process.h"
#include "commands/command.h"
#include "govern/extension.h"
#include "govern/policy_maps.h"
#include "overhigh_rules.h"
#include "pins/pins.h"
#include "text/format.h"
#include "text/policy_options.h"
#include "text/printable.h"

#define LARGEST_VALUE 1024

struct save {
	struct pins pins;
	__u32 note_bytes; /* of the records of the map process_rule */
	unsigned int lost;
};

/* -1 if it is not there or its records are others. */
static int open_map(enum map_id map, __u32 key_bytes, __u32 value_bytes)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", PIN_DIR, map_names[map]);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -1;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size) &&
	    info.key_size == key_bytes && info.value_size <= LARGEST_VALUE &&
	    (!value_bytes || info.value_size == value_bytes))
		return fd;
	close(fd);
	return -1;
}

static const struct {
	enum map_id map;
	__u32 key_bytes, value_bytes;
} needed[] = {
	{ MAP_PROCESS_POLICY, 4, sizeof(struct overhigh_policy) },
	{ MAP_CGROUP_POLICY, 8, sizeof(struct overhigh_policy) },
	{ MAP_DEFAULT_POLICY, 4, sizeof(struct overhigh_policy) },
	{ MAP_EXTENSION, 4, sizeof(struct overhigh_extension) },
	{ MAP_PROCESS_RULE, 4, 0 },
};

#define NEEDED (sizeof(needed) / sizeof(needed[0]))
#define CANNOT_LACK 3 /* of those */

static int open_maps(struct save *save, struct error *err)
{
	size_t i;

	for (i = 0; i < NEEDED; i++) {
		save->pins.map_fd[needed[i].map] =
			open_map(needed[i].map, needed[i].key_bytes,
				 needed[i].value_bytes);
		if (save->pins.map_fd[needed[i].map] < 0 && i < CANNOT_LACK)
			return fail(err, EPROTO,
				    "%s/%s cannot be read: its records are not "
				    "those of this version",
				    PIN_DIR, map_names[needed[i].map]);
	}
	return 0;
}

static void close_maps(struct save *save)
{
	size_t i;

	for (i = 0; i < NEEDED; i++)
		if (save->pins.map_fd[needed[i].map] >= 0)
			close(save->pins.map_fd[needed[i].map]);
}

/* What a rule gave is not saved: it is in the files of rules. */
static bool is_of_rule(const struct save *save, __u32 pid)
{
	int fd = save->pins.map_fd[MAP_PROCESS_RULE];
	union {
		struct overhigh_rule_note note;
		char room[LARGEST_VALUE];
	} value = {};
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (fd < 0 || bpf_map_lookup_elem(fd, &pid, &value))
		return false;
	/* up to layout 2 there was a note only where there was a rule */
	return bpf_obj_get_info_by_fd(fd, &info, &size) ||
	       info.value_size != sizeof(value.note) ||
	       value.note.rule < OVERHIGH_NO_RULE;
}

/* "1234", and behind the policy what tells that process from a later one. */
static bool name_target(const struct save *save, const struct target *target,
			char *name, size_t size, char *mark, size_t mark_size)
{
	struct process process;
	char comm[64];
	__u32 local;

	mark[0] = 0;
	if (target->kind == TARGET_DEFAULT) {
		snprintf(name, size, "--default");
		return true;
	}
	if (target->kind == TARGET_CGROUP)
		return !cgroup_by_id(target->cgroup_id, name, size, NULL);
	local = pid_to_local(&save->pins, target->pid);
	if (!local || process_read(local, &process))
		return false;
	printable(comm, sizeof(comm), process.comm);
	snprintf(name, size, "%u", local);
	snprintf(mark, mark_size, "  # @%llu %s", process.start_ticks, comm);
	return true;
}

/* A path with a blank or a quote is quoted, as a shell has it. */
static void print_name(const char *name)
{
	if (!name[strcspn(name, " '\"#\t")]) {
		printf("%s", name);
		return;
	}
	putchar('\'');
	for (; *name; name++)
		printf(*name == '\'' ? "'\\''" : "%c", *name);
	putchar('\'');
}

static int save_one(const struct target *target,
		    const struct overhigh_policy *policy, void *ctx)
{
	char name[PATH_MAX], mark[128], text[FORMAT_POLICY_MAX];
	struct overhigh_extension extension;
	struct save *save = ctx;
	bool extended = overhigh_extended(policy);

	if (target->kind == TARGET_PROCESS && is_of_rule(save, target->pid))
		return 0;
	if (!name_target(save, target, name, sizeof(name), mark, sizeof(mark)))
		return 0;
	if (extended && (save->pins.map_fd[MAP_EXTENSION] < 0 ||
			 !extension_get(&save->pins, policy, &extension))) {
		printf("# lost, what it says cannot be read: %s%s\n", name,
		       mark);
		save->lost++;
		return 0;
	}
	print_name(name);
	printf(" %s%s\n",
	       format_policy(text, sizeof(text), policy,
			     extended ? &extension : NULL),
	       mark);
	return 0;
}

static int open_save(struct save *save, bool *pins_are_ours, struct error *err)
{
	int ret = pins_open(&save->pins, err);

	*pins_are_ours = !ret;
	if (ret != -EPROTO)
		return ret;
	if (!namespace_is_initial())
		return bad_input(err, "another version has loaded overhigh: "
				      "save outside of this pid namespace");
	return open_maps(save, err);
}

static int run(int argc, char **argv, struct error *err)
{
	struct save save = {};
	bool pins_are_ours;
	int ret = command_parse(&command_save, argc, argv, NULL, err);

	if (!ret)
		ret = open_save(&save, &pins_are_ours, err);
	if (ret)
		return ret;
	printf("# policies that were set by hand; 'overhigh restore FILE' sets "
	       "them again\n");
	policy_each(&save.pins, save_one, &save);
	if (save.lost)
		say("%u policies cannot be read: another version has made them",
		    save.lost);
	if (pins_are_ours)
		pins_close(&save.pins);
	else
		close_maps(&save);
	return save.lost ? 1 : 0;
}

const struct command command_save = {
	.name = "save",
	.summary = "print what was set by hand, for restore",
	.doc = "Print the policies that were set by hand, one a line, as a text "
	       "that restore sets again.\v"
	       "A line is whom it is for and the options of set; what is "
	       "behind a # tells the process from a later one with its pid.  "
	       "What another version has loaded is printed too, as far as it "
	       "can be read.\n\n"
	       "Example:\n"
	       "  overhigh save >policies && overhigh unload --force && "
	       "overhigh run &\n"
	       "  overhigh restore policies",
	.run = run,
};
