// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fail.h"
#include "json.h"
#include "table.h"

static const struct column columns[] = {
	{ "GPU", LEFT, FIXED },
	{ "ID", RIGHT, FIXED },
	{ "NAME", LEFT, WRAP },
	{ "CLASS", LEFT, FIXED },
	{ "MEMORY", RIGHT, FIXED },
	{ "DISPLAYS", LEFT, FIXED },
	{ "MAX", RIGHT, FIXED },
	{ "FREE", RIGHT, FIXED },
	{ "REASON", LEFT, WRAP | IF_ANY },
};

/* What the verb was asked for, and what it has found so far. */
struct listing {
	struct cli *cli;
	bool creatable;
	struct table table;
	struct json_array array;
	struct text whys;		/* one line for each different reason */
	size_t n_gpus;
};

/* Many types lack for the same reason: it is told once, below the table. */
static void remember_why(struct listing *listing, struct nvvgpu_type *type)
{
	struct text AUTO_TEXT line = TEXT_EMPTY;

	if (!nvvgpu_type_get_reason(type))
		return;
	text_addf(&line, "\n%s: %s\n", nvvgpu_reason_name(nvvgpu_type_get_reason(type)),
		  nvvgpu_type_get_reason_text(type));
	if (!strstr(text_get(&listing->whys), text_get(&line)))
		text_add(&listing->whys, text_get(&line));
}

static void add_type(struct table *table, struct nvvgpu_type *type)
{
	char units[UNITS_LEN];
	uint32_t available;
	enum nvvgpu_reason reason = nvvgpu_type_get_reason(type);

	table_add(table, "%s", nvvgpu_gpu_get_address(nvvgpu_type_get_gpu(type)));
	table_add(table, "%" PRIu32, nvvgpu_type_get_id(type));
	table_add(table, "%s", nvvgpu_type_get_name(type));
	table_add(table, "%s", nvvgpu_type_get_class(type));
	table_add(table, "%s", format_bytes(nvvgpu_type_get_framebuffer_bytes(type), units));
	table_add(table, "%" PRIu32 "x %" PRIu32 "x%" PRIu32, nvvgpu_type_get_heads(type),
		  nvvgpu_type_get_max_width(type), nvvgpu_type_get_max_height(type));
	table_add(table, "%" PRIu32, nvvgpu_type_get_max_instances(type));
	if (nvvgpu_type_get_available(type, &available))
		table_add(table, "?");
	else
		table_add(table, "%" PRIu32, available);
	table_add(table, "%s", reason ? nvvgpu_reason_name(reason) : "-");
}

static int collect_type(struct listing *listing, struct nvvgpu_type *type)
{
	char *object AUTO(string) = NULL;
	int err;

	if (!listing->cli->json) {
		add_type(&listing->table, type);
		remember_why(listing, type);
		return 0;
	}
	err = nvvgpu_type_to_json(type, &object);
	if (err)
		return fail_library(listing->cli, err);
	json_array_add(&listing->array, object);
	return 0;
}

/* Why a GPU without any creatable type has none. */
static int collect_whys(struct listing *listing, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_type_list *types AUTO(type_list) = NULL;
	int err = nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &types);

	if (err)
		return fail_library(listing->cli, err);
	for (size_t i = 0; i < nvvgpu_type_list_size(types); i++)
		remember_why(listing, nvvgpu_type_list_get(types, i));
	return 0;
}

static int collect_gpu(struct listing *listing, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_type_list *types AUTO(type_list) = NULL;
	int err, code = 0;

	err = nvvgpu_type_list(gpu, listing->creatable ? NVVGPU_TYPE_CREATABLE : NVVGPU_TYPE_ALL,
			       &types);
	if (err)
		return fail_library(listing->cli, err);
	listing->n_gpus++;
	for (size_t i = 0; !code && i < nvvgpu_type_list_size(types); i++)
		code = collect_type(listing, nvvgpu_type_list_get(types, i));
	if (!code && listing->creatable && !nvvgpu_type_list_size(types) && !listing->cli->json)
		code = collect_whys(listing, gpu);
	return code;
}

static int collect_all(struct listing *listing)
{
	struct nvvgpu_gpu *gpu;
	int code;

	for (size_t i = 0; (gpu = nvvgpu_gpu_list_get(listing->cli->gpus, i)); i++) {
		if (nvvgpu_gpu_get_reason(gpu))
			continue;
		code = collect_gpu(listing, gpu);
		if (code)
			return code;
	}
	return 0;
}

static void print_whys(FILE *file, const char *whys)
{
	fflush(stdout);
	text_print_lines(file, whys);
}

static void explain_empty(struct listing *listing)
{
	struct cli *cli = listing->cli;
	char *why;

	if (listing->n_gpus) {
		note(cli, "%s", listing->creatable ? "no type can be created now" : "no types");
		if (!cli->quiet)
			print_whys(stderr, text_get(&listing->whys));
		return;
	}
	why = why_nothing(cli);
	note(cli, "no types: %s", why);
	free(why);
}

static void print(struct listing *listing)
{
	if (listing->cli->json) {
		json_array_print(&listing->array);
	} else if (!listing->table.n_cells) {
		explain_empty(listing);
	} else {
		table_print(&listing->table);
		print_whys(stdout, text_get(&listing->whys));
		note_unshared(listing->cli);
	}
}

static int run_types(struct cli *cli)
{
	struct nvvgpu_gpu *gpu AUTO(gpu) = NULL;
	struct listing listing = {
		.cli = cli,
		.creatable = option_given(cli, "creatable"),
		.table = TABLE_OF(columns),
	};
	int code;

	code = open_host(cli);
	if (!code && word(cli, 0))
		code = pick_gpu(cli, word(cli, 0), &gpu);
	if (!code)
		code = gpu ? collect_gpu(&listing, gpu) : collect_all(&listing);
	if (!code)
		print(&listing);
	table_free(&listing.table);
	json_array_free(&listing.array);
	text_free(&listing.whys);
	return code;
}

static const struct verb_option options[] = {
	{ 0, "creatable", NULL, "only the types that can be created now" },
	{ 0 },
};

const struct verb verb_types = {
	.name = "types",
	.arguments = "[--creatable] [GPU]",
	.summary = "list vGPU types: what a GPU can, and how many of each are free",
	.details = "List the vGPU types of one GPU, or of all. MAX is how many fit on an empty "
		   "GPU, FREE how many can be created now; where that is 0 or unknown (?), REASON "
		   "says why.",
	.options = options,
	.max_words = 1,
	.run = run_types,
};
