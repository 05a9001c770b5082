// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fail.h"
#include "table.h"
#include "text.h"

#define MAX_COLUMNS 16
#define GAP 2
#define NARROWEST 8

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->n_cells = 0;
}

static char *format_safe(const char *format, va_list args)
{
	char *raw, *safe;

	if (vasprintf(&raw, format, args) < 0)
		fail_memory();
	safe = text_make_safe(raw);
	free(raw);
	return safe;
}

void table_add(struct table *table, const char *format, ...)
{
	char **cells = reallocarray(table->cells, table->n_cells + 1, sizeof(*cells));
	va_list args;

	if (!cells)
		fail_memory();
	table->cells = cells;
	va_start(args, format);
	cells[table->n_cells++] = format_safe(format, args);
	va_end(args);
}

static const char *cell(const struct table *table, size_t row, size_t column)
{
	return table->cells[row * table->n_columns + column];
}

static size_t n_rows(const struct table *table)
{
	return table->n_cells / table->n_columns;
}

/* 0: the column is left out */
static size_t natural_width(const struct table *table, size_t column)
{
	size_t width = text_columns(table->columns[column].title);
	bool any = !(table->columns[column].flags & IF_ANY);

	for (size_t row = 0; row < n_rows(table); row++) {
		const char *text = cell(table, row, column);

		if (text_columns(text) > width)
			width = text_columns(text);
		any = any || strcmp(text, "-");
	}
	return any ? width : 0;
}

static size_t total_width(const size_t *widths, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += widths[i] ? widths[i] + GAP : 0;
	return total - GAP;
}

/* Takes from the widest column that may be narrower until all fit. */
static void fit(const struct table *table, size_t *widths)
{
	while (total_width(widths, table->n_columns) > CLI_WIDTH) {
		size_t widest = table->n_columns;

		for (size_t i = 0; i < table->n_columns; i++)
			if ((table->columns[i].flags & WRAP) && widths[i] > NARROWEST &&
			    (widest == table->n_columns || widths[i] > widths[widest]))
				widest = i;
		if (widest == table->n_columns)
			return;
		widths[widest]--;
	}
}

/* Bytes that fit into width columns: up to the last blank, or up to the edge in a longer word. */
static size_t piece_length(const char *text, size_t width)
{
	size_t columns = 0, length = 0, blank = 0;

	while (text[length]) {
		if (((unsigned char)text[length] & 0xc0) != 0x80 && columns++ == width)
			return blank ? blank : length;
		if (text[length] == ' ')
			blank = length;
		length++;
	}
	return length;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " ");
}

static void print_blanks(size_t count)
{
	printf("%*s", (int)count, "");
}

static void add_padded(struct text *line, const char *piece, size_t length, size_t width,
		       bool right)
{
	struct text AUTO_TEXT value = TEXT_EMPTY;
	size_t columns;

	text_addf(&value, "%.*s", (int)length, piece);
	columns = text_columns(text_get(&value));
	if (right && columns < width)
		text_addf(line, "%*s", (int)(width - columns), "");
	text_add(line, text_get(&value));
	if (!right && columns < width)
		text_addf(line, "%*s", (int)(width - columns), "");
}

static void print_trimmed(const char *line)
{
	size_t length = strlen(line);

	while (length && line[length - 1] == ' ')
		length--;
	printf("%.*s\n", (int)length, line);
}

/* One line of every cell at a time, until all are used up. */
static void print_row(const struct table *table, const size_t *widths, const char *const *cells)
{
	const char *rest[MAX_COLUMNS];
	bool more;

	memcpy(rest, cells, table->n_columns * sizeof(*rest));
	do {
		struct text AUTO_TEXT line = TEXT_EMPTY;

		more = false;
		for (size_t i = 0; i < table->n_columns; i++) {
			size_t length = piece_length(rest[i], widths[i]);

			if (!widths[i])
				continue;
			if (line.len)
				text_add(&line, "  ");
			add_padded(&line, rest[i], length, widths[i],
				   table->columns[i].align == RIGHT);
			rest[i] = skip_blanks(rest[i] + length);
			more = more || *rest[i];
		}
		print_trimmed(text_get(&line));
	} while (more);
}

void table_print(const struct table *table)
{
	const char *titles[MAX_COLUMNS];
	size_t widths[MAX_COLUMNS];

	if (!n_rows(table))
		return;
	for (size_t i = 0; i < table->n_columns; i++) {
		titles[i] = table->columns[i].title;
		widths[i] = natural_width(table, i);
	}
	fit(table, widths);
	print_row(table, widths, titles);
	for (size_t row = 0; row < n_rows(table); row++)
		print_row(table, widths,
			  (const char *const *)&table->cells[row * table->n_columns]);
}

void print_wrapped(const char *text, size_t indent)
{
	const char *rest = text;

	while (*rest) {
		size_t length = piece_length(rest, CLI_WIDTH - indent);

		printf("%.*s\n", (int)length, rest);
		rest = skip_blanks(rest + length);
		if (*rest)
			print_blanks(indent);
	}
}

void field_print(const char *name, const char *format, ...)
{
	static const size_t indent = 20;
	char *value;
	va_list args;

	va_start(args, format);
	value = format_safe(format, args);
	va_end(args);
	printf("%-*s", (int)indent, name);
	print_wrapped(*value ? value : "-", indent);
	free(value);
}
