// SPDX-License-Identifier: GPL-2.0
/* daemon/reload_result.c - see daemon/reload_result.h. */
#include <string.h>
#include <unistd.h>
#include "base/lock.h"
#include "daemon/reload_result.h"

#define RESULT_FILE RUN_DIR "/reload.result"

void reload_result_write(const struct reload_result *result)
{
	FILE *file = fopen(RESULT_FILE "-new", "we");

	if (!file)
		return;
	fprintf(file, "%llu %d %u\n%s\n", result->began_ns,
		result->err.exit_status, result->rules,
		result->err.exit_status ? result->err.text : "");
	if (fclose(file) || rename(RESULT_FILE "-new", RESULT_FILE))
		unlink(RESULT_FILE "-new");
}

int reload_result_read(struct reload_result *result)
{
	FILE *file = fopen(RESULT_FILE, "re");
	int ret = 0;

	memset(result, 0, sizeof(*result));
	if (!file)
		return -errno;
	if (fscanf(file, "%llu %d %u\n", &result->began_ns,
		   &result->err.exit_status, &result->rules) != 3)
		ret = -EINVAL;
	else if (result->err.exit_status &&
		 fgets(result->err.text, sizeof(result->err.text), file))
		result->err.text[strcspn(result->err.text, "\n")] = 0;
	fclose(file);
	return ret;
}

void reload_result_remove(void)
{
	unlink(RESULT_FILE);
}
