// SPDX-License-Identifier: MIT
#include <string.h>
#include "json.h"

void json_array_free(struct json_array *array)
{
	text_free(&array->text);
}

void json_array_add(struct json_array *array, const char *object)
{
	text_addf(&array->text, "%s\n  %s", array->n++ ? "," : "", object);
}

void json_array_print(const struct json_array *array)
{
	printf("[%s%s]\n", text_get(&array->text), array->n ? "\n" : "");
}

void json_print_with(FILE *file, const char *object, const char *more)
{
	const char *end = strrchr(object, '}');
	size_t length = end ? (size_t)(end - object) : 0;

	if (!end || !*more) {
		fprintf(file, "%s\n", object);
		return;
	}
	while (length && object[length - 1] == ' ')
		length--;
	fprintf(file, "%.*s%s%s}\n", (int)length, object,
		length && object[length - 1] == '{' ? "" : ",", more);
}
