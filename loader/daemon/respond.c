// SPDX-License-Identifier: GPL-2.0
/* daemon/respond.c - see daemon/respond.h. */
#include <signal.h>
#include "daemon/stopped.h"
#include "base/log.h"
#include "pins/governed.h"
#include "base/process.h"
#include "daemon/respond.h"

/* Between the look that marked it and now it may have freed its memory. */
static void send_due(const struct pins *pins, const struct overhigh_look *then)
{
	struct overhigh_look now;
	struct error err;
	__u32 local;
	int ret;

	/* nothing of this look is sent, so it must mark nothing as sent */
	pins->control->sends_due = 0;
	ret = look_at(pins, then->head.pid, &now, &err);
	pins->control->sends_due = 1;
	if (ret || now.head.start_ns != then->head.start_ns ||
	    !now.head.excess_bytes)
		return;
	local = pid_to_local(pins, then->head.pid);
	ret = process_signal(local, then->head.start_ns, then->head.due_signal);
	if (ret && ret != -ESRCH)
		say("cannot send signal %u to process %u: error %d",
		    then->head.due_signal, local, -ret);
	/* a stopped process acts on no signal but SIGKILL */
	hold_release(pins, then->head.pid);
}

struct round {
	const struct pins *pins;
	struct responses *responses;
	__u64 due_ns;
};

static int respond_to(const struct overhigh_look *look, void *ctx)
{
	struct round *round = ctx;

	if (!look->head.excess_bytes)
		hold_release_below(round->pins, look->head.pid);
	else if (look->head.due_signal)
		send_due(round->pins, look);
	if (look->head.due_ns &&
	    (!round->due_ns || look->head.due_ns < round->due_ns))
		round->due_ns = look->head.due_ns;
	responses_look(round->responses, look);
	return 0;
}

int respond(const struct pins *pins, struct responses *responses, __u64 *due_ns,
	    struct error *err)
{
	struct round round = { .pins = pins, .responses = responses };
	int ret;

	responses_look_begin(responses);
	pins->control->sends_due = 1;
	ret = look_at_all(pins, respond_to, &round, err);
	pins->control->sends_due = 0;
	responses_look_end(responses, !ret);
	*due_ns = round.due_ns;
	return ret;
}
