// SPDX-License-Identifier: GPL-2.0
/* pins/pins.c - see pins/pins.h. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>
#include "base/lock.h"
#include "base/namespace.h"
#include "pins/hooks.h"
#include "pins/pins.h"

const char *const map_names[MAPS] = {
	[MAP_PROCESS_POLICY] = "process_policy",
	[MAP_CGROUP_POLICY] = "cgroup_policy",
	[MAP_DEFAULT_POLICY] = "default_policy",
	[MAP_EXTENSION] = "extension",
	[MAP_PRESSURE] = "pressure",
	[MAP_VERDICT] = "verdict",
	[MAP_PROCESS_STATE] = "process_state",
	[MAP_HELD] = "held",
	[MAP_MEMCG_OVER] = "memcg_over",
	[MAP_RULE_SETS] = "rule_sets",
	[MAP_RULES] = "rules",
	[MAP_RULE_TESTS] = "rule_tests",
	[MAP_PROCESS_RULE] = "process_rule",
	[MAP_CONTROL] = "control",
	[MAP_COUNTERS] = "counters",
	[MAP_EVENTS] = "events",
};

/* Mounts bpffs if it is not. */
static int make_pin_dir(struct error *err)
{
	struct statfs fs;

	if (statfs(PIN_ROOT, &fs) || fs.f_type != BPF_FS_MAGIC) {
		if (mount("bpf", PIN_ROOT, "bpf", 0, "mode=0700"))
			return fail(err, errno,
				    "bpffs is not mounted and cannot be (%s): "
				    "mount -t bpf bpf %s",
				    strerror(errno), PIN_ROOT);
	}
	return directory_make_private(PIN_DIR, err);
}

int pins_make_directory(struct error *err)
{
	int ret = make_pin_dir(err);

	if (!ret)
		ret = directory_make_private(PIN_LINKS, err);
	if (!ret)
		ret = directory_make_private(PIN_PROGS, err);
	return ret;
}

int pins_make_program_directory(struct error *err)
{
	int ret = make_pin_dir(err);

	return ret ? ret : directory_make_private(PIN_PROGRAM, err);
}

bool pins_exist(void)
{
	return !access(PIN_DIR "/control", F_OK);
}

static int wrong_version(struct error *err, unsigned int abi)
{
	bad_input(err,
		  "%s was made by another version of overhigh (layout %u, this "
		  "is %d): 'overhigh save >FILE' keeps its policies, 'overhigh "
		  "unload --force' removes it, then start again and 'overhigh "
		  "restore FILE'",
		  PIN_DIR, abi, OVERHIGH_ABI);
	return -EPROTO;
}

static int map_control(struct pins *p, struct error *err)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	void *address;

	if (bpf_obj_get_info_by_fd(p->map_fd[MAP_CONTROL], &info, &size) ||
	    info.value_size != sizeof(struct overhigh_control))
		return wrong_version(err, 0);
	address = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		       MAP_SHARED, p->map_fd[MAP_CONTROL], 0);
	if (address == MAP_FAILED)
		return fail(err, errno, "cannot map %s/control: %s", PIN_DIR,
			    strerror(errno));
	p->control = address;
	if (p->control->magic != OVERHIGH_MAGIC ||
	    p->control->abi != OVERHIGH_ABI)
		return wrong_version(err, p->control->abi);
	return 0;
}

static int open_all(struct pins *p, struct error *err)
{
	char path[PATH_MAX];
	int i;

	for (i = 0; i < MAPS; i++) {
		snprintf(path, sizeof(path), "%s/%s", PIN_DIR, map_names[i]);
		p->map_fd[i] = bpf_obj_get(path);
		if (p->map_fd[i] < 0 && errno == ENOENT)
			return wrong_version(err, 0);
		if (p->map_fd[i] < 0)
			return fail(err, errno, "cannot open %s: %s", path,
				    strerror(errno));
	}
	p->look_link_fd = bpf_obj_get(PIN_LINKS "/" LOOK_PROGRAM);
	p->match_link_fd = bpf_obj_get(PIN_LINKS "/" MATCH_PROGRAM);
	p->names_link_fd = bpf_obj_get(PIN_LINKS "/" NAMES_PROGRAM);
	p->names = pid_names_new(p->names_link_fd);
	if (!p->names && !namespace_is_initial())
		return fail(err, ENOMEM, "out of memory");
	return map_control(p, err);
}

int pins_open(struct pins *p, struct error *err)
{
	int i, ret;

	for (i = 0; i < MAPS; i++)
		p->map_fd[i] = -1;
	p->look_link_fd = -1;
	p->match_link_fd = -1;
	p->names_link_fd = -1;
	p->names = NULL;
	p->control = NULL;
	if (geteuid())
		return bad_input(err, "this needs root: try sudo");
	ret = namespace_check(err);
	if (ret)
		return ret;
	if (!pins_exist())
		return fail(err, ENOENT,
			    "overhigh is not loaded: start 'overhigh run', or "
			    "use 'overhigh exec'");
	ret = open_all(p, err);
	if (ret)
		pins_close(p);
	return ret;
}

void pins_close(struct pins *p)
{
	int i;

	if (p->control)
		munmap((void *)p->control, sysconf(_SC_PAGESIZE));
	p->control = NULL;
	for (i = 0; i < MAPS; i++) {
		if (p->map_fd[i] >= 0)
			close(p->map_fd[i]);
		p->map_fd[i] = -1;
	}
	if (p->look_link_fd >= 0)
		close(p->look_link_fd);
	if (p->match_link_fd >= 0)
		close(p->match_link_fd);
	if (p->names_link_fd >= 0)
		close(p->names_link_fd);
	p->look_link_fd = p->match_link_fd = p->names_link_fd = -1;
	pid_names_free(p->names);
	p->names = NULL;
}

/* Removes the entries of one directory; bpffs has nothing but pins in it. */
static int empty_directory(const char *path, struct error *err)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int ret = 0;

	if (!dir)
		return errno == ENOENT ? 0 :
					 fail(err, errno, "cannot read %s: %s",
					      path, strerror(errno));
	while (!ret && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) && errno != EISDIR &&
		    errno != EPERM)
			ret = fail(err, errno, "cannot remove %s/%s: %s", path,
				   entry->d_name, strerror(errno));
	}
	closedir(dir);
	return ret;
}

void pins_drop_program_directory(void)
{
	rmdir(PIN_PROGRAM);
	rmdir(PIN_DIR);
}

int pins_remove_program(struct error *err)
{
	int ret = empty_directory(PIN_PROGRAM, err);

	if (!ret)
		pins_drop_program_directory();
	return ret;
}

int pins_remove(struct error *err)
{
	bool loaded = pins_exist();
	/* links first: nothing may run with half of its maps gone */
	int ret = empty_directory(PIN_LINKS, err);

	if (!ret)
		ret = empty_directory(PIN_PROGS, err);
	/* when nobody asks it any more */
	if (!ret && loaded)
		ret = pins_remove_program(err);
	if (!ret)
		ret = empty_directory(PIN_DIR, err);
	if (!ret) {
		rmdir(PIN_LINKS);
		rmdir(PIN_PROGS);
		rmdir(PIN_DIR);
	}
	return ret;
}
