// SPDX-License-Identifier: GPL-2.0
/* commands/named_targets.c - see commands/named_targets.h. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/lock.h"
#include "commands/named_targets.h"

/* Returns how many there are, or negative errno. */
static int read_targets(const struct named_targets *named,
			const struct pins *pins, struct target *targets,
			struct error *err)
{
	int i, ret;

	if (named->use_default) {
		target_default(&targets[0]);
		return 1;
	}
	for (i = 0; i < named->nr; i++) {
		ret = target_parse(pins, named->words[i], &targets[i], err);
		/* as many as there are: there are fewer descriptors */
		target_close(&targets[i]);
		if (ret)
			return ret;
	}
	return i;
}

static int check_words(const struct named_targets *named, struct error *err)
{
	if (named->nr && named->use_default)
		return bad_input(err,
				 "--default and %s are two: set one after the "
				 "other",
				 named->words[0]);
	if (!named->nr && !named->use_default)
		return bad_input(err, "whose policy?  Give PIDs, cgroup "
				      "directories or --default");
	if (geteuid())
		return bad_input(err, "this needs root: try sudo");
	return 0;
}

int with_targets(const struct named_targets *named,
		 int (*act)(struct target *targets, int n, struct pins *pins,
			    void *ctx, struct error *err),
		 void *ctx, struct error *err)
{
	struct target *targets;
	struct pins pins;
	int lock, n, ret;

	ret = check_words(named, err);
	if (ret)
		return ret;
	lock = lock_take(LOCK_POLICY, true, err);
	if (lock < 0)
		return lock;
	targets = calloc(named->nr + 1, sizeof(*targets));
	ret = targets ? pins_open(&pins, err) :
			fail(err, ENOMEM, "out of memory");
	if (!ret) {
		n = read_targets(named, &pins, targets, err);
		ret = n < 0 ? n : act(targets, n, &pins, ctx, err);
		pins_close(&pins);
	}
	free(targets);
	close(lock);
	return ret;
}
