/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text/format.h - values to text that a user reads.
 *
 * Pure: each function writes to the caller's buffer and returns it, cut to
 * fit; FORMAT_MAX is always enough.  A number that has no name is written as
 * such ("action 9").  Whole lines and tables do not belong here, and a policy
 * is written by the table of its options (text/policy_options.h).
 */
#ifndef OVERHIGH_TEXT_FORMAT_H
#define OVERHIGH_TEXT_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include "overhigh.h"
#include "overhigh_policy.h"

#define FORMAT_MAX 64

/* The shortest text that parse_size() reads back to the same value: "200M",
 * "1.5G", "1000". */
const char *format_size(char *buffer, size_t size, uint64_t bytes);

/* For tables: one decimal from 1 KiB on: "201.3M", "512". */
const char *format_size_rounded(char *buffer, size_t size, uint64_t bytes);

/* The shortest text that parse_duration() reads back to the same value:
 * "20ms", "1.5s", "0". */
const char *format_duration(char *buffer, size_t size, uint64_t duration_ns);

/* For tables: "999ns", "12.3ms", "59.9s", "3m07s", "2h05m", "3d04h". */
const char *format_duration_rounded(char *buffer, size_t size,
				    uint64_t duration_ns);

/* "TERM", "RTMIN+3", or the number; parse_signal() reads it back. */
const char *format_signal(char *buffer, size_t size, uint32_t signal_number);

/* enum overhigh_action: "slowdown". */
const char *format_action(char *buffer, size_t size, uint32_t action);

/* The RSS kinds in flags: "anon,shmem,swap"; "none" if there is none. */
const char *format_rss(char *buffer, size_t size, uint32_t flags);

/* enum overhigh_refusal, in words: "the signal is not one of 1 to 64". */
const char *format_refusal(char *buffer, size_t size, uint32_t refusal);

/* enum overhigh_event_type, one word: "crossed". */
const char *format_event_type(char *buffer, size_t size, uint32_t type);

/* enum overhigh_missed, in words: "no live loader". */
const char *format_missed(char *buffer, size_t size, uint32_t missed);

/* enum overhigh_source, one word: "cgroup". */
const char *format_source(char *buffer, size_t size, uint32_t source);

/* enum overhigh_counter, an identifier: "lost_events". */
const char *format_counter(char *buffer, size_t size, uint32_t counter);

#endif /* OVERHIGH_TEXT_FORMAT_H */
