// SPDX-License-Identifier: MIT
/*
 * What is on the disk, so that this program may be killed at any time.
 *
 *   DIR/.instance    who owns the vGPUs of these guests: "vmm-" and a random number
 *   DIR/NAME/        a guest; who changes it has the directory locked with flock()
 *     .guest         comes first and goes last: a directory without it, unless empty, is not ours
 *     guest.json     its description: written before its vGPU is made, which has the uuid in it
 *     alive          locked with fcntl() by the guest's QEMU, so that the kernel names its process
 *     qmp events     sockets of its monitors
 *     console log    what the guest says on its serial port, and QEMU on standard error
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "vmm.h"

#define INSTANCE ".instance"
#define MARK ".guest"
#define OWNER_PREFIX "vmm-"
/* 'vmm list' has a guest locked for a moment */
#define BUSY_SECONDS 10
#define BUSY_PAUSE_NS 50000000

/* NULL: errno says why not */
static DIR *open_entries(int directory)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);

	if (!entries && fd >= 0)
		close(fd);
	return entries;
}

/* 1: nothing is in it but what begins with @prefix, 0: something is, or a negative errno */
static int has_only(int directory, const char *prefix)
{
	DIR *entries = open_entries(directory);
	struct dirent *entry;
	int result = 1;

	if (!entries)
		return -errno;
	errno = 0;
	while (result && (entry = readdir(entries)))
		result = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
			 !strncmp(entry->d_name, prefix, strlen(prefix));
	if (result && errno)
		result = -errno;
	closedir(entries);
	return result;
}

/* ---------------------------------------------------------------------- instances */

static int write_instance(const struct state *state)
{
	char uuid[37], temporary[48], owner[OWNER_BYTES];
	int fd, length, err = 0;

	random_uuid(uuid);
	snprintf(temporary, sizeof(temporary), INSTANCE "-%s", uuid);
	length = snprintf(owner, sizeof(owner), OWNER_PREFIX "%.8s%.4s\n", uuid, uuid + 9);
	fd = openat(state->fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, owner, (size_t)length) != length)
		err = -EIO;
	close(fd);
	/* who links first is it */
	if (!err && linkat(state->fd, temporary, state->fd, INSTANCE, 0) && errno != EEXIST)
		err = -errno;
	unlinkat(state->fd, temporary, 0);
	return err;
}

static int read_instance(struct state *state)
{
	int fd = openat(state->fd, INSTANCE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, state->owner, sizeof(state->owner) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	state->owner[n] = '\0';
	state->owner[strcspn(state->owner, "\n")] = '\0';
	return strncmp(state->owner, OWNER_PREFIX, strlen(OWNER_PREFIX)) ? -EBADMSG : 0;
}

/* Whoever may write here says what runs as this user. */
static int check_directory(const struct state *state)
{
	struct stat st;

	if (fstat(state->fd, &st))
		return fail_errno(state->path, "look at it");
	if (st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return fail(EPERM, NVVGPU_REASON_PERMISSION, state->path,
		    "name a directory that only this user may write to",
		    "the state directory can be written to by others");
}

/*
 * What is there already is somebody's, and no guests.  Another vmm may make the same directory an
 * instance meanwhile: that comes before all else it puts there.
 */
static int become_instance(struct state *state)
{
	int empty = has_only(state->fd, INSTANCE), err;

	err = empty > 0 ? write_instance(state) : empty < 0 ? empty : 0;
	if (!err)
		err = read_instance(state);
	if (err != -ENOENT)
		return err;
	return fail(ENOTEMPTY, NVVGPU_REASON_EXISTS, state->path,
		    "name an empty directory, or one that does not exist yet",
		    "it has files in it, and vmm did not make it");
}

static int find_instance(struct state *state)
{
	int err = read_instance(state);

	if (err == -ENOENT)
		err = become_instance(state);
	if (err >= 0)
		return err;
	errno = -err;
	return fail_errno(state->path, "read or write " INSTANCE);
}

int state_open(struct state *state, const char *path)
{
	int code;

	state->path = path;
	if (mkdir(path, 0700) && errno != EEXIST)
		return fail_errno(path, "make the state directory");
	state->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (state->fd < 0)
		return fail_errno(path, "open the state directory, which may not be a link");
	code = check_directory(state);
	if (!code)
		code = find_instance(state);
	if (code)
		close(state->fd);
	return code;
}

void state_close(struct state *state)
{
	close(state->fd);
}

/* -------------------------------------------------------------------------- names */

static bool is_name(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			       "0123456789._-");

	return length && length < NAME_BYTES && !name[length] && *name != '.' && *name != '-';
}

static int check_name(const char *name)
{
	if (is_name(name))
		return 0;
	return fail(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, name,
		    "up to 32 letters, digits, '.', '_' and '-', a letter or digit first",
		    "this is no name of a guest");
}

static int compare(const void *a, const void *b)
{
	return strcmp(json_object_get_string(*(struct json_object *const *)a),
		      json_object_get_string(*(struct json_object *const *)b));
}

/* What cannot be looked at is not left out: whoever opens it learns why. */
static bool is_directory(const struct state *state, const char *name)
{
	struct stat st;

	return fstatat(state->fd, name, &st, AT_SYMLINK_NOFOLLOW) || S_ISDIR(st.st_mode);
}

/* A list that is cut short would make vGPUs of guests look like nobody's. */
static int add_names(const struct state *state, DIR *entries, struct json_object *names)
{
	struct dirent *entry;

	while ((errno = 0, entry = readdir(entries)))
		if (is_name(entry->d_name) && is_directory(state, entry->d_name))
			json_object_array_add(names, json_object_new_string(entry->d_name));
	return errno ? fail_errno(state->path, "list the guests") : 0;
}

int state_names(const struct state *state, struct json_object **ret)
{
	struct json_object *names;
	DIR *entries = open_entries(state->fd);
	int code;

	if (!entries)
		return fail_errno(state->path, "list the guests");
	names = json_object_new_array();
	code = add_names(state, entries, names);
	closedir(entries);
	if (code) {
		json_object_put(names);
		return code;
	}
	json_object_array_sort(names, compare);
	*ret = names;
	return 0;
}

const char *name_at(struct json_object *names, size_t index)
{
	return json_object_get_string(json_object_array_get_idx(names, index));
}

/* ------------------------------------------------------------------- descriptions */

/* -ENOENT: not written yet */
static int read_config(int directory, struct json_object **ret)
{
	char *text = malloc(CONFIG_MAX_BYTES + 1);
	struct json_object *config;
	ssize_t n;
	int fd, err = 0;

	if (!text)
		fail_memory();
	fd = openat(directory, "guest.json", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		err = -errno;
		free(text);
		return err;
	}
	n = read(fd, text, CONFIG_MAX_BYTES + 1);
	close(fd);
	config = n > 0 && n <= CONFIG_MAX_BYTES ? config_parse(text, (size_t)n) : NULL;
	free(text);
	if (!config)
		return -EBADMSG;
	*ret = config;
	return 0;
}

/* The new name comes last: who reads meanwhile has the old text or the new one, never a part. */
int guest_write(struct guest *guest)
{
	const char *text = json_object_to_json_string_ext(guest->config, JSON_FORM);
	size_t length = strlen(text);
	bool written;
	int fd;

	if (length > CONFIG_MAX_BYTES)
		return fail(E2BIG, NVVGPU_REASON_INVALID_ARGUMENT, guest->name,
			    "give fewer or shorter arguments",
			    "its description would have more than %d bytes", CONFIG_MAX_BYTES);
	fd = openat(guest->fd, "guest.json.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(guest->name, "write its description");
	written = write(fd, text, length) == (ssize_t)length;
	close(fd);
	if (!written || renameat(guest->fd, "guest.json.new", guest->fd, "guest.json"))
		return fail_errno(guest->name, "write its description");
	return 0;
}

/* ------------------------------------------------------------------------- guests */

static int is_busy(const char *name)
{
	return fail(EBUSY, NVVGPU_REASON_BUSY, name, "try again when it is done",
		    "another vmm works on this guest");
}

static int is_absent(const struct state *state, const char *name)
{
	return fail(ENOENT, NVVGPU_REASON_NOT_FOUND, name, "'vmm list' shows all",
		    "there is no guest of that name in %s", state->path);
}

/* A directory that was removed before the lock was had is none any more. */
static int lock(const struct state *state, struct guest *guest, bool wait)
{
	int64_t end = wait ? earlier(state->deadline_ns, BUSY_SECONDS) : 0;
	struct stat st;

	while (flock(guest->fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			return fail_errno(guest->name, "lock it");
		if (now_ns() >= end)
			return GUEST_BUSY;
		nanosleep(&(struct timespec){ .tv_nsec = BUSY_PAUSE_NS }, NULL);
	}
	return fstat(guest->fd, &st) || !st.st_nlink ? GUEST_GONE : 0;
}

/* Did vmm make it?  Killed as a guest comes or goes, it leaves an empty one. */
static bool is_marked(int directory)
{
	return !faccessat(directory, MARK, F_OK, AT_SYMLINK_NOFOLLOW) ||
	       has_only(directory, MARK) > 0;
}

static int open_directory(const struct state *state, const char *name, struct guest *guest)
{
	*guest = (struct guest){ .state = state };
	snprintf(guest->name, sizeof(guest->name), "%s", name);
	guest->fd = openat(state->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (guest->fd < 0)
		return errno == ENOENT ? GUEST_GONE : fail_errno(name, "open its directory");
	if (!is_marked(guest->fd)) {
		close(guest->fd);
		return GUEST_GONE;
	}
	return 0;
}

/* What cannot be read may claim anything. */
static int may_claim(const struct state *state, const char *name, const char *vgpu_uuid, bool *ret)
{
	struct guest guest;
	int err = open_directory(state, name, &guest);

	*ret = err && err != GUEST_GONE;
	if (err)
		return err == GUEST_GONE ? 0 : err;
	err = read_config(guest.fd, &guest.config);
	*ret = err ? err != -ENOENT :
		     !strcmp(json_text(config_vgpu(guest.config), KEY_UUID), vgpu_uuid);
	guest_close(&guest);
	return 0;
}

int state_claims(const struct state *state, const char *vgpu_uuid, bool *ret)
{
	struct json_object *names;
	const char *name;
	int code = state_names(state, &names);

	*ret = code;
	if (code)
		return code;
	for (size_t i = 0; !*ret && (name = name_at(names, i)); i++)
		code = may_claim(state, name, vgpu_uuid, ret);
	json_object_put(names);
	return code;
}

static int load(struct guest *guest)
{
	int err = read_config(guest->fd, &guest->config);

	if (!err || err == -ENOENT)
		return 0;
	return fail(-err, NVVGPU_REASON_STATE_DAMAGED, guest->name, "look at its guest.json",
		    "its description cannot be read: %s", strerror(-err));
}

static int open_locked(const struct state *state, const char *name, bool wait, struct guest *guest)
{
	int code = open_directory(state, name, guest);

	if (code)
		return code;
	code = lock(state, guest, wait);
	if (!code)
		code = load(guest);
	if (code)
		guest_close(guest);
	return code;
}

static int say(const struct state *state, const char *name, int code)
{
	return code == GUEST_BUSY ? is_busy(name) :
	       code == GUEST_GONE ? is_absent(state, name) : code;
}

static int write_mark(struct guest *guest)
{
	int fd = openat(guest->fd, MARK, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail_errno(guest->name, "write " MARK);
	close(fd);
	return 0;
}

/* Who cleans up may take a new directory for a leftover until it is locked: once more, then. */
static int make_locked(const struct state *state, const char *name, struct guest *guest)
{
	int code;

	do {
		if (mkdirat(state->fd, name, 0700))
			return errno != EEXIST ? fail_errno(name, "make its directory") :
			       fail(EEXIST, NVVGPU_REASON_EXISTS, name,
				    "stop it, or choose another name; "
				    "'vmm cleanup' removes what has ended",
				    "a guest of that name exists");
		code = open_locked(state, name, true, guest);
	} while (code == GUEST_GONE);
	return say(state, name, code);
}

int guest_create(const struct state *state, const char *name, struct guest *ret)
{
	int code = check_name(name);

	if (!code)
		code = make_locked(state, name, ret);
	if (code)
		return code;
	code = write_mark(ret);
	if (code)
		guest_close(ret);
	return code;
}

int guest_open(const struct state *state, const char *name, bool quiet, struct guest *ret)
{
	int code = check_name(name);

	if (!code)
		code = open_locked(state, name, !quiet, ret);
	return quiet ? code : say(state, name, code);
}

int guest_peek(const struct state *state, const char *name, struct guest *ret)
{
	int code = open_directory(state, name, ret);

	if (code)
		return code;
	code = load(ret);
	if (code)
		guest_close(ret);
	return code;
}

void guest_close(struct guest *guest)
{
	json_object_put(guest->config);
	guest->config = NULL;
	close(guest->fd);
}

/* The description goes last but for the mark: until then the guest claims its vGPU. */
int guest_remove(struct guest *guest)
{
	static const char *const files[] = { "qmp", "events", "console", "log", "alive",
					     "guest.json.new", "guest.json" };
	int empty;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (unlinkat(guest->fd, files[i], 0) && errno != ENOENT)
			return fail_errno(guest->name, "remove its files");
	/* what somebody else has put there stays, and so does the guest, to be seen */
	empty = has_only(guest->fd, MARK);
	if (empty <= 0) {
		errno = empty ? -empty : ENOTEMPTY;
		return fail_errno(guest->name, "remove its directory");
	}
	if (unlinkat(guest->fd, MARK, 0) && errno != ENOENT)
		return fail_errno(guest->name, "remove its files");
	if (unlinkat(guest->state->fd, guest->name, AT_REMOVEDIR) && errno != ENOENT)
		return fail_errno(guest->name, "remove its directory");
	return 0;
}
