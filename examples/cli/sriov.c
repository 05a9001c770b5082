// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fail.h"
#include "text.h"

/* What is to be done: nothing, or a number of VFs. */
struct wish {
	bool given, all;
	uint32_t count;
};

static bool parse_wish(const char *word, struct wish *wish)
{
	unsigned long count;
	char *end;

	*wish = (struct wish){ .given = true, .all = !strcmp(word, "on") };
	if (wish->all || !strcmp(word, "off"))
		return true;
	errno = 0;
	count = strtoul(word, &end, 10);
	wish->count = (uint32_t)count;
	return *word >= '0' && *word <= '9' && !*end && !errno && count <= UINT32_MAX;
}

/* [GPU] [on|off|N]: a GPU's address has a colon */
static int take_words(const struct cli *cli, const char **ret_address, struct wish *wish)
{
	size_t at = 0;

	*wish = (struct wish){ .given = false };
	*ret_address = NULL;
	if (cli->n_words && strchr(word(cli, 0), ':'))
		*ret_address = word(cli, at++);
	if (at == cli->n_words)
		return 0;
	if (at + 1 < cli->n_words || !parse_wish(word(cli, at), wish))
		return fail_usage(cli, "nvvgpu sriov [GPU] [on|off|NUMBER]",
				  "'%s' is neither a GPU address nor on, off or a number",
				  word(cli, at));
	return 0;
}

/* A GPU whose VFs are off may be one that cannot be shared: so other than elsewhere. */
static int pick_sriov_gpu(struct cli *cli, const char *address, struct nvvgpu_gpu **ret)
{
	struct nvvgpu_gpu *gpu, *found = NULL;
	size_t count = 0;
	int code = address ? pick_gpu(cli, address, ret) : open_host(cli);

	if (code || address)
		return code;
	for (size_t i = 0; (gpu = nvvgpu_gpu_list_get(cli->gpus, i)); i++) {
		if (!nvvgpu_gpu_get_vfs_total(gpu))
			continue;
		found = gpu;
		count++;
	}
	if (!count)
		return fail(cli, &(struct failure){
			.err = ENODEV,
			.reason = NVVGPU_REASON_NOT_FOUND,
			.object = nvvgpu_get_uri(cli->host),
			.cause = "no GPU of this host has SR-IOV",
			.next = "'nvvgpu gpus' lists what was found",
		});
	if (count > 1)
		return fail_usage(cli, "name one of them: 'nvvgpu gpus' lists them",
				  "%zu GPUs have SR-IOV", count);
	*ret = nvvgpu_gpu_ref(found);
	return 0;
}

static void tell(const struct cli *cli, struct nvvgpu_gpu *gpu, uint32_t enabled, bool changed)
{
	struct text AUTO_TEXT text = TEXT_EMPTY;
	uint32_t total = nvvgpu_gpu_get_vfs_total(gpu);

	if (!cli->json) {
		printf("%s  %" PRIu32 " of %" PRIu32 " VFs enabled%s\n",
		       nvvgpu_gpu_get_address(gpu), enabled, total, changed ? " (changed)" : "");
		return;
	}
	text_add(&text, "{\"gpu\":");
	text_add_json(&text, nvvgpu_gpu_get_address(gpu));
	printf("%s,\"vfs_enabled\":%" PRIu32 ",\"vfs_total\":%" PRIu32 ",\"changed\":%s}\n",
	       text_get(&text), enabled, total, changed ? "true" : "false");
}

static int run_sriov(struct cli *cli)
{
	struct nvvgpu_gpu *gpu AUTO(gpu) = NULL;
	uint32_t before, after;
	uint64_t timeout_ns = 0;
	const char *address;
	struct wish wish;
	int err, code;

	code = take_words(cli, &address, &wish);
	if (!code && option_given(cli, "timeout"))
		code = option_seconds(cli, "timeout", &timeout_ns);
	if (!code)
		code = pick_sriov_gpu(cli, address, &gpu);
	if (code)
		return code;
	if (wish.all)
		wish.count = nvvgpu_gpu_get_vfs_total(gpu);
	err = nvvgpu_gpu_get_vfs_enabled(gpu, &before);
	if (!err && wish.given)
		err = nvvgpu_gpu_set_vfs(gpu, wish.count, timeout_ns);
	if (!err)
		err = nvvgpu_gpu_get_vfs_enabled(gpu, &after);
	if (err)
		return fail_library(cli, err);
	tell(cli, gpu, after, before != after);
	return CLI_OK;
}

static const struct verb_option options[] = {
	{ 0, "timeout", "SECONDS", "the longest wait until the VFs can be used; default: 60" },
	{ 0 },
};

const struct verb verb_sriov = {
	.name = "sriov",
	.arguments = "[GPU] [on | off | NUMBER] [--timeout SECONDS]",
	.summary = "show or set how many SR-IOV functions (VFs) a GPU has",
	.details = "Show how many VFs of a GPU are enabled, or enable all, none or a number of them, "
		   "and wait until they can be used. A GPU with vGPUs on it, or with a VF in use, "
		   "cannot be changed. GPU may be left out when only one has SR-IOV.",
	.options = options,
	.max_words = 2,
	.run = run_sriov,
};
