// SPDX-License-Identifier: MIT
/* emu:BOARD[*N][,BOARD...][?state=DIR][&framework=nvvgpu|vendor-vfio|mdev] */
#include <stdlib.h>
#include <string.h>
#include "emu.h"

static int add_boards(struct emu_uri *uri, const char *item, size_t len, const char **ret_detail)
{
	const struct nvvgpu_emu_board_data *data;
	const char *star = memchr(item, '*', len);
	size_t name_len = star ? (size_t)(star - item) : len;
	unsigned long copies = 1;
	char *end;

	data = nvvgpu_emu_board_find(item, name_len);
	if (!data) {
		*ret_detail = "no such board; there are l40, l40s, a40, rtx6000-ada, l4, a16 and t4";
		return -EINVAL;
	}
	if (star) {
		if (star[1] < '1' || star[1] > '9') {
			*ret_detail = "a number from 1 must follow '*'";
			return -EINVAL;
		}
		copies = strtoul(star + 1, &end, 10);
		if (end != item + len) {
			*ret_detail = "only a number may follow '*'";
			return -EINVAL;
		}
	}
	if (copies > EMU_MAX_GPUS || copies * data->gpus > EMU_MAX_GPUS - uri->count) {
		*ret_detail = "an emulated host has at most 64 GPUs";
		return -EINVAL;
	}
	for (unsigned long i = 0; i < copies * data->gpus; i++)
		uri->boards[uri->count++] = data;
	return 0;
}

static int parse_boards(struct emu_uri *uri, const char *list, size_t len, const char **ret_detail)
{
	if (!len)
		return add_boards(uri, "l40", 3, ret_detail);
	for (;;) {
		const char *comma = memchr(list, ',', len);
		size_t item = comma ? (size_t)(comma - list) : len;
		int err = add_boards(uri, list, item, ret_detail);

		if (err || !comma)
			return err;
		list += item + 1;
		len -= item + 1;
	}
}

static bool is_option(const char *option, size_t len, const char *text)
{
	return strlen(text) == len && !memcmp(option, text, len);
}

static int parse_framework(struct emu_uri *uri, const char *name, size_t len,
			   const char **ret_detail)
{
	if (is_option(name, len, "nvvgpu")) {
		uri->framework = EMU_NVVGPU;
	} else if (is_option(name, len, "vendor-vfio")) {
		uri->framework = EMU_VENDOR_VFIO;
	} else if (is_option(name, len, "mdev")) {
		uri->framework = EMU_MDEV;
	} else {
		*ret_detail = "the frameworks are nvvgpu, vendor-vfio and mdev";
		return -EINVAL;
	}
	return 0;
}

static int parse_option(struct emu_uri *uri, const char *option, size_t len,
			const char **ret_detail)
{
	if (len > 6 && !memcmp(option, "state=", 6) && !uri->state_dir) {
		uri->state_dir = strndup(option + 6, len - 6);
		return uri->state_dir ? 0 : -ENOMEM;
	}
	if (len > 10 && !memcmp(option, "framework=", 10) && !uri->has_framework) {
		uri->has_framework = true;
		return parse_framework(uri, option + 10, len - 10, ret_detail);
	}
	*ret_detail = "options are state=DIR and framework=NAME, each once";
	return -EINVAL;
}

/* That framework is a directory of each virtual function. */
static int check_framework(const struct emu_uri *uri, const char **ret_detail)
{
	for (size_t i = 0; uri->framework == EMU_VENDOR_VFIO && i < uri->count; i++) {
		if (uri->boards[i]->vfs_total)
			continue;
		*ret_detail = "vendor-vfio needs virtual functions, and one of the boards has none";
		return -EINVAL;
	}
	return 0;
}

int emu_uri_parse(const char *rest, struct emu_uri *uri, const char **ret_detail)
{
	const char *options = strchr(rest, '?');
	size_t len = options ? (size_t)(options - rest) : strlen(rest);
	int err;

	memset(uri, 0, sizeof(*uri));
	err = parse_boards(uri, rest, len, ret_detail);
	while (!err && options) {
		const char *option = options + 1;

		options = strchr(option, '&');
		len = options ? (size_t)(options - option) : strlen(option);
		err = parse_option(uri, option, len, ret_detail);
	}
	if (!err)
		err = check_framework(uri, ret_detail);
	if (err)
		emu_uri_fini(uri);
	return err;
}

void emu_uri_fini(struct emu_uri *uri)
{
	free(uri->state_dir);
	uri->state_dir = NULL;
}
