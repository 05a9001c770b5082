/* SPDX-License-Identifier: MIT */
/* Text from elsewhere: copied into fixed room, made safe to print. */
#ifndef NVVGPU_UTIL_TEXT_H
#define NVVGPU_UTIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Valid UTF-8 without control characters. */
bool text_is_clean(const char *text);
/* Makes it so: every byte that does not belong becomes '?'. */
void text_sanitize(char *text);
/* Copies what fits, never splits a UTF-8 character, always ends with a NUL. */
void text_copy(char *to, size_t size, const char *from);
/* From an array that need not hold a NUL; sanitized. */
void text_from_array(char *to, size_t size, const char *array, size_t array_size);
/* Number of edits between two texts, counted up to @limit; case does not count. */
unsigned int text_distance(const char *a, const char *b, unsigned int limit);
/* "4 GiB", "512 MiB", "1000 bytes" */
void text_bytes(char *to, size_t size, unsigned long long bytes);

#endif
