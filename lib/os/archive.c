// SPDX-License-Identifier: MIT
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "os/archive.h"
#include "util/cleanup.h"

#define BLOCK_BYTES	65536
#define LEVEL		"9"
#define MAX_MEMBERS	(4u * SNAPSHOT_MAX_ENTRIES)	/* of any kind */
#define MAX_SKIPPED	SNAPSHOT_MAX_BYTES	/* of files that no machine's tree has */

/* --------------------------------------------------------------------- load */

struct load {
	struct archive *archive;
	struct snapshot *snapshot;
	uint8_t *buffer;	/* of one file */
	uint64_t members, skipped;
};

/* A name as tar writes it, "./sys/": without what is around; "": the root itself. */
static char *plain_path(const char *name)
{
	char *path;
	size_t len;

	while (name[0] == '.' && name[1] == '/')
		name += 2 + strspn(name + 2, "/");
	if (!strcmp(name, "."))
		name = "";
	path = strdup(name);
	len = path ? strlen(path) : 0;
	while (len && path[len - 1] == '/')
		path[--len] = '\0';
	return path;
}

/* Only what could be an attribute is kept. */
static int load_file(struct load *load, struct archive_entry *entry, const char *path)
{
	int64_t size = archive_entry_size(entry);
	la_ssize_t n;

	if (size < 0 || size > SNAPSHOT_MAX_FILE) {
		load->skipped += size < 0 ? SNAPSHOT_MAX_FILE : size;
		return load->skipped > MAX_SKIPPED ? -EFBIG : 0;
	}
	n = archive_read_data(load->archive, load->buffer, size);
	if (n != size)
		return -EBADMSG;
	return snapshot_add_file(load->snapshot, path, load->buffer, n);
}

/* Devices, pipes and hard links are nothing that sysfs has: they are passed over. */
static int load_entry(struct load *load, struct archive_entry *entry, const char *path)
{
	const char *target;

	switch (archive_entry_filetype(entry)) {
	case AE_IFDIR:
		return snapshot_add_directory(load->snapshot, path);
	case AE_IFREG:
		return load_file(load, entry, path);
	case AE_IFLNK:
		target = archive_entry_symlink(entry);
		return target ? snapshot_add_link(load->snapshot, path, target) : -EBADMSG;
	default:
		return 0;
	}
}

static int load_member(struct load *load, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	__cleanup_free char *path = NULL;
	int err;

	if (!name || ++load->members > MAX_MEMBERS)
		return name ? -EFBIG : -EBADMSG;
	path = plain_path(name);
	if (!path)
		return -ENOMEM;
	err = *path ? load_entry(load, entry, path) : 0;
	return err == -EINVAL ? -EBADMSG : err;
}

static int load_members(struct load *load)
{
	struct archive_entry *entry;
	int err = 0, ret;

	while (!err) {
		ret = archive_read_next_header(load->archive, &entry);
		if (ret == ARCHIVE_EOF)
			return 0;
		/* a warning is about names in other character sets */
		if (ret != ARCHIVE_OK && ret != ARCHIVE_WARN)
			return -EBADMSG;
		err = load_member(load, entry);
	}
	return err;
}

/* Nothing but tar, and no packer that libarchive would start a program for. */
static int open_archive(struct archive *archive, int fd)
{
	if (archive_read_support_format_tar(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_none(archive) != ARCHIVE_OK)
		return -ENOMEM;
	if (archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(archive) != ARCHIVE_OK)
		return -EOPNOTSUPP;
	return archive_read_open_fd(archive, fd, BLOCK_BYTES) == ARCHIVE_OK ? 0 : -EBADMSG;
}

static int load_all(struct load *load, int fd)
{
	int err;

	if (!load->archive || !load->snapshot || !load->buffer)
		return -ENOMEM;
	err = open_archive(load->archive, fd);
	if (!err)
		err = load_members(load);
	return err ? err : snapshot_seal(load->snapshot);
}

static int ignore(const char *name, void *arg)
{
	return 0;
}

int archive_load(int fd, struct snapshot **ret, const char **ret_detail)
{
	struct load load = {
		.archive = archive_read_new(),
		.snapshot = snapshot_new(),
		.buffer = malloc(SNAPSHOT_MAX_FILE),
	};
	int err = load_all(&load, fd);

	if (err == -EBADMSG)
		*ret_detail = "it is no archive of a captured machine, or it is damaged";
	if (err == -EFBIG) {
		*ret_detail = "the archive holds more than a captured machine has";
		err = -EBADMSG;
	}
	if (!err && snapshot_list(load.snapshot, "sys", ignore, NULL)) {
		*ret_detail = "the archive has no sys/";
		err = -ENOENT;
	}
	if (load.archive)
		archive_read_free(load.archive);
	free(load.buffer);
	if (err) {
		snapshot_free(load.snapshot);
		return err;
	}
	*ret = load.snapshot;
	return 0;
}

/* -------------------------------------------------------------------- store */

struct store {
	archive_write_fn write;
	void *arg;
	int err;		/* the first one of write() */
};

static la_ssize_t store_block(struct archive *archive, void *arg, const void *data, size_t len)
{
	struct store *store = arg;

	if (!store->err)
		store->err = store->write(store->arg, data, len);
	return store->err ? -1 : (la_ssize_t)len;
}

/* Nobody's, of no time: so that the same machine gives the same archive. */
static int store_entry(struct archive *archive, struct archive_entry *entry,
		       const struct snapshot_entry *from)
{
	static const mode_t modes[] = {
		[SNAPSHOT_DIRECTORY] = S_IFDIR | 0755,
		[SNAPSHOT_FILE] = S_IFREG | 0644,
		[SNAPSHOT_LINK] = S_IFLNK | 0777,
	};

	archive_entry_clear(entry);
	archive_entry_set_pathname(entry, from->path);
	archive_entry_set_mode(entry, modes[from->kind]);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_size(entry, from->kind == SNAPSHOT_FILE ? (int64_t)from->len : 0);
	if (from->kind == SNAPSHOT_LINK)
		archive_entry_set_symlink(entry, (const char *)from->data);
	if (archive_write_header(archive, entry) != ARCHIVE_OK)
		return -EIO;
	if (from->kind == SNAPSHOT_FILE &&
	    archive_write_data(archive, from->data, from->len) != (la_ssize_t)from->len)
		return -EIO;
	return 0;
}

static int store_all(struct archive *archive, struct archive_entry *entry, struct store *store,
		     const struct snapshot *snapshot)
{
	int err = 0;

	if (!archive || !entry)
		return -ENOMEM;
	if (archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK)
		return -ENOMEM;
	if (archive_write_add_filter_zstd(archive) != ARCHIVE_OK ||
	    archive_write_set_filter_option(archive, "zstd", "compression-level", LEVEL) !=
		    ARCHIVE_OK)
		return -EOPNOTSUPP;
	archive_write_set_bytes_per_block(archive, BLOCK_BYTES);
	archive_write_set_bytes_in_last_block(archive, 1);
	if (archive_write_open(archive, store, NULL, store_block, NULL) != ARCHIVE_OK)
		return -EIO;
	for (size_t i = 0; !err && i < snapshot->count; i++)
		err = store_entry(archive, entry, &snapshot->entries[i]);
	if (!err && archive_write_close(archive) != ARCHIVE_OK)
		err = -EIO;
	if (err)
		archive_write_fail(archive);	/* or freeing it would end it as if it were whole */
	return err;
}

int archive_store(const struct snapshot *snapshot, archive_write_fn write, void *arg)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	struct store store = { .write = write, .arg = arg };
	int err = store_all(archive, entry, &store, snapshot);

	if (entry)
		archive_entry_free(entry);
	if (archive)
		archive_write_free(archive);
	return store.err ? store.err : err;
}
