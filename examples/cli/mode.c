// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include "fail.h"
#include "text.h"

static enum nvvgpu_mode parse_mode(const char *name)
{
	static const enum nvvgpu_mode modes[] = {
		NVVGPU_GPU_MODE_EQUAL_SIZE,
		NVVGPU_GPU_MODE_MIXED_SIZE,
	};

	for (size_t i = 0; name && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(name, nvvgpu_mode_name(modes[i])))
			return modes[i];
	return NVVGPU_GPU_MODE_UNKNOWN;
}

/* [GPU] [MODE]: the last word is the mode if it is the name of one. */
static int take_words(const struct cli *cli, const char **ret_address,
		      enum nvvgpu_mode *ret_mode)
{
	const char *last = cli->n_words ? word(cli, cli->n_words - 1) : NULL;

	*ret_mode = parse_mode(last);
	*ret_address = NULL;
	if (cli->n_words == 2 || *ret_mode == NVVGPU_GPU_MODE_UNKNOWN)
		*ret_address = word(cli, 0);
	if (cli->n_words == 2 && *ret_mode == NVVGPU_GPU_MODE_UNKNOWN)
		return fail_usage(cli, "the modes are equal-size and mixed-size",
				  "'%s' is not a mode", last);
	if (*ret_address && !strchr(*ret_address, ':'))
		return fail_usage(cli, "nvvgpu mode [GPU] [equal-size|mixed-size]",
				  "'%s' is neither a GPU address nor a mode", *ret_address);
	return 0;
}

static void tell_mode(const struct cli *cli, struct nvvgpu_gpu *gpu,
		      enum nvvgpu_mode mode, bool changed)
{
	struct text AUTO_TEXT text = TEXT_EMPTY;

	if (!cli->json) {
		printf("%s  %s%s\n", nvvgpu_gpu_get_address(gpu), nvvgpu_mode_name(mode),
		       changed ? " (changed)" : "");
		return;
	}
	text_add(&text, "{\"gpu\":");
	text_add_json(&text, nvvgpu_gpu_get_address(gpu));
	text_add(&text, ",\"mode\":");
	text_add_json(&text, nvvgpu_mode_name(mode));
	printf("%s,\"changed\":%s}\n", text_get(&text), changed ? "true" : "false");
}

static int run_mode(struct cli *cli)
{
	struct nvvgpu_gpu *gpu AUTO(gpu) = NULL;
	enum nvvgpu_mode before, after, wanted;
	int err, code;
	const char *address;

	code = take_words(cli, &address, &wanted);
	if (!code)
		code = pick_gpu(cli, address, &gpu);
	if (code)
		return code;
	err = nvvgpu_gpu_get_mode(gpu, &before);
	if (!err && wanted != NVVGPU_GPU_MODE_UNKNOWN)
		err = nvvgpu_gpu_set_mixed_size(gpu, wanted == NVVGPU_GPU_MODE_MIXED_SIZE);
	if (!err)
		err = nvvgpu_gpu_get_mode(gpu, &after);
	if (err)
		return fail_library(cli, err);
	tell_mode(cli, gpu, after, before != after);
	return CLI_OK;
}

const struct verb verb_mode = {
	.name = "mode",
	.arguments = "[GPU] [equal-size|mixed-size]",
	.summary = "show or set whether a GPU holds vGPUs of different sizes",
	.details = "Show whether a GPU holds vGPUs of one size only (equal-size) or of different "
		   "sizes (mixed-size), or set it. A GPU with vGPUs on it cannot be changed. GPU "
		   "may be left out when only one can be shared.",
	.max_words = 2,
	.run = run_mode,
};
