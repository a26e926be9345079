// SPDX-License-Identifier: GPL-2.0
/*
 * figures.c - order statistics, and nothing else.
 */
#include <stdlib.h>

#include "bench.h"

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value at a fraction of the way through, between neighbours by its
 * distance to each. */
static double at(const double *sorted, unsigned int n, double fraction)
{
	double place = fraction * (n - 1);
	unsigned int i = place;

	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (sorted[i + 1] - sorted[i]) * (place - i);
}

struct spread spread_of(double *values, unsigned int n)
{
	struct spread s = {};

	if (!n)
		return s;
	qsort(values, n, sizeof(values[0]), by_size);
	s.least = values[0];
	s.low = at(values, n, 0.25);
	s.median = at(values, n, 0.5);
	s.high = at(values, n, 0.75);
	s.most = values[n - 1];
	return s;
}
