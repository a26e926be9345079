// SPDX-License-Identifier: GPL-2.0
/*
 * recover.c - a program that handles failing allocations as programs should:
 * it frees, and goes on.  Built with glibc, musl and jemalloc.
 *
 *	recover BLOCK_BYTES MOST_BYTES
 *
 * It gets blocks and fills them until malloc gives NULL, checks errno and that
 * what it has is intact, frees all, and then gets and fills half as much again.
 * Prints "got=BYTES errno=N again=BYTES".  Exit status: 0 recovered, 2 malloc
 * never failed, 3 wrong errno, 4 contents damaged, 5 malloc still fails.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Allocators that keep freed memory for later are told to give it back:
 * jemalloc reads this, and glibc has malloc_trim().  */
const char *malloc_conf = "dirty_decay_ms:0,muzzy_decay_ms:0,narenas:1";
int malloc_trim(size_t pad) __attribute__((weak));

struct block {
	struct block *next;
	size_t number;
	unsigned char fill[];
};

static struct block *head;
static size_t nr_blocks;

/* Returns 0, or the errno of the malloc that failed. */
static int get_blocks(size_t block_bytes, size_t most)
{
	struct block *block;

	while (nr_blocks < most) {
		errno = 0;
		block = malloc(block_bytes);
		if (!block)
			return errno ? errno : -1;
		memset(block->fill, nr_blocks & 0xff,
		       block_bytes - sizeof(*block));
		block->number = nr_blocks++;
		block->next = head;
		head = block;
	}
	return 0;
}

static int intact(size_t block_bytes)
{
	size_t last = block_bytes - sizeof(struct block) - 1;
	struct block *block;

	for (block = head; block; block = block->next)
		if (block->fill[0] != (block->number & 0xff) ||
		    block->fill[last] != (block->number & 0xff))
			return 0;
	return 1;
}

static void free_blocks(void)
{
	struct block *block;

	while ((block = head)) {
		head = block->next;
		free(block);
	}
	nr_blocks = 0;
	if (malloc_trim)
		malloc_trim(0);
}

int main(int argc, char **argv)
{
	size_t block_bytes, most, got;
	int error;

	if (argc != 3)
		return 99;
	block_bytes = strtoull(argv[1], NULL, 10);
	most = strtoull(argv[2], NULL, 10) / block_bytes;
	error = get_blocks(block_bytes, most);
	got = nr_blocks;
	if (!error)
		return 2;
	if (error != ENOMEM)
		return 3;
	if (!intact(block_bytes))
		return 4;
	free_blocks();
	if (get_blocks(block_bytes, got / 2))
		return 5;
	if (!intact(block_bytes))
		return 4;
	printf("got=%zu errno=%d again=%zu\n", got * block_bytes, error,
	       nr_blocks * block_bytes);
	free_blocks();
	return 0;
}
