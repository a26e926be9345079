// SPDX-License-Identifier: GPL-2.0
/*
 * take.c - a process that takes memory in one of the ways that there are.
 *
 *	take WAY BYTES [THREADS]
 *
 * It stops itself (SIGSTOP) until it is continued, then takes BYTES and ends
 * with 0.  With 98 the kernel does not have the way, with 99 it failed.
 *
 * Belongs here: a way that ends in an RSS counter of this process.  Does not:
 * giving back, waiting, reporting (eat.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#define PAGE 4096UL
#define HUGE_BYTES (2UL << 20)
#define MAX_THREADS 256

static void fail(const char *what)
{
	int missing = errno == ENOSYS || errno == EINVAL || errno == EPERM;

	perror(what);
	_exit(missing ? 98 : 99);
}

static char *get(size_t bytes, int flags, int advice)
{
	char *p = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1,
		       0);

	if (p == MAP_FAILED ||
	    (advice && madvise(p, bytes + HUGE_BYTES, advice)))
		fail("mmap");
	return (char *)(((unsigned long)p + HUGE_BYTES - 1) &
			~(HUGE_BYTES - 1));
}

static void touch(char *p, size_t bytes)
{
	size_t at;

	for (at = 0; at < bytes; at += PAGE)
		*(volatile char *)(p + at) = 1;
}

static void by_fault(size_t bytes, unsigned int threads)
{
	(void)threads;
	touch(get(bytes, 0, MADV_NOHUGEPAGE), bytes);
}

static void by_huge(size_t bytes, unsigned int threads)
{
	(void)threads;
	touch(get(bytes, 0, MADV_HUGEPAGE), bytes);
}

static size_t share_bytes;
static pthread_barrier_t all_there;

static void *touch_share(void *from)
{
	pthread_barrier_wait(&all_there);
	touch(from, share_bytes);
	return NULL;
}

static void by_threads(size_t bytes, unsigned int threads)
{
	char *p = get(bytes, 0, MADV_NOHUGEPAGE);
	pthread_t id[MAX_THREADS];
	pthread_attr_t attr;
	unsigned int i;

	share_bytes = bytes / threads;
	pthread_barrier_init(&all_there, NULL, threads);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (i = 0; i < threads; i++)
		if (pthread_create(&id[i], &attr, touch_share,
				   p + i * share_bytes))
			fail("pthread_create");
	for (i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
}

static void by_populate(size_t bytes, unsigned int threads)
{
	(void)threads;
	if (mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
		 0) == MAP_FAILED)
		fail("mmap");
}

static void by_madvise(size_t bytes, unsigned int threads)
{
	char *p = get(bytes, 0, MADV_NOHUGEPAGE);

	(void)threads;
	if (madvise(p, bytes, MADV_POPULATE_WRITE))
		fail("madvise");
}

static void by_mlock(size_t bytes, unsigned int threads)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	(void)threads;
	setrlimit(RLIMIT_MEMLOCK, &all);
	if (mlock(get(bytes, 0, MADV_NOHUGEPAGE), bytes))
		fail("mlock");
}

/* The kernel writes, into pages that are not there yet. */
static void by_read(size_t bytes, unsigned int threads)
{
	char *p = get(bytes, 0, MADV_NOHUGEPAGE);
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	size_t at;

	(void)threads;
	for (at = 0; at < bytes; at += 1 << 20)
		if (read(fd, p + at, 1 << 20) < 0)
			fail("read");
}

static void by_self_mem(size_t bytes, unsigned int threads)
{
	char *p = get(bytes, 0, MADV_NOHUGEPAGE);
	int fd = open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
	static char from[1 << 20];
	size_t at;

	(void)threads;
	for (at = 0; at < bytes; at += sizeof(from))
		if (pwrite(fd, from, sizeof(from), (off_t)(p + at)) < 0)
			fail("pwrite");
}

static void by_uffd(size_t bytes, unsigned int threads)
{
	struct uffdio_api api = { .api = UFFD_API };
	char *p = get(bytes, 0, MADV_NOHUGEPAGE);
	static char from[64 << 10] __attribute__((aligned(4096)));
	struct uffdio_register reg = { .range = { (unsigned long)p, bytes },
				       .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	size_t at;

	(void)threads;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg))
		fail("userfaultfd");
	memset(from, 1, sizeof(from));
	for (at = 0; at < bytes; at += sizeof(from)) {
		struct uffdio_copy copy = { .dst = (unsigned long)p + at,
					    .src = (unsigned long)from,
					    .len = sizeof(from) };

		if (ioctl(fd, UFFDIO_COPY, &copy))
			fail("UFFDIO_COPY");
	}
}

/* Another process writes, while this one sleeps and goes on sleeping. */
static void by_remote(size_t bytes, unsigned int threads)
{
	char *p = get(bytes, 0, MADV_NOHUGEPAGE);
	static char from[1 << 20];
	pid_t me = getpid();
	size_t at;

	(void)threads;
	if (fork()) {
		for (;;)
			pause();
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (at = 0; at < bytes; at += sizeof(from)) {
		struct iovec local = { from, sizeof(from) };
		struct iovec remote = { p + at, sizeof(from) };

		if (process_vm_writev(me, &local, 1, &remote, 1, 0) < 0)
			break;
	}
	for (;;)
		pause();
}

static void by_shmem(size_t bytes, unsigned int threads)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)threads;
	if (p == MAP_FAILED)
		fail("mmap");
	touch(p, bytes);
}

static void by_brk(size_t bytes, unsigned int threads)
{
	char *p = sbrk(bytes);

	(void)threads;
	if (p == (void *)-1)
		fail("sbrk");
	touch(p, bytes);
}

/* The stack grows by faults below it, a page at each call. */
static void by_stack(size_t bytes, unsigned int threads)
{
	volatile char page[PAGE] __attribute__((unused));

	page[0] = 1;
	if (bytes > PAGE)
		by_stack(bytes - PAGE, threads);
	page[PAGE - 1] = 1;
}

/* A file that is read through a mapping: counted as file pages. */
static void by_file(size_t bytes, unsigned int threads)
{
	char name[] = "./take.XXXXXX";
	int fd = mkstemp(name);
	volatile char *p;
	size_t at;

	(void)threads;
	if (fd < 0 || unlink(name) || ftruncate(fd, bytes))
		fail("a file");
	p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		fail("mmap");
	for (at = 0; at < bytes; at += PAGE)
		(void)p[at];
}

/* Pages that a child has from its parent are its own once it writes. */
static void by_copy(size_t bytes, unsigned int threads)
{
	char *p = get(bytes, 0, MADV_NOHUGEPAGE);
	int status;
	pid_t pid;

	(void)threads;
	touch(p, bytes / 2); /* the test's limit lets this pass */
	pid = fork();
	if (!pid) {
		touch(p, bytes);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status)) /* as if it had been us */
		raise(WTERMSIG(status));
}

static const struct {
	const char *name;
	void (*take)(size_t bytes, unsigned int threads);
} ways[] = {
	{ "fault", by_fault },	   { "huge", by_huge },
	{ "threads", by_threads }, { "populate", by_populate },
	{ "madvise", by_madvise }, { "mlock", by_mlock },
	{ "read", by_read },	   { "self-mem", by_self_mem },
	{ "uffd", by_uffd },	   { "remote", by_remote },
	{ "shmem", by_shmem },	   { "brk", by_brk },
	{ "stack", by_stack },	   { "file", by_file },
	{ "copy", by_copy },
};

int main(int argc, char **argv)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	unsigned int i, threads;

	if (argc < 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	if (!threads || threads > MAX_THREADS)
		return 2;
	if (!strcmp(argv[1], "stack") && argc == 3) {
		/* the room of a stack is laid out at exec */
		setrlimit(RLIMIT_STACK, &all);
		execl("/proc/self/exe", argv[0], argv[1], argv[2], "1", NULL);
	}
	/* brk, populate and the stack would have huge pages otherwise */
	if (strcmp(argv[1], "huge"))
		prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	raise(SIGSTOP);
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, argv[1]))
			continue;
		ways[i].take(strtoull(argv[2], NULL, 10), threads);
		return 0;
	}
	return 2;
}
