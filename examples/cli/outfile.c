// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fail.h"
#include "outfile.h"

static int refuse_existing(const struct cli *cli, const char *path)
{
	return fail(cli, &(struct failure){
		.err = EEXIST,
		.reason = NVVGPU_REASON_EXISTS,
		.object = path,
		.cause = "a file of that name exists",
		.next = "give another name, or --force to replace it",
	});
}

static int open_device(const struct cli *cli, struct outfile *file)
{
	file->fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return file->fd < 0 ? fail_errno(cli, errno, file->path, "open it") : 0;
}

int outfile_open(const struct cli *cli, struct outfile *file, const char *path, bool replace)
{
	struct stat st;

	*file = (struct outfile){ .path = path, .replace = replace, .fd = -1 };
	if (!stat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return fail_errno(cli, EISDIR, path, "write");
		if (!S_ISREG(st.st_mode))
			return open_device(cli, file);
		if (!replace)
			return refuse_existing(cli, path);
	}
	if (asprintf(&file->partial, "%s.part-XXXXXX", path) < 0)
		fail_memory();
	/* readable by its owner alone: it holds a guest's memory */
	file->fd = mkostemp(file->partial, O_CLOEXEC);
	if (file->fd < 0) {
		free(file->partial);
		file->partial = NULL;
		return fail_errno(cli, errno, path, "create it");
	}
	return 0;
}

/* The new name has to survive a power failure too; where a directory cannot be synced, so be it. */
static void sync_directory(const char *path)
{
	char *copy = strdup(path);
	int fd;

	if (!copy)
		return;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

static int give_name(const struct cli *cli, struct outfile *file)
{
	int failed;

	failed = renameat2(AT_FDCWD, file->partial, AT_FDCWD, file->path,
			   file->replace ? 0 : RENAME_NOREPLACE);
	if (failed && errno == EEXIST)
		return refuse_existing(cli, file->path);
	/* a file system without RENAME_NOREPLACE: outfile_open() has looked */
	if (failed && (errno == EINVAL || errno == ENOSYS))
		failed = rename(file->partial, file->path);
	return failed ? fail_errno(cli, errno, file->path, "give the saved file its name") : 0;
}

int outfile_commit(const struct cli *cli, struct outfile *file)
{
	int code;

	if (!file->partial)
		return 0;
	if (fsync(file->fd) < 0)
		return fail_errno(cli, errno, file->path, "write it to the disk");
	code = give_name(cli, file);
	if (code)
		return code;
	file->committed = true;
	sync_directory(file->path);
	return 0;
}

void outfile_abandon(struct outfile *file)
{
	if (file->partial && !file->committed)
		unlink(file->partial);
	free(file->partial);
	file->partial = NULL;
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}
