// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "fail.h"
#include "json.h"
#include "table.h"

static const struct column columns[] = {
	{ "ADDRESS", LEFT, FIXED },
	{ "NAME", LEFT, WRAP },
	{ "FRAMEWORK", LEFT, FIXED },
	{ "MEMORY", RIGHT, FIXED },
	{ "VFS", RIGHT, FIXED },
	{ "MODE", LEFT, FIXED },
	{ "VGPUS", RIGHT, FIXED },
	{ "REASON", LEFT, WRAP | IF_ANY },
};

static void add_memory(struct table *table, struct nvvgpu_gpu *gpu)
{
	uint64_t bytes = nvvgpu_gpu_get_framebuffer_bytes(gpu);
	char units[UNITS_LEN];

	table_add(table, "%s", bytes ? format_bytes(bytes, units) : "-");
}

static void add_vfs(struct table *table, struct nvvgpu_gpu *gpu)
{
	uint32_t enabled, total = nvvgpu_gpu_get_vfs_total(gpu);

	if (!total)
		table_add(table, "-");
	else if (nvvgpu_gpu_get_vfs_enabled(gpu, &enabled))
		table_add(table, "?/%" PRIu32, total);
	else
		table_add(table, "%" PRIu32 "/%" PRIu32, enabled, total);
}

static void add_vgpus(struct table *table, struct nvvgpu_gpu *gpu)
{
	uint64_t count;

	if (nvvgpu_gpu_get_statistic(gpu, NVVGPU_STAT_VGPUS, &count)) {
		struct nvvgpu_vgpu_list *list AUTO(vgpu_list) = NULL;

		if (nvvgpu_gpu_get_reason(gpu) || nvvgpu_vgpu_list(gpu, &list)) {
			table_add(table, "-");
			return;
		}
		count = nvvgpu_vgpu_list_size(list);
	}
	table_add(table, "%" PRIu64, count);
}

static void add_gpu(struct table *table, struct nvvgpu_gpu *gpu)
{
	enum nvvgpu_reason reason = nvvgpu_gpu_get_reason(gpu);
	enum nvvgpu_mode mode;

	table_add(table, "%s", nvvgpu_gpu_get_address(gpu));
	table_add(table, "%s", nvvgpu_gpu_get_name(gpu));
	table_add(table, "%s", nvvgpu_framework_name(nvvgpu_gpu_get_framework(gpu)));
	add_memory(table, gpu);
	add_vfs(table, gpu);
	if (reason || nvvgpu_gpu_get_mode(gpu, &mode))
		table_add(table, "-");
	else
		table_add(table, "%s", nvvgpu_mode_name(mode));
	add_vgpus(table, gpu);
	table_add(table, "%s", reason ? nvvgpu_reason_name(reason) : "-");
}

static int print_plain(struct cli *cli)
{
	struct table AUTO_TABLE table = TABLE_OF(columns);
	struct nvvgpu_gpu *gpu;

	for (size_t i = 0; (gpu = nvvgpu_gpu_list_get(cli->gpus, i)); i++)
		add_gpu(&table, gpu);
	table_print(&table);
	note_unshared(cli);
	if (!table.n_cells)
		note(cli, "no GPUs: no NVIDIA display controller was found on %s",
		     nvvgpu_get_uri(cli->host));
	return CLI_OK;
}

static int print_json(struct cli *cli)
{
	struct json_array AUTO_JSON_ARRAY array = { .n = 0 };
	struct nvvgpu_gpu *gpu;

	for (size_t i = 0; (gpu = nvvgpu_gpu_list_get(cli->gpus, i)); i++) {
		char *object AUTO(string) = NULL;
		int err = nvvgpu_gpu_to_json(gpu, &object);

		if (err)
			return fail_library(cli, err);
		json_array_add(&array, object);
	}
	json_array_print(&array);
	return CLI_OK;
}

static int run_gpus(struct cli *cli)
{
	int code = open_host(cli);

	if (code)
		return code;
	return cli->json ? print_json(cli) : print_plain(cli);
}

const struct verb verb_gpus = {
	.name = "gpus",
	.arguments = "",
	.summary = "list the NVIDIA GPUs of the host",
	.details = "List the NVIDIA GPUs of the host, also those that cannot be shared, and why.",
	.run = run_gpus,
};
