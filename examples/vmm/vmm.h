/* SPDX-License-Identifier: MIT */
/* vmm: a small hypervisor manager.  What its files share. */
#ifndef VMM_H
#define VMM_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <nvvgpu/nvvgpu.h>

/* of json-c: one line, slashes as they are */
#define JSON_FORM JSON_C_TO_STRING_NOSLASHESCAPE
#define NS_PER_SECOND 1000000000LL
#define OWNER_BYTES 64
#define NAME_BYTES 33		/* of a guest, with its NUL */

/* Exit codes. */
enum { VMM_OK = 0, VMM_FAILED = 1, VMM_USAGE = 2 };

/*
 * Functions that return int and say nothing else return 0 or, after the message, an exit code.
 * Those of qmp.c return a negative errno instead, and leave the message to their caller.
 */

/* ------------------------------------------------------------------------ fail.c */

/* @next: what to do about it, perhaps ""; returns VMM_FAILED, or VMM_USAGE for EINVAL */
int fail(int err, enum nvvgpu_reason reason, const char *object, const char *next,
	 const char *format, ...) __attribute__((format(printf, 5, 6)));
/* errno says why; @doing: "create it" */
int fail_errno(const char *object, const char *doing);
int fail_error(const struct nvvgpu_error *error);
/* the last error of the library */
int fail_library(void);
_Noreturn void fail_memory(void);
/* Control characters come as \x1b: what a guest's QEMU says must not steer the terminal. */
void print_safe(const char *text);

/* ------------------------------------------------------------------------- qmp.c */

/* A connection to QEMU's monitor.  QEMU is not trusted: a guest may have taken it over. */
struct qmp {
	int fd;			/* -1: none */
	char *in;		/* what was read and is not used yet */
	size_t length, size;
	unsigned int id;	/* of the last command */
	int major;		/* QEMU's version, 10 */
	char error[256];	/* why the last call failed */
};

int64_t now_ns(void);
/* What poll() waits for: rounded up, so that a wait of no time looks once; 0: it has passed. */
int poll_ms(int64_t deadline_ns);
int64_t earlier(int64_t deadline_ns, unsigned int seconds_from_now);

/* Takes @fd, a connected socket, also when it fails. */
int qmp_open(struct qmp *qmp, int fd, int64_t deadline_ns);
void qmp_close(struct qmp *qmp);
/*
 * @arguments: NULL or an object, which is given away; @pass: a descriptor that QEMU gets, or -1;
 * @ret: NULL, or what it returned, to be put.  -EREMOTEIO: QEMU refused, error has its words;
 * -ETIMEDOUT: no answer until then, whatever else it said; -ECONNRESET: QEMU is gone
 */
int qmp_call(struct qmp *qmp, const char *command, struct json_object *arguments, int pass,
	     int64_t deadline_ns, struct json_object **ret);
/* @ret: an event, to be put; -ETIMEDOUT none until then; -ECONNRESET QEMU is gone */
int qmp_next_event(struct qmp *qmp, int64_t deadline_ns, struct json_object **ret);
/* A member's string; "" when it is not there or is no string. */
const char *json_text(struct json_object *object, const char *key);

/* ----------------------------------------------------------------------- state.c */

/* An instance of this manager: a state directory, and the run of a verb on it. */
struct state {
	struct nvvgpu *host;
	bool json;
	int64_t deadline_ns;		/* of the whole verb, CLOCK_MONOTONIC */
	const char *path;
	int fd;
	char owner[OWNER_BYTES];	/* of its vGPUs */
};

/*
 * A guest: a directory within it, locked as long as this is open.  The kernel lets go of the lock
 * when this process ends, however it ends.
 */
struct guest {
	const struct state *state;
	char name[NAME_BYTES];
	int fd;
	struct json_object *config;	/* guest.json; NULL: not written yet */
};

/* Host, json and deadline are set already. */
int state_open(struct state *state, const char *path);
void state_close(struct state *state);
/* The guests' names, sorted, to be put. */
int state_names(const struct state *state, struct json_object **ret);
/* NULL: there are no more */
const char *name_at(struct json_object *names, size_t index);
/*
 * Is it the vGPU of a guest here, whoever has that guest locked?  With a code it cannot be found
 * out, and *ret is true.
 */
int state_claims(const struct state *state, const char *vgpu_uuid, bool *ret);

/* A new one, locked; nothing is in it. */
int guest_create(const struct state *state, const char *name, struct guest *ret);
/*
 * Of what is no failure to somebody who goes through all guests: another process has it locked, or
 * has removed it.
 */
enum { GUEST_BUSY = -1, GUEST_GONE = -2 };
/* @quiet: these two come without a message; else it waits a while for the lock, and says so */
int guest_open(const struct state *state, const char *name, bool quiet, struct guest *ret);
/* For a look, without its lock: GUEST_GONE comes without a message. */
int guest_peek(const struct state *state, const char *name, struct guest *ret);
int guest_write(struct guest *guest);
void guest_close(struct guest *guest);
/* All of it from the disk. */
int guest_remove(struct guest *guest);

/* ---------------------------------------------------------------------- config.c */

/* Keys of a guest's description. */
#define KEY_UUID "uuid"			/* of the virtual machine */
#define KEY_QEMU "qemu"
#define KEY_MACHINE "machine"
#define KEY_ACCEL "accel"
#define KEY_MEMORY "memory_mib"
#define KEY_KERNEL "kernel"
#define KEY_INITRD "initrd"
#define KEY_APPEND "append"
#define KEY_ARGUMENTS "arguments"	/* more for QEMU */
#define KEY_SAVING "saving"		/* the unfinished file of its state; not there: none */
#define KEY_PAUSED "paused"		/* it stood still before its state was saved; not there: no */
#define KEY_VGPU "vgpu"			/* not there: a guest without one */
#define KEY_TYPE "type"			/* these are of the vGPU, as is its uuid */
#define KEY_GPU "gpu"
#define KEY_BOARD "board"
#define KEY_DRIVER "driver"
#define KEY_DEVICE "device"		/* "VF" or "mdev" */
#define KEY_MIGRATABLE "migratable"

#define CONFIG_MAX_BYTES (32 << 10)
#define MEMORY_MAX_MIB (64 << 20)

/* @ret: a checked description, to be put; NULL: it is none */
struct json_object *config_parse(const char *text, size_t length);
struct json_object *config_copy(struct json_object *config);
void config_set(struct json_object *config, const char *key, const char *value);
/* The vGPU's part, lent; NULL: it has none. */
struct json_object *config_vgpu(struct json_object *config);
bool config_is_migratable(struct json_object *config);
bool config_is_paused(struct json_object *config);
void config_set_paused(struct json_object *config, bool paused);
/* Its state was to be saved, and is in no file yet; or that failed, and it is to stand still. */
bool config_is_unsaved(struct json_object *config);
void random_uuid(char ret[37]);

/* ------------------------------------------------------------------------ vgpu.c */

/*
 * As the guest's description wants it, with the uuid and owner that are on the disk already; board
 * and driver, where the description has them, must be the same.  Fills in what it got.
 */
int vgpu_create(struct guest *guest, struct nvvgpu_vgpu **ret);
/* That of the guest; no error when there is none. */
int vgpu_destroy(struct guest *guest);
/* What the instance owns and no guest of it claims; counts them. */
int vgpu_sweep(const struct state *state, unsigned int *count);

/* ----------------------------------------------------------------------- guest.c */

/* 0: no QEMU lives; -1: one that has no number in the namespace of this process */
pid_t guest_pid(const struct guest *guest);
/*
 * @vgpu: NULL: none; @incoming: it waits for a state instead of booting; @ret: none yet, and to be
 * closed also when this fails
 */
int guest_start(struct guest *guest, struct nvvgpu_vgpu *vgpu, bool incoming, struct qmp *ret);
int guest_connect(struct guest *guest, const char *socket, int64_t deadline_ns, struct qmp *ret);
/* The words of QEMU's refusal, or of the connection's end. */
int guest_fail(struct guest *guest, struct qmp *qmp, int err, const char *doing);
/* "running", "paused"...; @ret has room for 32 bytes */
int guest_status(struct qmp *qmp, int64_t deadline_ns, char ret[32]);
/* Waits until QEMU has ended.  Return: false: it still lives at the deadline */
bool guest_wait(struct guest *guest, int64_t deadline_ns);
/* Ends QEMU, by force where need be, destroys the vGPU, removes the rest. */
int guest_discard(struct guest *guest);

/* ------------------------------------------------------------------------ move.c */

/* The state of a guest to FILE and from it, and from one QEMU to another. */
/* Lets a guest run again that stood still for that; what was saved of it goes. */
int move_go_on(struct guest *guest, struct qmp *qmp);
int move_suspend(struct guest *guest, struct qmp *qmp, const char *path, bool replace);
/* @ret: the description in FILE, to be put; @ret_fd: FILE, to be closed */
int move_read_header(const char *path, struct json_object **ret, int *ret_fd);
/* @paused: it is not to run yet */
int move_resume(struct guest *guest, struct qmp *qmp, int fd, bool paused);
int move_migrate(struct guest *from, struct qmp *from_qmp, struct guest *to, struct qmp *to_qmp,
		 double downtime_seconds);

/* ----------------------------------------------------------------------- watch.c */

int watch(const struct state *state, bool clean);

#endif
