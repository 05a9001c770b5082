// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "os/below.h"
#include "os/snapshot.h"
#include "os/sysfs.h"
#include "util/cleanup.h"

#define MAX_LINKS 40	/* followed on one path, as in the kernel */

struct snapshot *snapshot_new(void)
{
	return calloc(1, sizeof(struct snapshot));
}

static void entry_free(struct snapshot_entry *entry)
{
	free(entry->path);
	free(entry->data);
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (size_t i = 0; i < snapshot->count; i++)
		entry_free(&snapshot->entries[i]);
	free(snapshot->entries);
	free(snapshot);
}

/* --------------------------------------------------------------------- fill */

/* "a/b": every component is a name. */
static bool is_plain(const char *path)
{
	const char *name = path;

	for (;;) {
		size_t len = strcspn(name, "/");

		if (!len || len > NAME_MAX || (len == 1 && name[0] == '.') ||
		    (len == 2 && name[0] == '.' && name[1] == '.'))
			return false;
		if (!name[len])
			return strlen(path) < PATH_MAX;
		name += len + 1;
	}
}

static int make_room(struct snapshot *snapshot)
{
	size_t room = snapshot->room ? snapshot->room * 2 : 256;
	struct snapshot_entry *entries;

	if (snapshot->count < snapshot->room)
		return 0;
	if (snapshot->count >= SNAPSHOT_MAX_ENTRIES)
		return -EFBIG;
	entries = realloc(snapshot->entries, room * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	snapshot->entries = entries;
	snapshot->room = room;
	return 0;
}

static int add(struct snapshot *snapshot, enum snapshot_kind kind, const char *path,
	       const void *data, size_t len)
{
	struct snapshot_entry entry = { .kind = kind, .len = len, .number = snapshot->count };
	uint64_t bytes = snapshot->bytes + strlen(path) + len;
	int err;

	if (!is_plain(path))
		return -EINVAL;
	if (len > SNAPSHOT_MAX_FILE || bytes > SNAPSHOT_MAX_BYTES)
		return -EFBIG;
	err = make_room(snapshot);
	if (err)
		return err;
	entry.path = strdup(path);
	entry.data = malloc(len + 1);
	if (!entry.path || !entry.data) {
		entry_free(&entry);
		return -ENOMEM;
	}
	if (len)
		memcpy(entry.data, data, len);
	entry.data[len] = '\0';
	snapshot->entries[snapshot->count++] = entry;
	snapshot->bytes = bytes;
	return 0;
}

int snapshot_add_directory(struct snapshot *snapshot, const char *path)
{
	return add(snapshot, SNAPSHOT_DIRECTORY, path, NULL, 0);
}

int snapshot_add_file(struct snapshot *snapshot, const char *path, const void *data, size_t len)
{
	return add(snapshot, SNAPSHOT_FILE, path, data, len);
}

int snapshot_add_link(struct snapshot *snapshot, const char *path, const char *target)
{
	size_t len = strnlen(target, PATH_MAX);

	return len && len < PATH_MAX ? add(snapshot, SNAPSHOT_LINK, path, target, len) : -EINVAL;
}

static int compare_entries(const void *a, const void *b)
{
	const struct snapshot_entry *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x->number > y->number) - (x->number < y->number);
}

static void sort(struct snapshot *snapshot)
{
	size_t kept = 0;

	if (!snapshot->count)
		return;
	qsort(snapshot->entries, snapshot->count, sizeof(snapshot->entries[0]), compare_entries);
	for (size_t i = 1; i < snapshot->count; i++) {
		if (strcmp(snapshot->entries[kept].path, snapshot->entries[i].path))
			snapshot->entries[++kept] = snapshot->entries[i];
		else
			entry_free(&snapshot->entries[i]);
	}
	snapshot->count = kept + 1;
}

/* The first entry whose path is not below @path in the order; count: all are. */
static size_t lower_bound(const struct snapshot *snapshot, const char *path)
{
	size_t low = 0, high = snapshot->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(snapshot->entries[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct snapshot_entry *find(const struct snapshot *snapshot, const char *path)
{
	size_t at = lower_bound(snapshot, path);

	return at < snapshot->count && !strcmp(snapshot->entries[at].path, path) ?
	       &snapshot->entries[at] : NULL;
}

/* Of the directories above an entry, those that no entry before it has added already. */
static int add_parents(struct snapshot *snapshot, size_t index)
{
	const char *before = index ? snapshot->entries[index - 1].path : "";
	char *path = strdup(snapshot->entries[index].path);
	int err = path ? 0 : -ENOMEM;

	for (char *p = err ? NULL : strchr(path, '/'); !err && p; p = strchr(p + 1, '/')) {
		size_t len = p - path;

		if (!strncmp(before, path, len) && before[len] == '/')
			continue;
		*p = '\0';
		err = snapshot_add_directory(snapshot, path);
		*p = '/';
	}
	free(path);
	return err;
}

int snapshot_seal(struct snapshot *snapshot)
{
	size_t count;

	sort(snapshot);
	count = snapshot->count;
	for (size_t i = 0; i < count; i++)
		/* numbers decide between equal paths: what was given comes first */
		snapshot->entries[i].number = i;
	for (size_t i = 0; i < count; i++) {
		int err = add_parents(snapshot, i);

		if (err)
			return err;
	}
	sort(snapshot);
	return 0;
}

/* --------------------------------------------------------------------- read */

/* A path being followed: what is resolved so far, and what is left to walk. */
struct walk {
	const struct snapshot *snapshot;
	char done[PATH_MAX];
	char rest[PATH_MAX];
	unsigned int links;
};

static void go_up(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	if (slash)
		*slash = '\0';
	else
		walk->done[0] = '\0';
}

static int append(char *path, const char *name, size_t len)
{
	size_t used = strlen(path);

	if (used + len + 2 > PATH_MAX)
		return -ENAMETOOLONG;
	if (used)
		path[used++] = '/';
	memcpy(path + used, name, len);
	path[used + len] = '\0';
	return 0;
}

/* The target stands where the link stood: it is walked next, then what was left. */
static int follow(struct walk *walk, const char *target, const char *left)
{
	char rest[PATH_MAX] = "";
	int err;

	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	if (*target == '/')
		walk->done[0] = '\0';
	else
		go_up(walk);
	err = append(rest, target, strlen(target));
	if (!err && *left)
		err = append(rest, left, strlen(left));
	if (!err)
		memcpy(walk->rest, rest, strlen(rest) + 1);
	return err;
}

/* One component of the rest; the last one, if a link, is followed when @last says so. */
static int step(struct walk *walk, bool last)
{
	const struct snapshot_entry *entry;
	size_t len = strcspn(walk->rest, "/");
	char left[PATH_MAX];
	int err = 0;

	memcpy(left, walk->rest + len, strlen(walk->rest + len) + 1);
	memmove(left, left + strspn(left, "/"), strlen(left + strspn(left, "/")) + 1);
	if (len == 2 && !memcmp(walk->rest, "..", 2)) {
		go_up(walk);
	} else if (len && !(len == 1 && walk->rest[0] == '.')) {
		err = append(walk->done, walk->rest, len);
		entry = err ? NULL : find(walk->snapshot, walk->done);
		if (!err && !entry)
			return -ENOENT;
		if (!err && entry->kind == SNAPSHOT_LINK && (*left || last))
			return follow(walk, (const char *)entry->data, left);
		if (!err && entry->kind == SNAPSHOT_FILE && *left)
			return -ENOTDIR;
	}
	memcpy(walk->rest, left, strlen(left) + 1);
	return err;
}

static int resolve(const struct snapshot *snapshot, const char *path, bool last,
		   const struct snapshot_entry **ret)
{
	struct walk walk = { .snapshot = snapshot };
	int err = 0;

	if (!path_is_safe(path))
		return -EINVAL;
	if (strlen(path) >= sizeof(walk.rest))
		return -ENAMETOOLONG;
	memcpy(walk.rest, path, strlen(path) + 1);
	while (!err && *walk.rest)
		err = step(&walk, last);
	if (err)
		return err;
	*ret = find(snapshot, walk.done);
	return *ret ? 0 : -ENOENT;
}

int snapshot_read(const struct snapshot *snapshot, const char *path, char *buf, size_t size,
		  size_t *ret_len)
{
	const struct snapshot_entry *entry;
	int err = resolve(snapshot, path, true, &entry);

	if (err)
		return err;
	if (entry->kind == SNAPSHOT_DIRECTORY)
		return -EISDIR;
	if (entry->len >= size)
		return -EMSGSIZE;
	memcpy(buf, entry->data, entry->len + 1);
	if (ret_len)
		*ret_len = entry->len;
	return 0;
}

static int read_target(const struct snapshot *snapshot, const char *path, char target[PATH_MAX])
{
	const struct snapshot_entry *entry;
	int err = resolve(snapshot, path, false, &entry);

	if (err)
		return err;
	if (entry->kind != SNAPSHOT_LINK)
		return -EINVAL;
	memcpy(target, entry->data, entry->len + 1);
	return 0;
}

int snapshot_link(const struct snapshot *snapshot, const char *path, char *buf, size_t size)
{
	char target[PATH_MAX];
	int err = read_target(snapshot, path, target);

	return err ? err : target_name(target, buf, size);
}

int snapshot_link_parent(const struct snapshot *snapshot, const char *path, char *buf, size_t size)
{
	char target[PATH_MAX];
	int err = read_target(snapshot, path, target);

	return err ? err : target_parent(target, buf, size);
}

int snapshot_list(const struct snapshot *snapshot, const char *path,
		  int (*each)(const char *name, void *arg), void *arg)
{
	const struct snapshot_entry *entry;
	__cleanup_free char *prefix = NULL;
	size_t len;
	int ret = resolve(snapshot, path, true, &entry);

	if (ret)
		return ret;
	if (entry->kind != SNAPSHOT_DIRECTORY)
		return -ENOTDIR;
	len = strlen(entry->path) + 1;
	prefix = malloc(len + 1);
	if (!prefix)
		return -ENOMEM;
	memcpy(prefix, entry->path, len - 1);
	memcpy(prefix + len - 1, "/", 2);
	for (size_t i = lower_bound(snapshot, prefix); !ret && i < snapshot->count; i++) {
		const char *name = snapshot->entries[i].path;

		if (strncmp(name, prefix, len))
			break;
		if (!strchr(name + len, '/'))
			ret = each(name + len, arg);
	}
	return ret;
}

const struct snapshot_entry *snapshot_file(const struct snapshot *snapshot, const char *path)
{
	const struct snapshot_entry *entry;

	return !resolve(snapshot, path, true, &entry) && entry->kind == SNAPSHOT_FILE ? entry : NULL;
}
