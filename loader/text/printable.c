// SPDX-License-Identifier: GPL-2.0
/* text/printable.c - see text/printable.h. */
#include <stdbool.h>
#include <string.h>
#include "text/printable.h"

/* Bytes of the character that begins here, 0 if it is none: RFC 3629, which
 * rules out surrogates and longer forms than are needed. */
static size_t utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char first, last, next_first, next_last, bytes;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i, n;

	if (*s < 0x80)
		return 1;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (*s < forms[i].first || *s > forms[i].last ||
		    s[1] < forms[i].next_first || s[1] > forms[i].next_last)
			continue;
		for (n = 2; n < forms[i].bytes; n++)
			if ((s[n] & 0xc0) != 0x80)
				return 0;
		return n;
	}
	return 0;
}

/* C0, DEL, and C1 in its two bytes. */
static bool is_control(const unsigned char *s)
{
	return *s < ' ' || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0);
}

static void copy(char *out, size_t size, const char *text, const char *bad,
		 bool controls)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0, length, bytes;
	const char *from;

	while (*s) {
		length = utf8_length(s);
		from = (const char *)s;
		bytes = length;
		if (!length || (!controls && is_control(s))) {
			from = bad;
			bytes = strlen(bad);
		}
		if (used + bytes >= size)
			break;
		memcpy(out + used, from, bytes);
		used += bytes;
		s += length ? length : 1;
	}
	if (size)
		out[used] = 0;
}

void printable(char *out, size_t size, const char *text)
{
	copy(out, size, text, "?", false);
}

void printable_utf8(char *out, size_t size, const char *text)
{
	copy(out, size, text, "\xef\xbf\xbd", true);
}
