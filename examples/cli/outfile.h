/* SPDX-License-Identifier: MIT */
/* A file that gets its name when it is whole. */
#ifndef NVVGPU_CLI_OUTFILE_H
#define NVVGPU_CLI_OUTFILE_H

#include "cli.h"

struct outfile {
	const char *path;
	char *partial;		/* path.part-XXXXXX; NULL: path is a device or FIFO */
	bool replace;
	bool committed;
	int fd;
};

#define OUTFILE_NONE { .fd = -1 }
#define AUTO_OUTFILE __attribute__((cleanup(outfile_abandon)))

/* Both return 0, or after a message an exit code; replace: an existing file may go. */
int outfile_open(const struct cli *cli, struct outfile *file, const char *path, bool replace);
int outfile_commit(const struct cli *cli, struct outfile *file);
/* Closes it, and removes what was not committed. */
void outfile_abandon(struct outfile *file);

#endif
