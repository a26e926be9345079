// SPDX-License-Identifier: GPL-2.0
/*
 * live_responses.c - cgroups and processes of the tests of responses.  See
 * live_responses.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "live_responses.h"

const struct knob knob_high = { "memory",
				"memory.high",
				"max",
				"67108864",
				{ .responses = OVERHIGH_HIGH,
				  .high_bytes = 64 * MIB + 100 } };
const struct knob knob_high_of_a_number = { "memory",
					    "memory.high",
					    "536870912",
					    "67108864",
					    { .responses = OVERHIGH_HIGH,
					      .high_bytes = 64 * MIB } };
const struct knob knob_weight = { "cpu",
				  "cpu.weight",
				  "150",
				  "10",
				  { .responses = OVERHIGH_LOW_PRIORITY,
				    .cpu_weight = 10 } };
const struct knob knob_frozen = { NULL,
				  "cgroup.freeze",
				  "0",
				  "1",
				  { .responses = OVERHIGH_FREEZE,
				    .freeze_ms = LONG_MS } };
const struct knob *const knobs[KNOBS] = { &knob_high, &knob_high_of_a_number,
					  &knob_weight, &knob_frozen };

const char *cgroup_text(const char *cgroup, const char *file)
{
	static char text[64];
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f))
		LIVE_FAIL("%s: %s", path, strerror(errno));
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

bool cgroup_reads(const char *cgroup, const char *file, const char *text)
{
	return !strcmp(cgroup_text(cgroup, file), text);
}

/* Lets a policy, which is there, name an extension. */
void extend_policy(const char *map, uint64_t key,
		   const struct overhigh_extension *extension)
{
	struct overhigh_policy policy;
	static uint32_t entry = 100;

	entry++;
	assert_int_equal(live_map_set("extension", &entry, extension), 0);
	assert_int_equal(live_map_get(map, &key, &policy), 0);
	policy.escalation = overhigh_extended_by(entry);
	assert_int_equal(live_map_set(map, &key, &policy), 0);
}

bool have_knob(const struct knob *knob)
{
	return live_cgroup_root(knob->controller);
}

const char *cgroup_with(const struct knob *knob, const char *name)
{
	const char *root = live_cgroup_root(knob->controller);
	const char *cgroup;

	assert_non_null(root);
	cgroup = live_cgroup(root, name);
	live_cgroup_write(cgroup, knob->file, knob->before);
	return cgroup;
}

const char *run_with_cgroup(const struct knob *knob, const char *options,
			    const char *name)
{
	live_run(options);
	return cgroup_with(knob, name);
}

/* Takes 32 MiB at its first gate, with a limit of 16, frees it at the second.
 */
struct live_proc *waiting_in(const char *cgroup,
			     const struct overhigh_extension *extension)
{
	struct live_proc *proc = live_eat("wait touch=32M wait free wait");

	if (cgroup)
		live_cgroup_enter(cgroup, proc->pid);
	live_ok("set %d --action none --limit 16M", proc->pid);
	extend_policy("process_policy", proc->pid, extension);
	return proc;
}

/* One that is over, with the response in force. */
struct live_proc *over_in(const char *cgroup, const struct knob *knob)
{
	struct live_proc *proc = waiting_in(cgroup, &knob->extension);

	live_open_gate(proc, 0);
	UNTIL_READS(cgroup, knob->file, knob->during);
	return proc;
}

void kill_and_wait(struct live_proc *proc)
{
	kill(proc->pid, SIGKILL);
	live_wait_end(proc, LIVE_WAIT_MS);
}

pid_t guard_pid(void)
{
	return live_number(live_status(), "guard_pid");
}

/* The loader and its guard, in the same instant. */
void kill_both(void)
{
	pid_t guard = guard_pid();

	kill(live_run_pid(), SIGSTOP);
	kill(guard, SIGKILL);
	live_run_kill();
}

unsigned int times_said(const char *words)
{
	const char *at = live_run_stderr();
	unsigned int n = 0;

	while ((at = strstr(at, words))) {
		n++;
		at++;
	}
	return n;
}

void until_said_once(const char *words)
{
	LIVE_UNTIL(times_said(words), LIVE_WAIT_MS, "not said: %s; but: %s",
		   words, live_run_stderr());
	live_pause(1000);
	LIVE_ASSERT(times_said(words) == 1, "said: %s", live_run_stderr());
}
