// SPDX-License-Identifier: GPL-2.0
/* programs/active.c - see programs/active.h. */
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "pins/pins.h"
#include "programs/active.h"

#define PIN_LINK PIN_PROGRAM "/link"
#define PIN_ABOUT PIN_PROGRAM "/about"
#define PIN_EXIT PIN_PROGRAM "/exit"
#define PIN_RODATA PIN_PROGRAM "/rodata"
/* Until the policy it belongs to is active; bpffs takes no dots in names. */
#define NEW "_new"

/* exit() runs when the kernel gets to it: a grace period, a work item. */
#define EXIT_WAIT_MS 2000

static int read_first(int fd, void *value, size_t size)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info), zero = 0;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length) ||
	    info.value_size != size)
		return -1;
	return bpf_map_lookup_elem(fd, &zero, value);
}

static int read_pin(const char *path, void *value, size_t size)
{
	int fd = bpf_obj_get(path);
	int ret = read_first(fd, value, size);

	if (fd >= 0)
		close(fd);
	return ret;
}

static int pin_as_new(int fd, const char *path, struct error *err)
{
	unlink(path); /* left by one that was killed */
	if (bpf_obj_pin(fd, path))
		return fail(err, errno, "cannot pin %s: %s", path,
			    strerror(errno));
	return 0;
}

static int pin_about(const struct program_object *o, const char *file,
		     struct error *err)
{
	struct policy_about *about = calloc(1, sizeof(*about));
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "overhigh_about",
				sizeof(__u32), sizeof(*about), 1, NULL);
	__u32 zero = 0;
	int ret = 0;

	if (!about || fd < 0) {
		free(about);
		return fail(err, errno, "cannot make a map: %s",
			    strerror(errno));
	}
	about->since_s = time(NULL);
	memcpy(about->name, o->name, sizeof(about->name));
	if (!realpath(file, about->file))
		snprintf(about->file, sizeof(about->file), "%s", file);
	if (bpf_map_update_elem(fd, &zero, about, BPF_ANY))
		ret = fail(err, errno, "cannot write a map: %s",
			   strerror(errno));
	if (!ret)
		ret = pin_as_new(fd, PIN_ABOUT NEW, err);
	close(fd);
	free(about);
	return ret;
}

/* The old pin goes, and the new one, if there is one, takes its name. */
static void take_name(const char *new_path, const char *path)
{
	if (rename(new_path, path))
		unlink(path);
}

static void take_names(void)
{
	take_name(PIN_ABOUT NEW, PIN_ABOUT);
	take_name(PIN_EXIT NEW, PIN_EXIT);
	take_name(PIN_RODATA NEW, PIN_RODATA);
}

static void drop_new(void)
{
	unlink(PIN_ABOUT NEW);
	unlink(PIN_EXIT NEW);
	unlink(PIN_RODATA NEW);
	unlink(PIN_LINK NEW);
}

static int pin_maps(const struct program_object *o, const char *file,
		    struct error *err)
{
	int ret = pin_about(o, file, err);

	if (!ret && o->exit)
		ret = pin_as_new(bpf_map__fd(o->exit), PIN_EXIT NEW, err);
	if (!ret && o->rodata)
		ret = pin_as_new(bpf_map__fd(o->rodata), PIN_RODATA NEW, err);
	return ret;
}

static int refused(const struct program_object *o, int error, struct error *err)
{
	return fail(err, error, "the policy %s cannot be made active: %s",
		    o->name,
		    error == EPERM || error == EINVAL || error == ENODEV ?
			    "its init() or the module refused it" :
			    strerror(error));
}

/*
 * The link of the policy before comes to hold this one.  bpf_link__update_map()
 * would need libbpf's own object for that link, which ended with the command
 * that made it; that function's other half, giving the map its value, has been
 * done by the attempt to attach.
 */
static int replace(const struct program_object *o, struct error *err)
{
	int fd = bpf_obj_get(PIN_LINK);
	int ret = 0;

	if (fd < 0)
		return fail(err, EBUSY,
			    "a policy that overhigh has not loaded is active: "
			    "see 'bpftool link'");
	if (bpf_link_update(fd, bpf_map__fd(o->ops), NULL))
		ret = refused(o, errno, err);
	close(fd);
	return ret;
}

static int pin_link(const struct bpf_link *link, struct error *err)
{
	int ret = pin_as_new(bpf_link__fd(link), PIN_LINK NEW, err);

	/* also where one is pinned whose policy had ended by itself */
	if (!ret && rename(PIN_LINK NEW, PIN_LINK))
		ret = fail(err, errno, "cannot pin %s: %s", PIN_LINK,
			   strerror(errno));
	return ret;
}

int program_activate(struct program_object *o, const char *file,
		     struct error *err)
{
	struct bpf_link *link = NULL;
	int ret = pins_make_program_directory(err);

	if (!ret)
		ret = pin_maps(o, file, err);
	if (!ret) {
		link = bpf_map__attach_struct_ops(o->ops);
		if (link)
			ret = pin_link(link, err);
		else if (errno == EBUSY)
			ret = replace(o, err);
		else
			ret = refused(o, errno, err);
	}
	if (!ret)
		take_names();
	else
		drop_new();
	bpf_link__destroy(link); /* ours; the pin stays */
	if (ret)
		pins_drop_program_directory();
	return ret;
}

int program_read(struct program_active *active, struct error *err)
{
	memset(active, 0, sizeof(*active));
	if (geteuid())
		return bad_input(err, "this needs root: try sudo");
	if (access(PIN_LINK, F_OK))
		return -ENOENT;
	if (read_pin(PIN_ABOUT, &active->about, sizeof(active->about)))
		return fail(err, EPROTO,
			    "%s cannot be read: another version of overhigh "
			    "may have made it; 'overhigh policy unload' "
			    "removes it",
			    PIN_ABOUT);
	read_pin(PIN_EXIT, &active->exit, sizeof(active->exit));
	active->exit.reason[sizeof(active->exit.reason) - 1] = 0;
	return 0;
}

static void read_parameters(int fd, const struct bpf_map_info *info,
			    parameter_fn fn, void *ctx)
{
	struct btf *btf = btf__load_from_kernel_by_id(info->btf_id);
	const struct btf_type *section = NULL;
	void *data = calloc(1, info->value_size);
	__u32 zero = 0;

	if (btf)
		section = btf__type_by_id(btf, info->btf_value_type_id);
	if (section && btf_is_datasec(section) && data &&
	    !bpf_map_lookup_elem(fd, &zero, data))
		policy_parameters(btf, section, data, info->value_size, fn,
				  ctx);
	free(data);
	btf__free(btf);
}

void program_read_parameters(parameter_fn fn, void *ctx)
{
	int fd = bpf_obj_get(PIN_RODATA);
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);

	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &length) && info.btf_id)
		read_parameters(fd, &info, fn, ctx);
	close(fd);
}

int program_deactivate(struct overhigh_exit_info *exit, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	int exit_fd = bpf_obj_get(PIN_EXIT);
	int ret = pins_remove_program(err), waited_ms;

	memset(exit, 0, sizeof(*exit));
	for (waited_ms = 0; !ret && exit_fd >= 0 && waited_ms < EXIT_WAIT_MS;
	     waited_ms += 5) {
		if (read_first(exit_fd, exit, sizeof(*exit)) || exit->kind)
			break;
		nanosleep(&pause, NULL);
	}
	exit->reason[sizeof(exit->reason) - 1] = 0;
	if (exit_fd >= 0)
		close(exit_fd);
	return ret;
}
