// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "fail.h"
#include "text.h"

void text_free(struct text *text)
{
	free(text->data);
	text->data = NULL;
	text->len = 0;
}

const char *text_get(const struct text *text)
{
	return text->data ? text->data : "";
}

static void add_bytes(struct text *text, const char *bytes, size_t len)
{
	char *data = realloc(text->data, text->len + len + 1);

	if (!data)
		fail_memory();
	memcpy(data + text->len, bytes, len);
	text->data = data;
	text->len += len;
	data[text->len] = '\0';
}

void text_add(struct text *text, const char *string)
{
	add_bytes(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
	char *piece;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&piece, format, args);
	va_end(args);
	if (len < 0)
		fail_memory();
	add_bytes(text, piece, (size_t)len);
	free(piece);
}

/* Bytes of the UTF-8 character that begins here; 0: none does.  File names may be anything. */
static size_t character_length(const char *p)
{
	unsigned char first = (unsigned char)*p;
	size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 :
			first < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < length; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static size_t add_json_character(struct text *text, const char *p)
{
	size_t length = character_length(p);

	if (!length)
		text_add(text, "\\ufffd");
	else if (*p == '"' || *p == '\\')
		text_addf(text, "\\%c", *p);
	else if ((unsigned char)*p < 0x20 || *p == 0x7f)
		text_addf(text, "\\u%04x", *p);
	else
		add_bytes(text, p, length);
	return length ? length : 1;
}

void text_add_json(struct text *text, const char *string)
{
	if (!string) {
		text_add(text, "null");
		return;
	}
	text_add(text, "\"");
	while (*string)
		string += add_json_character(text, string);
	text_add(text, "\"");
}

char *text_take(struct text *text)
{
	char *data;

	text_add(text, "");
	data = text->data;
	text->data = NULL;
	text->len = 0;
	return data;
}

static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

static bool is_multiple(uint64_t bytes, unsigned int unit)
{
	return !(bytes & ((1ULL << (10 * unit)) - 1));
}

static unsigned int largest_unit(uint64_t bytes)
{
	unsigned int unit = 0;

	while (unit + 1 < sizeof(units) / sizeof(units[0]) && bytes >> (10 * (unit + 1)))
		unit++;
	return unit;
}

const char *format_bytes_exact(uint64_t bytes, char out[UNITS_LEN])
{
	unsigned int unit = largest_unit(bytes);

	while (!is_multiple(bytes, unit))
		unit--;
	snprintf(out, UNITS_LEN, "%" PRIu64 " %s", bytes >> (10 * unit), units[unit]);
	return out;
}

const char *format_bytes(uint64_t bytes, char out[UNITS_LEN])
{
	unsigned int unit = largest_unit(bytes);

	if (is_multiple(bytes, unit))
		return format_bytes_exact(bytes, out);
	snprintf(out, UNITS_LEN, "%.1f %s", (double)bytes / (double)(1ULL << (10 * unit)),
		 units[unit]);
	return out;
}

const char *format_seconds(double seconds, char out[UNITS_LEN])
{
	uint64_t whole = (uint64_t)seconds;

	if (seconds < 1)
		snprintf(out, UNITS_LEN, "%.0f ms", seconds * 1000);
	else if (whole < 60)
		snprintf(out, UNITS_LEN, "%.1f s", seconds);
	else if (whole < 3600)
		snprintf(out, UNITS_LEN, "%" PRIu64 ":%02u", whole / 60,
			 (unsigned int)(whole % 60));
	else
		snprintf(out, UNITS_LEN, "%" PRIu64 ":%02u:%02u", whole / 3600,
			 (unsigned int)(whole / 60 % 60), (unsigned int)(whole % 60));
	return out;
}

static void add_safe(struct text *text, const char *string)
{
	for (const char *p = string; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			text_addf(text, "\\x%02x", *p);
		else
			add_bytes(text, p, 1);
	}
}

char *text_make_safe(const char *string)
{
	struct text text = TEXT_EMPTY;

	add_safe(&text, string);
	return text_take(&text);
}

void text_print_safe(FILE *file, const char *string)
{
	char *safe = text_make_safe(string);

	fputs(safe, file);
	free(safe);
}

void text_print_lines(FILE *file, const char *lines)
{
	while (*lines) {
		struct text AUTO_TEXT line = TEXT_EMPTY;
		size_t length = strcspn(lines, "\n");

		add_bytes(&line, lines, length);
		text_print_safe(file, text_get(&line));
		fputc('\n', file);
		lines += length + (lines[length] == '\n');
	}
}

size_t text_columns(const char *string)
{
	size_t columns = 0;

	for (; *string; string++)
		columns += ((unsigned char)*string & 0xc0) != 0x80;
	return columns;
}
