// SPDX-License-Identifier: MIT
/*
 * The state of a guest, its vGPU's among it, leaves one QEMU and enters another: through a file,
 * or straight through a socket.  QEMU gets open descriptors and never a path, so it may be shut in.
 *
 * A saved guest is two lines of text, "nvvgpu-vmm 1" and its description, zeros up to 64 KiB, and
 * QEMU's stream.  The two lines are written last: a file that was not finished is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "vmm.h"

#define MAGIC "nvvgpu-vmm 1\n"
#define HEADER_BYTES 65536
#define KEY_STATE_BYTES "state_bytes"
#define QEMU_MAJOR 9		/* the first that takes a file of ours behind an offset */
#define PAUSE_NS 50000000
#define UNDO_SECONDS 30
#define WORDS_SECONDS 2		/* until a QEMU that refused a state has ended */
#define MAX_DOWNTIME_SECONDS 2000.0	/* QEMU's own limit */
#define BYTES_PER_SECOND (1LL << 36)	/* QEMU's default is 128 MiB/s */

/* -------------------------------------------------------------- QEMU's migration */

static struct json_object *pair(const char *key, const char *value)
{
	struct json_object *object = json_object_new_object();

	config_set(object, key, value);
	return object;
}

static int set_parameters(struct qmp *qmp, double downtime_seconds, int64_t deadline_ns)
{
	struct json_object *p = json_object_new_object();

	json_object_object_add(p, "max-bandwidth", json_object_new_int64(BYTES_PER_SECOND));
	json_object_object_add(p, "downtime-limit",
			       json_object_new_int64((int64_t)(downtime_seconds * 1000)));
	return qmp_call(qmp, "migrate-set-parameters", p, -1, deadline_ns, NULL);
}

/*
 * Through a socket the destination tells whether it took everything, and until then the source can
 * go on; a file has nothing to tell.
 */
static int set_return_path(struct qmp *qmp, bool state, int64_t deadline_ns)
{
	struct json_object *list = json_object_new_array(), *arguments = json_object_new_object();
	struct json_object *capability = pair("capability", "return-path");

	json_object_object_add(capability, "state", json_object_new_boolean(state));
	json_object_array_add(list, capability);
	json_object_object_add(arguments, "capabilities", list);
	return qmp_call(qmp, "migrate-set-capabilities", arguments, -1, deadline_ns, NULL);
}

/* 1: done, 0: not yet, or a negative errno with the words in qmp->error */
static int look(struct qmp *qmp, int64_t deadline_ns)
{
	struct json_object *answer;
	const char *status, *words;
	int result;

	result = qmp_call(qmp, "query-migrate", NULL, -1, deadline_ns, &answer);
	if (result)
		return result;
	status = json_text(answer, "status");
	words = json_text(answer, "error-desc");
	if (!strcmp(status, "completed")) {
		result = 1;
	} else if (!*status || !strcmp(status, "failed") || !strcmp(status, "cancelled")) {
		snprintf(qmp->error, sizeof(qmp->error), "%s",
			 *words ? words : *status ? status : "there is no migration");
		result = -EREMOTEIO;
	}
	json_object_put(answer);
	return result;
}

static int wait_done(struct qmp *qmp, int64_t deadline_ns)
{
	int result;

	while (!(result = look(qmp, deadline_ns))) {
		if (now_ns() > deadline_ns) {
			snprintf(qmp->error, sizeof(qmp->error), "it took too long");
			return -ETIMEDOUT;
		}
		nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
	}
	return result > 0 ? 0 : result;
}

/*
 * @command: "migrate" or "migrate-incoming".  The set has a number that no earlier one had: QEMU
 * keeps descriptors of a set for a while, and takes the first that fits.
 */
static int move_by_file(struct qmp *qmp, const char *command, int fd, int64_t deadline_ns)
{
	struct json_object *arguments = json_object_new_object();
	int set = (int)(now_ns() / 1000 % INT32_MAX), err;
	char uri[64];

	snprintf(uri, sizeof(uri), "file:/dev/fdset/%d,offset=%d", set, HEADER_BYTES);
	json_object_object_add(arguments, "fdset-id", json_object_new_int(set));
	err = qmp_call(qmp, "add-fd", arguments, fd, deadline_ns, NULL);
	if (!err)
		err = qmp_call(qmp, command, pair("uri", uri), -1, deadline_ns, NULL);
	return err ?: wait_done(qmp, deadline_ns);
}

/*
 * With a time of its own.  A guest that ran goes on by itself where it was.  0: it was done before
 * it could be cancelled; -EREMOTEIO: it is cancelled; else nobody knows.  qmp->error stays: what
 * made this needed is what is told.
 */
static int undo(struct qmp *qmp)
{
	int64_t end = now_ns() + UNDO_SECONDS * NS_PER_SECOND;
	char words[sizeof(qmp->error)];
	int err;

	memcpy(words, qmp->error, sizeof(words));
	qmp_call(qmp, "migrate_cancel", NULL, -1, end, NULL);
	err = wait_done(qmp, end);
	memcpy(qmp->error, words, sizeof(words));
	return err;
}

/* Does the guest stand still because somebody wants that? */
static int is_paused(struct qmp *qmp, int64_t deadline_ns, bool *ret)
{
	char status[32];
	int err = guest_status(qmp, deadline_ns, status);

	if (!err)
		*ret = !strcmp(status, "paused") || !strcmp(status, "prelaunch");
	return err;
}

/* What a first vmm, killed at it, has written of this is right: now it stands for its sake. */
static int was_paused(const struct guest *guest, struct qmp *qmp, bool *ret)
{
	*ret = config_is_paused(guest->config);
	if (*json_text(guest->config, KEY_SAVING))
		return 0;
	return is_paused(qmp, guest->state->deadline_ns, ret);
}

static int forget_saving(struct guest *guest, bool paused)
{
	const char *part = json_text(guest->config, KEY_SAVING);

	if (*part)
		unlink(part);
	json_object_object_del(guest->config, KEY_SAVING);
	config_set_paused(guest->config, paused);
	return guest_write(guest);
}

/*
 * Where it was, but standing.  QEMU calls it "postmigrate" after it gave the state away, and only
 * running ends that: so it is noted that it is no leftover.
 */
static int stand_still(struct guest *guest, struct qmp *qmp)
{
	int64_t end = now_ns() + UNDO_SECONDS * NS_PER_SECOND;
	char status[32];
	int err = guest_status(qmp, end, status);

	if (err)
		return guest_fail(guest, qmp, err, "say how it is");
	return forget_saving(guest, !strcmp(status, "postmigrate"));
}

static int go_back(struct guest *guest, struct qmp *qmp, bool paused)
{
	return paused ? stand_still(guest, qmp) : move_go_on(guest, qmp);
}

/* --------------------------------------------------------------------- into a file */

static int check_version(struct guest *guest, const struct qmp *qmp)
{
	if (qmp->major >= QEMU_MAJOR)
		return 0;
	return fail(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, guest->name,
		    "start it with a newer one: --qemu",
		    "its QEMU is version %d, and %d is the first that saves to an open file",
		    qmp->major, QEMU_MAJOR);
}

/* The guest stands still from here on, so what is to be saved is known exactly. */
static int save(struct qmp *qmp, int fd, int64_t deadline_ns)
{
	int err;

	err = set_return_path(qmp, false, deadline_ns);
	if (!err)
		err = set_parameters(qmp, MAX_DOWNTIME_SECONDS, deadline_ns);
	if (!err)
		err = qmp_call(qmp, "stop", NULL, -1, deadline_ns, NULL);
	return err ?: move_by_file(qmp, "migrate", fd, deadline_ns);
}

static int write_header(struct guest *guest, int fd, const char *path)
{
	struct json_object *config = config_copy(guest->config);
	struct stat st;
	char *text;
	int length, code = 0;

	json_object_object_del(config, KEY_SAVING);
	if (fstat(fd, &st) || st.st_size <= HEADER_BYTES) {
		json_object_put(config);
		errno = EIO;
		return fail_errno(path, "find the state in it");
	}
	json_object_object_add(config, KEY_STATE_BYTES,
			       json_object_new_int64(st.st_size - HEADER_BYTES));
	length = asprintf(&text, MAGIC "%s\n", json_object_to_json_string_ext(config, JSON_FORM));
	json_object_put(config);
	if (length < 0)
		fail_memory();
	if (pwrite(fd, text, (size_t)length, 0) != length || fsync(fd))
		code = fail_errno(path, "write it to the disk");
	free(text);
	return code;
}

/* A new name has to survive a power failure; where a directory cannot be synced, so be it. */
static void sync_directory(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

/* EINVAL: a file system that cannot do it at once, NFS for one */
static int rename_new(const char *partial, const char *path)
{
	if (!renameat2(AT_FDCWD, partial, AT_FDCWD, path, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL || link(partial, path))
		return -1;
	unlink(partial);
	return 0;
}

static int give_name(const char *partial, const char *path, bool replace)
{
	if (replace ? rename(partial, path) : rename_new(partial, path))
		return fail_errno(path, "give the file its name");
	sync_directory(path);
	return 0;
}

/* From here on a killed vmm leaves a guest that is known to be saved or not. */
static int note_saving(struct guest *guest, const char *partial, bool paused)
{
	char *whole = realpath(partial, NULL);
	int code;

	config_set(guest->config, KEY_SAVING, whole);
	config_set_paused(guest->config, paused);
	code = whole ? guest_write(guest) : fail_errno(partial, "find it");
	free(whole);
	return code;
}

static int save_to(struct guest *guest, struct qmp *qmp, int fd, const char *path)
{
	int err = save(qmp, fd, guest->state->deadline_ns);

	return err ? guest_fail(guest, qmp, err, "save its state") : write_header(guest, fd, path);
}

static int save_as(struct guest *guest, struct qmp *qmp, const char *partial, const char *path,
		   bool replace)
{
	bool paused;
	int err = was_paused(guest, qmp, &paused), fd, code;

	if (err)
		return guest_fail(guest, qmp, err, "say how it is");
	fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(path, "create it");
	code = note_saving(guest, partial, paused);
	if (!code)
		code = save_to(guest, qmp, fd, path);
	close(fd);
	if (!code)
		code = give_name(partial, path, replace);
	if (code) {
		undo(qmp);
		go_back(guest, qmp, paused);
	}
	return code;
}

int move_go_on(struct guest *guest, struct qmp *qmp)
{
	int64_t end = now_ns() + UNDO_SECONDS * NS_PER_SECOND;
	int err = qmp_call(qmp, "cont", NULL, -1, end, NULL);

	if (err)
		return guest_fail(guest, qmp, err, "let it run");
	if (!*json_text(guest->config, KEY_SAVING) && !config_is_paused(guest->config))
		return 0;
	return forget_saving(guest, false);
}

int move_suspend(struct guest *guest, struct qmp *qmp, const char *path, bool replace)
{
	char uuid[37], *partial;
	int code = check_version(guest, qmp);

	if (code)
		return code;
	if (!replace && !access(path, F_OK))
		return fail(EEXIST, NVVGPU_REASON_EXISTS, path,
			    "give another name, or --force to replace it",
			    "a file of that name exists");
	random_uuid(uuid);
	if (asprintf(&partial, "%s.part-%.8s", path, uuid) < 0)
		fail_memory();
	code = save_as(guest, qmp, partial, path, replace);
	free(partial);
	return code;
}

/* --------------------------------------------------------------------- out of a file */

/* It says which programs run with which arguments, so it must be this user's own. */
static int check_file(const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return fail(ESPIPE, NVVGPU_REASON_STREAM_FOREIGN, path, "name a file",
			    "this is no regular file");
	if (st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return fail(EPERM, NVVGPU_REASON_PERMISSION, path,
		    "look at it first, then make a copy that is yours alone",
		    "it belongs to, or can be written by, another user");
}

static int take_header(const char *path, const char *text, off_t size, struct json_object **ret)
{
	const char *line = text + strlen(MAGIC), *end;
	struct json_object *config, *bytes;

	if (strncmp(text, MAGIC, strlen(MAGIC)))
		return fail(EBADMSG, NVVGPU_REASON_STREAM_FOREIGN, path, "",
			    "this is no suspended guest");
	end = strchr(line, '\n');
	config = end ? config_parse(line, (size_t)(end - line)) : NULL;
	if (!config)
		return fail(EBADMSG, NVVGPU_REASON_STREAM_DAMAGED, path, "",
			    "the description of the guest is damaged");
	if (!json_object_object_get_ex(config, KEY_STATE_BYTES, &bytes) ||
	    json_object_get_int64(bytes) != size - HEADER_BYTES) {
		json_object_put(config);
		return fail(EBADMSG, NVVGPU_REASON_STREAM_TRUNCATED, path, "",
			    "the file is not as long as it was when the guest was suspended");
	}
	json_object_object_del(config, KEY_STATE_BYTES);
	*ret = config;
	return 0;
}

int move_read_header(const char *path, struct json_object **ret, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), code;
	char *text = calloc(1, HEADER_BYTES + 1);
	struct stat st;

	if (!text)
		fail_memory();
	if (fd < 0 || fstat(fd, &st)) {
		code = fail_errno(path, "open it");
	} else {
		code = check_file(path, &st);
		if (!code && pread(fd, text, HEADER_BYTES, 0) < 0)
			code = fail_errno(path, "read it");
		if (!code)
			code = take_header(path, text, st.st_size, ret);
	}
	free(text);
	if (!code)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return code;
}

int move_resume(struct guest *guest, struct qmp *qmp, int fd, bool paused)
{
	int64_t deadline_ns = guest->state->deadline_ns;
	int err, code = check_version(guest, qmp);

	if (code)
		return code;
	err = move_by_file(qmp, "migrate-incoming", fd, deadline_ns);
	if (!err && !paused)
		err = qmp_call(qmp, "cont", NULL, -1, deadline_ns, NULL);
	return err ? guest_fail(guest, qmp, err, "load the state") : 0;
}

/* ------------------------------------------------------------- from QEMU to QEMU */

static int pass_socket(struct qmp *qmp, int fd, int64_t deadline_ns)
{
	return qmp_call(qmp, "getfd", pair("fdname", "migration"), fd, deadline_ns, NULL);
}

static int receive(struct qmp *qmp, int fd, int64_t deadline_ns)
{
	int err;

	err = set_return_path(qmp, true, deadline_ns);
	if (!err)
		err = pass_socket(qmp, fd, deadline_ns);
	return err ?: qmp_call(qmp, "migrate-incoming", pair("uri", "fd:migration"), -1,
			       deadline_ns, NULL);
}

static int send_state(struct qmp *qmp, int fd, double downtime_seconds, int64_t deadline_ns)
{
	int err;

	err = set_return_path(qmp, true, deadline_ns);
	if (!err)
		err = set_parameters(qmp, downtime_seconds, deadline_ns);
	if (!err)
		err = pass_socket(qmp, fd, deadline_ns);
	if (!err)
		err = qmp_call(qmp, "migrate", pair("uri", "fd:migration"), -1, deadline_ns, NULL);
	return err;
}

static int connect_both(struct guest *from, struct qmp *from_qmp, struct guest *to,
			struct qmp *to_qmp, double downtime_seconds)
{
	int64_t deadline_ns = from->state->deadline_ns;
	int ends[2], err, code;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return fail_errno(from->name, "make a pair of sockets");
	err = receive(to_qmp, ends[1], deadline_ns);
	code = err ? guest_fail(to, to_qmp, err, "receive") : 0;
	if (!code) {
		err = send_state(from_qmp, ends[0], downtime_seconds, deadline_ns);
		code = err ? guest_fail(from, from_qmp, err, "send its state") : 0;
	}
	close(ends[0]);
	close(ends[1]);
	return code;
}

/*
 * 0: the destination has the guest.  A source that was done before it could be cancelled is done;
 * where it cannot tell, the destination can: one that got everything is the guest.
 */
static int wait_moved(struct qmp *from_qmp, struct qmp *to_qmp, int64_t deadline_ns)
{
	int err = wait_done(from_qmp, deadline_ns), undone;

	if (!err)
		return 0;
	undone = undo(from_qmp);
	if (undone && undone != -EREMOTEIO)
		undone = wait_done(to_qmp, now_ns() + UNDO_SECONDS * NS_PER_SECOND);
	return undone ? err : 0;
}

/* The source may see no more than the end of its socket; a destination that ended has said why. */
static int not_moved(struct guest *from, struct qmp *from_qmp, struct guest *to,
		     struct qmp *to_qmp, int err)
{
	int64_t end = now_ns() + WORDS_SECONDS * NS_PER_SECOND;

	if (err == -EREMOTEIO && wait_done(to_qmp, end) == -ECONNRESET)
		guest_fail(to, to_qmp, -ECONNRESET, "take it in");
	return guest_fail(from, from_qmp, err, "migrate it");
}

/*
 * Once both have their end of it they need nobody: killed here, vmm leaves a guest that runs in one
 * of the two, and QEMU decides in which.
 */
int move_migrate(struct guest *from, struct qmp *from_qmp, struct guest *to, struct qmp *to_qmp,
		 double downtime_seconds)
{
	int64_t deadline_ns = from->state->deadline_ns;
	bool paused;
	int err = is_paused(from_qmp, deadline_ns, &paused), code;

	if (err)
		return guest_fail(from, from_qmp, err, "say how it is");
	/* who stands still loses nothing by it */
	if (paused)
		downtime_seconds = MAX_DOWNTIME_SECONDS;
	code = connect_both(from, from_qmp, to, to_qmp, downtime_seconds);
	if (code)
		return code;
	err = wait_moved(from_qmp, to_qmp, deadline_ns);
	if (err)
		return not_moved(from, from_qmp, to, to_qmp, err);
	/* it has the whole state: only its end could make this one be needed again */
	err = wait_done(to_qmp, now_ns() + UNDO_SECONDS * NS_PER_SECOND);
	if (err != -ECONNRESET)
		return 0;
	code = guest_fail(to, to_qmp, err, "run it");
	go_back(from, from_qmp, paused);
	return code;
}
