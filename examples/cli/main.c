// SPDX-License-Identifier: MIT
/* nvvgpu: manage the vGPUs of a host from the command line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fail.h"

/* Errors of the command line itself are objects too when --json stands anywhere on it. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

/* The library reads no environment; this one variable is the command's own. */
static const char *uri_from_environment(void)
{
	const char *uri = getenv("NVVGPU_HOST");

	return uri && *uri ? uri : NULL;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int code = args_parse(cli, argc, argv);

	if (code)
		return code;
	if (option_given(cli, "version"))
		return version_print(cli);
	if (option_given(cli, "help"))
		return help_print(cli, cli->verb);
	return cli->verb->run(cli);
}

/* A full disk behind stdout shows here at the latest. */
static int close_output(const struct cli *cli, int code)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (fclose(stdout) == 0 && !failed)
		return code;
	if (code)
		return code;
	return fail_errno(cli, errno ? errno : EIO, "standard output", "write");
}

int main(int argc, char **argv)
{
	struct cli cli = {
		.uri = uri_from_environment(),
		.json = wants_json(argc, argv),
	};
	int code = run(&cli, argc, argv);

	nvvgpu_gpu_list_unref(cli.gpus);
	nvvgpu_unref(cli.host);
	code = close_output(&cli, code);
	args_free(&cli);
	return code;
}
