// SPDX-License-Identifier: GPL-2.0
/*
 * test_docs_output.c - docs/operations.md lists all that comes out of the
 * program for others to read: events, their fields, counters, fields of JSON.
 * The man page has the same, but for JSON of other things than events.
 *
 * Does not belong here: what goes in (test_docs.c).  Run from the top of the
 * tree, whose sources are searched for the names of fields.
 */
#include <cjson/cJSON.h>
#include <ctype.h>
#include "overhigh.h"
#include "report/events.h"
#include "text/format.h"
#include "docs.h" /* last: cmocka.h has a macro fail() */

static void assert_in_man_page(const char *name)
{
	char *page = read_file("man/overhigh.8");

	if (!strstr(page, name))
		fail_msg("man/overhigh.8 lacks %s", name);
	free(page);
}

static void assert_listed(const char *page, const char *name)
{
	char quoted[FORMAT_MAX + 2];

	snprintf(quoted, sizeof(quoted), "`%s`", name);
	if (!strstr(page, quoted))
		fail_msg("docs/operations.md lacks %s", quoted);
}

static void operations_lists_every_event_and_counter(void **state)
{
	char *page = read_file("docs/operations.md"), line[1024],
	     name[FORMAT_MAX];
	struct overhigh_event event = { .pid = 1, .seen_pid = 2 };
	cJSON *object, *field;
	unsigned int i;

	(void)state;
	for (i = 0; i < OVERHIGH_COUNTERS; i++) {
		assert_listed(page, format_counter(name, sizeof(name), i));
		assert_in_man_page(name);
	}
	event.control = OVERHIGH_SIGNAL;
	for (i = 1; i < OVERHIGH_EV_MAX; i++) {
		if (i == OVERHIGH_EV_NEAR || i == OVERHIGH_EV_DUE)
			/* never shown */
			continue;
		assert_listed(page, format_event_type(name, sizeof(name), i));
		assert_in_man_page(name);
		event.type = i;
		event.detail = 1;
		assert_true(event_json(line, sizeof(line), &event) > 0);
		object = cJSON_Parse(line);
		assert_non_null(object);
		cJSON_ArrayForEach(field, object)
		{
			assert_listed(page, field->string);
			assert_in_man_page(field->string);
		}
		cJSON_Delete(object);
	}
	free(page);
}

/* The second argument of each call that has this in its name, where it is a
 * name itself. */
static unsigned int check_calls(const char *page, const char *path,
				const char *call)
{
	char *text = read_file(path), *at = text, name[FORMAT_MAX];
	unsigned int names = 0;
	size_t n;

	while ((at = strstr(at, call))) {
		at += strcspn(at, ",;");
		if (*at)
			at++;
		while (isspace(*at))
			at++;
		n = *at == '"' ? strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_") :
				 0;
		if (!n || n >= sizeof(name) || at[n + 1] != '"')
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)n, at + 1);
		assert_listed(page, name);
		names++;
	}
	free(text);
	return names;
}

static void operations_lists_every_field_of_json(void **state)
{
	static const char *const folders[] = { "loader/report/*.c",
					       "loader/commands/*.c" };
	char *page = read_file("docs/operations.md");
	unsigned int names = 0;
	glob_t found;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		assert_int_equal(glob(folders[i], 0, NULL, &found), 0);
		for (j = 0; j < found.gl_pathc; j++)
			names += check_calls(page, found.gl_pathv[j],
					     "ToObject(") +
				 check_calls(page, found.gl_pathv[j],
					     "json_add_");
		globfree(&found);
	}
	assert_true(names > 50); /* or this looks at nothing */
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations_lists_every_event_and_counter),
		cmocka_unit_test(operations_lists_every_field_of_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
