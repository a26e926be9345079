// SPDX-License-Identifier: GPL-2.0
/*
 * runaway.c - a process that takes memory as fast as it can.
 *
 *	runaway FILE MOST_BYTES
 *
 * It maps chunk after chunk and writes into every page, until it has written
 * MOST_BYTES.  If a mapping fails it frees all that it has and tries once more,
 * as a program that handles ENOMEM would; on SIGUSR1 it frees all and goes on.
 * What it has done is in FILE (runaway.h); who judges it is demo.c.  Exit
 * status: 0, or 3 if memory cannot be had even after all was freed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "runaway.h"

#define MAX_CHUNKS 65536

static volatile struct runaway_page *page;
static char *chunks[MAX_CHUNKS];
static volatile unsigned int nr_chunks;
static size_t page_bytes;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Only system calls: it also runs in the handler. */
static void give_all_back(void)
{
	unsigned int i;

	for (i = 0; i < nr_chunks; i++)
		madvise(chunks[i], RUNAWAY_CHUNK_BYTES, MADV_DONTNEED);
	page->held_bytes = 0;
}

static void on_warning(int sig)
{
	int saved = errno;

	(void)sig;
	if (!page->first_signal_ns)
		page->first_signal_ns = now_ns();
	give_all_back();
	page->signals++;
	errno = saved;
}

static void unmap_all(void)
{
	while (nr_chunks)
		munmap(chunks[--nr_chunks], RUNAWAY_CHUNK_BYTES);
	page->held_bytes = 0;
}

/* Huge pages would hide how exact the limit is: each is 512 pages at once. */
static char *get_chunk(void)
{
	char *p = mmap(NULL, RUNAWAY_CHUNK_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, RUNAWAY_CHUNK_BYTES, MADV_NOHUGEPAGE);
	if (nr_chunks < MAX_CHUNKS)
		chunks[nr_chunks++] = p;
	return p;
}

static void note_store(void)
{
	uint64_t now = now_ns();

	page->held_bytes += page_bytes;
	if (page->held_bytes > page->peak_bytes)
		page->peak_bytes = page->held_bytes;
	page->touched_bytes += page_bytes;
	if (now - page->last_ns > RUNAWAY_PAUSE_NS &&
	    page->pauses < RUNAWAY_PAUSES) {
		page->pause[page->pauses].from_ns = page->last_ns;
		page->pause[page->pauses].to_ns = now;
		page->pauses++;
	}
	page->last_ns = now;
}

static void touch_chunk(char *p)
{
	size_t at;

	for (at = 0; at < RUNAWAY_CHUNK_BYTES; at += page_bytes) {
		*(volatile char *)(p + at) = 1;
		note_store();
	}
}

static void note_error(void)
{
	if (!page->errors) {
		page->first_error_ns = now_ns();
		page->error = errno;
	}
	page->errors++;
}

/* One round beforehand, so that the code for it is in memory when the demo
 * looks what there is. */
static void rehearse(void)
{
	touch_chunk(get_chunk());
	give_all_back();
	unmap_all();
	page->peak_bytes = page->touched_bytes = 0;
	page->pauses = 0;
}

static void wait_for_gate(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	rehearse();
	page->pid = getpid();
	while (!page->gate)
		nanosleep(&pause, NULL);
	page->start_ns = page->last_ns = now_ns();
}

int main(int argc, char **argv)
{
	struct sigaction warned = { .sa_handler = on_warning,
				    .sa_flags = SA_RESTART };
	size_t most_bytes;
	char *p;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc != 3)
		return 99;
	most_bytes = strtoull(argv[2], NULL, 10);
	page_bytes = sysconf(_SC_PAGESIZE);
	fd = open(argv[1], O_RDWR);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, fd, 0);
	if (page == MAP_FAILED || sigaction(SIGUSR1, &warned, NULL))
		return 99;
	wait_for_gate();
	while (page->touched_bytes < most_bytes) {
		p = get_chunk();
		if (!p) {
			note_error();
			unmap_all();
			p = get_chunk();
			if (p)
				touch_chunk(p);
			return p ? 0 : 3;
		}
		touch_chunk(p);
	}
	return 0;
}
