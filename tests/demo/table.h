/* SPDX-License-Identifier: GPL-2.0 */
/*
 * table.h - the table at the end of the demo.
 *
 * Belongs here: its figures and their layout.  Does not: how they are measured.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define TABLE_ROWS 8

struct row {
	const char *action;
	const char *limit;
	const char *reason;    /* why this kernel cannot do it; NULL: it can */
	int64_t past_bytes;    /* by the runaway's own stores */
	int64_t acted_ns;      /* after the crossing; -1: did not */
	int64_t effect_ns;     /* after the crossing; -1: not felt */
	double neighbour_rate; /* as a fraction of that before */
	uint64_t stall_ns;
	int status;
	bool failed, neighbour_failed;
	char fate[96];
};

struct table {
	struct row rows[TABLE_ROWS];
	unsigned int nr_rows;
};

void table_print(const struct table *table);
bool table_failed(const struct table *table);

#endif /* TABLE_H */
