// SPDX-License-Identifier: GPL-2.0
/* pins/governed.c - see pins/governed.h. */
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pins/governed.h"

/* The iterator hands out whole records, but a read may end within one. */
static int read_all(int fd, look_fn fn, void *ctx, struct error *err)
{
	struct overhigh_look records[32];
	char *buffer = (char *)records;
	size_t have = 0, i;
	ssize_t n;
	int ret;

	while ((n = read(fd, buffer + have, sizeof(records) - have)) != 0) {
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return fail(err, errno,
				    "cannot read the task iterator: %s",
				    strerror(errno));
		have += n;
		for (i = 0; i < have / sizeof(records[0]); i++) {
			ret = fn(&records[i], ctx);
			if (ret)
				return ret;
		}
		memmove(buffer, buffer + i * sizeof(records[0]),
			have - i * sizeof(records[0]));
		have -= i * sizeof(records[0]);
	}
	return 0;
}

int look_at_all(const struct pins *pins, look_fn fn, void *ctx,
		struct error *err)
{
	int fd = bpf_iter_create(pins->look_link_fd);
	int ret;

	if (fd < 0)
		return fail(err, errno, "cannot start the task iterator: %s",
			    strerror(errno));
	ret = read_all(fd, fn, ctx, err);
	close(fd);
	return ret;
}

static int collect_one(const struct overhigh_look *look, void *ctx)
{
	struct looks *looks = ctx;
	struct overhigh_look *more = looks->look;

	/* doubled whenever it is full: at 0, 1, 2, 4, ... */
	if (!(looks->nr & (looks->nr - 1)))
		more = realloc(looks->look,
			       (looks->nr ? 2 * looks->nr : 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	looks->look = more;
	looks->look[looks->nr++] = *look;
	return 0;
}

int look_collect(const struct pins *pins, struct looks *looks,
		 struct error *err)
{
	int ret;

	memset(looks, 0, sizeof(*looks));
	ret = look_at_all(pins, collect_one, looks, err);
	return ret == -ENOMEM ? fail(err, ENOMEM, "out of memory") : ret;
}

const struct overhigh_look *look_find(const struct looks *looks, __u32 pid)
{
	unsigned int i;

	for (i = 0; i < looks->nr; i++)
		if (looks->look[i].head.pid == pid)
			return &looks->look[i];
	return NULL;
}

struct one {
	__u32 pid;
	struct overhigh_look *look;
};

static int take_one(const struct overhigh_look *look, void *ctx)
{
	struct one *one = ctx;

	if (look->head.pid != one->pid)
		return 0;
	*one->look = *look;
	return 1;
}

int look_at(const struct pins *pins, __u32 pid, struct overhigh_look *look,
	    struct error *err)
{
	struct one one = { .pid = pid, .look = look };
	int ret = look_at_all(pins, take_one, &one, err);

	if (ret < 0)
		return ret;
	return ret ? 0 : fail(err, ENOENT, "process %u has no policy", pid);
}
