// SPDX-License-Identifier: GPL-2.0
/*
 * eat.c - a process that takes, holds and gives back memory as it is told.
 *
 *	eat [OPTION]... STEP...
 *
 * The steps are done in order, each prints one line "step=NAME key=value ...".
 *	touch=SIZE	get SIZE bytes and write one byte into every page
 *	populate=SIZE	let the kernel fill them (MAP_POPULATE)
 *	free		munmap all that was got; dontneed: MADV_DONTNEED;
 *	give=SIZE	MADV_DONTNEED on so much of the block got last
 *	pageout		MADV_PAGEOUT, to swap
 *	mmap=SIZE brk=SIZE mremap=SIZE mprotect=SIZE
 *	mlock=SIZE mlock2=SIZE mlockall grow_shared=SIZE (mremap of MAP_SHARED)
 *			one request of that kind, without touching; prints errno
 *	reserve=SIZE	address space without access, for a later mprotect
 *	cache=PATH	read a file through a small buffer (page cache)
 *	wait		until the test opens the next gate (progress.h)
 *	hold=SECONDS	do nothing
 *	fork=N		N children do the remaining steps, the parent waits
 *	exec		the remaining steps in a new image of this program
 *	exec=PATH	another program, without arguments
 *	exit=N		end
 * Options:
 *	--progress FILE	a file of sizeof(struct progress) to report into
 *	--chunk SIZE	touch in mappings of this size (default 64M)
 *	--via malloc|mmap|brk	how touch gets memory (default mmap)
 *	--thp		MADV_HUGEPAGE; otherwise MADV_NOHUGEPAGE
 *	--file PATH	touch a shared mapping of this file (tmpfs: shmem)
 *	--threads N	touch with N threads, each its share
 *	--rate SIZE	touch at most so many bytes per second
 *	--stalls	note stores that took 20 ms and more: how long the
 *			longest took, when the last one was done
 *	--thread-frees	once a store of touch has not been done for 100 ms,
 *			another thread unmaps the first block, and notes when
 *	--on-signal SIG=report|free|ignore	by number
 */
/* Longer than 600 lines: one program for all, as each is carried to guests. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define MAX_BLOCKS 65536
#define MAX_THREADS 16

struct block {
	char *start;
	size_t bytes;
};

static struct {
	const char *progress_path;
	const char *via;
	const char *file;
	size_t chunk_bytes;
	size_t rate_bytes;
	unsigned int threads;
	bool thp;
	bool stalls;
	bool thread_frees;
} opt = { .via = "mmap", .chunk_bytes = 64 << 20, .threads = 1 };

static struct progress private_progress;
static struct progress *progress = &private_progress;
static struct progress_slot *slot = private_progress.slot;
static struct block blocks[MAX_BLOCKS];
static volatile unsigned int nr_blocks;
static char *reserved;
static size_t file_offset;
static long page_bytes;
static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;

static void die(const char *what)
{
	fprintf(stderr, "eat: %s: %s\n", what, strerror(errno));
	exit(99);
}

static size_t parse_size(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	switch (*end) {
	case 'G':
		return value << 30;
	case 'M':
		return value << 20;
	case 'K':
		return value << 10;
	default:
		return value;
	}
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec t = { ns / 1000000000, ns % 1000000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* ---- signals: only what is allowed in a handler ---- */

static void give(size_t bytes)
{
	struct block *last = nr_blocks ? &blocks[nr_blocks - 1] : NULL;

	if (!last || bytes > last->bytes ||
	    madvise(last->start, bytes, MADV_DONTNEED))
		die("give");
}

static void advise_all(int advice)
{
	unsigned int i;

	for (i = 0; i < nr_blocks; i++)
		madvise(blocks[i].start, blocks[i].bytes, advice);
}

static void on_signal(int sig)
{
	int saved = errno;

	if (!slot->signals)
		slot->at_signal_bytes = slot->touched_bytes;
	slot->last_signal = sig;
	slot->signals++;
	errno = saved;
}

static void on_signal_free(int sig)
{
	int saved = errno;

	on_signal(sig);
	advise_all(MADV_DONTNEED);
	errno = saved;
}

static void set_handler(const char *text)
{
	const char *how = strchr(text, '=');
	struct sigaction sa = { .sa_flags = SA_RESTART };

	if (!how)
		die("--on-signal");
	how++;
	if (!strcmp(how, "ignore"))
		sa.sa_handler = SIG_IGN;
	else
		sa.sa_handler =
			strcmp(how, "free") ? on_signal : on_signal_free;
	if (sigaction(atoi(text), &sa, NULL))
		die("sigaction");
}

/* ---- getting memory ---- */

static void *get_memory(size_t bytes)
{
	void *p;
	int fd;

	if (opt.file) {
		fd = open(opt.file, O_RDWR | O_CREAT, 0600);
		if (fd < 0 || ftruncate(fd, file_offset + bytes))
			die(opt.file);
		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 file_offset);
		file_offset += bytes;
		close(fd);
		return p;
	}
	if (!strcmp(opt.via, "malloc")) {
		p = malloc(bytes);
		return p ? p : MAP_FAILED;
	}
	if (!strcmp(opt.via, "brk")) {
		p = sbrk(bytes);
		return p == (void *)-1 ? MAP_FAILED : p;
	}
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* A block that is known to free, dontneed and the handlers. */
static struct block *new_block(size_t bytes)
{
	struct block *block = NULL;
	void *p;

	pthread_mutex_lock(&blocks_lock);
	p = get_memory(bytes);
	if (p != MAP_FAILED && nr_blocks < MAX_BLOCKS) {
		madvise(p, bytes, opt.thp ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
		block = &blocks[nr_blocks];
		block->start = p;
		block->bytes = bytes;
		nr_blocks++;
	}
	pthread_mutex_unlock(&blocks_lock);
	return block;
}

#define STALL_NS 20000000

static volatile uint64_t last_store_ns;

/* What touch() has come to, seen from another thread. */
static void *free_when_stalled(void *arg)
{
	struct progress_slot *my = &slot[1];

	(void)arg;
	while (!last_store_ns || now_ns() < last_store_ns + 5 * STALL_NS)
		sleep_ns(1000000);
	munmap(blocks[0].start, blocks[0].bytes);
	*(volatile uint64_t *)&my->last_change_ns = now_ns();
	return NULL;
}

static void note_stall(struct progress_slot *my)
{
	uint64_t now = now_ns();

	if (last_store_ns && now - last_store_ns >= STALL_NS) {
		if (my->worst_stall_ns < now - last_store_ns)
			my->worst_stall_ns = now - last_store_ns;
		*(volatile uint64_t *)&my->last_change_ns = now;
	}
	last_store_ns = now;
}

static void touch_block(struct progress_slot *my, struct block *block,
			uint64_t start_ns)
{
	uint64_t due_ns;
	size_t at;

	for (at = 0; at < block->bytes; at += page_bytes) {
		*(volatile char *)(block->start + at) = 1;
		/* a separate store, so that it counts what has been done */
		*(volatile uint64_t *)&my->touched_bytes += page_bytes;
		if (opt.stalls)
			note_stall(my);
		if (!opt.rate_bytes)
			continue;
		due_ns = start_ns +
			 my->touched_bytes * 1000000000ULL / opt.rate_bytes;
		if (due_ns > now_ns() + 10000000)
			sleep_ns(due_ns - now_ns());
	}
}

static int touch(struct progress_slot *my, size_t bytes)
{
	uint64_t start_ns = now_ns();
	struct block *block;
	size_t part;

	if (opt.rate_bytes)
		start_ns -= my->touched_bytes * 1000000000ULL / opt.rate_bytes;
	while (bytes) {
		part = bytes < opt.chunk_bytes ? bytes : opt.chunk_bytes;
		block = new_block(part);
		if (!block) {
			my->error = errno;
			return errno;
		}
		touch_block(my, block, start_ns);
		bytes -= part;
	}
	my->error = 0;
	return 0;
}

struct touch_thread {
	pthread_t id;
	struct progress_slot *my;
	size_t bytes;
};

static void *touch_thread(void *arg)
{
	struct touch_thread *t = arg;

	touch(t->my, t->bytes);
	return NULL;
}

static int touch_with_threads(size_t bytes)
{
	struct touch_thread t[MAX_THREADS];
	unsigned int i;

	if (opt.thread_frees &&
	    pthread_create(&t[0].id, NULL, free_when_stalled, NULL))
		die("pthread_create");
	if (opt.threads <= 1)
		return touch(slot, bytes);
	for (i = 0; i < opt.threads && i < MAX_THREADS; i++) {
		t[i].my = &slot[i];
		t[i].bytes = bytes / opt.threads;
		if (pthread_create(&t[i].id, NULL, touch_thread, &t[i]))
			die("pthread_create");
	}
	for (i = 0; i < opt.threads && i < MAX_THREADS; i++)
		pthread_join(t[i].id, NULL);
	return slot->error;
}

static void free_all(void)
{
	unsigned int i;

	for (i = 0; i < nr_blocks; i++) {
		if (!strcmp(opt.via, "malloc"))
			free(blocks[i].start);
		else if (strcmp(opt.via, "brk"))
			munmap(blocks[i].start, blocks[i].bytes);
	}
	if (nr_blocks && !strcmp(opt.via, "brk") && brk(blocks[0].start))
		die("brk");
	nr_blocks = 0;
}

/* ---- single requests: 0 or the errno ---- */

#define PROMISE(true_if_kept)                                                  \
	do {                                                                   \
		if (!(true_if_kept))                                           \
			slot->broken = __LINE__;                               \
	} while (0)

static int request_mmap(size_t bytes, int flags)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

/* The raw system call: it fails by returning the break as it was. */
static int request_brk(size_t bytes)
{
	unsigned long before = syscall(SYS_brk, 0);
	unsigned long after = syscall(SYS_brk, before + bytes);

	if (after == before + bytes)
		return 0;
	PROMISE(after == before);
	PROMISE((unsigned long)syscall(SYS_brk, 0) == before);
	return ENOMEM;
}

/* Of a small writable mapping of its own: what has no access takes none. */
static int request_mremap(size_t bytes)
{
	static size_t size;
	static char *start;
	void *p;

	if (!start) {
		size = page_bytes;
		start = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	p = mremap(start, size, size + bytes, MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return errno;
	start = p;
	size += bytes;
	return 0;
}

/* The next part of what was reserved: one that has been writable is still
 * accounted for on some kernels (6.1), and asks for nothing. */
static int request_mprotect(size_t bytes)
{
	char *part = reserved;

	reserved = part + bytes;
	if (mprotect(part, bytes, PROT_READ | PROT_WRITE))
		return errno;
	return mprotect(part, bytes, PROT_NONE) ? errno : 0;
}

static int reserve(size_t bytes)
{
	reserved = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);
	return reserved == MAP_FAILED ? errno : 0;
}

static int request_mlock(const char *name, size_t bytes)
{
	/* there from the beginning: a mapping might be refused by itself */
	static char lockable[1 << 20];
	int ret = strcmp(name, "mlock") ?
			  syscall(SYS_mlock2, lockable, bytes, 0) :
			  mlock(lockable, bytes);

	ret = ret ? errno : 0;
	munlock(lockable, bytes);
	return ret;
}

/* Growth of a shared mapping passes by the kernel's security hooks. */
static int request_grow_shared(size_t bytes)
{
	void *p = mmap(NULL, page_bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *q = p == MAP_FAILED ?
			  p :
			  mremap(p, page_bytes, bytes, MREMAP_MAYMOVE);
	int ret = q == MAP_FAILED ? errno : 0;

	munmap(q == MAP_FAILED ? p : q,
	       q == MAP_FAILED ? (size_t)page_bytes : bytes);
	return ret;
}

static int read_cache(const char *path)
{
	int fd = open(path, O_RDONLY);
	char buffer[16384];
	ssize_t n;

	if (fd < 0)
		return errno;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		slot->touched_bytes += n;
	close(fd);
	return n < 0 ? errno : 0;
}

/* ---- steps ---- */

static void wait_for_gate(void)
{
	volatile struct progress_slot *my = slot;
	uint32_t gate = ++my->waits;

	while (my->gates < gate)
		sleep_ns(1000000);
}

/* Children go on with the steps; the parent ends here. */
static void fork_children(unsigned int n)
{
	pid_t parent = getpid(), pid;
	unsigned int i;
	int status;

	for (i = 1; i <= n && i < PROGRESS_SLOTS; i++) {
		pid = fork();
		if (pid < 0) {
			slot->error = errno;
			die("fork");
		}
		if (pid)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		slot = &progress->slot[i];
		slot->pid = getpid();
		return;
	}
	while ((pid = wait(&status)) > 0) {
		for (i = 1; i <= n; i++)
			if (progress->slot[i].pid == pid)
				progress->slot[i].status = status;
		printf("child=%d status=%d\n", pid, status);
	}
	exit(0);
}

static void exec_rest(int argc, char **argv, int first_step, int next)
{
	static char *args[256]; /* an allocation may fail here */
	int n = 0, i;

	if (argc >= 256)
		die("too many steps");
	for (i = 0; i < first_step; i++)
		args[n++] = argv[i];
	for (i = next; i < argc; i++)
		args[n++] = argv[i];
	execv("/proc/self/exe", args);
	slot->error = errno;
	die("execv");
}

static void exec_other(const char *path)
{
	char *args[] = { (char *)path, NULL };

	execv(path, args);
	die(path);
}

static int request(const char *name, const char *value)
{
	size_t bytes = parse_size(value);

	if (!strcmp(name, "touch"))
		return touch_with_threads(bytes);
	if (!strcmp(name, "populate"))
		return request_mmap(bytes, MAP_POPULATE);
	if (!strcmp(name, "mmap"))
		return request_mmap(bytes, 0);
	if (!strcmp(name, "brk"))
		return request_brk(bytes);
	if (!strcmp(name, "mremap"))
		return request_mremap(bytes);
	if (!strcmp(name, "mprotect"))
		return request_mprotect(bytes);
	if (!strcmp(name, "reserve"))
		return reserve(bytes);
	if (!strcmp(name, "mlock") || !strcmp(name, "mlock2"))
		return request_mlock(name, bytes);
	if (!strcmp(name, "mlockall"))
		return mlockall(MCL_FUTURE) ? errno : munlockall();
	if (!strcmp(name, "grow_shared"))
		return request_grow_shared(bytes);
	if (!strcmp(name, "cache"))
		return read_cache(value);
	fprintf(stderr, "eat: no step is called %s\n", name);
	exit(98);
}

static void do_step(char *name, const char *value)
{
	if (!strcmp(name, "wait"))
		wait_for_gate();
	else if (!strcmp(name, "hold"))
		sleep_ns(strtod(value, NULL) * 1e9);
	else if (!strcmp(name, "free"))
		free_all();
	else if (!strcmp(name, "dontneed"))
		advise_all(MADV_DONTNEED);
	else if (!strcmp(name, "give"))
		give(parse_size(value));
	else if (!strcmp(name, "pageout"))
		advise_all(MADV_PAGEOUT);
	else if (!strcmp(name, "exec"))
		exec_other(value);
	else if (!strcmp(name, "fork"))
		fork_children(atoi(value));
	else if (!strcmp(name, "exit"))
		exit(atoi(value));
	else
		slot->error = request(name, value);
	if (!opt.stalls)
		slot->last_change_ns = now_ns();
	printf("step=%s value=%s errno=%d touched=%llu signals=%u broken=%d\n",
	       name, value, slot->error,
	       (unsigned long long)slot->touched_bytes, slot->signals,
	       slot->broken);
	fflush(stdout);
}

static int parse_options(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		opt.thp |= !strcmp(argv[i], "--thp");
		opt.stalls |= !strcmp(argv[i], "--stalls");
		opt.thread_frees |= !strcmp(argv[i], "--thread-frees");
		if (!strcmp(argv[i], "--thp") || !strcmp(argv[i], "--stalls") ||
		    !strcmp(argv[i], "--thread-frees"))
			continue;
		if (i + 1 == argc)
			die(argv[i]);
		if (!strcmp(argv[i], "--progress"))
			opt.progress_path = argv[++i];
		else if (!strcmp(argv[i], "--via"))
			opt.via = argv[++i];
		else if (!strcmp(argv[i], "--file"))
			opt.file = argv[++i];
		else if (!strcmp(argv[i], "--chunk"))
			opt.chunk_bytes = parse_size(argv[++i]);
		else if (!strcmp(argv[i], "--rate"))
			opt.rate_bytes = parse_size(argv[++i]);
		else if (!strcmp(argv[i], "--threads"))
			opt.threads = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--on-signal"))
			set_handler(argv[++i]);
		else
			die(argv[i]);
	}
	return i;
}

static void map_progress(void)
{
	int fd;

	if (!opt.progress_path)
		return;
	fd = open(opt.progress_path, O_RDWR);
	if (fd < 0)
		die(opt.progress_path);
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, fd, 0);
	if (progress == MAP_FAILED)
		die("mmap of the progress file");
	close(fd);
	slot = progress->slot;
}

int main(int argc, char **argv)
{
	int first_step, i;
	char *value;

	page_bytes = sysconf(_SC_PAGESIZE);
	first_step = parse_options(argc, argv);
	map_progress();
	slot->pid = getpid();
	for (i = first_step; i < argc; i++) {
		if (!strcmp(argv[i], "exec"))
			exec_rest(argc, argv, first_step, i + 1);
		value = strchr(argv[i], '=');
		if (value)
			*value++ = '\0';
		do_step(argv[i], value ? value : "");
	}
	return 0;
}
