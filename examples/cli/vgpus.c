// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "fail.h"
#include "json.h"
#include "table.h"

static const struct column columns[] = {
	{ "UUID", LEFT, FIXED },
	{ "TYPE", LEFT, WRAP },
	{ "DEVICE", LEFT, FIXED },
	{ "PLACE", RIGHT, FIXED },
	{ "STATE", LEFT, FIXED },
	{ "OWNER", LEFT, WRAP | IF_ANY },
};

static void add_vgpu(struct table *table, struct nvvgpu_vgpu *vgpu)
{
	const char *owner = nvvgpu_vgpu_get_owner(vgpu), *vf = nvvgpu_vgpu_get_vf(vgpu);
	uint32_t placement;
	enum nvvgpu_vgpu_state state = NVVGPU_VGPU_UNKNOWN;

	if (nvvgpu_vgpu_get_state(vgpu, &state) == -ENODEV)
		return;		/* destroyed since it was listed */
	table_add(table, "%s", nvvgpu_vgpu_get_uuid(vgpu));
	table_add(table, "%s", nvvgpu_vgpu_get_type_name(vgpu));
	table_add(table, "%s", vf ? vf : nvvgpu_gpu_get_address(nvvgpu_vgpu_get_gpu(vgpu)));
	if (nvvgpu_vgpu_get_placement(vgpu, &placement))
		table_add(table, "-");
	else
		table_add(table, "%" PRIu32, placement);
	table_add(table, "%s", nvvgpu_vgpu_state_name(state));
	table_add(table, "%s", *owner ? owner : "-");
}

static void explain_empty(struct cli *cli, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_gpu *each;
	size_t shareable = 0;
	char *why;

	if (gpu) {
		note(cli, "no vGPUs on %s", nvvgpu_gpu_get_address(gpu));
		return;
	}
	for (size_t i = 0; (each = nvvgpu_gpu_list_get(cli->gpus, i)); i++)
		shareable += nvvgpu_gpu_get_reason(each) == NVVGPU_REASON_NONE;
	if (shareable) {
		note(cli, "no vGPUs: none was created on the %zu GPU%s that can be shared",
		     shareable, shareable == 1 ? "" : "s");
		return;
	}
	why = why_nothing(cli);
	note(cli, "no vGPUs: %s", why);
	free(why);
}

static int print_plain(struct cli *cli, struct nvvgpu_gpu *gpu, struct nvvgpu_vgpu_list *list)
{
	struct table AUTO_TABLE table = TABLE_OF(columns);

	for (size_t i = 0; i < nvvgpu_vgpu_list_size(list); i++)
		add_vgpu(&table, nvvgpu_vgpu_list_get(list, i));
	table_print(&table);
	if (!table.n_cells)
		explain_empty(cli, gpu);
	return CLI_OK;
}

static int print_json(struct cli *cli, struct nvvgpu_vgpu_list *list)
{
	struct json_array AUTO_JSON_ARRAY array = { .n = 0 };

	for (size_t i = 0; i < nvvgpu_vgpu_list_size(list); i++) {
		char *object AUTO(string) = NULL;
		int err = nvvgpu_vgpu_to_json(nvvgpu_vgpu_list_get(list, i), &object);

		if (err == -ENODEV)
			continue;	/* destroyed since it was listed */
		if (err)
			return fail_library(cli, err);
		json_array_add(&array, object);
	}
	json_array_print(&array);
	return CLI_OK;
}

static int run_vgpus(struct cli *cli)
{
	struct nvvgpu_vgpu_list *list AUTO(vgpu_list) = NULL;
	struct nvvgpu_gpu *gpu AUTO(gpu) = NULL;
	int err, code;

	code = open_host(cli);
	if (!code && word(cli, 0))
		code = pick_gpu(cli, word(cli, 0), &gpu);
	if (code)
		return code;
	err = gpu ? nvvgpu_vgpu_list(gpu, &list) : nvvgpu_vgpu_list_all(cli->host, &list);
	if (err)
		return fail_library(cli, err);
	return cli->json ? print_json(cli, list) : print_plain(cli, gpu, list);
}

const struct verb verb_vgpus = {
	.name = "vgpus",
	.arguments = "[GPU]",
	.summary = "list the vGPUs that exist",
	.details = "List the vGPUs of one GPU, or of all. DEVICE is the function that carries a "
		   "vGPU: its VF, or the GPU itself on a board without SR-IOV.",
	.max_words = 1,
	.run = run_vgpus,
};
