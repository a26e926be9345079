// SPDX-License-Identifier: GPL-2.0
/* programs/object.c - see programs/object.h. */
#include <bpf/bpf.h>
#include <ctype.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "text/format.h"
#include "base/log.h"
#include "text/parse.h"
#include "programs/object.h"

#define OPS_SECTION ".struct_ops.link"
#define OPS_TYPE "overhigh_ops"
#define MODULE "overhigh_hook"

/* ---- what kernel, module and libbpf can do ---- */

/* By what the module's BTF has: it offers the type where the kernel can take
 * it. */
static int module_has_type(struct error *err)
{
	struct btf *vmlinux = btf__load_vmlinux_btf();
	struct btf *module = NULL;
	int ret = 0;

	if (vmlinux)
		module = btf__load_module_btf(MODULE, vmlinux);
	if (!module)
		ret = fail(err, errno,
			   "cannot read /sys/kernel/btf/" MODULE ": %s",
			   strerror(errno));
	else if (btf__find_by_name_kind(module, "bpf_struct_ops_" OPS_TYPE,
					BTF_KIND_STRUCT) < 0)
		ret = fail(err, EOPNOTSUPP,
			   "this kernel has no struct_ops for modules (needs "
			   "6.9): the built-in policy is all there is");
	btf__free(module);
	btf__free(vmlinux);
	return ret;
}

int program_supported(struct error *err)
{
	if (geteuid())
		return bad_input(err, "this needs root: try sudo");
	if (access("/sys/module/" MODULE, F_OK))
		return fail(err, ENODEV,
			    "the module " MODULE " is not loaded: "
			    "modprobe " MODULE);
	if (access("/sys/kernel/btf/" MODULE, F_OK))
		return fail(err, ENODEV,
			    "the module " MODULE
			    " was built without BTF, which "
			    "policies need: rebuild it with pahole and the "
			    "kernel's BTF");
	if (libbpf_major_version() == 1 && libbpf_minor_version() < 4)
		return fail(err, EOPNOTSUPP,
			    "libbpf %u.%u cannot load policies (needs 1.4): "
			    "build overhigh with a newer one, such as "
			    "libbpf-dev of bookworm-backports",
			    libbpf_major_version(), libbpf_minor_version());
	return module_has_type(err);
}

/* ---- the file, read without loading it ---- */

/* The same rule as the module's. */
static bool is_name(const char *name)
{
	size_t n = strnlen(name, OVERHIGH_OPS_NAME_LEN);

	if (!n || n == OVERHIGH_OPS_NAME_LEN)
		return false;
	while (n--)
		if (!isalnum((unsigned char)name[n]) && !strchr("_.-", name[n]))
			return false;
	return true;
}

/* A name in a file that may be damaged: an offset past its end has none. */
static const char *name_at(const struct btf *btf, __u32 offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return name ? name : "";
}

/* The type of the one variable in OPS_SECTION, and its name. */
static const struct btf_type *ops_type(const struct btf *btf, const char **name)
{
	int id = btf__find_by_name_kind(btf, OPS_SECTION, BTF_KIND_DATASEC);
	const struct btf_type *section, *var;

	if (id < 0)
		return NULL;
	section = btf__type_by_id(btf, id);
	if (btf_vlen(section) != 1)
		return NULL;
	var = btf__type_by_id(btf, btf_var_secinfos(section)->type);
	*name = name_at(btf, var->name_off);
	id = btf__resolve_type(btf, var->type);
	var = id < 0 ? NULL : btf__type_by_id(btf, id);
	if (!var || !btf_is_struct(var) ||
	    strcmp(name_at(btf, var->name_off), OPS_TYPE))
		return NULL;
	return var;
}

static int name_offset(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_member *m = btf_members(type);
	int i;

	for (i = 0; i < btf_vlen(type); i++)
		if (!strcmp(name_at(btf, m[i].name_off), "name"))
			return btf_member_bit_offset(type, i) / 8;
	return -1;
}

static Elf_Scn *find_section(Elf *elf, const char *wanted, size_t *index)
{
	Elf_Scn *section = NULL;
	const char *name;
	size_t strings;
	GElf_Shdr head;

	if (elf_getshdrstrndx(elf, &strings))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &head))
			return NULL;
		name = elf_strptr(elf, strings, head.sh_name);
		if (!name || strcmp(name, wanted))
			continue;
		*index = elf_ndxscn(section);
		return section;
	}
	return NULL;
}

/* Where a variable is in its section; BTF does not say before linking. */
static long symbol_offset(Elf *elf, size_t in_section, const char *wanted)
{
	Elf_Scn *section = NULL;
	const char *name;
	GElf_Shdr head;
	Elf_Data *data;
	GElf_Sym sym;
	int i;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &head) || head.sh_type != SHT_SYMTAB)
			continue;
		data = elf_getdata(section, NULL);
		for (i = 0; data && gelf_getsym(data, i, &sym); i++) {
			name = elf_strptr(elf, head.sh_link, sym.st_name);
			if (sym.st_shndx == in_section && name &&
			    !strcmp(name, wanted))
				return sym.st_value;
		}
	}
	return -1;
}

static bool read_name(Elf *elf, const char *variable, int in_struct, char *name)
{
	size_t index = 0;
	Elf_Scn *section = find_section(elf, OPS_SECTION, &index);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	long at = data ? symbol_offset(elf, index, variable) : -1;

	if (at < 0 || in_struct < 0 || !data->d_buf ||
	    (size_t)at + in_struct + OVERHIGH_OPS_NAME_LEN > data->d_size)
		return false;
	memcpy(name, (char *)data->d_buf + at + in_struct,
	       OVERHIGH_OPS_NAME_LEN);
	return true;
}

int program_name_of(const char *path, char name[OVERHIGH_OPS_NAME_LEN],
		    struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const struct btf_type *type = NULL;
	const char *variable = NULL;
	struct btf *btf = NULL;
	Elf *elf = NULL;
	int ret = 0;

	if (fd < 0)
		return bad_input(err, "cannot open %s: %s", path,
				 strerror(errno));
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		btf = btf__parse_elf(path, NULL);
	if (btf)
		type = ops_type(btf, &variable);
	if (!btf)
		ret = bad_input(err, "%s is no BPF object with BTF", path);
	else if (!type)
		ret = bad_input(
			err,
			"%s is no policy: it needs exactly one struct " OPS_TYPE
			" in section " OPS_SECTION,
			path);
	else if (!read_name(elf, variable, name_offset(btf, type), name))
		ret = bad_input(err,
				"%s is no policy: its " OPS_TYPE " has no name",
				path);
	else if (!is_name(name))
		ret = bad_input(err,
				"%s: the policy's name must be 1 to %d of "
				"A-Z a-z 0-9 _ . -",
				path, OVERHIGH_OPS_NAME_LEN - 1);
	btf__free(btf);
	elf_end(elf);
	close(fd);
	return ret;
}

/* ---- parameters ---- */

/* The number a variable is, NULL if it is something else. */
static const struct btf_type *number_type(const struct btf *btf, __u32 var_id,
					  const char **name)
{
	const struct btf_type *var = btf__type_by_id(btf, var_id);
	int id;

	if (!var || !btf_is_var(var))
		return NULL;
	*name = name_at(btf, var->name_off);
	id = btf__resolve_type(btf, var->type);
	var = id < 0 ? NULL : btf__type_by_id(btf, id);
	return var && btf_is_int(var) && var->size <= 8 ? var : NULL;
}

static bool ends_with(const char *name, const char *ending)
{
	size_t n = strlen(name), m = strlen(ending);

	return n > m && !strcmp(name + n - m, ending);
}

/* given: the variable's name, or that without its unit. */
static bool is_called(const char *variable, const char *given, size_t length)
{
	if (strncmp(variable, given, length))
		return false;
	return !variable[length] || !strcmp(variable + length, "_ns") ||
	       !strcmp(variable + length, "_bytes");
}

static bool is_signed(const struct btf_type *type)
{
	return btf_int_encoding(type) & BTF_INT_SIGNED;
}

static int parse_value(const char *variable, const struct btf_type *type,
		       const char *text, uint64_t *value, struct error *err)
{
	uint64_t most = ~0ULL >> (64 - 8 * type->size + is_signed(type));
	bool minus = *text == '-' && is_signed(type);
	int ret;

	if (ends_with(variable, "_ns"))
		ret = parse_duration(text, value, err);
	else
		ret = parse_size(text + minus, value, err);
	if (!ret && *value > most)
		ret = bad_input(err, "%s=%s is more than it can hold: %llu",
				variable, text, (unsigned long long)most);
	if (!ret && minus)
		*value = -*value;
	return ret;
}

static const struct btf_type *rodata_section(const struct program_object *o)
{
	struct btf *btf = bpf_object__btf(o->obj);
	int id = btf__find_by_name_kind(btf, POLICY_RODATA, BTF_KIND_DATASEC);

	return o->rodata && id > 0 ? btf__type_by_id(btf, id) : NULL;
}

static int set_number(struct program_object *o, const char *name, size_t length,
		      const char *text, struct error *err)
{
	const struct btf_type *type, *section = rodata_section(o);
	struct btf *btf = bpf_object__btf(o->obj);
	const struct btf_var_secinfo *at;
	const char *variable;
	size_t size = 0;
	uint64_t value;
	char *data;
	int i, ret;

	if (!section)
		return -ENOENT;
	at = btf_var_secinfos(section);
	/* ours to write until the load, whatever libbpf before 1.4 says */
	data = (char *)bpf_map__initial_value(o->rodata, &size);
	for (i = 0; i < btf_vlen(section); i++, at++) {
		type = number_type(btf, at->type, &variable);
		if (!type || !is_called(variable, name, length) || !data ||
		    at->offset + type->size > size)
			continue;
		ret = parse_value(variable, type, text, &value, err);
		/* the machine and BPF have the same order of bytes */
		if (!ret)
			memcpy(data + at->offset, &value, type->size);
		return ret;
	}
	return -ENOENT;
}

struct names {
	char text[256];
};

static void add_name(const char *name, const char *text, int64_t value,
		     void *ctx)
{
	struct names *names = ctx;
	size_t n = strlen(names->text);

	(void)value;
	snprintf(names->text + n, sizeof(names->text) - n, "%s%s=%s",
		 n ? ", " : "", name, text);
}

int program_object_set(struct program_object *o, const char *setting,
		       struct error *err)
{
	const struct btf_type *section = rodata_section(o);
	const char *equals = strchr(setting, '=');
	struct names names = {};
	size_t size = 0;
	const void *data;
	int ret;

	if (!equals || equals == setting)
		return bad_input(err, "--set '%s' must be NAME=VALUE", setting);
	ret = set_number(o, setting, equals - setting, equals + 1, err);
	if (ret != -ENOENT)
		return ret;
	data = section ? bpf_map__initial_value(o->rodata, &size) : NULL;
	if (data)
		policy_parameters(bpf_object__btf(o->obj), section, data, size,
				  add_name, &names);
	return bad_input(err,
			 "the policy %s has no parameter '%.*s'; it has: "
			 "%s",
			 o->name, (int)(equals - setting), setting,
			 names.text[0] ? names.text : "none");
}

static void format_value(char text[FORMAT_MAX], const char *name, int64_t value,
			 bool has_sign)
{
	if (ends_with(name, "_ns"))
		format_duration(text, FORMAT_MAX, value);
	else if (ends_with(name, "_bytes"))
		format_size(text, FORMAT_MAX, value);
	else if (has_sign)
		snprintf(text, FORMAT_MAX, "%lld", (long long)value);
	else
		snprintf(text, FORMAT_MAX, "%llu", (unsigned long long)value);
}

static int64_t read_number(const char *at, const struct btf_type *type)
{
	unsigned int spare = 64 - 8 * type->size;
	uint64_t value = 0;

	memcpy(&value, at, type->size);
	if (is_signed(type))
		return (int64_t)(value << spare) >> spare;
	return value;
}

void policy_parameters(const struct btf *btf, const struct btf_type *section,
		       const void *data, size_t size, parameter_fn fn,
		       void *ctx)
{
	const struct btf_var_secinfo *at = btf_var_secinfos(section);
	const struct btf_type *type;
	char text[FORMAT_MAX];
	const char *name;
	int64_t value;
	int i;

	for (i = 0; i < btf_vlen(section); i++, at++) {
		type = number_type(btf, at->type, &name);
		if (!type || at->offset + type->size > size ||
		    !strcmp(name, "page_bytes"))
			continue;
		value = read_number((const char *)data + at->offset, type);
		format_value(text, name, value, is_signed(type));
		fn(name, text, value, ctx);
	}
}

/* ---- into the kernel ---- */

static char verifier_log[1 << 20];

#define LOG_LINES 12

/* The end of the log is where the reason is. */
static void print_log_end(void)
{
	char *line = verifier_log + strlen(verifier_log);
	int lines = 0;

	while (line > verifier_log && lines <= LOG_LINES)
		if (*--line == '\n')
			lines++;
	while (*line) {
		int length = strcspn(line, "\n");

		if (length)
			say("verifier: %.*s", length, line);
		line += length + (line[length] == '\n');
	}
}

static int find_maps(struct program_object *o, struct error *err)
{
	struct bpf_map *map;
	int n = 0;

	bpf_object__for_each_map(map, o->obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		o->ops = map;
		n++;
	}
	o->rodata = bpf_object__find_map_by_name(o->obj, POLICY_RODATA);
	o->exit = bpf_object__find_map_by_name(o->obj, POLICY_EXIT);
	if (o->exit &&
	    bpf_map__value_size(o->exit) != sizeof(struct overhigh_exit_info))
		o->exit = NULL;
	if (n != 1)
		return bad_input(err,
				 "the file has %d struct_ops; a policy is "
				 "exactly one",
				 n);
	return 0;
}

int program_object_open(struct program_object *o, const char *path,
			struct error *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = verifier_log,
		    .kernel_log_size = sizeof(verifier_log));
	char page[16];
	int ret;

	memset(o, 0, sizeof(*o));
	ret = program_name_of(path, o->name, err);
	if (ret)
		return ret;
	o->obj = bpf_object__open_file(path, &opts);
	if (!o->obj)
		return bad_input(err, "cannot open %s as a BPF object: %s",
				 path, strerror(errno));
	ret = find_maps(o, err);
	snprintf(page, sizeof(page), "%ld", sysconf(_SC_PAGESIZE));
	if (!ret)
		set_number(o, "page_bytes", strlen("page_bytes"), page,
			   &(struct error){});
	if (ret)
		program_object_close(o);
	return ret;
}

int program_object_load(struct program_object *o, struct error *err)
{
	int ret;

	verifier_log[0] = 0;
	ret = bpf_object__load(o->obj);
	if (!ret)
		return 0;
	print_log_end();
	return fail(err, -ret, "the kernel refused the policy %s (%s)%s",
		    o->name, strerror(-ret),
		    verifier_log[0] ? "; its reason is above" :
				      ": set OVERHIGH_VERBOSE=1 to see more");
}

void program_object_close(struct program_object *o)
{
	bpf_object__close(o->obj);
	o->obj = NULL;
}
