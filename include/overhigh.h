/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overhigh.h - the records that the BPF programs, the loader and bpftool share.
 *
 * Belongs here: layouts of pinned maps and of events, and the constants in
 * them.  Does not: arithmetic on them (overhigh_policy.h), kernel types
 * (vmlinux.h).  Relies on nothing but fixed-width integers.
 *
 * All sizes are bytes, all times CLOCK_MONOTONIC nanoseconds unless the name
 * carries another unit.  Every record has a fixed size and no padding, which
 * loader/pins/records.c holds; a change of any layout changes OVERHIGH_ABI.
 * A field or constant without a "since" is as old as what it belongs to.
 * Records are copied: whoever reads one owns the copy, and checks it, as
 * anyone who holds the map may have written it.
 */
#ifndef OVERHIGH_H
#define OVERHIGH_H

#include <linux/types.h>

/*
 * Version of all layouts below.  A loader refuses a pin directory whose
 * control record carries another one.  Since 0.1.
 */
#define OVERHIGH_ABI 4

/* "ovrhigh\1": tells a control record from somebody else's map.  Since 0.1. */
#define OVERHIGH_MAGIC 0x016867696872766fULL

#define OVERHIGH_COMM_LEN 16	     /* TASK_COMM_LEN of the kernel */
#define OVERHIGH_MAX_POLICIES 65536  /* entries of process_policy */
#define OVERHIGH_MAX_CGROUPS 4096    /* entries of cgroup_policy */
#define OVERHIGH_MAX_LEVEL 31	     /* deepest cgroup level with a policy */
#define OVERHIGH_MAX_EXTENSIONS 1024 /* entries of extension; 0 is not used */
#define OVERHIGH_MAX_CONDITIONS 64   /* entries of pressure */
#define OVERHIGH_MAX_STEPS 4	     /* of a ladder, after the first */

/* Bits 0-7 of a control word: what happens to a process that is over. */
enum overhigh_action {
	OVERHIGH_NONE = 0,     /* nothing; crossings are still reported */
	OVERHIGH_ENOMEM = 1,   /* mmap, brk, mremap growth, mprotect fail */
	OVERHIGH_SLOWDOWN = 2, /* a delay that grows with the excess */
	OVERHIGH_SIGNAL = 3,   /* the signal in bits 8-15 */
	OVERHIGH_KILL = 4,     /* SIGKILL */
	OVERHIGH_ACTION_MAX,
	OVERHIGH_EXTENDED = 0x80, /* of overhigh_policy.escalation alone: bits
				   * 8-31 are a key of the map extension.
				   * Since 0.2. */
};

/*
 * Bits 16-31 of a control word.  The first three and the RSS kinds up to
 * SHMEM have the values of the RFC "memcg: Enable fine-grained per process
 * memory control" (2020); the others are overhigh's own.  Since 0.1.
 */
enum overhigh_flag {
	OVERHIGH_SIGCONT = 1 << 0,    /* signal on every crossing, not once */
	OVERHIGH_DIRECT = 1 << 1,     /* only the process limit counts */
	OVERHIGH_LOG = 1 << 2,	      /* kernel log, once per crossing */
	OVERHIGH_RSS_ANON = 1 << 8,   /* count MM_ANONPAGES */
	OVERHIGH_RSS_FILE = 1 << 9,   /* count MM_FILEPAGES */
	OVERHIGH_RSS_SHMEM = 1 << 10, /* count MM_SHMEMPAGES */
	OVERHIGH_RSS_SWAP = 1 << 11,  /* count MM_SWAPENTS */
	OVERHIGH_STUCK_REPORT = 1 << 12, /* SLOWDOWN goes on when stuck */
	OVERHIGH_STUCK_KILL = 1 << 13,	 /* SIGKILL when stuck */
	OVERHIGH_FORK_GROWN = 1 << 14, /* of a child that has not exec'ed count
					* what it grew by. Since 0.2. */
};

#define OVERHIGH_RSS_MASK                                                      \
	(OVERHIGH_RSS_ANON | OVERHIGH_RSS_FILE | OVERHIGH_RSS_SHMEM |          \
	 OVERHIGH_RSS_SWAP)
#define OVERHIGH_FLAGS_MASK                                                    \
	(OVERHIGH_SIGCONT | OVERHIGH_DIRECT | OVERHIGH_LOG |                   \
	 OVERHIGH_RSS_MASK | OVERHIGH_STUCK_REPORT | OVERHIGH_STUCK_KILL |     \
	 OVERHIGH_FORK_GROWN)

/* A child of fork is not over before it has taken so much itself: it may be
 * about to exec. */
#define OVERHIGH_FORK_ROOM_BYTES (4ULL << 20)

/*
 * RSS kinds, in the order of the kernel's mm->rss_stat (MM_FILEPAGES is 0).
 * The flag of kind k is RSS flag bit k: see overhigh_rss_kind_flag().
 */
enum overhigh_rss_kind {
	OVERHIGH_KIND_FILE = 0,
	OVERHIGH_KIND_ANON = 1,
	OVERHIGH_KIND_SWAP = 2,
	OVERHIGH_KIND_SHMEM = 3,
	OVERHIGH_KINDS,
};

/*
 * The policy of a process, a cgroup or the machine: value of the maps
 * process_policy (key: __u32 pid, the thread group id in the initial pid
 * namespace), cgroup_policy (key: __u64 cgroup id, the inode number of its
 * directory) and default_policy (key: __u32 0).  Written by overhigh set, by
 * bpftool and by anyone who holds the map; checked by overhigh_policy_check()
 * at every use.  control, cgroup_margin and process_limit are the RFC's three
 * integers.  Since 0.1.
 */
struct overhigh_policy {
	__u32 control;	     /* action | signal << 8 | flags << 16 */
	__u32 escalation;    /* control word of the next step, 0: none; or
			      * OVERHIGH_EXTENDED */
	__u32 grace_ms;	     /* over for so long before the next step */
	__u32 max_delay_us;  /* cap of one delay, 0: OVERHIGH_MAX_DELAY_US */
	__u64 cgroup_margin; /* bytes over memory.high that are allowed */
	__u64 process_limit; /* bytes of the counted RSS kinds */
};

/* process_limit of a policy that nothing is over: what is protected has it, and
 * what has a rate alone. */
#define OVERHIGH_NO_LIMIT (~0ULL)

/* One later step of a ladder. */
struct overhigh_step {
	__u32 control;	/* control word, 0: there is no such step */
	__u32 after_ms; /* over for so long, without a break, since the step
			 * before came into force */
};

/* What the loader does to the cgroup of a process that is over: bits of
 * overhigh_extension.responses. */
enum overhigh_response {
	OVERHIGH_RECLAIM = 1 << 0,	/* memory.reclaim, by the excess */
	OVERHIGH_HIGH = 1 << 1,		/* memory.high is high_bytes */
	OVERHIGH_FREEZE = 1 << 2,	/* cgroup.freeze, for freeze_ms at the
					 * most */
	OVERHIGH_LOW_PRIORITY = 1 << 3, /* cpu.weight is cpu_weight */
};

#define OVERHIGH_RESPONSES_MASK                                                \
	(OVERHIGH_RECLAIM | OVERHIGH_HIGH | OVERHIGH_FREEZE |                  \
	 OVERHIGH_LOW_PRIORITY)

/* overhigh_extension.pressure: the line of memory.pressure that is meant. */
enum overhigh_pressure {
	OVERHIGH_PRESSURE_NONE = 0, /* no condition */
	OVERHIGH_PRESSURE_SOME = 1,
	OVERHIGH_PRESSURE_FULL = 2,
};

/*
 * What a policy says beyond struct overhigh_policy; value of the map extension
 * (key: __u32, 1 to OVERHIGH_MAX_EXTENSIONS - 1).  A policy names it in
 * escalation, and grace_ms then means nothing.  Several policies may share one.
 * Written by the loader's commands and by bpftool; checked by
 * overhigh_extension_check() at every use.  Since 0.2.
 */
struct overhigh_extension {
	struct overhigh_step steps[OVERHIGH_MAX_STEPS];
	__u32 hysteresis_permille; /* of the limit: so far below it a ladder
				    * begins anew */
	__u32 responses;	   /* enum overhigh_response */
	__u32 cpu_weight;	   /* 1 to 10000 */
	__u32 freeze_ms;
	__u64 high_bytes;
	__u32 pressure;		  /* enum overhigh_pressure: nothing is over */
	__u32 pressure_permille;  /* unless tasks were stalled for this share */
	__u32 pressure_window_ms; /* of this time, 500 to 10000 */
	__u32 pad;		  /* 0 */
	__u64 rate_bytes;	  /* SLOWDOWN keeps the growth of the counted
				   * RSS to so much a second; 0: no rate */
	__u64 burst_bytes;	  /* that may come at once */
};

/* overhigh_extension.hysteresis_permille of a policy that has none. */
#define OVERHIGH_HYSTERESIS_PERMILLE 50

/*
 * Key and value of the map pressure: until when, at the latest, the condition
 * of an extension holds.  Written by the loader alone.  Since 0.2.
 */
struct overhigh_pressure_key {
	__u64 cgroup_id; /* whose memory.pressure; 0: of the machine */
	__u32 extension; /* key of the map extension */
	__u32 pad;	 /* 0 */
};

struct overhigh_pressure_gate {
	__u64 until_ns;
};

/*
 * What a user or a handler decided for one episode; value of verdict (key:
 * __u32 pid).  It counts while start_ns and over_since_ns are those of the
 * process's state.  Written by overhigh release and extend.  Since 0.2.
 */
struct overhigh_verdict {
	__u64 start_ns;	     /* see overhigh_state */
	__u64 over_since_ns; /* see overhigh_state */
	__u64 not_before_ns; /* the next step waits until then, but no longer
			      * than OVERHIGH_MAX_EXTEND_NS */
	__u32 released;	     /* non-zero: no action, no step any more */
	__u32 pad;	     /* 0 */
};

/* A step can be put off by so much in all, beyond when it was due. */
#define OVERHIGH_MAX_EXTEND_NS 60000000000ULL

/* The least process_limit that commands and rules take: less than this any
 * process has.  Since 0.3. */
#define OVERHIGH_MIN_LIMIT_BYTES (64ULL << 10)

/* Longest single delay, whatever a policy says: the kernel's own cap for
 * memory.high (MEMCG_MAX_HIGH_DELAY_JIFFIES, mm/memcontrol.c). */
#define OVERHIGH_MAX_DELAY_US 2000000U

/*
 * What is taken past a limit costs time.  The time that does not fit into one
 * delay is still owed, by the process, whichever of its threads took it; but
 * never more than this: what one system call took beyond it is forgiven.
 */
#define OVERHIGH_MAX_DEBT_NS 60000000000ULL

/* Over for this long, neither growing nor shrinking, with nothing owed for
 * growth, is "stuck". */
#define OVERHIGH_STUCK_NS 30000000000ULL

/* While over with ENOMEM, requests below the first pass until their sum in
 * this episode reaches the second, so that error paths keep working. */
#define OVERHIGH_SMALL_REQUEST_BYTES (64ULL << 10)
#define OVERHIGH_SMALL_BUDGET_BYTES (1ULL << 20)

/* Likewise what a dynamic linker maps of program files to write to. */
#define OVERHIGH_LINK_BUDGET_BYTES (16ULL << 20)

/* glibc's malloc adds so much to each growth of the heap by brk (M_TOP_PAD of
 * mallopt(3), and up to a page): without it a request may be small. */
#define OVERHIGH_BRK_PAD_BYTES ((128ULL + 4) << 10)

/* For so long the near gear stays after somebody was last seen near or over:
 * fitting and taking off a hook patches the kernel's text. */
#define OVERHIGH_NEAR_HOLD_NS 3000000000ULL

/*
 * A process that crosses all the time sends one event in so many nanoseconds,
 * and so many at once; the others are left out and counted.  What happens once
 * (a later step, its end) is always sent.  Since 0.3.
 */
#define OVERHIGH_EVENT_NS 50000000ULL
#define OVERHIGH_EVENT_BURST 200

/* A loader whose heartbeat is older than this is taken for dead: no process
 * is stopped that nobody would continue. */
#define OVERHIGH_HEARTBEAT_MAX_NS 1000000000ULL

/* Bits of overhigh_state.flags. */
enum overhigh_state_flag {
	OVERHIGH_STATE_STEP_DONE = 1 << 1, /* this step's event was sent */
	OVERHIGH_STATE_PAUSED = 1 << 2,	   /* below, but the ladder is kept:
					    * see hysteresis_permille */
	OVERHIGH_STATE_STUCK = 1 << 3,	   /* slowdown ended for this episode */
	OVERHIGH_STATE_BAD = 1 << 4,	/* the policy's refusal was reported */
	OVERHIGH_STATE_MISSED = 1 << 5, /* a missed action was reported */
	OVERHIGH_STATE_DUE = 1 << 6,	/* another process made it cross, or it
					 * sleeps: the loader is to act */
	/* the one-shot signal of step n was sent: 1 << (8 + n) */
	OVERHIGH_STATE_SIGNALLED = 1 << 8,
};

/* OVERHIGH_STATE_SIGNALLED of every step. */
#define OVERHIGH_STATE_SIGNALLED_MASK                                          \
	(((1U << (OVERHIGH_MAX_STEPS + 1)) - 1) * OVERHIGH_STATE_SIGNALLED)

/*
 * What the kernel side remembers of one governed process; value of
 * process_state (key: __u32 pid).  Written by the BPF programs alone, made at
 * the first crossing, removed at exit.  Since 0.1.
 */
struct overhigh_state {
	__u64 start_ns; /* start_boottime of the group leader: a reused
			 * pid is told by it */
	__u64 policy_fingerprint; /* overhigh_policy_fingerprint() it was made
				     under */
	__u64 over_since_ns;	  /* 0: below; 1: an episode is just ending */
	__u64 progress_ns; /* when least_excess_bytes last shrank; or until
			    * when it pays for what most_excess_bytes
			    * last grew by */
	__u64 least_excess_bytes; /* smallest excess of this episode, 0: none
				   * was measured yet */
	__u64 most_excess_bytes;  /* largest since then. Since 0.2. */
	__u64 rss_bytes;	  /* counted kinds, when last looked at */
	__u64 excess_bytes;	  /* when last looked at */
	__u64 small_bytes;	  /* small requests passed in this episode */
	__u64 owed_pages;	  /* pages taken that have no price yet */
	__u64 paid_ns;		  /* until when the pages that have one are paid
				   * for, see OVERHIGH_MAX_DEBT_NS. Since 0.2. */
	__u64 pad0;		  /* 0 */
	__u64 delay_ns;		  /* sum of all delays; with the module, of what
				   * was slept, else of what was asked for */
	__u64 longest_delay_ns;	  /* likewise. Since 0.2. */
	__u64 said_ns;	     /* when a delay last was an event. Since 0.2. */
	__u64 step_since_ns; /* when the step came into force, 0: before this
			      * episode. Since 0.2. */
	__u64 spent_ns;	     /* in earlier episodes, of the time before the
			      * next step. Since 0.2. */
	__u64 rate_ns;	     /* until when what was allocated is paid for, by
			      * rate_bytes. Since 0.2. */
	__u32 delays;	     /* number of delays */
	__u32 crossings;     /* number of episodes */
	__u32 denied;	     /* requests failed with ENOMEM */
	__u32 flags;	     /* enum overhigh_state_flag */
	__u32 step;	     /* of the ladder, 0: the first. Since 0.2. */
	__u32 linked_pages;  /* passed for a dynamic linker in this episode.
			      * Since 0.2. */
	__u32 left_out;	     /* events, since one was sent.  Since 0.3. */
	__u32 pad;	     /* 0 */
	__u64 event_ns;	     /* until when its events are paid for, see
			      * OVERHIGH_EVENT_NS.  Since 0.3. */
};

/*
 * A process that overhigh has stopped with SIGSTOP; value of held (key: __u32
 * pid).  Made by the BPF programs, removed by the loader (or its guard) once
 * it has sent SIGCONT, or at exit.  Since 0.1.
 */
struct overhigh_held {
	__u64 start_ns;	   /* start_boottime, see overhigh_state */
	__u64 since_ns;	   /* when SIGSTOP was sent */
	__u64 deadline_ns; /* when SIGCONT is due at the latest */
	__u32 user_stop;   /* non-zero: a user sent this stop signal meanwhile;
			    * the process stays stopped */
	__u32 for_rate;	   /* non-zero: it keeps to a rate, below its limit.
			    * Since 0.2. */
};

enum overhigh_event_type {
	OVERHIGH_EV_CROSSED = 1,   /* went over */
	OVERHIGH_EV_ACTED = 2,	   /* the action was carried out */
	OVERHIGH_EV_ESCALATED = 3, /* a later step is in force: detail */
	OVERHIGH_EV_BELOW = 4,	   /* fell below again */
	OVERHIGH_EV_EXITED = 5,	   /* a process that had been over ended */
	OVERHIGH_EV_STUCK = 6,	   /* over for OVERHIGH_STUCK_NS, no progress */
	OVERHIGH_EV_REFUSED = 7,   /* policy refused: reason in detail */
	OVERHIGH_EV_MISSED = 8,	   /* an action could not be done: detail */
	OVERHIGH_EV_NEAR = 9,	   /* for the loader alone, never shown: a
				    * process may cross soon, or waits for a
				    * fall: see near_until_ns, watch_until_ns */
	OVERHIGH_EV_DUE = 10,	   /* likewise: an action is due to a process
				    * whose memory another one made grow */
	OVERHIGH_EV_MAX,
};

/* Bits of overhigh_event.flags. */
enum overhigh_event_flag {
	OVERHIGH_EVF_DRY_RUN = 1 << 0, /* would have been done */
	OVERHIGH_EVF_LOG = 1 << 1,     /* the policy has LOG */
};

/* Whose policy governs: overhigh_event.source. */
enum overhigh_source {
	OVERHIGH_SOURCE_NONE = 0,
	OVERHIGH_SOURCE_PROCESS = 1,
	OVERHIGH_SOURCE_CGROUP = 2,
	OVERHIGH_SOURCE_DEFAULT = 3,
};

/* Why an action was missed: overhigh_event.detail of EV_MISSED. */
enum overhigh_missed {
	OVERHIGH_MISSED_SIGNAL = 1,    /* the kernel refused to send */
	OVERHIGH_MISSED_NO_LOADER = 2, /* SLOWDOWN with no live loader */
	OVERHIGH_MISSED_MAP_FULL = 3,  /* no room for the state or policy */
	OVERHIGH_MISSED_NO_SLOT = 4,   /* no memory to put a thread to sleep */
};

/* One event, as it is in the ring buffer "events".  Since 0.1. */
struct overhigh_event {
	__u64 time_ns;	 /* when it happened */
	__u64 cgroup_id; /* of the task, on the default hierarchy */
	__u64 start_ns;	 /* start_boottime of the process */
	__u64 rss_bytes[OVERHIGH_KINDS]; /* by enum overhigh_rss_kind */
	__u64 usage_bytes;  /* of the memcg with the largest excess, or 0 */
	__u64 limit_bytes;  /* process_limit, or memory.high + margin */
	__u64 excess_bytes; /* how far over */
	__u64 delay_ns;	    /* of this SLOWDOWN; of EXITED: all delays */
	__u64 over_ns;	    /* how long this episode lasts, or lasted */
	__u32 pid;	    /* thread group */
	__u32 tid;	    /* thread that was charged */
	__u32 seen_pid; /* the same in the loader's pid namespace, 0 if it */
	__u32 seen_tid; /* has none there; since 0.3 */
	__u32 type;	/* enum overhigh_event_type */
	__u32 control;	/* control word in force */
	__u32 flags;	/* enum overhigh_event_flag */
	__u16 source;	/* enum overhigh_source */
	__u16 detail;	/* depends on type */
	__u32 left_out; /* events of this process before it; since 0.3 */
	__u32 pad;	/* 0 */
	char comm[OVERHIGH_COMM_LEN]; /* of the thread */
};

/* Index into the per-CPU array "counters". */
enum overhigh_counter {
	OVERHIGH_COUNT_CROSSED,	      /* crossings */
	OVERHIGH_COUNT_BELOW,	      /* ends of an over state */
	OVERHIGH_COUNT_ENOMEM,	      /* requests failed */
	OVERHIGH_COUNT_SLOWDOWN,      /* delays begun */
	OVERHIGH_COUNT_SIGNAL,	      /* signals sent */
	OVERHIGH_COUNT_KILL,	      /* processes killed */
	OVERHIGH_COUNT_STUCK,	      /* slowdowns that led nowhere */
	OVERHIGH_COUNT_INHERITED,     /* policies passed on at fork */
	OVERHIGH_COUNT_EXITED,	      /* policies dropped at exit */
	OVERHIGH_COUNT_LOST_EVENTS,   /* ring buffer was full */
	OVERHIGH_COUNT_REFUSED,	      /* uses of a policy that is not valid */
	OVERHIGH_COUNT_MISSED_SIGNAL, /* enum overhigh_missed, in its order */
	OVERHIGH_COUNT_MISSED_NO_LOADER,
	OVERHIGH_COUNT_MISSED_MAP_FULL,
	OVERHIGH_COUNT_MISSED_NO_SLOT, /* since 0.2 */
	OVERHIGH_COUNT_STALE,	       /* policies of dead processes dropped */
	OVERHIGH_COUNT_WOKEN,	       /* sleeps ended early; since 0.2 */
	OVERHIGH_COUNT_RULED,	       /* policies given by rules */
	OVERHIGH_COUNT_MISSED_RULE,    /* processes that could not be matched */
	OVERHIGH_COUNT_LEFT_OUT,       /* events of processes that cross all the
					* time; since 0.3 */
	OVERHIGH_COUNTERS,
};

/*
 * The one record of the map "control": what loader and BPF programs tell each
 * other outside of policies.  The loader writes the first part, the BPF
 * programs the second.  Since 0.1.
 */
struct overhigh_control {
	__u64 magic;	     /* OVERHIGH_MAGIC */
	__u32 abi;	     /* OVERHIGH_ABI */
	__u32 loader_pid;    /* 0: no loader; never governed.  This and all
			      * other pids are those of the initial namespace */
	__u64 heartbeat_ns;  /* the loader's, see OVERHIGH_HEARTBEAT_MAX_NS */
	__u32 dry_run;	     /* non-zero: report, do not act */
	__u32 has_default;   /* non-zero: look at default_policy */
	__u32 cgroup_levels; /* bit n: cgroup_policy has one at level n */
	__u32 guard_pid;     /* releases held processes if the loader dies */
	__u32 exact;	     /* non-zero: the near gear is always on */
	__u32 hook;	     /* non-zero: the module serves; since 0.2 */
	__u32 preempts;	     /* non-zero: a program may lose the CPU, which
			      * hides from it what runs there; since 0.2 */
	__u32 loader_level;  /* of the loader's pid namespace; 0: the initial
			      * one.  Since 0.3 */
	__u64 generation;    /* counts changes of policies by commands */
	__u32 loader_namespace; /* its number: inode in nsfs.  Since 0.3 */
	__u32 background;	/* non-zero: an exec has started the loader;
				 * it makes room for a run.  Since 0.3 */
	__u64 root_dentry; /* of the loader, as the kernel names it; written by
			    * the BPF programs.  Since 0.3 */
	/* written by the BPF programs */
	__u64 nr_over;	     /* processes that are over */
	__u64 near_until_ns; /* somebody is near its limit, or over */
	__u64 nr_paused;     /* processes that are below, but whose ladder is
			      * kept; since 0.2 */
	/* written by the loader: the rules in force */
	__u64 rules;	   /* counts the sets of rules that have held; the low
			    * bit says in which half of the tables it is */
	__u32 nr_rules;	   /* of the set; 0: nothing is looked at */
	__u32 rules_hooks; /* what the set needs attached, as bits of hooks */
	__u32 rules_near;  /* the same, for the near gear; since 0.3 */
	__u32 cpus;	   /* that are online; since 0.3 */
	__u32 near_hooks;  /* the near gear, as bits of hooks; 0: nobody has a
			    * use for it.  Since 0.3 */
	__u32 stuck_ms;	   /* in place of OVERHIGH_STUCK_NS, if it is shorter;
			    * 0 but in tests.  Since 0.3 */
	__u64 attach_ns;   /* what fitting the near gear takes, from the event
			    * that asks for it; since 0.3 */
	/* written by the BPF programs */
	__u64 unseen_until_ns; /* somebody is governed whom no batch of charges
				* shows: in the root cgroup; since 0.3 */
	__u64 watch_until_ns;  /* somebody sleeps or is stopped until memory is
				* given back; since 0.3 */
	__u32 extend_ms;       /* in place of OVERHIGH_MAX_EXTEND_NS, if it is
				* shorter; 0 but in tests.  Since 0.3 */
	/* written by the loader */
	__u32 sends_due; /* non-zero while it reads a look to send the signals
			  * that are due: others must not take them for sent.
			  * Since 0.3 */
};

/* Which gear of detection a process needs now: overhigh_look_head.gear. */
enum overhigh_gear {
	OVERHIGH_GEAR_FAR = 0,	  /* each batch of charges is enough */
	OVERHIGH_GEAR_NEAR = 1,	  /* each page: it is near its limit, or over */
	OVERHIGH_GEAR_UNSEEN = 2, /* each page: there is no batch in the root
				   * cgroup */
};

/*
 * How a governed process stands; the iterator program "look" writes one for
 * each, the loader reads them from the iterator's file.  Since 0.1.
 */
struct overhigh_look_head {
	__u64 rss_bytes[OVERHIGH_KINDS]; /* by enum overhigh_rss_kind */
	__u64 usage_bytes;  /* of the memcg with the largest excess, or 0 */
	__u64 limit_bytes;  /* process_limit, or memory.high + margin */
	__u64 excess_bytes; /* 0: below */
	__u64 start_ns;	    /* start_boottime of the process */
	__u64 source_id;    /* cgroup id when source is CGROUP */
	__u64 due_ns;	    /* when its next step is due, 0: there is none */
	__u32 pid;
	__u32 source;	  /* enum overhigh_source */
	__u32 due_signal; /* the loader is to send it: the process is over for
			   * longer than its grace time and does not run into
			   * a charge; 0: nothing is due */
	__u32 gear;	  /* enum overhigh_gear */
	char comm[OVERHIGH_COMM_LEN];
};

struct overhigh_look {
	struct overhigh_look_head head;
	struct overhigh_policy policy; /* that governs it */
};

/* A task of the reader's pid namespace; the iterator program "names" writes one
 * for each.  Since 0.3. */
struct overhigh_name {
	__u32 pid;   /* in the initial namespace */
	__u32 local; /* in the reader's */
	__u32 level; /* of the reader's namespace */
	__u32 pad;   /* 0 */
};

#endif /* OVERHIGH_H */
