// SPDX-License-Identifier: GPL-2.0
/* report/json.c - see report/json.h. */
#include <stdio.h>
#include "report/json.h"
#include "text/printable.h"

/* Below this cJSON prints all digits of a double, and no exponent. */
#define EXACT_BELOW 1000000000000000ULL

void json_add_u64(cJSON *object, const char *name, __u64 value)
{
	char digits[24];

	if (value < EXACT_BELOW) {
		cJSON_AddNumberToObject(object, name, value);
		return;
	}
	snprintf(digits, sizeof(digits), "%llu", value);
	cJSON_AddRawToObject(object, name, digits);
}

void json_add_text(cJSON *object, const char *name, const char *text)
{
	char valid[1024];

	printable_utf8(valid, sizeof(valid), text);
	cJSON_AddStringToObject(object, name, valid);
}
