// SPDX-License-Identifier: GPL-2.0
/* commands/unload.c - overhigh unload: detach everything and remove the pins.
 */
#include <unistd.h>
#include "base/lock.h"
#include "commands/command.h"
#include "daemon/leftover.h"
#include "daemon/stopped.h"
#include "pins/pins.h"
#include "cgroups/undo_file.h"

static const char doc[] =
	"Detach everything, continue what is held, remove the pins.\v"
	"Needed after 'run --keep', after a crash, and before another version "
	"can start (--force).";

static const struct argp_option options[] = {
	{ "force", 'f', NULL, 0, "even if another version made the pins", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	bool *force = state->input;

	(void)arg;
	if (key != 'f')
		return ARGP_ERR_UNKNOWN;
	*force = true;
	return 0;
}

/* Nothing is loaded, but what a loader that was killed has done to cgroups may
 * not have been undone. */
static void undo_leftovers(void)
{
	struct error ignored;
	int lock = lock_take(LOCK_LOADER, false, &ignored);

	if (lock < 0)
		return;
	undo_all();
	close(lock);
}

static int run(int argc, char **argv, struct error *err)
{
	bool force = false;
	char owner[48];
	struct pins pins;
	int held_fd, loader_lock,
		ret = command_parse(&command_unload, argc, argv, &force, err);

	if (ret)
		return ret;
	ret = pins_open(&pins, err);
	if (ret == -ENOENT) {
		undo_leftovers();
		return bad_input(err, "nothing is loaded: there is nothing to "
				      "unload");
	}
	if (ret && ret != -EPROTO)
		return ret;
	if (ret && !force)
		return ret;
	loader_lock = lock_take(LOCK_LOADER, false, err);
	if (loader_lock == -EBUSY)
		return fail(err, EBUSY,
			    "the loader is running (%s): stop that, it "
			    "detaches at its end",
			    lock_owner_text(owner, sizeof(owner)));
	if (loader_lock < 0)
		return loader_lock;
	if (!ret) {
		hold_end(&pins);
		pins_close(&pins);
	}
	undo_all();
	held_fd = ret ? leftover_open() : -1;
	ret = pins_remove(err);
	leftover_continue(held_fd);
	close(loader_lock);
	return ret;
}

const struct command command_unload = {
	.name = "unload",
	.summary = "detach everything and remove the pins",
	.doc = doc,
	.options = options,
	.parse = parse,
	.run = run,
};
