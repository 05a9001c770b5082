// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fail.h"
#include "infile.h"

static int take_stdin(const struct cli *cli, int *ret)
{
	int fd;

	if (isatty(STDIN_FILENO))
		return fail_usage(cli, "redirect it, or name a file",
				  "a state stream does not come from a terminal");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno(cli, errno, "standard input", "read");
	*ret = fd;
	return 0;
}

int infile_open(const struct cli *cli, const char *path, int *ret)
{
	struct stat st;
	int fd;

	if (!strcmp(path, "-"))
		return take_stdin(cli, ret);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail_errno(cli, errno, path, "open it");
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		close(fd);
		return fail_errno(cli, EISDIR, path, "read it");
	}
	*ret = fd;
	return 0;
}
