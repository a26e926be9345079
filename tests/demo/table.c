// SPDX-License-Identifier: GPL-2.0
/*
 * table.c - see table.h.  No line is longer than 79 columns.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "table.h"

#define PAGE_BYTES 4096
#define TEXT_COLUMNS 66

static const char *duration(char *text, size_t size, int64_t ns)
{
	if (ns < 0)
		return "-";
	if (ns < 10000000)
		snprintf(text, size, "%.0f us", ns / 1e3);
	else
		snprintf(text, size, "%.0f ms", ns / 1e6);
	return text;
}

/* Under the row that it belongs to. */
static void print_wrapped(const char *text)
{
	const char *mark = "->";
	int n;

	while (*text) {
		n = strlen(text);
		if (n > TEXT_COLUMNS) {
			n = TEXT_COLUMNS;
			while (n > 1 && text[n] != ' ')
				n--;
		}
		printf("%9s %s %.*s\n", "", mark, n, text);
		text += n;
		text += *text == ' ';
		mark = "  ";
	}
}

static void print_row(const struct row *row)
{
	char acted[32], effect[32], stall[32];

	if (row->reason) {
		printf("%-9s %5s not on this kernel:\n", row->action,
		       row->limit);
		print_wrapped(row->reason);
		print_wrapped("make demo VM=6.12 shows it in a guest");
		return;
	}
	printf("%-9s %5s %10" PRId64 " %6" PRId64 " %9s %9s %8.0f %% %9s%s\n",
	       row->action, row->limit, row->past_bytes,
	       row->past_bytes / PAGE_BYTES,
	       duration(acted, sizeof(acted), row->acted_ns),
	       duration(effect, sizeof(effect), row->effect_ns),
	       row->neighbour_rate * 100,
	       duration(stall, sizeof(stall), row->stall_ns),
	       row->neighbour_failed ? " !" : "");
	print_wrapped(row->fate);
	if (row->failed)
		print_wrapped("FAILED");
}

void table_print(const struct table *table)
{
	unsigned int i;

	printf("\n%-9s %5s %17s %9s %9s %20s\n", "", "", "went past by",
	       "acted", "in effect", "neighbour's");
	printf("%-9s %5s %10s %6s %9s %9s %10s %9s\n", "action", "limit",
	       "bytes", "pages", "after", "after", "rate", "stall");
	for (i = 0; i < table->nr_rows; i++)
		print_row(&table->rows[i]);
	printf("\n"
	       "went past by  by the runaway's own stores and the page tables\n"
	       "acted         from overhigh's event \"crossed\" to \"acted\"; "
	       "0: in the same\n"
	       "              charge\n"
	       "in effect     from there to what the process felt: mmap failed,"
	       " it was\n"
	       "              stopped, its handler began, it had ended\n"
	       "neighbour's   rate with the runaway there, of that before; "
	       "longest stall\n");
	printf("%s\n",
	       table_failed(table) ?
		       "FAILED: see the lines marked FAILED or !" :
		       "Every action that this kernel has did its work, "
		       "and the neighbour went on.");
}

bool table_failed(const struct table *table)
{
	unsigned int i;

	for (i = 0; i < table->nr_rows; i++)
		if (table->rows[i].failed || table->rows[i].neighbour_failed)
			return true;
	return false;
}
