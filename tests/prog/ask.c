// SPDX-License-Identifier: GPL-2.0
/*
 * ask.c - asks for memory in every way that there is, once below a limit and
 * once over it, and does what takes no memory.
 *
 *	ask MIB		prints "WAY=BELOW,OVER" for each way: the errno of the
 *			request before and after MIB were taken, 0: granted,
 *			-1: this kernel does not have it
 *	ask		ends with 0
 *
 * What ought to be refused is said in tests/live/test_enomem_ways.c.  The
 * program itself has a table that its dynamic linker makes read-only, larger
 * than what passes as a small request.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIB (1UL << 20)
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define TABLE_BYTES (40000 * sizeof(void *))

static const int something;
const void *const table[TABLE_BYTES / sizeof(void *)] = {
	[0 ... TABLE_BYTES / sizeof(void *) - 1] = &something
};

/* Got before the limit is crossed; what is loose has MAP_NORESERVE. */
static char *writable; /* 1 MiB below 4 GiB, touched */
static char *code, *loose_code;
static char *reserved, *loose_reserved, *span;
static uint32_t *args; /* below 4 GiB */
static int shm_id, zero_fd, own_fd;
static uint32_t low_reserved;
static char *shared, *low_shared;

static int result(void *p)
{
	return p == MAP_FAILED ? errno : 0;
}

static int code_of(long ret)
{
	return ret == -1 ? (errno == ENOSYS ? -1 : errno) : 0;
}

static void *get(size_t bytes, int prot, int flags)
{
	void *p = mmap(NULL, bytes, prot, flags, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(99);
	}
	return p;
}

#ifdef __x86_64__
/* A 32-bit system call; negative errno. */
static long call32(long nr, long b, long c, long d, long s, long di)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(b), "c"(c), "d"(d), "S"(s), "D"(di)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static int code32(long ret)
{
	if (ret < 0 && ret > -4096)
		return ret == -ENOSYS ? -1 : -ret;
	return 0;
}

/* The number of mmap, but for bits that the kernel does not look at. */
static int mmap_odd_number(void)
{
	register long flags __asm__("r10") = ANON;
	register long fd __asm__("r8") = -1;
	register long offset __asm__("r9") = 0;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(0x100000009), "D"(0), "S"(8 * MIB), "d"(RW),
			   "r"(flags), "r"(fd), "r"(offset)
			 : "memory", "rcx", "r11");
	return ret < 0 && ret > -4096 ? -ret : 0;
}

static int mmap_x32(void)
{
	return code_of(syscall(0x40000000 | 9, 0, 8 * MIB, RW, ANON, -1, 0));
}

static int i80_old_mmap(void)
{
	args[0] = 0;
	args[1] = 8 * MIB;
	args[2] = RW;
	args[3] = ANON;
	args[4] = -1;
	args[5] = 0;
	return code32(call32(90, (long)args, 0, 0, 0, 0));
}

static int i80_mmap2(void)
{
	return code32(call32(192, 0, 8 * MIB, RW, ANON, -1));
}

static int i80_mremap(void)
{
	static uint32_t size = 65536;
	static char *start;
	long ret;

	if (!start)
		start = get(size, RW, ANON | MAP_32BIT);
	ret = call32(163, (long)start, size, size + MIB, MREMAP_MAYMOVE, 0);
	if (code32(ret))
		return code32(ret);
	start = (char *)(uintptr_t)(uint32_t)ret;
	size += MIB;
	return 0;
}

static int i80_mremap_shared(void)
{
	return code32(call32(163, (long)low_shared, 4096, 2 * MIB,
			     MREMAP_MAYMOVE, 0)) == ENOMEM ?
		       ENOMEM :
		       0;
}

static int i80_mprotect(void)
{
	int ret = code32(call32(125, low_reserved, MIB, RW, 0, 0));

	if (!ret)
		mmap((void *)(uintptr_t)low_reserved, MIB, PROT_NONE,
		     ANON | MAP_FIXED, -1, 0);
	return ret;
}

static int i80_ipc_shmat(void)
{
	return code32(call32(117, 21, shm_id, 0, (long)args, 0));
}

static int i80_shmat(void)
{
	return code32(call32(397, shm_id, 0, 0, 0, 0));
}

static int i80_mlock(void)
{
	int ret = code32(call32(150, (long)writable, 512 << 10, 0, 0, 0));

	munlock(writable, MIB);
	return ret;
}

static int i80_mlock2(void)
{
	int ret = code32(call32(376, (long)writable, 512 << 10, 0, 0, 0));

	munlock(writable, MIB);
	return ret;
}

static int i80_mlockall(void)
{
	int ret = code32(call32(152, MCL_FUTURE, 0, 0, 0, 0));

	munlockall();
	return ret;
}
#endif

static int ask_mmap(void)
{
	return result(mmap(NULL, 8 * MIB, RW, ANON, -1, 0));
}

static int ask_mmap_shared(void)
{
	return result(
		mmap(NULL, 8 * MIB, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

static int ask_mmap_run(void)
{
	return result(
		mmap(NULL, 8 * MIB, RW | PROT_EXEC, MAP_PRIVATE, zero_fd, 0));
}

static int ask_mmap_linker_mark(void)
{
	return result(mmap(NULL, 8 * MIB, RW, MAP_PRIVATE | MAP_DENYWRITE,
			   zero_fd, 0));
}

static int ask_mmap_linker_mark_fixed(void)
{
	return result(mmap(span, 8 * MIB, RW,
			   MAP_PRIVATE | MAP_FIXED | MAP_DENYWRITE, zero_fd,
			   0));
}

static int ask_mremap(void)
{
	static size_t size = 4096;
	static char *start;
	void *p;

	if (!start)
		start = get(size, RW, ANON);
	p = mremap(start, size, size + MIB, MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return errno;
	start = p;
	size += MIB;
	return 0;
}

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static int ask_mremap_and_keep(void)
{
	return result(
		mremap(writable, MIB, MIB, MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
}

static int ask_mremap_shared(void)
{
	return result(mremap(shared, 4096, 2 * MIB, MREMAP_MAYMOVE)) == ENOMEM ?
		       ENOMEM :
		       0;
}

static int ask_brk(void)
{
	unsigned long before = syscall(SYS_brk, 0);

	return (unsigned long)syscall(SYS_brk, before + MIB) == before ?
		       ENOMEM :
		       0;
}

/* The first time below, the second over: each its own part. */
static int ask_mprotect(void)
{
	static size_t at;

	at += 2 * MIB;
	return code_of(mprotect(reserved + at, MIB, RW));
}

static int ask_mprotect_loose(void)
{
	static size_t at;

	at += 2 * MIB;
	return code_of(mprotect(loose_reserved + at, MIB, RW));
}

static int ask_pkey_mprotect(void)
{
	static size_t at = 8 * MIB;

	at += 2 * MIB;
	return code_of(syscall(SYS_pkey_mprotect, reserved + at, MIB, RW, -1));
}

static int ask_shmat(void)
{
	return shmat(shm_id, NULL, 0) == (void *)-1 ? errno : 0;
}

static int ask_mlock(void)
{
	int ret = code_of(mlock(writable, 512 << 10));

	munlock(writable, MIB);
	return ret;
}

static int ask_mlock2(void)
{
	int ret = code_of(syscall(SYS_mlock2, writable, 512 << 10, 0));

	munlock(writable, MIB);
	return ret;
}

static int ask_mlockall(void)
{
	int ret = code_of(mlockall(MCL_FUTURE));

	munlockall();
	return ret;
}

/* ---- what takes no memory ---- */

static int jit(void)
{
	int ret = code_of(mprotect(code, MIB, PROT_READ | PROT_EXEC));

	return ret ? ret : code_of(mprotect(code, MIB, RW));
}

static int loose_jit(void)
{
	int ret = code_of(mprotect(loose_code, MIB, PROT_READ | PROT_EXEC));

	return ret ? ret : code_of(mprotect(loose_code, MIB, RW));
}

static int relro(void)
{
	int ret = code_of(mprotect(writable, MIB, PROT_READ));

	mprotect(writable, MIB, RW);
	return ret;
}

static int reserve(void)
{
	return result(mmap(NULL, 64 * MIB, PROT_NONE, ANON, -1, 0));
}

static int map_code(void)
{
	return result(mmap(NULL, TABLE_BYTES, PROT_READ | PROT_EXEC,
			   MAP_PRIVATE, own_fd, 0));
}

/* A library's data, as dynamic linkers map it. */
static int map_data(void)
{
	return result(mmap(span, TABLE_BYTES & ~4095UL, RW,
			   MAP_PRIVATE | MAP_FIXED, own_fd, 0));
}

static int give_back(void)
{
	char *p = writable + MIB / 2;
	int ret = code_of(mprotect(p, 65536, PROT_NONE));

	return ret ? ret : code_of(mprotect(p, 65536, RW));
}

static const struct {
	const char *name;
	int (*ask)(void);
} ways[] = {
	{ "mmap", ask_mmap },
	{ "mmap_shared", ask_mmap_shared },
	{ "mmap_run", ask_mmap_run },
	{ "mmap_linker_mark", ask_mmap_linker_mark },
	{ "mmap_linker_mark_fixed", ask_mmap_linker_mark_fixed },
	{ "mremap", ask_mremap },
	{ "mremap_and_keep", ask_mremap_and_keep },
	{ "mremap_shared", ask_mremap_shared },
	{ "brk", ask_brk },
	{ "mprotect", ask_mprotect },
	{ "mprotect_loose", ask_mprotect_loose },
	{ "pkey_mprotect", ask_pkey_mprotect },
	{ "shmat", ask_shmat },
	{ "mlock", ask_mlock },
	{ "mlock2", ask_mlock2 },
	{ "mlockall", ask_mlockall },
#ifdef __x86_64__
	{ "mmap_odd_number", mmap_odd_number },
	{ "mmap_x32", mmap_x32 },
	{ "i80_old_mmap", i80_old_mmap },
	{ "i80_mmap2", i80_mmap2 },
	{ "i80_mremap", i80_mremap },
	{ "i80_mremap_shared", i80_mremap_shared },
	{ "i80_mprotect", i80_mprotect },
	{ "i80_ipc_shmat", i80_ipc_shmat },
	{ "i80_shmat", i80_shmat },
	{ "i80_mlock", i80_mlock },
	{ "i80_mlock2", i80_mlock2 },
	{ "i80_mlockall", i80_mlockall },
#endif
	{ "jit", jit },
	{ "loose_jit", loose_jit },
	{ "relro", relro },
	{ "reserve", reserve },
	{ "map_code", map_code },
	{ "map_data", map_data },
	{ "give_back", give_back },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void prepare(void)
{
	writable = get(MIB, RW, ANON | MAP_32BIT);
	memset(writable, 1, MIB);
	code = get(MIB, RW, ANON);
	memset(code, 1, MIB);
	loose_code = get(MIB, RW, ANON | MAP_NORESERVE);
	memset(loose_code, 1, MIB);
	reserved = get(32 * MIB, PROT_NONE, ANON);
	loose_reserved = get(32 * MIB, PROT_NONE, ANON | MAP_NORESERVE);
	span = get(8 * MIB, PROT_NONE, ANON);
	args = get(4096, RW, ANON | MAP_32BIT);
	*args = 0;
	low_reserved = (uintptr_t)get(MIB, PROT_NONE, ANON | MAP_32BIT);
	shared = get(4096, RW, MAP_SHARED | MAP_ANONYMOUS);
	low_shared = get(4096, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT);
	shm_id = shmget(IPC_PRIVATE, 8 * MIB, IPC_CREAT | 0600);
	zero_fd = open("/dev/zero", O_RDWR);
	own_fd = open("/proc/self/exe", O_RDONLY);
	if (shm_id < 0 || zero_fd < 0 || own_fd < 0) {
		perror("ask");
		exit(99);
	}
}

int main(int argc, char **argv)
{
	size_t bytes = argc > 1 ? strtoull(argv[1], NULL, 10) * MIB : 0;
	int below[WAYS];
	unsigned int i;
	char *p;

	if (!bytes)
		return table[argc] != &something;
	setvbuf(stdout, NULL, _IONBF, 0);
	prepare();
	p = get(bytes, RW, ANON);
	madvise(p, bytes, MADV_NOHUGEPAGE);
	for (i = 0; i < WAYS; i++)
		below[i] = ways[i].ask();
	memset(p, 1, bytes);
	for (i = 0; i < WAYS; i++)
		printf("%s=%d,%d\n", ways[i].name, below[i], ways[i].ask());
	shmctl(shm_id, IPC_RMID, NULL);
	return 0;
}
