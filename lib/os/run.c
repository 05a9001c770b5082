// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "os/below.h"
#include "os/run.h"
#include "os/snapshot.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text.h"

#define POLL_NS (5 * NS_PER_MS)

/* In memory: a text, or a lock while somebody has it. */
struct entry {
	struct entry *next;
	char *text;
	char name[RUN_NAME_LEN];
};

struct run {
	int root;			/* -1: in memory, or captured */
	const struct snapshot *snapshot;
	mode_t mode;
	char *path;
	pthread_mutex_t mutex;		/* the entries */
	struct entry *entries;
};

struct lock {
	struct os_file file;
	struct run *run;
	int fd;				/* -1: in memory */
	char name[RUN_NAME_LEN];
};

/* ---------------------------------------------------------------- in memory */

static struct entry **place_of(struct run *run, const char *name)
{
	struct entry **at = &run->entries;

	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	return at;
}

static struct entry *entry_new(const char *name, const char *text)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	text_copy(entry->name, sizeof(entry->name), name);
	entry->text = strdup(text);
	if (entry->text)
		return entry;
	free(entry);
	return NULL;
}

static void entry_free(struct entry *entry)
{
	free(entry->text);
	free(entry);
}

static void drop(struct entry **at)
{
	struct entry *entry = *at;

	*at = entry->next;
	entry_free(entry);
}

/* -EEXIST, unless it may replace what is there */
static int memory_put(struct run *run, const char *name, const char *text, bool replace)
{
	struct entry *entry = entry_new(name, text), **at;
	bool taken;

	if (!entry)
		return -ENOMEM;
	pthread_mutex_lock(&run->mutex);
	at = place_of(run, name);
	if (*at && replace)
		drop(at);
	taken = *place_of(run, name);
	if (!taken) {
		entry->next = run->entries;
		run->entries = entry;
	}
	pthread_mutex_unlock(&run->mutex);
	if (taken)
		entry_free(entry);
	return taken ? -EEXIST : 0;
}

static int memory_read(struct run *run, const char *name, char *buf, size_t size)
{
	struct entry *entry;
	int err = -ENOENT;

	pthread_mutex_lock(&run->mutex);
	entry = *place_of(run, name);
	if (entry)
		err = (size_t)snprintf(buf, size, "%s", entry->text) < size ? 0 : -EMSGSIZE;
	pthread_mutex_unlock(&run->mutex);
	return err;
}

static int memory_remove(struct run *run, const char *name)
{
	struct entry **at;

	pthread_mutex_lock(&run->mutex);
	at = place_of(run, name);
	if (*at)
		drop(at);
	pthread_mutex_unlock(&run->mutex);
	return 0;
}

static int memory_rename(struct run *run, const char *from, const char *to)
{
	struct entry *entry, **at;

	pthread_mutex_lock(&run->mutex);
	at = place_of(run, to);
	if (*at && strcmp(from, to))
		drop(at);
	entry = *place_of(run, from);
	if (entry)
		text_copy(entry->name, sizeof(entry->name), to);
	pthread_mutex_unlock(&run->mutex);
	return entry ? 0 : -ENOENT;
}

/* The names are copied, since each may write. */
static int memory_list(struct run *run, int (*each)(const char *name, void *arg), void *arg)
{
	char (*names)[RUN_NAME_LEN] = NULL;
	size_t count = 0, i = 0;
	int ret = 0;

	pthread_mutex_lock(&run->mutex);
	for (struct entry *entry = run->entries; entry; entry = entry->next)
		count++;
	names = calloc(count + 1, sizeof(*names));
	for (struct entry *entry = run->entries; names && entry; entry = entry->next)
		memcpy(names[i++], entry->name, sizeof(*names));
	pthread_mutex_unlock(&run->mutex);
	if (!names)
		return -ENOMEM;
	for (i = 0; !ret && i < count; i++)
		ret = each(names[i], arg);
	free(names);
	return ret;
}

/* -------------------------------------------------------------------- files */

static bool in_memory(const struct run *run)
{
	return run->root < 0 && !run->snapshot;
}

static bool is_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) < RUN_NAME_LEN;
}

/* Who may write there could make others' vGPUs his own. */
static int check_directory(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if ((st.st_uid && st.st_uid != geteuid()) || (st.st_mode & S_IWOTH))
		return -EPERM;
	return 0;
}

static int open_directory(struct run *run, bool write)
{
	__cleanup_fd int fd = -1;
	int err;

	if (run->snapshot || (write && !run->mode))
		return -EROFS;
	fd = open_below(run->root, run->path, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOENT && write) {
		if (mkdirat(run->root, run->path, run->mode) && errno != EEXIST)
			return -errno;
		fd = open_below(run->root, run->path, O_RDONLY | O_DIRECTORY, 0);
	}
	if (fd < 0)
		return fd;
	err = run->mode ? check_directory(fd) : 0;
	return err ? err : take_fd(fd);
}

static int open_file(struct run *run, const char *name, int flags)
{
	bool write = (flags & O_ACCMODE) != O_RDONLY;
	__cleanup_fd int directory = -1;
	int fd;

	directory = open_directory(run, write);
	if (directory < 0)
		return directory;
	fd = openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0644);
	return fd < 0 ? -errno : fd;
}

static int read_fd(int fd, char *buf, size_t size)
{
	ssize_t len = read_to_end(fd, buf, size);

	if (len < 0)
		return len;
	if ((size_t)len == size)
		return -EMSGSIZE;
	buf[len] = '\0';
	return 0;
}

static int write_fd(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOSPC;
}

static int captured_read(struct run *run, const char *name, char *buf, size_t size)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", run->path, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return snapshot_read(run->snapshot, path, buf, size, NULL);
}

struct captured_walk {
	int (*each)(const char *name, void *arg);
	void *arg;
};

static int captured_visit(const char *name, void *arg)
{
	const struct captured_walk *walk = arg;

	return is_name(name) ? walk->each(name, walk->arg) : 0;
}

static int captured_list(struct run *run, int (*each)(const char *name, void *arg), void *arg)
{
	struct captured_walk walk = { each, arg };
	int ret = snapshot_list(run->snapshot, run->path, captured_visit, &walk);

	return ret == -ENOENT ? 0 : ret;
}

int run_read(struct run *run, const char *name, char *buf, size_t size)
{
	__cleanup_fd int fd = -1;

	if (!is_name(name))
		return -EINVAL;
	if (run->snapshot)
		return captured_read(run, name, buf, size);
	if (in_memory(run))
		return memory_read(run, name, buf, size);
	fd = open_file(run, name, O_RDONLY);
	return fd < 0 ? fd : read_fd(fd, buf, size);
}

int run_write(struct run *run, const char *name, const char *text)
{
	__cleanup_fd int fd = -1;

	if (!is_name(name))
		return -EINVAL;
	if (in_memory(run))
		return memory_put(run, name, text, true);
	fd = open_file(run, name, O_WRONLY | O_CREAT | O_TRUNC);
	return fd < 0 ? fd : write_fd(fd, text);
}

int run_rename(struct run *run, const char *from, const char *to)
{
	__cleanup_fd int directory = -1;

	if (!is_name(from) || !is_name(to))
		return -EINVAL;
	if (in_memory(run))
		return memory_rename(run, from, to);
	directory = open_directory(run, true);
	if (directory < 0)
		return directory;
	return renameat(directory, from, directory, to) ? -errno : 0;
}

int run_remove(struct run *run, const char *name)
{
	__cleanup_fd int directory = -1;

	if (!is_name(name))
		return -EINVAL;
	if (in_memory(run))
		return memory_remove(run, name);
	directory = open_directory(run, false);
	if (directory < 0)
		return directory == -ENOENT ? 0 : directory;
	if (!run->mode)
		return -EROFS;
	return unlinkat(directory, name, 0) && errno != ENOENT ? -errno : 0;
}

int run_list(struct run *run, int (*each)(const char *name, void *arg), void *arg)
{
	struct dirent *entry;
	int fd, ret = 0;
	DIR *dir;

	if (run->snapshot)
		return captured_list(run, each, arg);
	if (in_memory(run))
		return memory_list(run, each, arg);
	fd = open_directory(run, false);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (!ret && (entry = readdir(dir)))
		if (is_name(entry->d_name))
			ret = each(entry->d_name, arg);
	closedir(dir);
	return ret;
}

/* -------------------------------------------------------------------- locks */

static void lock_close(struct os_file *file)
{
	struct lock *lock = (struct lock *)file;

	if (lock->fd < 0) {
		memory_remove(lock->run, lock->name);
	} else {
		/* also for a child that was forked meanwhile and has the descriptor still */
		flock(lock->fd, LOCK_UN);
		close(lock->fd);
	}
	free(lock);
}

static const struct os_file_ops lock_ops = {
	.close = lock_close,
};

static void say_who(char *buf, size_t size)
{
	snprintf(buf, size, "%d %s\n", getpid(), program_invocation_short_name);
}

/*
 * The file stays: whoever removed it would let two have the lock.  It says who has it,
 * for those who wait in vain.
 */
static int try_file(struct run *run, const char *name)
{
	__cleanup_fd int fd = open_file(run, name, O_RDWR | O_CREAT);
	char who[128];

	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
	say_who(who, sizeof(who));
	if (!ftruncate(fd, 0))
		write_fd(fd, who);
	return take_fd(fd);
}

static int try_memory(struct run *run, const char *name)
{
	char who[128];
	int err;

	say_who(who, sizeof(who));
	err = memory_put(run, name, who, false);
	return err == -EEXIST ? -EAGAIN : err;
}

/* The descriptor, -1 in memory is 0 too; -EBUSY */
static int wait_lock(struct run *run, const char *name, unsigned int timeout_ms)
{
	uint64_t deadline_ns = clock_deadline_ns(timeout_ms * NS_PER_MS);

	for (;;) {
		int ret = in_memory(run) ? try_memory(run, name) : try_file(run, name);

		if (ret != -EAGAIN)
			return ret;
		if (!clock_left_ns(deadline_ns))
			return -EBUSY;
		clock_pause_ns(POLL_NS);
	}
}

int run_lock(struct run *run, const char *name, unsigned int timeout_ms, struct os_file **ret)
{
	struct lock *lock;
	int got;

	if (!is_name(name))
		return -EINVAL;
	lock = calloc(1, sizeof(*lock));
	if (!lock)
		return -ENOMEM;
	got = wait_lock(run, name, timeout_ms);
	if (got < 0) {
		free(lock);
		return got;
	}
	lock->file.ops = &lock_ops;
	lock->run = run;
	lock->fd = in_memory(run) ? -1 : got;
	text_copy(lock->name, sizeof(lock->name), name);
	*ret = &lock->file;
	return 0;
}

int run_lock_holder(struct run *run, const char *name, char *buf, size_t size)
{
	int err = run_read(run, name, buf, size);

	if (err)
		return err;
	buf[strcspn(buf, "\n")] = '\0';
	text_sanitize(buf);
	return 0;
}

/* --------------------------------------------------------------------- life */

static int make(struct run **ret, const char *path)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return -ENOMEM;
	run->root = -1;
	run->path = strdup(path);
	if (!run->path) {
		free(run);
		return -ENOMEM;
	}
	pthread_mutex_init(&run->mutex, NULL);
	*ret = run;
	return 0;
}

int run_new(int root, const char *path, mode_t mode, struct run **ret)
{
	int err = make(ret, root < 0 ? "" : path);

	if (err)
		return err;
	(*ret)->root = root;
	(*ret)->mode = mode;
	return 0;
}

int run_new_captured(const struct snapshot *snapshot, const char *path, struct run **ret)
{
	int err = make(ret, path);

	if (!err)
		(*ret)->snapshot = snapshot;
	return err;
}

void run_free(struct run *run)
{
	if (!run)
		return;
	while (run->entries)
		drop(&run->entries);
	pthread_mutex_destroy(&run->mutex);
	free(run->path);
	free(run);
}
