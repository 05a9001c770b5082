// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include "framework/holder.h"
#include "framework/parse.h"
#include "framework/record.h"
#include "framework/vgpu_params.h"
#include "objects.h"

/* -EBADMSG: what it says is none */
static int read_file(struct os *os, const char *path, char params[RECORD_PARAMS_LEN])
{
	char text[RECORD_PARAMS_LEN + 2];
	int err = os->ops->attr_read(os, path, text, sizeof(text), NULL);

	if (err == -EMSGSIZE || (!err && parse_params(text, params, RECORD_PARAMS_LEN)))
		return -EBADMSG;
	if (!err && !strcmp(params, " "))	/* as they were cleared */
		params[0] = '\0';
	return err;
}

int vgpu_params_read(struct os *os, const char *path, const char *object, char **ret)
{
	char params[RECORD_PARAMS_LEN] = "";
	int err = read_file(os, path, params);

	if (err == -EBADMSG)
		return framework_nonsense(object, "its parameters");
	if (err && err != -ENOENT)		/* a driver that has none */
		return error_errno(err, object, "reading the parameters of a vGPU");
	*ret = strdup(params);
	return *ret ? 0 : error_nomem();
}

/* The driver eats the last character, so that one must be a newline; one blank clears. */
int vgpu_params_write(struct os *os, const char *path, const char *params)
{
	char text[RECORD_PARAMS_LEN + 2], now[RECORD_PARAMS_LEN];
	int err;

	snprintf(text, sizeof(text), "%s%s", *params ? params : " ", *params ? "\n" : "");
	err = os->ops->attr_write(os, path, text);
	if (err)
		return err;
	err = read_file(os, path, now);
	return err == -EBADMSG || (!err && strcmp(now, params)) ? -EIO : err;
}

int vgpu_params_set(struct os *os, const char *path, const char *object, const char *params)
{
	int err = vgpu_params_write(os, path, params);

	if (err == -EBUSY)
		return holder_refuse(object, NULL);
	if (err == -EINVAL)
		return error_set(err, NVVGPU_REASON_PARAMS, object, "the driver refused the "
				 "parameters", reason_next_step(NVVGPU_REASON_PARAMS));
	return err ? error_errno(err, object, "setting the parameters") : 0;
}
