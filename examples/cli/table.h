/* SPDX-License-Identifier: MIT */
/* Aligned columns, CLI_WIDTH at most; what does not fit goes on below, nothing is cut. */
#ifndef NVVGPU_CLI_TABLE_H
#define NVVGPU_CLI_TABLE_H

#include <stddef.h>

struct column {
	const char *title;
	enum { LEFT, RIGHT } align;
	enum {
		FIXED = 0,
		WRAP = 1,		/* may be made narrower, then takes several lines */
		IF_ANY = 2,		/* left out when every cell of it is "-" */
	} flags;
};

struct table {
	const struct column *columns;
	size_t n_columns;
	char **cells;		/* row after row */
	size_t n_cells;
};

#define TABLE_OF(c) { .columns = (c), .n_columns = sizeof(c) / sizeof((c)[0]) }
#define AUTO_TABLE __attribute__((cleanup(table_free)))

void table_free(struct table *table);
/* The next cell of the row; after the last one a new row begins. */
void table_add(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Prints header and rows; nothing when there are no rows. */
void table_print(const struct table *table);

/* "name:   value", the value wrapped under itself. */
void field_print(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A paragraph that goes on at column indent; the caller has filled the first line up to there. */
void print_wrapped(const char *text, size_t indent);

#endif
