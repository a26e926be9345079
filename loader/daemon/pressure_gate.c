// SPDX-License-Identifier: GPL-2.0
/* daemon/pressure_gate.c - see daemon/pressure_gate.h. */
#include "daemon/pressure_gate.h"

static __u64 most_open_ns(const struct pressure_gate *gate)
{
	__u64 ns = gate->window_ns * PRESSURE_OPEN_WINDOWS;

	return ns > PRESSURE_OPEN_LEAST_NS ? ns : PRESSURE_OPEN_LEAST_NS;
}

/*
 * After it has closed, for how long a stall of ours can still make the trigger
 * fire: while sleepers sleep, then for a window in which it is counted in full,
 * one in which it is counted as the window before, and one for which the kernel
 * may put the event off.
 */
static __u64 echo_ns(const struct pressure_gate *gate)
{
	return PRESSURE_PAUSE_NS + 3 * gate->window_ns;
}

static enum pressure_order begin_pause(struct pressure_gate *gate, __u64 now_ns)
{
	gate->until_ns = 0;
	gate->listen_ns = now_ns + PRESSURE_PAUSE_NS;
	return PRESSURE_PAUSE;
}

static enum pressure_order end_pause(struct pressure_gate *gate)
{
	gate->listen_ns = 0;
	gate->run_since_ns = 0;
	return PRESSURE_LISTEN;
}

enum pressure_order pressure_gate_step(struct pressure_gate *gate, __u64 now_ns,
				       bool fired)
{
	if (gate->listen_ns)
		return now_ns < gate->listen_ns ? PRESSURE_KEEP :
						  end_pause(gate);
	if (now_ns >= gate->until_ns + echo_ns(gate))
		gate->run_since_ns = 0;
	if (gate->run_since_ns && (fired || now_ns < gate->until_ns) &&
	    now_ns >= gate->run_since_ns + most_open_ns(gate))
		return begin_pause(gate, now_ns);
	if (!fired)
		return PRESSURE_KEEP;
	if (!gate->run_since_ns)
		gate->run_since_ns = now_ns;
	gate->until_ns = now_ns + PRESSURE_HOLD_WINDOWS * gate->window_ns;
	return PRESSURE_OPEN;
}
