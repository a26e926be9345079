// SPDX-License-Identifier: GPL-2.0
/* fuzz_policy.c - the options of a policy together, one a line: "limit 200M".
 */
#include "fuzz.h"
#include "text/policy_options.h"

static const struct policy_field *field_of(const char *name)
{
	int i;

	for (i = 0; i < POLICY_FIELDS; i++)
		if (!strcmp(policy_fields[i].name, name))
			return &policy_fields[i];
	return NULL;
}

/* false: it was refused */
static bool set(struct policy_options *options, char *line)
{
	char *arg = line + strcspn(line, " ");
	const struct policy_field *field;
	struct error err = {};
	int ret;

	if (*arg)
		*arg++ = '\0';
	field = field_of(line);
	if (!field)
		return true;
	ret = policy_option_set(options, field->key,
				field->metavar ? arg : NULL, &err);
	if (ret)
		fuzz_refused(ret, &err);
	return !ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *line, *rest = text;
	char shown[2 * FORMAT_POLICY_MAX];
	struct policy_options options;
	struct overhigh_policy policy;
	struct error err = {};
	int ret;

	policy_options_init(&options);
	while ((line = strsep(&rest, "\n")))
		if (!set(&options, line))
			break;
	ret = policy_options_finish(&options, &policy, &err);
	if (ret) {
		fuzz_refused(ret, &err);
	} else {
		format_policy(shown, sizeof(shown), &policy,
			      &options.extension);
		PROMISE(strlen(shown) < FORMAT_POLICY_MAX);
		PROMISE(strstr(shown, "--action"));
	}
	free(text);
	return 0;
}
