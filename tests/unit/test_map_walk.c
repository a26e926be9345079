// SPDX-License-Identifier: GPL-2.0
/* test_map_walk.c - walking the keys of a map that changes meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "pins/map_walk.h"
#include <cmocka.h>

#define ENTRIES 500U

static int make_map(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "walked", sizeof(__u32),
				sizeof(__u32), ENTRIES, NULL);
	__u32 key;

	if (fd < 0 && errno == EPERM) {
		printf("SKIP: making a map needs root\n");
		skip();
	}
	assert_true(fd >= 0);
	for (key = 0; key < ENTRIES; key++)
		assert_int_equal(bpf_map_update_elem(fd, &key, &key, 0), 0);
	return fd;
}

static void a_walk_may_delete_what_it_sees(void **state)
{
	bool seen[ENTRIES] = {};
	struct map_walk walk;
	int fd = make_map();
	__u32 key, n = 0;

	(void)state;
	walk = map_walk_of(fd);
	while (map_walk_next(&walk, &key, sizeof(key))) {
		assert_in_range(key, 0, ENTRIES - 1);
		assert_false(seen[key]);
		seen[key] = true;
		assert_int_equal(bpf_map_delete_elem(fd, &key), 0);
		n++;
	}
	assert_int_equal(n, ENTRIES);
	assert_int_equal(map_walk_count(fd), 0);
	close(fd);
}

/* As exits do: also the key that the walk would come to next. */
static void a_walk_misses_nothing_that_stays(void **state)
{
	bool seen[ENTRIES] = {};
	struct map_walk walk;
	int fd = make_map();
	__u32 key, gone, n = 0;

	(void)state;
	walk = map_walk_of(fd);
	while (map_walk_next(&walk, &key, sizeof(key))) {
		seen[key] = true;
		gone = walk.next[0];
		if (n++ % 5 == 0 && gone % 2)
			bpf_map_delete_elem(fd, &gone);
	}
	for (key = 0; key < ENTRIES; key += 2)
		assert_true(seen[key]);
	assert_true(map_walk_count(fd) < ENTRIES);
	close(fd);
}

static void a_map_is_counted(void **state)
{
	int fd = make_map();

	(void)state;
	assert_int_equal(map_walk_count(fd), ENTRIES);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_may_delete_what_it_sees),
		cmocka_unit_test(a_walk_misses_nothing_that_stays),
		cmocka_unit_test(a_map_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
