// SPDX-License-Identifier: MIT
/* UUIDs: 16 bytes in RFC 4122 order, and their text. */
#include <ctype.h>
#include <string.h>
#include <sys/random.h>
#include "internal.h"

#define UUID_TEXT_LEN 36

static bool is_dash_place(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int uuid_parse_text(const char *text, uint8_t uuid[16])
{
	uint8_t bytes[16];
	size_t n = 0;

	if (!text || strlen(text) != UUID_TEXT_LEN)
		return -EINVAL;
	for (size_t i = 0; i < UUID_TEXT_LEN;) {
		int high, low;

		if (is_dash_place(i)) {
			if (text[i++] != '-')
				return -EINVAL;
			continue;
		}
		high = hex_value(text[i++]);
		low = hex_value(text[i++]);
		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[n++] = high << 4 | low;
	}
	memcpy(uuid, bytes, sizeof(bytes));
	return 0;
}

void uuid_format(const uint8_t uuid[16], char text[37])
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < UUID_TEXT_LEN;) {
		if (is_dash_place(i)) {
			text[i++] = '-';
			continue;
		}
		text[i++] = digits[uuid[n] >> 4];
		text[i++] = digits[uuid[n++] & 15];
	}
	text[UUID_TEXT_LEN] = '\0';
}

int uuid_random(uint8_t uuid[16])
{
	ssize_t n;

	do
		n = getrandom(uuid, 16, 0);
	while (n < 0 && errno == EINTR);
	if (n != 16)
		return n < 0 ? -errno : -EIO;
	uuid[6] = (uuid[6] & 0x0f) | 0x40;	/* version 4: random */
	uuid[8] = (uuid[8] & 0x3f) | 0x80;	/* variant of RFC 4122 */
	return 0;
}

bool uuid_is_null(const uint8_t uuid[16])
{
	static const uint8_t null[16];

	return !memcmp(uuid, null, sizeof(null));
}
