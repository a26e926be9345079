// SPDX-License-Identifier: GPL-2.0
/*
 * test_btf.c - holds vmlinux.h against kernels' BTF: every struct and field
 * that it names must be there, of the size that the code reads.
 *
 * Environment: KERNEL_BTF, paths of BTF files, separated by spaces (default:
 * the running kernel's); VMLINUX_H (default vmlinux.h); BPF_OBJECT.  What the
 * values mean, and whether programs load, is tested in tests/live.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <bpf/btf.h>

/* Kernels differ in these: of each group one must be whole. */
static const char *const groups[][3] = {
	{ "mm_struct___percpu", "mm_struct___atomic", NULL },
	{ "percpu_counter", "mm_rss_stat", NULL },
};

/* Only some kernels have these, and the code asks first. */
static const char *const optional[] = {
	"mm_struct___percpu", "mm_struct___atomic",	  "mm_rss_stat",
	"task_rss_stat",      "task_struct___cached_rss", "pcpu_hot",
};

/* Of other architectures than x86. */
static const char *const foreign[] = {
	"thread_info___preempt",
	"task_struct___preempt",
	"pt_regs___arm64",
};

static int is_one_of(const char *name, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(name, list[i]))
			return 1;
	return 0;
}

#define IS_ONE_OF(name, list)                                                  \
	is_one_of(name, list, sizeof(list) / sizeof((list)[0]))

static const char *env(const char *name, const char *otherwise)
{
	return getenv(name) ? getenv(name) : otherwise;
}

/* The member by name, also within unnamed members. */
static const struct btf_member *
find(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *m = btf_members(type), *inner;
	const struct btf_type *t;
	int i;

	for (i = 0; i < btf_vlen(type); i++, m++) {
		const char *its = btf__name_by_offset(btf, m->name_off);

		if (!strcmp(its, name))
			return m;
		t = btf__type_by_id(btf, m->type);
		if (its[0] || !btf_is_composite(t))
			continue;
		inner = find(btf, t, name);
		if (inner)
			return inner;
	}
	return NULL;
}

/* Bytes of a member, arrays by their element: ours are shorter. */
static int64_t size_of(const struct btf *btf, uint32_t id)
{
	int64_t resolved = btf__resolve_type(btf, id);
	const struct btf_type *type = btf__type_by_id(btf, resolved);

	if (btf_is_array(type))
		return size_of(btf, btf_array(type)->type);
	/* structs are cut down to what we read: only that it is one counts */
	return btf_is_composite(type) ? 0 : btf__resolve_size(btf, resolved);
}

/* The kernel's struct of the name, less a flavour's suffix; 0 if none. */
static const struct btf_type *kernel_struct(const struct btf *btf,
					    const char *name)
{
	char base[64];
	char *flavour;
	int id;

	snprintf(base, sizeof(base), "%s", name);
	flavour = strstr(base, "___");
	if (flavour)
		*flavour = 0;
	id = btf__find_by_name_kind(btf, base, BTF_KIND_STRUCT);
	return id < 0 ? NULL : btf__type_by_id(btf, id);
}

/* Whether a kernel has all of our struct; says what it lacks if asked to. */
static int fits(const struct btf *kernel, const struct btf *ours,
		const struct btf_type *type, int say)
{
	const char *name = btf__name_by_offset(ours, type->name_off);
	const struct btf_type *theirs = kernel_struct(kernel, name);
	const struct btf_member *m = btf_members(type), *their;
	int i;

	if (!theirs) {
		if (say)
			print_error("no struct %s\n", name);
		return 0;
	}
	for (i = 0; i < btf_vlen(type); i++, m++) {
		const char *field = btf__name_by_offset(ours, m->name_off);

		their = find(kernel, theirs, field);
		if (their &&
		    size_of(kernel, their->type) == size_of(ours, m->type))
			continue;
		if (say)
			print_error("struct %s: field %s is %s\n", name, field,
				    their ? "of another size" : "not there");
		return 0;
	}
	return 1;
}

/* vmlinux.h is the list of what to look at; our object's BTF has the types. */
static int next_struct(FILE *header, char *name)
{
	char line[256];

	while (fgets(line, sizeof(line), header))
		if (strchr(line, '{') &&
		    sscanf(line, "struct %63[a-z0-9_] {", name) == 1)
			return 1;
	return 0;
}

static int missing_in(const struct btf *kernel, const struct btf *ours)
{
	FILE *header = fopen(env("VMLINUX_H", "vmlinux.h"), "re");
	int id, missing = 0, seen = 0;
	char name[64];

	assert_non_null(header);
	while (next_struct(header, name)) {
		if (IS_ONE_OF(name, foreign))
			continue;
		id = btf__find_by_name_kind(ours, name, BTF_KIND_STRUCT);
		if (id < 0)
			continue; /* nothing reads it on this architecture */
		seen++;
		if (IS_ONE_OF(name, optional) && !kernel_struct(kernel, name))
			continue;
		missing += !fits(kernel, ours, btf__type_by_id(ours, id),
				 !IS_ONE_OF(name, optional)) &&
			   !IS_ONE_OF(name, optional);
	}
	fclose(header);
	assert_true(seen > 15);
	return missing;
}

static int lacks_a_group(const struct btf *kernel, const struct btf *ours)
{
	size_t g, i;

	for (g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		int found = 0;

		for (i = 0; groups[g][i]; i++) {
			int id = btf__find_by_name_kind(ours, groups[g][i],
							BTF_KIND_STRUCT);

			assert_true(id > 0);
			found |= fits(kernel, ours, btf__type_by_id(ours, id),
				      0);
		}
		if (!found) {
			print_error("neither %s nor %s\n", groups[g][0],
				    groups[g][1]);
			return 1;
		}
	}
	return 0;
}

static void vmlinux_h_holds_on_every_kernel(void **state)
{
	char *list = strdup(env("KERNEL_BTF", "/sys/kernel/btf/vmlinux"));
	struct btf *ours, *kernel;
	char *path, *rest = list;
	int bad = 0, kernels = 0;

	(void)state;
	ours = btf__parse(env("BPF_OBJECT", "build/overhigh.bpf.o"), NULL);
	assert_non_null(ours);
	while ((path = strsep(&rest, " "))) {
		if (!path[0])
			continue;
		kernel = btf__parse(path, NULL);
		if (!kernel)
			fail_msg("%s: cannot be read", path);
		print_message("%s\n", path);
		bad += missing_in(kernel, ours) + lacks_a_group(kernel, ours);
		kernels++;
		btf__free(kernel);
	}
	btf__free(ours);
	free(list);
	assert_true(kernels > 0);
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmlinux_h_holds_on_every_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
