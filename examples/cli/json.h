/* SPDX-License-Identifier: MIT */
/* Puts single JSON objects, as the library renders them, together. */
#ifndef NVVGPU_CLI_JSON_H
#define NVVGPU_CLI_JSON_H

#include "cli.h"
#include "text.h"

/* An array, one element on each line. */
struct json_array {
	struct text text;
	size_t n;
};

#define AUTO_JSON_ARRAY __attribute__((cleanup(json_array_free)))

void json_array_free(struct json_array *array);
void json_array_add(struct json_array *array, const char *object);
void json_array_print(const struct json_array *array);

/* Prints object with more members: more is "\"created\":true"; "" for none. */
void json_print_with(FILE *file, const char *object, const char *more);

#endif
