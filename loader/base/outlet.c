// SPDX-License-Identifier: GPL-2.0
/* base/outlet.c - see base/outlet.h. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/outlet.h"

#define STACK_BYTES (64 << 10) /* mlockall() locks all of it */
#define RETRY_MS 200	       /* while a disk is full */

struct line {
	unsigned short bytes;
	char text[OUTLET_LINE_MAX];
};

/* One puts lines in, one takes them out: the counts alone keep them apart. */
struct outlet {
	int fd;
	unsigned int lines;
	atomic_uint in, out; /* lines put in, and done with, so far */
	atomic_int broken;
	atomic_bool ending;
	sem_t filled, ended;
	pthread_t thread;
	struct line line[];
};

static void pause_ms(unsigned int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* False if nothing can be written any more. */
static bool write_line(struct outlet *o, const struct line *line)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };
	unsigned short done = 0;
	ssize_t n;

	while (done < line->bytes) {
		n = write(o->fd, line->text + done, line->bytes - done);
		if (n >= 0)
			done += n;
		else if (errno == EAGAIN)
			poll(&p, 1, RETRY_MS); /* somebody else's O_NONBLOCK */
		else if (errno == ENOSPC || errno == EDQUOT)
			pause_ms(RETRY_MS);
		else if (errno != EINTR) {
			o->broken = errno;
			return false;
		}
	}
	return true;
}

static void *writer(void *arg)
{
	struct outlet *o = arg;

	for (;;) {
		unsigned int out = o->out;

		if (out != o->in) {
			if (!o->broken)
				write_line(o, &o->line[out % o->lines]);
			if (!o->broken)
				o->out = out + 1;
		}
		if (o->broken || (o->ending && o->out == o->in))
			break;
		if (o->out == o->in)
			while (sem_wait(&o->filled) && errno == EINTR)
				;
	}
	sem_post(&o->ended);
	return NULL;
}

struct outlet *outlet_start(int fd, unsigned int lines)
{
	size_t bytes = sizeof(struct outlet) + lines * sizeof(struct line);
	struct outlet *o = malloc(bytes);
	pthread_attr_t attr;
	int ret;

	if (!o)
		return NULL;
	memset(o, 0, bytes);
	o->fd = fd;
	o->lines = lines;
	sem_init(&o->filled, 0, 0);
	sem_init(&o->ended, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	ret = pthread_create(&o->thread, &attr, writer, o);
	pthread_attr_destroy(&attr);
	if (!ret)
		return o;
	free(o);
	errno = ret;
	return NULL;
}

unsigned int outlet_room(const struct outlet *o)
{
	return o->broken || o->ending ? 0 : o->lines - (o->in - o->out);
}

int outlet_broken(const struct outlet *o)
{
	return o->broken;
}

bool outlet_put(struct outlet *o, const char *text, size_t bytes)
{
	struct line *line = &o->line[o->in % o->lines];

	if (bytes > sizeof(line->text) || !outlet_room(o))
		return false;
	memcpy(line->text, text, bytes);
	line->bytes = bytes;
	o->in++;
	sem_post(&o->filled);
	return true;
}

unsigned int outlet_end(struct outlet *o, unsigned int ms)
{
	unsigned int left;
	struct timespec until;

	o->ending = true;
	sem_post(&o->filled);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (sem_timedwait(&o->ended, &until)) {
		if (errno == ETIMEDOUT)
			return o->in - o->out; /* the thread is in there */
	}
	pthread_join(o->thread, NULL);
	left = o->in - o->out;
	free(o);
	return left;
}
