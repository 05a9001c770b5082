// SPDX-License-Identifier: MIT
#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
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

/*
 * libarchive brings more libraries along than all else here: it is loaded when
 * there is an archive, not by everybody who links this library.
 */
#define LIBARCHIVE "libarchive.so.13"
#define FUNCTIONS(X) \
	X(archive_entry_clear) X(archive_entry_filetype) X(archive_entry_free) \
	X(archive_entry_new) X(archive_entry_pathname) X(archive_entry_set_mode) \
	X(archive_entry_set_mtime) X(archive_entry_set_pathname) X(archive_entry_set_size) \
	X(archive_entry_set_symlink) X(archive_entry_size) X(archive_entry_symlink) \
	X(archive_read_data) X(archive_read_free) X(archive_read_new) \
	X(archive_read_next_header) X(archive_read_open_fd) \
	X(archive_read_support_filter_gzip) X(archive_read_support_filter_none) \
	X(archive_read_support_filter_xz) X(archive_read_support_filter_zstd) \
	X(archive_read_support_format_tar) X(archive_write_add_filter_zstd) \
	X(archive_write_close) X(archive_write_data) X(archive_write_fail) \
	X(archive_write_free) X(archive_write_header) X(archive_write_new) \
	X(archive_write_open) X(archive_write_set_bytes_in_last_block) \
	X(archive_write_set_bytes_per_block) X(archive_write_set_filter_option) \
	X(archive_write_set_format_pax_restricted)

struct libarchive {
#define X(function) __typeof__(&function) function;
	FUNCTIONS(X)
#undef X
};

/* Once loaded it stays: not every library it needs can be unloaded. */
static int load_libarchive(struct libarchive *la)
{
	void *handle = dlopen(LIBARCHIVE, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	bool whole = handle;

	if (!handle)
		return -EOPNOTSUPP;
#define X(function)							\
	la->function = (__typeof__(&function))dlsym(handle, #function);	\
	whole = whole && la->function;
	FUNCTIONS(X)
#undef X
	dlclose(handle);
	return whole ? 0 : -EOPNOTSUPP;
}

/* --------------------------------------------------------------------- load */

struct load {
	struct libarchive la;
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
	int64_t size = load->la.archive_entry_size(entry);
	la_ssize_t n;

	if (size < 0 || size > SNAPSHOT_MAX_FILE) {
		load->skipped += size < 0 ? SNAPSHOT_MAX_FILE : size;
		return load->skipped > MAX_SKIPPED ? -EFBIG : 0;
	}
	n = load->la.archive_read_data(load->archive, load->buffer, size);
	if (n != size)
		return -EBADMSG;
	return snapshot_add_file(load->snapshot, path, load->buffer, n);
}

/* Devices, pipes and hard links are nothing that sysfs has: they are passed over. */
static int load_entry(struct load *load, struct archive_entry *entry, const char *path)
{
	const char *target;

	switch (load->la.archive_entry_filetype(entry)) {
	case AE_IFDIR:
		return snapshot_add_directory(load->snapshot, path);
	case AE_IFREG:
		return load_file(load, entry, path);
	case AE_IFLNK:
		target = load->la.archive_entry_symlink(entry);
		return target ? snapshot_add_link(load->snapshot, path, target) : -EBADMSG;
	default:
		return 0;
	}
}

static int load_member(struct load *load, struct archive_entry *entry)
{
	const char *name = load->la.archive_entry_pathname(entry);
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
		ret = load->la.archive_read_next_header(load->archive, &entry);
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
static int open_archive(struct load *load, int fd)
{
	const struct libarchive *la = &load->la;
	struct archive *archive = load->archive;

	if (la->archive_read_support_format_tar(archive) != ARCHIVE_OK ||
	    la->archive_read_support_filter_none(archive) != ARCHIVE_OK)
		return -ENOMEM;
	if (la->archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
	    la->archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
	    la->archive_read_support_filter_xz(archive) != ARCHIVE_OK)
		return -EOPNOTSUPP;
	return la->archive_read_open_fd(archive, fd, BLOCK_BYTES) == ARCHIVE_OK ? 0 : -EBADMSG;
}

static int load_all(struct load *load, int fd)
{
	int err;

	if (!load->archive || !load->snapshot || !load->buffer)
		return -ENOMEM;
	err = open_archive(load, fd);
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
	struct load load = { .archive = NULL };
	int err = load_libarchive(&load.la);

	if (err) {
		*ret_detail = "it needs libarchive, which is not installed";
		return err;
	}
	load.archive = load.la.archive_read_new();
	load.snapshot = snapshot_new();
	load.buffer = malloc(SNAPSHOT_MAX_FILE);
	err = load_all(&load, fd);
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
		load.la.archive_read_free(load.archive);
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
	struct libarchive la;
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
static int store_entry(const struct libarchive *la, struct archive *archive,
		       struct archive_entry *entry, const struct snapshot_entry *from)
{
	static const mode_t modes[] = {
		[SNAPSHOT_DIRECTORY] = S_IFDIR | 0755,
		[SNAPSHOT_FILE] = S_IFREG | 0644,
		[SNAPSHOT_LINK] = S_IFLNK | 0777,
	};

	la->archive_entry_clear(entry);
	la->archive_entry_set_pathname(entry, from->path);
	la->archive_entry_set_mode(entry, modes[from->kind]);
	la->archive_entry_set_mtime(entry, 0, 0);
	la->archive_entry_set_size(entry, from->kind == SNAPSHOT_FILE ? (int64_t)from->len : 0);
	if (from->kind == SNAPSHOT_LINK)
		la->archive_entry_set_symlink(entry, (const char *)from->data);
	if (la->archive_write_header(archive, entry) != ARCHIVE_OK)
		return -EIO;
	if (from->kind == SNAPSHOT_FILE &&
	    la->archive_write_data(archive, from->data, from->len) != (la_ssize_t)from->len)
		return -EIO;
	return 0;
}

static int store_all(struct archive *archive, struct archive_entry *entry, struct store *store,
		     const struct snapshot *snapshot)
{
	const struct libarchive *la = &store->la;
	int err = 0;

	if (!archive || !entry)
		return -ENOMEM;
	if (la->archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK)
		return -ENOMEM;
	if (la->archive_write_add_filter_zstd(archive) != ARCHIVE_OK ||
	    la->archive_write_set_filter_option(archive, "zstd", "compression-level", LEVEL) !=
		    ARCHIVE_OK)
		return -EOPNOTSUPP;
	la->archive_write_set_bytes_per_block(archive, BLOCK_BYTES);
	la->archive_write_set_bytes_in_last_block(archive, 1);
	if (la->archive_write_open(archive, store, NULL, store_block, NULL) != ARCHIVE_OK)
		return -EIO;
	for (size_t i = 0; !err && i < snapshot->count; i++)
		err = store_entry(la, archive, entry, &snapshot->entries[i]);
	if (!err && la->archive_write_close(archive) != ARCHIVE_OK)
		err = -EIO;
	if (err)
		la->archive_write_fail(archive);	/* or freeing it would end it as if it were whole */
	return err;
}

int archive_store(const struct snapshot *snapshot, archive_write_fn write, void *arg)
{
	struct store store = { .write = write, .arg = arg };
	struct archive_entry *entry;
	struct archive *archive;
	int err = load_libarchive(&store.la);

	if (err)
		return err;
	archive = store.la.archive_write_new();
	entry = store.la.archive_entry_new();
	err = store_all(archive, entry, &store, snapshot);
	if (entry)
		store.la.archive_entry_free(entry);
	if (archive)
		store.la.archive_write_free(archive);
	return store.err ? store.err : err;
}
