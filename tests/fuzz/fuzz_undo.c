// SPDX-License-Identifier: GPL-2.0
/* fuzz_undo.c - lines of the file that says what is to be undone. */
#include "cgroups/undo_line.h"
#include "fuzz.h"

static void line_of_a_change(const char *text)
{
	char line[2 * UNDO_LINE_MAX], *copy = strdup(text);
	struct undo undo, again;

	PROMISE(copy);
	if (!undo_parse(copy, &undo)) {
		PROMISE(undo.knob < KNOBS && undo.path[0] == '/');
		PROMISE(memchr(undo.old, 0, sizeof(undo.old)));
		PROMISE(memchr(undo.wrote, 0, sizeof(undo.wrote)));
		PROMISE(!undo_format(line, sizeof(line), &undo));
		line[strcspn(line, "\n")] = '\0';
		PROMISE(!undo_parse(line, &again));
		PROMISE(again.cgroup_id == undo.cgroup_id &&
			again.until_ns == undo.until_ns &&
			again.knob == undo.knob &&
			!strcmp(again.old, undo.old) &&
			!strcmp(again.wrote, undo.wrote) &&
			!strcmp(again.path, undo.path));
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *line, *rest = text;
	__u64 number;
	pid_t owner;

	while ((line = strsep(&rest, "\n"))) {
		knob_number(line, &number);
		if (!undo_head_parse(line, &owner))
			PROMISE(owner > 0);
		line_of_a_change(line);
	}
	free(text);
	return 0;
}
