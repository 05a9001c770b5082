/* SPDX-License-Identifier: MIT */
/* Text: a buffer that grows, units for people, strings for JSON and for terminals. */
#ifndef NVVGPU_CLI_TEXT_H
#define NVVGPU_CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct text {
	char *data;
	size_t len;
};

#define TEXT_EMPTY { NULL, 0 }
#define AUTO_TEXT __attribute__((cleanup(text_free)))

void text_free(struct text *text);
/* Never NULL. */
const char *text_get(const struct text *text);
void text_add(struct text *text, const char *string);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; NULL gives null. */
void text_add_json(struct text *text, const char *string);
/* Takes what was collected; to be freed. */
char *text_take(struct text *text);

#define UNITS_LEN 24
/* "4 GiB", "1.5 GiB", "512 bytes" */
const char *format_bytes(uint64_t bytes, char out[UNITS_LEN]);
/* In the largest unit that leaves no fraction: "65280 MiB" */
const char *format_bytes_exact(uint64_t bytes, char out[UNITS_LEN]);
/* "12 ms", "3.4 s", "1:05", "2:10:00" */
const char *format_seconds(double seconds, char out[UNITS_LEN]);

/* Control characters come as \x1b: what a stream or a host says must not steer the terminal. */
void text_print_safe(FILE *file, const char *string);
/* The same for several lines. */
void text_print_lines(FILE *file, const char *lines);
char *text_make_safe(const char *string);
/* Columns that a string takes on a terminal: one for each UTF-8 character. */
size_t text_columns(const char *string);

#endif
