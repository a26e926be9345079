// SPDX-License-Identifier: GPL-2.0
/* daemon/leftover.c - see daemon/leftover.h. */
#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include "base/log.h"
#include "base/process.h"
#include "daemon/leftover.h"
#include "pins/map_walk.h"
#include "pins/pins.h"

#define VALUE_MAX 4096

int leftover_open(void)
{
	return bpf_obj_get(PIN_DIR "/held");
}

/* In every layout the key is a pid and the value begins with start_ns. */
void leftover_continue(int held_fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info), pid;
	union {
		__u64 start_ns;
		char bytes[VALUE_MAX];
	} held;
	struct map_walk walk;
	int ret;

	if (held_fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(held_fd, &info, &size) ||
	    info.key_size != sizeof(pid) ||
	    info.value_size < sizeof(held.start_ns) ||
	    info.value_size > sizeof(held)) {
		say("cannot read which processes are stopped: look for those "
		    "in state T");
		close(held_fd);
		return;
	}
	walk = map_walk_of(held_fd);
	while (map_walk_next(&walk, &pid, sizeof(pid))) {
		if (bpf_map_lookup_elem(held_fd, &pid, &held))
			continue;
		ret = process_signal(pid, held.start_ns, SIGCONT);
		if (ret && ret != -ESRCH)
			say("cannot continue process %u: error %d", pid, -ret);
	}
	close(held_fd);
}
