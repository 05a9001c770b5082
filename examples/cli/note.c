// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "fail.h"
#include "text.h"

void note(const struct cli *cli, const char *format, ...)
{
	char *line;
	va_list args;
	int len;

	if (cli->quiet || cli->json)
		return;
	va_start(args, format);
	len = vasprintf(&line, format, args);
	va_end(args);
	if (len < 0)
		fail_memory();
	fflush(stdout);
	text_print_safe(stderr, line);
	fputc('\n', stderr);
	free(line);
}
