// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "util/text.h"

#define DISTANCE_MAX_LEN 64

/* Length of the well-formed UTF-8 character at @p (RFC 3629), 0 when there is none. */
static size_t utf8_len(const unsigned char *p)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
	uint32_t value;

	if (len < 2)
		return len;
	value = *p & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		value = value << 6 | (p[i] & 0x3f);
	}
	if (value < smallest[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	return len;
}

/* Length of the printable character at @p, 0 when it is none; C1 controls are none either. */
static size_t clean_len(const unsigned char *p)
{
	size_t len = utf8_len(p);

	if (len == 1 && (*p < 0x20 || *p == 0x7f))
		return 0;
	if (len == 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return 0;
	return len;
}

bool text_is_clean(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t len = clean_len(p);

		if (!len)
			return false;
		p += len;
	}
	return true;
}

void text_sanitize(char *text)
{
	unsigned char *p = (unsigned char *)text;

	while (*p) {
		size_t len = clean_len(p);

		if (!len)
			*p = '?';
		p += len ? len : 1;
	}
}

void text_copy(char *to, size_t size, const char *from)
{
	size_t len = strnlen(from, size);

	if (len == size) {
		len--;
		while (len && ((unsigned char)from[len] >> 6) == 2)
			len--;
	}
	memcpy(to, from, len);
	to[len] = '\0';
}

void text_from_array(char *to, size_t size, const char *array, size_t array_size)
{
	size_t len = strnlen(array, array_size < size ? array_size : size - 1);

	memcpy(to, array, len);
	to[len] = '\0';
	text_sanitize(to);
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

unsigned int text_distance(const char *a, const char *b, unsigned int limit)
{
	unsigned int row[DISTANCE_MAX_LEN + 1];
	size_t len_a = strlen(a), len_b = strlen(b);

	if (len_a > DISTANCE_MAX_LEN || len_b > DISTANCE_MAX_LEN)
		return limit;
	for (size_t j = 0; j <= len_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= len_a; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			bool same = same_letter(a[i - 1], b[j - 1]);
			unsigned int above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + !same);
			diagonal = above;
		}
	}
	return row[len_b] < limit ? row[len_b] : limit;
}

void text_bytes(char *to, size_t size, unsigned long long bytes)
{
	if (bytes >= 1ULL << 30 && !(bytes % (1ULL << 30)))
		snprintf(to, size, "%llu GiB", bytes >> 30);
	else if (bytes >= 1ULL << 20 && !(bytes % (1ULL << 20)))
		snprintf(to, size, "%llu MiB", bytes >> 20);
	else
		snprintf(to, size, "%llu bytes", bytes);
}
