/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report/json.h - values as JSON that any reader takes: all 64 bits of an
 * integer (cJSON keeps doubles), and text that is UTF-8 whatever a process
 * calls itself.
 */
#ifndef OVERHIGH_REPORT_JSON_H
#define OVERHIGH_REPORT_JSON_H

#include <cjson/cJSON.h>
#include <linux/types.h>

void json_add_u64(cJSON *object, const char *name, __u64 value);
/* Bytes that are not UTF-8 become U+FFFD. */
void json_add_text(cJSON *object, const char *name, const char *text);

#endif /* OVERHIGH_REPORT_JSON_H */
