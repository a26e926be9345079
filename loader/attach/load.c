// SPDX-License-Identifier: GPL-2.0
/* attach/load.c - see attach/load.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "attach/attach.h"
#include "attach/load.h"
#include "overhigh.skel.h"

/* Processes that may be matched with rules at once on a CPU: one, and those
 * that were preempted in the midst of it. */
#define SCRATCH_PER_CPU 16
#define FEWEST_PROCESSES 4096

static int choose_programs(struct overhigh_bpf *skel, const struct probe *probe,
			   struct error *err)
{
	struct bpf_program *program;
	int id;

	for (id = 0; id < HOOKS; id++) {
		program = bpf_object__find_program_by_name(skel->obj,
							   hooks[id].name);
		if (!program)
			return fail(err, ENOENT, "no BPF program %s",
				    hooks[id].name);
		bpf_program__set_autoload(program, probe->hook_ok[id]);
	}
	return 0;
}

/* Maps are shared with what is pinned, by name; libbpf compares the types. */
static int choose_maps(struct overhigh_bpf *skel, const struct pins *old,
		       struct error *err)
{
	struct bpf_map *map;
	int i;

	for (i = 0; i < MAPS; i++) {
		map = bpf_object__find_map_by_name(skel->obj, map_names[i]);
		if (!map)
			return fail(err, ENOENT, "no BPF map %s", map_names[i]);
		if (old->map_fd[i] >= 0 &&
		    bpf_map__reuse_fd(map, old->map_fd[i]))
			return fail(err, errno, "cannot share the map %s: %s",
				    map_names[i], strerror(errno));
	}
	return 0;
}

/* As many processes as the machine has room for: the kernel works that out from
 * its memory. */
static unsigned int most_processes(void)
{
	unsigned int n = 0;
	FILE *f = fopen("/proc/sys/kernel/threads-max", "re");

	if (f && fscanf(f, "%u", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	if (!n || n > OVERHIGH_MAX_POLICIES)
		return OVERHIGH_MAX_POLICIES;
	return n < FEWEST_PROCESSES ? FEWEST_PROCESSES : n;
}

/* They have their memory from the start: see bpf/maps.bpf.h. */
static void size_maps(struct overhigh_bpf *skel)
{
	struct bpf_map *maps[] = { skel->maps.process_policy,
				   skel->maps.process_state, skel->maps.held,
				   skel->maps.process_rule };
	unsigned int n = most_processes(), i;

	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		bpf_map__set_max_entries(maps[i], n);
}

static int pin_maps(struct overhigh_bpf *skel, struct error *err)
{
	struct overhigh_control first = { .magic = OVERHIGH_MAGIC,
					  .abi = OVERHIGH_ABI };
	char path[PATH_MAX];
	struct bpf_map *map;
	__u32 zero = 0;
	int i;

	if (bpf_map_update_elem(bpf_map__fd(skel->maps.control), &zero, &first,
				BPF_ANY))
		return fail(err, errno, "cannot write the control record: %s",
			    strerror(errno));
	/* control last: pins_exist() goes by it */
	for (i = 0; i < MAPS; i++) {
		int nth = (i + MAP_CONTROL + 1) % MAPS;

		map = bpf_object__find_map_by_name(skel->obj, map_names[nth]);
		snprintf(path, sizeof(path), "%s/%s", PIN_DIR, map_names[nth]);
		if (bpf_obj_pin(bpf_map__fd(map), path))
			return fail(err, errno, "cannot pin %s: %s", path,
				    strerror(errno));
	}
	return 0;
}

static int pin_programs(struct overhigh_bpf *skel, struct error *err)
{
	int fd[HOOKS];
	int id, ret;

	for (id = 0; id < HOOKS; id++) {
		struct bpf_program *program = bpf_object__find_program_by_name(
			skel->obj, hooks[id].name);

		fd[id] = bpf_program__autoload(program) ?
				 bpf_program__fd(program) :
				 -1;
	}
	ret = attach_replace(fd, err);
	if (!ret)
		ret = attach_iterator(LOOK_PROGRAM,
				      bpf_program__fd(skel->progs.look), err);
	if (!ret)
		ret = attach_iterator(MATCH_PROGRAM,
				      bpf_program__fd(skel->progs.match), err);
	if (!ret)
		ret = attach_iterator(NAMES_PROGRAM,
				      bpf_program__fd(skel->progs.names), err);
	return ret;
}

static int load(const struct probe *probe, const struct pins *old, bool fresh,
		bool stay_on_cpu, struct error *err)
{
	struct overhigh_bpf *skel = overhigh_bpf__open();
	int cpus = libbpf_num_possible_cpus();
	int ret;

	if (!skel)
		return fail(err, errno, "cannot open the BPF object: %s",
			    strerror(errno));
	skel->rodata->page_bytes = sysconf(_SC_PAGESIZE);
	skel->rodata->nr_cpus = cpus;
	skel->rodata->can_stay_on_cpu = stay_on_cpu;
	skel->rodata->have_hook = probe->module;
	skel->rodata->can_signal_others = probe->signals_others;
	skel->rodata->nr_scratch = SCRATCH_PER_CPU * cpus;
	size_maps(skel); /* those of old stay as they are */
	bpf_map__set_max_entries(skel->maps.rule_scratch,
				 SCRATCH_PER_CPU * cpus);
	ret = choose_programs(skel, probe, err);
	if (!ret)
		ret = choose_maps(skel, old, err);
	if (!ret && (ret = overhigh_bpf__load(skel)))
		fail(err, -ret, "the kernel refused the BPF programs (%s): %s",
		     strerror(-ret),
		     ret == -EPERM ? "they need CAP_BPF, CAP_PERFMON and "
				     "CAP_SYS_ADMIN" :
				     "OVERHIGH_VERBOSE=1 in the environment "
				     "shows its reason");
	if (!ret && fresh)
		ret = pin_maps(skel, err);
	if (!ret)
		ret = pin_programs(skel, err);
	overhigh_bpf__destroy(skel);
	return ret;
}

/* Some kernels refuse what others need to miss nothing: the better first. */
static int load_best(const struct probe *probe, const struct pins *old,
		     bool fresh, bool *stay_on_cpu, struct error *err)
{
	int ret;

	*stay_on_cpu = true;
	ret = load(probe, old, fresh, true, err);
	if (!ret)
		return 0;
	*stay_on_cpu = false;
	return load(probe, old, fresh, false, err);
}

/* What the programs that are loaded now can do. */
static void note_loaded(const struct pins *pins, const struct probe *probe,
			bool stay_on_cpu)
{
	pins->control->hook = probe->module;
	pins->control->preempts = stay_on_cpu;
}

int load_or_take_over(const struct probe *probe, struct pins *pins,
		      struct error *err)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct error ignored;
	int ret = pins_open(pins, err);
	bool fresh = ret == -ENOENT, stay_on_cpu;

	if (ret && !fresh)
		return ret;
	/* kernels before 5.11 count BPF memory against this limit */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	if (fresh) {
		/* what a load that was killed half-way may have left */
		pins_remove(&ignored);
		ret = pins_make_directory(err);
		if (ret)
			return ret;
	}
	ret = load_best(probe, pins, fresh, &stay_on_cpu, err);
	if (ret && fresh)
		pins_remove(&ignored);
	if (!fresh)
		pins_close(pins);
	if (!ret)
		ret = pins_open(pins, err);
	if (!ret)
		note_loaded(pins, probe, stay_on_cpu);
	return ret;
}

int load_again(const struct probe *probe, const struct pins *pins,
	       struct error *err)
{
	bool stay_on_cpu;
	int ret = load_best(probe, pins, false, &stay_on_cpu, err);

	if (!ret)
		note_loaded(pins, probe, stay_on_cpu);
	return ret;
}
