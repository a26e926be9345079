// SPDX-License-Identifier: GPL-2.0
/*
 * test_program_object.c - what a policy's file must be, and how its parameters
 * are set; nothing is loaded.  Run from the top of the tree.
 *
 * Environment: BUILD, where policies/ and tests/policies/ were built.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "programs/object.h"
#include <cmocka.h>

static const char *path_of(const char *name)
{
	const char *build = getenv("BUILD");
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s.bpf.o", build ? build : "build",
		 name);
	return path;
}

static void each_policy_has_the_name_of_its_file(void **state)
{
	static const char *const names[] = { "linear", "quadratic", "rate",
					     "ladder" };
	char name[OVERHIGH_OPS_NAME_LEN], file[64];
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(file, sizeof(file), "policies/%s", names[i]);
		assert_int_equal(program_name_of(path_of(file), name, &err), 0);
		assert_string_equal(name, names[i]);
	}
}

static void assert_refused(const char *path, const char *why)
{
	char name[OVERHIGH_OPS_NAME_LEN];
	struct error err = {};

	assert_int_equal(program_name_of(path, name, &err), -EINVAL);
	assert_int_equal(err.exit_status, 2);
	if (!strstr(err.text, why))
		fail_msg("'%s' does not say '%s'", err.text, why);
	assert_null(strchr(err.text, '\n'));
}

static void what_is_no_policy_is_refused_in_one_line(void **state)
{
	(void)state;
	assert_refused("/nowhere.bpf.o", "cannot open");
	assert_refused("/", "no BPF object");
	assert_refused("/dev/null", "no BPF object");
	assert_refused("README.md", "no BPF object");
	assert_refused("/proc/self/exe", "no BPF object");
	assert_refused(path_of("overhigh"), "exactly one struct");
	assert_refused(path_of("tests/policies/two"), "exactly one struct");
	assert_refused(path_of("tests/policies/bad_name"), "name must be");
}

/* Half of a file, and a file with one wrong byte, must not end us. */
static void a_damaged_file_is_no_disaster(void **state)
{
	char whole[1 << 16], path[] = "/tmp/overhigh-policy.XXXXXX";
	char name[OVERHIGH_OPS_NAME_LEN];
	struct error err;
	size_t n, i;
	FILE *f;

	(void)state;
	f = fopen(path_of("policies/linear"), "re");
	assert_non_null(f);
	n = fread(whole, 1, sizeof(whole), f);
	fclose(f);
	close(mkstemp(path));
	for (i = 0; i < n; i += 1 + n / 300) {
		whole[i] ^= 0xff;
		f = fopen(path, "we");
		assert_non_null(f);
		fwrite(whole, 1, i % 2 ? n : i, f);
		fclose(f);
		program_name_of(path, name, &err);
		whole[i] ^= 0xff;
	}
	remove(path);
}

static void open_policy(struct program_object *o, const char *name)
{
	struct error err = {};

	if (libbpf_minor_version() < 4)
		skip(); /* it knows no .struct_ops.link */
	if (program_object_open(o, path_of(name), &err))
		fail_msg("%s", err.text);
}

static void collect(const char *name, const char *text, int64_t value,
		    void *ctx)
{
	char *all = ctx;

	(void)value;
	sprintf(all + strlen(all), "%s=%s ", name, text);
}

static void assert_parameters(struct program_object *o, const char *wanted)
{
	struct btf *btf = bpf_object__btf(o->obj);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	char all[512] = "";
	size_t size;
	const void *data = bpf_map__initial_value(o->rodata, &size);

	policy_parameters(btf, btf__type_by_id(btf, id), data, size, collect,
			  all);
	assert_string_equal(all, wanted);
}

static void parameters_are_set_by_name_with_units(void **state)
{
	struct program_object o;
	struct error err;

	(void)state;
	open_policy(&o, "policies/linear");
	assert_parameters(&o, "step_ns=20us most_ns=5ms ");
	assert_int_equal(program_object_set(&o, "step=1.5ms", &err), 0);
	assert_int_equal(program_object_set(&o, "most_ns=2s", &err), 0);
	assert_parameters(&o, "step_ns=1.5ms most_ns=2s ");
	program_object_close(&o);
	open_policy(&o, "policies/rate");
	assert_int_equal(program_object_set(&o, "rate=64K", &err), 0);
	assert_int_equal(program_object_set(&o, "burst_bytes=1G", &err), 0);
	assert_parameters(&o, "rate_bytes=64K burst_bytes=1G ");
	program_object_close(&o);
	open_policy(&o, "tests/policies/bad_answer");
	assert_int_equal(program_object_set(&o, "answer=-7", &err), 0);
	assert_parameters(&o, "answer=-7 ");
	program_object_close(&o);
}

static void a_wrong_setting_changes_nothing(void **state)
{
	static const char *const wrong[] = {
		"",	     "step",	    "=1ms",	 "nix=1ms",
		"step=",     "step=20",	    "step=20M",	 "ste=1ms",
		"step_n=1s", "step_ns =1s", "step=-1ms", "step=1ms2"
	};
	struct program_object o;
	struct error err;
	size_t i;

	(void)state;
	open_policy(&o, "policies/linear");
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(program_object_set(&o, wrong[i], &err),
				 -EINVAL);
		assert_int_equal(err.exit_status, 2);
		assert_true(err.text[0] && !strchr(err.text, '\n'));
	}
	assert_parameters(&o, "step_ns=20us most_ns=5ms ");
	program_object_close(&o);
	open_policy(&o, "policies/quadratic");
	assert_int_equal(program_object_set(&o, "percent=5G", &err), -EINVAL);
	assert_parameters(&o, "percent=100 ");
	program_object_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_policy_has_the_name_of_its_file),
		cmocka_unit_test(what_is_no_policy_is_refused_in_one_line),
		cmocka_unit_test(a_damaged_file_is_no_disaster),
		cmocka_unit_test(parameters_are_set_by_name_with_units),
		cmocka_unit_test(a_wrong_setting_changes_nothing),
	};

	libbpf_set_print(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
