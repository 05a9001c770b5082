// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include "cli.h"

const struct verb *const verbs[] = {
	&verb_gpus, &verb_types, &verb_vgpus, &verb_show,
	&verb_create, &verb_destroy, &verb_xml, &verb_qemu_args,
	&verb_save, &verb_restore, &verb_inspect, &verb_verify,
	&verb_events, &verb_mode, &verb_sriov, &verb_doctor, &verb_collect, &verb_help,
	NULL,
};

const struct verb_option global_options[] = {
	{ 0, "host", "URI", "which host; default $NVVGPU_HOST, then host: (this machine)" },
	{ 0, "json", NULL, "JSON on standard output, errors as JSON on standard error" },
	{ 'q', "quiet", NULL, "nothing on standard error but errors" },
	{ 0, "no-progress", NULL, "no progress bar" },
	{ 'h', "help", NULL, "explain the verb, or the command" },
	{ 'V', "version", NULL, "print the version" },
	{ 0 },
};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; verbs[i]; i++)
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

#define MAX_NAME 16

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein: letters to add, remove or change; one row of the matrix at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[MAX_NAME + 1], len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			row[j] = smallest(change, row[j] + 1, row[j - 1] + 1);
		}
	}
	return row[len];
}

const char *verb_suggest(const char *name)
{
	const char *best = NULL;
	size_t best_distance = 3, length = strlen(name);

	if (!length || length > MAX_NAME)
		return NULL;
	for (size_t i = 0; verbs[i]; i++) {
		size_t d = distance(name, verbs[i]->name);

		if (length >= 3 && !strncmp(name, verbs[i]->name, length))
			d = 1;
		if (d < best_distance) {
			best = verbs[i]->name;
			best_distance = d;
		}
	}
	return best;
}
