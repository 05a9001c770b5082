// SPDX-License-Identifier: MIT
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "hosts.h"
#include "tree.h"

#define LINE_LEN 4096
#define PATH_LEN 512
#define BUS_DIR "devices/pci0000:00"

/* tests/data stands beside the directory of this file. */
static void data_path(char *buf, size_t size, const char *name)
{
	const char *end = strstr(__FILE__, "harness/tree.c");

	ck_assert_ptr_nonnull(end);
	snprintf(buf, size, "%.*sdata/%s.tree", (int)(end - __FILE__), __FILE__, name);
}

static void make_parents(char *path)
{
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		ck_assert_msg(!mkdir(path, 0755) || errno == EEXIST, "%s: %s", path,
			      strerror(errno));
		*p = '/';
	}
}

static void sys_path(const struct tree *tree, const char *path, char *buf)
{
	ck_assert_int_lt(snprintf(buf, PATH_LEN, "%s/sys/%s", tree->dir, path), PATH_LEN);
	make_parents(buf);
}

void tree_file(const struct tree *tree, const char *path, const void *data, unsigned long len)
{
	char below[PATH_LEN + 8];

	snprintf(below, sizeof(below), "sys/%s", path);
	tree_root_file(tree, below, data, len);
}

void tree_root_file(const struct tree *tree, const char *path, const void *data,
		    unsigned long len)
{
	char full[PATH_LEN];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", tree->dir, path);
	make_parents(full);
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_msg(fd >= 0, "%s: %s", full, strerror(errno));
	ck_assert_int_eq(write(fd, data, len), len);
	close(fd);
}

void tree_link(const struct tree *tree, const char *path, const char *target)
{
	char full[PATH_LEN];

	sys_path(tree, path, full);
	ck_assert_msg(!symlink(target, full), "%s: %s", full, strerror(errno));
}

/* "\n" becomes a newline; one more ends the value. */
static size_t unescape(char *value)
{
	char *to = value;

	for (const char *from = value; *from; from++) {
		if (from[0] == '\\' && from[1] == 'n') {
			*to++ = '\n';
			from++;
		} else {
			*to++ = *from;
		}
	}
	*to++ = '\n';
	return to - value;
}

static void add_file(const struct tree *tree, const char *path, char *value)
{
	tree_file(tree, path, value, unescape(value));
}

static void add_function(const struct tree *tree, const char *address)
{
	char path[PATH_LEN], target[PATH_LEN];

	snprintf(path, sizeof(path), BUS_DIR "/%s/", address);
	sys_path(tree, path, target);
	snprintf(path, sizeof(path), "bus/pci/devices/%s", address);
	snprintf(target, sizeof(target), "../../../" BUS_DIR "/%s", address);
	tree_link(tree, path, target);
}

static void add_link(const struct tree *tree, const char *path, const char *name, const char *to)
{
	char target[PATH_LEN];

	if (!strcmp(name, "driver"))
		snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", to);
	else
		snprintf(target, sizeof(target), "../%s", to);
	tree_link(tree, path, target);
}

/* "name value", "name -> target" or "name/", in the directory of a function */
static void add_entry(const struct tree *tree, const char *address, char *entry)
{
	char *value = strchr(entry, ' ');
	char path[PATH_LEN], full[PATH_LEN];

	if (value)
		*value++ = '\0';
	ck_assert_uint_lt(strlen(entry), 128);
	snprintf(path, sizeof(path), BUS_DIR "/%.31s/%.127s", address, entry);
	if (!value)
		sys_path(tree, path, full);
	else if (!strncmp(value, "-> ", 3))
		add_link(tree, path, entry, value + 3);
	else
		add_file(tree, path, value);
}

static void add_line(const struct tree *tree, char *address, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '\0' || line[0] == '#')
		return;
	if (line[0] == '\t') {
		add_entry(tree, address, line + 1);
	} else if (!strncmp(line, "pci ", 4)) {
		snprintf(address, 32, "%.31s", line + 4);
		add_function(tree, address);
	} else if (!strncmp(line, "file ", 5) && strchr(line + 5, ' ')) {
		char *value = strchr(line + 5, ' ');

		*value++ = '\0';
		add_file(tree, line + 5, value);
	} else {
		ck_abort_msg("not a line of a tree: %s", line);
	}
}

/* In memory where that can be: a host is ten thousand files. */
static const char *place_for_trees(void)
{
	const char *tmp = getenv("TMPDIR");

	if (tmp)
		return tmp;
	return access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
}

static void make_directory(struct tree *tree)
{
	snprintf(tree->dir, sizeof(tree->dir), "%.40s/tree-XXXXXX", place_for_trees());
	ck_assert_ptr_nonnull(mkdtemp(tree->dir));
	snprintf(tree->uri, sizeof(tree->uri), "tree:%s", tree->dir);
}

void tree_generate(struct tree *tree, const struct host_spec *spec)
{
	make_directory(tree);
	ck_assert_int_eq(host_make(tree->dir, spec), 0);
}

void tree_drop(const struct tree *tree, const char *path)
{
	char full[PATH_LEN];

	snprintf(full, PATH_LEN, "%s/sys/%s", tree->dir, path);
	ck_assert_msg(!remove(full), "%s: %s", full, strerror(errno));
}

void tree_make(struct tree *tree, const char *name)
{
	char line[LINE_LEN], path[PATH_LEN], address[32] = "";
	FILE *file;

	make_directory(tree);
	data_path(path, sizeof(path), name);
	file = fopen(path, "re");
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file))
		add_line(tree, address, line);
	fclose(file);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void tree_pack(struct tree *tree)
{
	char command[PATH_LEN];

	snprintf(tree->uri, sizeof(tree->uri), "tree:%s.tar", tree->dir);
	snprintf(command, sizeof(command), "tar -C %s -cf %s .", tree->dir, tree->uri + 5);
	ck_assert_int_eq(system(command), 0);
}

void tree_remove(struct tree *tree)
{
	if (strcmp(tree->uri + 5, tree->dir))
		ck_assert_int_eq(unlink(tree->uri + 5), 0);
	ck_assert_int_eq(nftw(tree->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}
