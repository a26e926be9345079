// SPDX-License-Identifier: GPL-2.0
/* govern/forecast.c - see govern/forecast.h. */
#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cgroup.h"
#include "govern/forecast.h"
#include "text/format.h"
#include "text/printable.h"

#define FREE_TO_GO (-1000) /* oom_score_adj of what is protected */

/* What is looked at, all the way. */
struct search {
	const struct pins *pins;
	const struct target *target;
	const struct overhigh_policy *policy;
	char mount[PATH_MAX];  /* of cgroup2; empty: there is none */
	char inside[PATH_MAX]; /* the target, if it is a cgroup */
	struct forecast *out;
};

static ssize_t read_proc(__u32 pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n;
}

/* ---- memory ---- */

static __u64 field_bytes(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? strtoull(line + strlen(name), NULL, 10) << 10 : 0;
}

static __u64 counted_bytes(const char *status, __u32 flags)
{
	static const char *const names[OVERHIGH_KINDS] = {
		[OVERHIGH_KIND_FILE] = "\nRssFile:",
		[OVERHIGH_KIND_ANON] = "\nRssAnon:",
		[OVERHIGH_KIND_SWAP] = "\nVmSwap:",
		[OVERHIGH_KIND_SHMEM] = "\nRssShmem:",
	};
	__u64 sum = 0;
	int kind;

	for (kind = 0; kind < OVERHIGH_KINDS; kind++)
		if (flags & overhigh_rss_kind_flag(kind))
			sum += field_bytes(status, names[kind]);
	return sum;
}

/* False: the file is not there, or says "max". */
static bool read_bytes(const char *cgroup, const char *file, __u64 *bytes)
{
	char path[PATH_MAX + 32], text[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	*bytes = strtoull(text, NULL, 10);
	return isdigit((unsigned char)text[0]);
}

/* Cuts the last part off a path below mount; false: it is mount itself. */
static bool go_up(char *path, const char *mount)
{
	char *slash = strrchr(path, '/');

	if (!slash || strlen(path) <= strlen(mount))
		return false;
	*slash = 0;
	return true;
}

static __u64 memcg_excess(const struct search *s, const char *cgroup)
{
	__u64 high, usage, excess, most = 0;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", cgroup);
	do {
		if (!read_bytes(path, "memory.high", &high) ||
		    !read_bytes(path, "memory.current", &usage))
			continue;
		excess = overhigh_excess(
			usage, overhigh_add(high, s->policy->cgroup_margin));
		if (excess > most)
			most = excess;
	} while (go_up(path, s->mount));
	return most;
}

/* ---- whom the target means ---- */

/* The path of its cgroup, with the mount point; empty without cgroup2. */
static void cgroup_of(const struct search *s, __u32 pid, char *path)
{
	char text[PATH_MAX], *line = text;

	path[0] = 0;
	if (!s->mount[0] || read_proc(pid, "cgroup", text, sizeof(text)) <= 0)
		return;
	while (line && strncmp(line, "0::/", 4)) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return;
	line[strcspn(line, "\n")] = 0;
	snprintf(path, PATH_MAX, "%s%s", s->mount, line[4] ? line + 3 : "");
}

static bool has_policy(const struct search *s, const char *cgroup)
{
	struct overhigh_policy policy;
	struct stat st;
	__u64 id;

	if (stat(cgroup, &st))
		return false;
	id = st.st_ino;
	return !bpf_map_lookup_elem(s->pins->map_fd[MAP_CGROUP_POLICY], &id,
				    &policy);
}

/* Whether a policy of its cgroup, or of one above it, is nearer. */
static bool has_nearer(const struct search *s, const char *cgroup)
{
	char path[PATH_MAX];

	if (!cgroup[0] || !s->pins->control->cgroup_levels)
		return false;
	snprintf(path, sizeof(path), "%s", cgroup);
	do {
		if (!strcmp(path, s->inside))
			return false;
		if (has_policy(s, path))
			return true;
	} while (go_up(path, s->mount));
	return false;
}

static bool is_inside(const struct search *s, const char *cgroup)
{
	size_t length = strlen(s->inside);

	return !strncmp(cgroup, s->inside, length) &&
	       (!cgroup[length] || cgroup[length] == '/');
}

static bool is_meant(const struct search *s, __u32 pid, const char *cgroup)
{
	volatile struct overhigh_control *control = s->pins->control;
	__u32 initial = pid_to_initial(s->pins, pid);
	struct overhigh_policy policy;
	char text[32];

	if (s->target->kind == TARGET_PROCESS)
		return pid == s->target->local;
	if (initial <= 1 || initial == control->loader_pid ||
	    initial == control->guard_pid ||
	    !bpf_map_lookup_elem(s->pins->map_fd[MAP_PROCESS_POLICY], &initial,
				 &policy))
		return false;
	if (read_proc(pid, "oom_score_adj", text, sizeof(text)) > 0 &&
	    atoi(text) == FREE_TO_GO)
		return false;
	if (s->target->kind == TARGET_CGROUP && !is_inside(s, cgroup))
		return false;
	return !has_nearer(s, cgroup);
}

/* ---- the search ---- */

static int add(struct forecast *out, const struct forecast_process *one)
{
	struct forecast_process *more = out->over;

	/* doubled whenever it is full: at 0, 1, 2, 4, ... */
	if (!(out->nr & (out->nr - 1)))
		more = realloc(out->over,
			       (out->nr ? 2 * out->nr : 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	out->over = more;
	more[out->nr++] = *one;
	return 0;
}

static int look_at_process(const struct search *s, __u32 pid)
{
	struct forecast_process one = { .pid = pid };
	__u32 flags = overhigh_flags(s->policy->control);
	char status[4096], cgroup[PATH_MAX], comm[64];
	__u64 rss_excess, memcg = 0;

	/* a kernel thread has no such field */
	if (read_proc(pid, "status", status, sizeof(status)) <= 0 ||
	    !strstr(status, "\nVmRSS:"))
		return 0;
	one.counted_bytes = counted_bytes(status, flags);
	rss_excess =
		overhigh_excess(one.counted_bytes, s->policy->process_limit);
	if ((flags & OVERHIGH_RSS_MASK) && !rss_excess)
		return 0;
	cgroup_of(s, pid, cgroup);
	if (!(flags & OVERHIGH_DIRECT) && cgroup[0])
		memcg = memcg_excess(s, cgroup);
	one.excess_bytes = overhigh_combine(flags, rss_excess, memcg);
	if (!one.excess_bytes || !is_meant(s, pid, cgroup))
		return 0;
	if (sscanf(status, "Name:\t%63[^\n]", comm) == 1)
		printable(one.comm, sizeof(one.comm), comm);
	return add(s->out, &one);
}

static int by_excess(const void *a, const void *b)
{
	const struct forecast_process *one = a, *other = b;

	return (one->excess_bytes < other->excess_bytes) -
	       (one->excess_bytes > other->excess_bytes);
}

int forecast(const struct pins *pins, const struct target *target,
	     const struct overhigh_policy *policy, struct forecast *out,
	     struct error *err)
{
	struct search s = {
		.pins = pins, .target = target, .policy = policy, .out = out
	};
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	int ret = 0;

	memset(out, 0, sizeof(*out));
	if (!proc)
		return fail(err, errno, "cannot read /proc: %s",
			    strerror(errno));
	if (cgroup2_mount(s.mount, sizeof(s.mount)))
		s.mount[0] = 0;
	if (target->kind == TARGET_CGROUP)
		cgroup_by_id(target->cgroup_id, s.inside, sizeof(s.inside),
			     NULL);
	while (!ret && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			ret = look_at_process(&s,
					      strtoul(entry->d_name, NULL, 10));
	closedir(proc);
	if (ret) {
		free(out->over);
		return fail(err, ENOMEM, "out of memory");
	}
	if (out->nr)
		qsort(out->over, out->nr, sizeof(*out->over), by_excess);
	return 0;
}

void forecast_text(const struct forecast *forecast, unsigned int most,
		   char *text, size_t size)
{
	char bytes[FORMAT_MAX];
	unsigned int i;
	size_t n = snprintf(text, size, "%u process%s", forecast->nr,
			    forecast->nr == 1 ? "" : "es");

	for (i = 0; i < forecast->nr && i < most && n < size; i++) {
		const struct forecast_process *one = &forecast->over[i];

		n += snprintf(text + n, size - n, "%s%.15s[%u] %s",
			      i ? ", " : ": ", one->comm, one->pid,
			      format_size_rounded(bytes, sizeof(bytes),
						  one->counted_bytes));
	}
	if (i < forecast->nr && n < size)
		snprintf(text + n, size - n, ", ...");
}
