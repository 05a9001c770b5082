/* SPDX-License-Identifier: MIT */
/* How the command says that something went wrong: message and exit code. */
#ifndef NVVGPU_CLI_FAIL_H
#define NVVGPU_CLI_FAIL_H

#include "cli.h"

struct failure {
	int err;		/* positive errno */
	int reason;		/* enum nvvgpu_reason */
	const char *object;
	const char *cause;
	const char *next;	/* "" when there is nothing to advise */
};

/* Each prints the message, or the object with --json, and returns the exit code. */
int fail(const struct cli *cli, const struct failure *failure);
/* From nvvgpu_last_error(): to be called before any other library call. */
int fail_library(const struct cli *cli, int err);
/* The same about a stream from path, which the library knows as a descriptor only. */
int fail_stream(const struct cli *cli, int err, const char *path);
/* A system call of the command itself: fail_errno(cli, errno, path, "open"). */
int fail_errno(const struct cli *cli, int err, const char *object, const char *doing);
/* The command line is wrong. */
int fail_usage(const struct cli *cli, const char *next, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
_Noreturn void fail_memory(void);

int exit_code(int reason, int err);

#endif
