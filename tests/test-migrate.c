// SPDX-License-Identifier: MIT
/*
 * Save and restore between emulated hosts.  Between library and device sits a
 * hook that writes down what is asked of the device, and fails, shortens or
 * interrupts it on demand.
 */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "harness/gpus.h"
#include "migrate_op.h"
#include "objects.h"
#include "os/vfio_uapi.h"

/* kmod/emu/emu.h, the registers of a virtual function */
#define VF_SCRATCH	0x001400
#define VF_WINDOW	0x001700

#define MIB		(1u << 20)
#define UUID		"6f1c9d42-5b5e-4f0a-9a39-0c6b8f1f2d11"

/* ------------------------------------------------------------------ the hook */

#define LOG_RESET	100
#define LOG_MAX		32

static struct {
	const struct os_ops *os;
	const struct os_file_ops *vfio, *data;
	struct os_ops hooked;

	bool no_migration;	/* the driver has no such calls */
	uint32_t fail_state;	/* setting this state fails */
	unsigned int fail_times;	/* so many times */
	bool fail_late;		/* after the device has done it */
	bool fail_reset;
	unsigned int fail_read, fail_write;	/* the nth fails */
	int fail_errno;
	size_t piece;		/* at most so many bytes per read and write */
	struct nvvgpu_migrate_options *cancel;	/* at the nth read or write */
	unsigned int cancel_at;

	uint32_t log[LOG_MAX];
	unsigned int logged, reads, writes;
} hook;

static void hook_log(uint32_t what)
{
	ck_assert_uint_lt(hook.logged, LOG_MAX);
	hook.log[hook.logged++] = what;
}

static int hook_set_state(struct os_file *file, struct vfio_device_feature *feature)
{
	struct vfio_device_feature_mig_state *state = (void *)feature->data;
	bool fail = state->device_state == hook.fail_state && hook.fail_times;
	int err = 0;

	hook_log(state->device_state);
	if (fail)
		hook.fail_times--;
	if (!fail || hook.fail_late)
		err = hook.vfio->ioctl(file, VFIO_DEVICE_FEATURE, feature);
	return fail ? -EIO : err;
}

static int hook_ioctl(struct os_file *file, unsigned long request, void *arg)
{
	const struct vfio_device_feature *feature = arg;

	if (request == VFIO_DEVICE_RESET) {
		hook_log(LOG_RESET);
		return hook.fail_reset ? -EINVAL : hook.vfio->ioctl(file, request, arg);
	}
	if (request != VFIO_DEVICE_FEATURE)
		return hook.vfio->ioctl(file, request, arg);
	if (hook.no_migration)
		return -ENOTTY;
	if (feature->flags == (VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE))
		return hook_set_state(file, arg);
	return hook.vfio->ioctl(file, request, arg);
}

static ssize_t hook_pread(struct os_file *file, void *buf, size_t len, uint64_t offset)
{
	return hook.vfio->pread(file, buf, len, offset);
}

static ssize_t hook_pwrite(struct os_file *file, const void *buf, size_t len, uint64_t offset)
{
	return hook.vfio->pwrite(file, buf, len, offset);
}

static void hook_vfio_close(struct os_file *file)
{
	hook.vfio->close(file);
}

static const struct os_file_ops hook_vfio_ops = {
	.close = hook_vfio_close,
	.ioctl = hook_ioctl,
	.pread = hook_pread,
	.pwrite = hook_pwrite,
};

static size_t hook_piece(size_t len, unsigned int nth)
{
	if (hook.cancel && nth == hook.cancel_at)
		nvvgpu_migrate_options_cancel(hook.cancel);
	return hook.piece && len > hook.piece ? hook.piece : len;
}

static ssize_t hook_read(struct os_file *file, void *buf, size_t len)
{
	size_t piece = hook_piece(len, ++hook.reads);

	return hook.reads == hook.fail_read ? -hook.fail_errno : hook.data->read(file, buf, piece);
}

static ssize_t hook_write(struct os_file *file, const void *buf, size_t len)
{
	size_t piece = hook_piece(len, ++hook.writes);

	return hook.writes == hook.fail_write ? -hook.fail_errno :
						hook.data->write(file, buf, piece);
}

static void hook_data_close(struct os_file *file)
{
	hook.data->close(file);
}

static const struct os_file_ops hook_data_ops = {
	.close = hook_data_close,
	.read = hook_read,
	.write = hook_write,
};

static int hook_vfio_open(struct os *os, const char *name, struct os_file **ret)
{
	int err = hook.os->vfio_open(os, name, ret);

	if (!err) {
		hook.vfio = (*ret)->ops;
		(*ret)->ops = &hook_vfio_ops;
	}
	return err;
}

static int hook_adopt(struct os *os, struct os_file *vfio, int data_fd, struct os_file **ret)
{
	int err;

	vfio->ops = hook.vfio;
	err = hook.os->data_adopt(os, vfio, data_fd, ret);
	vfio->ops = &hook_vfio_ops;
	if (!err) {
		hook.data = (*ret)->ops;
		(*ret)->ops = &hook_data_ops;
	}
	return err;
}

static void hook_into(struct nvvgpu *host)
{
	if (!hook.os) {
		hook.os = host->os->ops;
		hook.hooked = *hook.os;
	}
	hook.hooked.vfio_open = hook_vfio_open;
	hook.hooked.data_adopt = hook_adopt;
	host->os->ops = &hook.hooked;
}

/* Exactly these were asked for since the last call. */
#define assert_asked(...) assert_asked_list((const uint32_t[]){ __VA_ARGS__, 0 })

static void assert_asked_list(const uint32_t *wanted)
{
	unsigned int i;

	for (i = 0; wanted[i]; i++) {
		ck_assert_uint_lt(i, hook.logged);
		ck_assert_uint_eq(hook.log[i], wanted[i]);
	}
	ck_assert_uint_eq(hook.logged, i);
	hook.logged = 0;
}

#define STOP		VFIO_DEVICE_STATE_STOP
#define RUNNING		VFIO_DEVICE_STATE_RUNNING
#define STOP_COPY	VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING	VFIO_DEVICE_STATE_RESUMING

/* ----------------------------------------------------------------- two hosts */

static struct nvvgpu *source_host, *target_host;
static struct nvvgpu_gpu *target;
static struct nvvgpu_vgpu *source;	/* an L40-1B with contents and scratch registers */
static struct nvvgpu_device *device;	/* its device, open */
static int stream;			/* a memory file */

#define assert_ok(call)								\
	do {									\
		int err_ = (call);						\
		ck_assert_msg(err_ == 0, "%s: %d, %s: %s", #call, err_,		\
			      nvvgpu_error_get_object(nvvgpu_last_error()),	\
			      nvvgpu_error_get_cause(nvvgpu_last_error()));	\
	} while (0)

#define assert_fails(call, err, reason)						\
	do {									\
		ck_assert_int_eq(call, -(err));					\
		ck_assert_str_eq(nvvgpu_reason_name(nvvgpu_error_get_reason(	\
					 nvvgpu_last_error())),			\
				 nvvgpu_reason_name(NVVGPU_REASON_##reason));	\
		ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), err);	\
	} while (0)

static void assert_cause(const char *text)
{
	const char *cause = nvvgpu_error_get_cause(nvvgpu_last_error());

	ck_assert_msg(strstr(cause, text) != NULL, "\"%s\" is not in \"%s\"", text, cause);
}

static struct nvvgpu_vgpu *create(struct nvvgpu_gpu *gpu, const char *type, const char *uuid)
{
	struct nvvgpu_vgpu *vgpu;
	struct nvvgpu_spec *spec;

	assert_ok(nvvgpu_spec_new(&spec));
	assert_ok(nvvgpu_spec_set_type(spec, type));
	if (uuid)
		assert_ok(nvvgpu_spec_set_uuid(spec, uuid));
	assert_ok(nvvgpu_spec_add_param(spec, "frame_rate_limiter", "0"));
	assert_ok(nvvgpu_spec_set_owner(spec, "tests"));
	assert_ok(nvvgpu_create(gpu, spec, &vgpu));
	nvvgpu_spec_free(spec);
	return vgpu;
}

static void destroy(struct nvvgpu_vgpu *vgpu)
{
	assert_ok(nvvgpu_destroy(vgpu));
	nvvgpu_vgpu_unref(vgpu);
}

static struct nvvgpu_device *open_device(struct nvvgpu_vgpu *vgpu)
{
	struct nvvgpu_device *opened;

	assert_ok(nvvgpu_device_open(vgpu, &opened));
	return opened;
}

static void set32(struct nvvgpu_device *to, uint64_t offset, uint32_t value)
{
	ck_assert_int_eq(nvvgpu_device_write(to, NVVGPU_REGION_BAR0, offset, &value, 4), 4);
}

static uint32_t get32(struct nvvgpu_device *from, uint64_t offset)
{
	uint32_t value = 0;

	ck_assert_int_eq(nvvgpu_device_read(from, NVVGPU_REGION_BAR0, offset, &value, 4), 4);
	return value;
}

/* Where contents lie: both ends, odd places, more than a chunk at once. */
static const struct {
	uint64_t offset;
	uint32_t bytes;
} places[] = {
	{ 0, 4096 }, { 5 * MIB + 12345, 777 }, { 64 * MIB, 3 * MIB + 17 },
	{ 600ull * MIB, 65536 }, { 1024ull * MIB - 4096, 4096 },
};
#define PLACES (sizeof(places) / sizeof(places[0]))

static uint8_t *pattern(unsigned int place, uint64_t seed)
{
	uint8_t *bytes = malloc(places[place].bytes);
	uint32_t i;

	seed += place;
	for (i = 0; i < places[place].bytes; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = (uint8_t)(seed >> 56);
	}
	return bytes;
}

static void fill_contents(struct nvvgpu_device *to, uint64_t seed)
{
	unsigned int i;

	for (i = 0; i < PLACES; i++) {
		uint8_t *bytes = pattern(i, seed);

		set32(to, VF_WINDOW, (uint32_t)(places[i].offset >> 16));
		ck_assert_int_eq(nvvgpu_device_write(to, NVVGPU_REGION_BAR1,
						     places[i].offset & 0xffff, bytes,
						     places[i].bytes),
				 places[i].bytes);
		free(bytes);
	}
	for (i = 0; i < 64; i++)
		set32(to, VF_SCRATCH + 4 * i, (uint32_t)seed ^ i);
}

static bool has_contents(struct nvvgpu_device *from, uint64_t seed)
{
	bool same = true;
	unsigned int i;

	for (i = 0; i < PLACES && same; i++) {
		uint8_t *bytes = pattern(i, seed), *got = calloc(1, places[i].bytes);

		set32(from, VF_WINDOW, (uint32_t)(places[i].offset >> 16));
		ck_assert_int_eq(nvvgpu_device_read(from, NVVGPU_REGION_BAR1,
						    places[i].offset & 0xffff, got,
						    places[i].bytes),
				 places[i].bytes);
		same = memcmp(bytes, got, places[i].bytes) == 0;
		free(bytes);
		free(got);
	}
	return same;
}

static bool has_scratch(struct nvvgpu_device *from, uint32_t seed)
{
	unsigned int i;

	for (i = 0; i < 64; i++)
		if (get32(from, VF_SCRATCH + 4 * i) != (seed ^ i))
			return false;
	return true;
}

static uint64_t framebuffer_hash(struct nvvgpu_device *from)
{
	XXH3_state_t *state = XXH3_createState();
	uint8_t *buf = malloc(MIB);
	uint64_t at, hash;

	XXH3_64bits_reset(state);
	for (at = 0; at < 1024ull * MIB; at += MIB) {
		set32(from, VF_WINDOW, (uint32_t)(at >> 16));
		ck_assert_int_eq(nvvgpu_device_read(from, NVVGPU_REGION_BAR1, 0, buf, MIB), MIB);
		XXH3_64bits_update(state, buf, MIB);
	}
	hash = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	free(buf);
	return hash;
}

static int memory_file(void)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void setup(void)
{
	assert_ok(nvvgpu_open("emu:l40", &source_host));
	assert_ok(nvvgpu_open("emu:l40", &target_host));
	hook_into(source_host);
	hook_into(target_host);
	target = gpu_at(target_host, 0);
	ck_assert_ptr_nonnull(target);
	source = create(gpu_at(source_host, 0), "L40-1B", UUID);
	device = open_device(source);
	fill_contents(device, 1);
	stream = memory_file();
}

static size_t vgpu_count(struct nvvgpu *host)
{
	struct nvvgpu_vgpu_list *list;
	size_t count;

	assert_ok(nvvgpu_vgpu_list_all(host, &list));
	count = nvvgpu_vgpu_list_size(list);
	nvvgpu_vgpu_list_unref(list);
	return count;
}

static void teardown(void)
{
	nvvgpu_device_unref(device);
	destroy(source);
	ck_assert_uint_eq(vgpu_count(target_host), 0);
	nvvgpu_unref(source_host);
	nvvgpu_unref(target_host);
	close(stream);
}

static void rewind_stream(void)
{
	ck_assert_int_eq(lseek(stream, 0, SEEK_SET), 0);
}

/* A new stream in the memory file, ready to be read. */
static void save(struct nvvgpu_migrate_options *options)
{
	rewind_stream();
	ck_assert_int_eq(ftruncate(stream, 0), 0);
	assert_ok(nvvgpu_migrate_save_device(device, stream, options));
	assert_asked(STOP_COPY, RUNNING);
	rewind_stream();
}

static struct nvvgpu_migrate_options *new_options(void)
{
	struct nvvgpu_migrate_options *options;

	assert_ok(nvvgpu_migrate_options_new(&options));
	return options;
}

static struct nvvgpu_vgpu *restore(struct nvvgpu_gpu *gpu, struct nvvgpu_migrate_options *options)
{
	struct nvvgpu_vgpu *vgpu;

	rewind_stream();
	assert_ok(nvvgpu_migrate_restore(gpu, stream, options, &vgpu));
	assert_asked(RESUMING, STOP, RUNNING);
	return vgpu;
}

static void assert_restores(uint64_t seed)
{
	struct nvvgpu_vgpu *vgpu = restore(target, NULL);
	struct nvvgpu_device *opened = open_device(vgpu);

	ck_assert(has_contents(opened, seed));
	nvvgpu_device_unref(opened);
	destroy(vgpu);
}

/* The source went on as if nothing had been. */
static void assert_source_runs(void)
{
	uint32_t state;

	assert_ok(device_get_migration_state(device, &state));
	ck_assert_uint_eq(state, RUNNING);
	ck_assert(has_contents(device, 1));
	ck_assert(has_scratch(device, 1));
	hook.fail_times = 0;
	hook.fail_read = hook.fail_write = hook.reads = hook.writes = 0;
	hook.logged = 0;
	save(NULL);
	assert_restores(1);
}

/* ---------------------------------------------------------------- round trips */

START_TEST(test_to_another_host)
{
	uint64_t hash = framebuffer_hash(device);
	struct nvvgpu_device *opened;
	struct nvvgpu_vgpu *vgpu;
	char *params;
	enum nvvgpu_vgpu_state state;

	nvvgpu_device_unref(device);
	assert_ok(nvvgpu_migrate_save(source, stream, NULL));
	assert_ok(nvvgpu_vgpu_get_state(source, &state));
	ck_assert_int_eq(state, NVVGPU_VGPU_ASSIGNED);
	assert_asked(STOP_COPY, RUNNING);

	vgpu = restore(target, NULL);
	ck_assert(nvvgpu_vgpu_was_created(vgpu));
	ck_assert_str_eq(nvvgpu_vgpu_get_uuid(vgpu), UUID);
	ck_assert_str_eq(nvvgpu_vgpu_get_type_name(vgpu), nvvgpu_vgpu_get_type_name(source));
	ck_assert_str_eq(nvvgpu_vgpu_get_owner(vgpu), "tests");
	assert_ok(nvvgpu_vgpu_get_params(vgpu, &params));
	ck_assert_str_eq(params, "frame_rate_limiter=0");
	nvvgpu_free(params);
	assert_ok(nvvgpu_vgpu_get_state(vgpu, &state));
	ck_assert_int_eq(state, NVVGPU_VGPU_ASSIGNED);
	opened = open_device(vgpu);
	ck_assert(framebuffer_hash(opened) == hash);
	ck_assert(has_contents(opened, 1));
	nvvgpu_device_unref(opened);
	destroy(vgpu);
	device = open_device(source);
}
END_TEST

START_TEST(test_into_an_open_device)
{
	struct nvvgpu_vgpu *vgpu = create(target, "L40-1B", NULL);
	struct nvvgpu_device *opened = open_device(vgpu);

	fill_contents(opened, 99);
	save(NULL);
	assert_ok(nvvgpu_migrate_restore_device(opened, stream, NULL));
	assert_asked(RESUMING, STOP, RUNNING);
	ck_assert(has_contents(opened, 1));
	ck_assert(has_scratch(opened, 1));
	ck_assert(framebuffer_hash(opened) == framebuffer_hash(device));
	/* and it works on */
	fill_contents(opened, 2);
	ck_assert(has_contents(opened, 2));
	ck_assert(has_contents(device, 1));
	nvvgpu_device_unref(opened);
	destroy(vgpu);
}
END_TEST

START_TEST(test_empty_framebuffer)
{
	assert_ok(nvvgpu_device_reset(device));
	hook.logged = 0;
	save(NULL);
	destroy(restore(target, NULL));
}
END_TEST

START_TEST(test_without_checksums)
{
	struct nvvgpu_migrate_options *options = new_options();
	struct nvvgpu_stream_info *info;

	nvvgpu_migrate_options_set_checksum(options, false);
	save(options);
	assert_ok(nvvgpu_migrate_verify(stream, NULL, &info));
	ck_assert(!nvvgpu_stream_info_has_checksums(info));
	nvvgpu_stream_info_free(info);
	assert_restores(1);
	nvvgpu_migrate_options_free(options);
}
END_TEST

/* Drivers give and take what they like per call. */
START_TEST(test_small_pieces)
{
	static const size_t pieces[] = { 1000, 65536, 1048575, 1048577 };

	hook.piece = pieces[_i];
	save(NULL);
	assert_restores(1);
}
END_TEST

START_TEST(test_what_the_stream_says)
{
	struct nvvgpu_gpu *gpu = nvvgpu_vgpu_get_gpu(source);
	struct nvvgpu_stream_info *info;

	save(NULL);
	assert_ok(nvvgpu_migrate_verify(stream, NULL, &info));
	ck_assert(nvvgpu_stream_info_is_verified(info));
	ck_assert_uint_gt(nvvgpu_stream_info_get_data_bytes(info), 3 * MIB);
	ck_assert_uint_gt(nvvgpu_stream_info_get_chunks(info), 3);
	ck_assert_str_eq(nvvgpu_stream_info_get_vgpu_uuid(info), UUID);
	ck_assert_uint_eq(nvvgpu_stream_info_get_type_id(info), nvvgpu_vgpu_get_type_id(source));
	ck_assert_str_eq(nvvgpu_stream_info_get_type_name(info), "NVIDIA L40-1B");
	ck_assert_str_eq(nvvgpu_stream_info_get_board_name(info), nvvgpu_gpu_get_name(gpu));
	ck_assert_uint_eq(nvvgpu_stream_info_get_device_id(info), 0x26b5);
	ck_assert_uint_eq(nvvgpu_stream_info_get_framebuffer_bytes(info), 1u << 30);
	ck_assert_str_eq(nvvgpu_stream_info_get_driver_version(info),
			 nvvgpu_gpu_get_driver_version(gpu));
	ck_assert_str_eq(nvvgpu_stream_info_get_firmware_version(info),
			 nvvgpu_gpu_get_firmware_version(gpu));
	ck_assert_str_eq(nvvgpu_stream_info_get_library_version(info), nvvgpu_version());
	ck_assert_str_eq(nvvgpu_stream_info_get_source_gpu(info), nvvgpu_gpu_get_address(gpu));
	ck_assert_uint_gt(nvvgpu_stream_info_get_time_ns(info), 1600000000000000000u);
	nvvgpu_stream_info_free(info);
}
END_TEST

struct receiver {
	pthread_t thread;
	int fd;
	struct nvvgpu_vgpu *vgpu;
	int err;
};

static void *receive(void *arg)
{
	struct receiver *receiver = arg;

	receiver->err = nvvgpu_migrate_restore(target, receiver->fd, NULL, &receiver->vgpu);
	return NULL;
}

/* From host to host, nothing in between is stored. */
START_TEST(test_live)
{
	struct receiver receiver = { .fd = -1 };
	struct nvvgpu_device *opened;
	int fds[2];

	if (_i == 0)
		ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	else if (_i == 1)
		ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	else
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | (_i == 3 ? SOCK_NONBLOCK : 0), 0,
					    fds),
				 0);
	receiver.fd = fds[0];
	target_host->os->ops = hook.os;	/* the hook is for one thread */
	ck_assert_int_eq(pthread_create(&receiver.thread, NULL, receive, &receiver), 0);
	assert_ok(nvvgpu_migrate_save_device(device, fds[1], NULL));
	ck_assert_int_eq(pthread_join(receiver.thread, NULL), 0);
	ck_assert_int_eq(receiver.err, 0);
	opened = open_device(receiver.vgpu);
	ck_assert(has_contents(opened, 1));
	nvvgpu_device_unref(opened);
	destroy(receiver.vgpu);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* ------------------------------------------------------------------ the new vGPU */

START_TEST(test_uuid_of_the_new)
{
	struct nvvgpu_migrate_options *options = new_options();
	struct nvvgpu_vgpu *first, *second, *untouched = NULL;
	struct nvvgpu_spec *spec;

	save(NULL);
	first = restore(target, NULL);
	ck_assert_str_eq(nvvgpu_vgpu_get_uuid(first), UUID);
	second = restore(target, NULL);	/* that one is taken */
	ck_assert_str_ne(nvvgpu_vgpu_get_uuid(second), UUID);
	ck_assert(nvvgpu_vgpu_was_created(second));
	destroy(second);

	assert_ok(nvvgpu_spec_new(&spec));
	assert_ok(nvvgpu_spec_set_uuid(spec, UUID));
	assert_ok(nvvgpu_migrate_options_set_spec(options, spec));
	rewind_stream();
	assert_fails(nvvgpu_migrate_restore(target, stream, options, &untouched), EEXIST, EXISTS);
	ck_assert_ptr_null(untouched);
	ck_assert_uint_eq(vgpu_count(target_host), 1);

	assert_ok(nvvgpu_spec_set_uuid(spec, "0d3f2c9c-1111-4222-8333-5a5a5a5a5a5a"));
	assert_ok(nvvgpu_spec_set_owner(spec, "somebody"));
	assert_ok(nvvgpu_migrate_options_set_spec(options, spec));
	second = restore(target, options);
	ck_assert_str_eq(nvvgpu_vgpu_get_uuid(second), "0d3f2c9c-1111-4222-8333-5a5a5a5a5a5a");
	ck_assert_str_eq(nvvgpu_vgpu_get_owner(second), "somebody");
	destroy(second);
	destroy(first);
	nvvgpu_spec_free(spec);
	nvvgpu_migrate_options_free(options);
}
END_TEST

START_TEST(test_type_of_the_spec)
{
	struct nvvgpu_migrate_options *options = new_options();
	struct nvvgpu_vgpu *untouched = NULL;
	struct nvvgpu_spec *spec;

	save(NULL);
	assert_ok(nvvgpu_spec_new(&spec));
	assert_ok(nvvgpu_spec_set_type(spec, "L40-2B"));
	assert_ok(nvvgpu_migrate_options_set_spec(options, spec));
	assert_fails(nvvgpu_migrate_restore(target, stream, options, &untouched), EXDEV,
		     MISMATCH_TYPE);
	assert_cause("L40-1B");
	assert_cause("L40-2B");
	assert_ok(nvvgpu_spec_set_type(spec, "L40-1B"));
	assert_ok(nvvgpu_migrate_options_set_spec(options, spec));
	destroy(restore(target, options));
	nvvgpu_spec_free(spec);
	nvvgpu_migrate_options_free(options);
}
END_TEST

/* -------------------------------------------------------------------- mismatches */

/* The stream in the file is written anew with another identity. */
static void rewrite(void (*edit)(struct nvvgpu_stream_info *info))
{
	struct stream_reader reader;
	struct stream_writer writer;
	int copy = memory_file();
	struct io from, to;
	const void *data;
	size_t len;

	rewind_stream();
	assert_ok(io_open(&from, stream, false, NULL, NULL));
	assert_ok(io_open(&to, copy, true, NULL, NULL));
	assert_ok(stream_reader_open(&reader, &from));
	edit(reader.info);
	assert_ok(stream_writer_open(&writer, &to, reader.info));
	for (;;) {
		assert_ok(stream_reader_next(&reader, &data, &len));
		if (!len)
			break;
		assert_ok(stream_writer_data(&writer, data, len));
	}
	assert_ok(stream_writer_end(&writer, STREAM_COMPLETE, 0));
	stream_writer_close(&writer);
	stream_reader_close(&reader);
	ck_assert_int_eq(dup2(copy, stream), stream);
	close(copy);
	rewind_stream();
}

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = strdup(text);
}

static void edit_device_id(struct nvvgpu_stream_info *info)
{
	info->board_ids[1] = 0x2235;
}

static void edit_subsystem(struct nvvgpu_stream_info *info)
{
	info->board_ids[3]++;
}

static void edit_type_id(struct nvvgpu_stream_info *info)
{
	info->type_id = 4242;
}

static void edit_type_name(struct nvvgpu_stream_info *info)
{
	set_text(&info->type_name, "NVIDIA L40-1X");
}

static void edit_framebuffer(struct nvvgpu_stream_info *info)
{
	info->framebuffer_bytes /= 2;
}

static void edit_driver(struct nvvgpu_stream_info *info)
{
	set_text(&info->driver_version, "999.1");
}

static void edit_no_driver(struct nvvgpu_stream_info *info)
{
	free(take_ptr(info->driver_version));
}

static void edit_firmware(struct nvvgpu_stream_info *info)
{
	set_text(&info->firmware_version, "570.1");
}

static const struct {
	void (*edit)(struct nvvgpu_stream_info *info);
	int reason;
	const char *theirs, *ours;
} mismatches[] = {
	{ edit_device_id, NVVGPU_REASON_MISMATCH_BOARD, "10de:2235", "10de:26b5" },
	{ edit_subsystem, NVVGPU_REASON_MISMATCH_BOARD, "subsystem", "L40" },
	{ edit_type_id, NVVGPU_REASON_MISMATCH_TYPE, "4242", "" },
	{ edit_type_name, NVVGPU_REASON_MISMATCH_TYPE, "L40-1X", "L40-1B" },
	{ edit_framebuffer, NVVGPU_REASON_MISMATCH_FRAMEBUFFER, "536870912", "1073741824" },
	{ edit_driver, NVVGPU_REASON_MISMATCH_DRIVER, "999.1", "0.1.0" },
	{ edit_no_driver, NVVGPU_REASON_MISMATCH_DRIVER, "unknown", "0.1.0" },
	{ edit_firmware, NVVGPU_REASON_MISMATCH_FIRMWARE, "570.1", "535.113.01" },
};
#define MISMATCHES ((int)(sizeof(mismatches) / sizeof(mismatches[0])))

static void assert_mismatch(int err, int nth)
{
	ck_assert_int_eq(err, -EXDEV);
	ck_assert_str_eq(nvvgpu_reason_name(nvvgpu_error_get_reason(nvvgpu_last_error())),
			 nvvgpu_reason_name(mismatches[nth].reason));
	assert_cause(mismatches[nth].theirs);
	assert_cause(mismatches[nth].ours);
	ck_assert_uint_eq(hook.logged, 0);	/* no device was touched */
}

START_TEST(test_mismatch)
{
	struct nvvgpu_vgpu *vgpu, *untouched = NULL;
	struct nvvgpu_device *opened;

	save(NULL);
	rewrite(mismatches[_i].edit);
	assert_mismatch(nvvgpu_migrate_restore(target, stream, NULL, &untouched), _i);
	ck_assert_ptr_null(untouched);
	ck_assert_uint_eq(vgpu_count(target_host), 0);

	vgpu = create(target, "L40-1B", NULL);
	opened = open_device(vgpu);
	fill_contents(opened, 3);
	rewind_stream();
	assert_mismatch(nvvgpu_migrate_restore_device(opened, stream, NULL), _i);
	ck_assert(has_contents(opened, 3));
	nvvgpu_device_unref(opened);
	destroy(vgpu);
	save(NULL);
	assert_restores(1);
}
END_TEST

START_TEST(test_other_board)
{
	static const char *const boards[] = { "emu:a40", "emu:l40s", "emu:l4" };
	struct nvvgpu_vgpu *untouched = NULL;
	struct nvvgpu *other;

	save(NULL);
	assert_ok(nvvgpu_open(boards[_i], &other));
	assert_fails(nvvgpu_migrate_restore(gpu_at(other, 0), stream, NULL, &untouched),
		     EXDEV, MISMATCH_BOARD);
	assert_cause("NVIDIA L40 ");
	ck_assert_ptr_null(untouched);
	ck_assert_uint_eq(vgpu_count(other), 0);
	nvvgpu_unref(other);
}
END_TEST

START_TEST(test_device_of_another_type)
{
	struct nvvgpu_vgpu *vgpu = create(target, "L40-1Q", NULL);
	struct nvvgpu_device *opened = open_device(vgpu);

	save(NULL);
	assert_fails(nvvgpu_migrate_restore_device(opened, stream, NULL), EXDEV, MISMATCH_TYPE);
	ck_assert_uint_eq(hook.logged, 0);
	nvvgpu_device_unref(opened);
	destroy(vgpu);
}
END_TEST

/* ------------------------------------------------------------------------ damage */

static size_t stream_bytes(void)
{
	off_t end = lseek(stream, 0, SEEK_END);

	rewind_stream();
	return (size_t)end;
}

static void flip(size_t at)
{
	uint8_t byte;

	ck_assert_int_eq(pread(stream, &byte, 1, (off_t)at), 1);
	byte ^= 0x10;
	ck_assert_int_eq(pwrite(stream, &byte, 1, (off_t)at), 1);
}

/* Never SET STOP, never RUNNING: a reset, and the next restore finds a sound device. */
static void assert_not_restored(struct nvvgpu_device *opened, bool touched)
{
	struct nvvgpu_vgpu *untouched = NULL;

	fill_contents(opened, 5);
	rewind_stream();
	ck_assert_int_eq(nvvgpu_migrate_restore_device(opened, stream, NULL), -EBADMSG);
	if (touched)
		assert_asked(RESUMING, LOG_RESET);
	ck_assert_uint_eq(hook.logged, 0);
	ck_assert(has_contents(opened, 5) == !touched);

	rewind_stream();
	ck_assert_int_eq(nvvgpu_migrate_restore(target, stream, NULL, &untouched), -EBADMSG);
	if (touched)
		assert_asked(RESUMING, LOG_RESET);
	ck_assert_uint_eq(hook.logged, 0);
	ck_assert_ptr_null(untouched);
	ck_assert_uint_eq(vgpu_count(target_host), 1);
}

START_TEST(test_damaged)
{
	struct nvvgpu_vgpu *vgpu = create(target, "L40-1B", NULL);
	struct nvvgpu_device *opened = open_device(vgpu);
	size_t bytes, i;

	save(NULL);
	bytes = stream_bytes();
	flip(40);	/* header */
	assert_not_restored(opened, false);
	flip(40);
	flip(150);	/* identity */
	assert_not_restored(opened, false);
	flip(150);
	for (i = 1; i < 6; i++) {
		flip(bytes * i / 6);
		assert_not_restored(opened, true);
		flip(bytes * i / 6);
	}
	flip(bytes - 1);	/* trailer */
	assert_not_restored(opened, true);
	flip(bytes - 1);
	rewind_stream();
	assert_ok(nvvgpu_migrate_restore_device(opened, stream, NULL));
	ck_assert(has_contents(opened, 1));
	ck_assert(has_scratch(opened, 1));
	nvvgpu_device_unref(opened);
	destroy(vgpu);
}
END_TEST

START_TEST(test_truncated)
{
	struct nvvgpu_vgpu *vgpu = create(target, "L40-1B", NULL);
	struct nvvgpu_device *opened = open_device(vgpu);
	size_t bytes, i;

	save(NULL);
	bytes = stream_bytes();
	for (i = 5; i > 0; i--) {
		ck_assert_int_eq(ftruncate(stream, (off_t)(i == 5 ? bytes - 1 : bytes * i / 5)), 0);
		assert_not_restored(opened, true);
	}
	ck_assert_int_eq(ftruncate(stream, 100), 0);
	assert_not_restored(opened, false);
	nvvgpu_device_unref(opened);
	destroy(vgpu);
}
END_TEST

/* Complete and sound, but not what the device gave: the device finds out. */
START_TEST(test_incomplete_state_is_rejected)
{
	struct stream_reader reader;
	struct stream_writer writer;
	struct nvvgpu_vgpu *untouched = NULL;
	int copy = memory_file();
	struct io from, to;
	const void *data;
	size_t len;

	save(NULL);
	assert_ok(io_open(&from, stream, false, NULL, NULL));
	assert_ok(io_open(&to, copy, true, NULL, NULL));
	assert_ok(stream_reader_open(&reader, &from));
	assert_ok(stream_writer_open(&writer, &to, reader.info));
	assert_ok(stream_reader_next(&reader, &data, &len));
	assert_ok(stream_writer_data(&writer, data, len));
	assert_ok(stream_writer_end(&writer, STREAM_COMPLETE, 0));
	stream_writer_close(&writer);
	stream_reader_close(&reader);
	ck_assert_int_eq(lseek(copy, 0, SEEK_SET), 0);
	assert_fails(nvvgpu_migrate_restore(target, copy, NULL, &untouched), EBADMSG,
		     STREAM_REJECTED);
	assert_asked(RESUMING, STOP, LOG_RESET);
	ck_assert_uint_eq(vgpu_count(target_host), 0);
	assert_restores(1);
	close(copy);
}
END_TEST

START_TEST(test_verify_first)
{
	struct nvvgpu_migrate_options *options = new_options();
	struct nvvgpu_vgpu *untouched = NULL;
	int fds[2];

	nvvgpu_migrate_options_set_verify_first(options, true);
	save(NULL);
	destroy(restore(target, options));
	flip(stream_bytes() - 1);
	assert_fails(nvvgpu_migrate_restore(target, stream, options, &untouched), EBADMSG,
		     STREAM_DAMAGED);
	ck_assert_uint_eq(hook.logged, 0);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	assert_fails(nvvgpu_migrate_restore(target, fds[0], options, &untouched), ESPIPE,
		     INVALID_ARGUMENT);
	close(fds[0]);
	close(fds[1]);
	nvvgpu_migrate_options_free(options);
}
END_TEST

/* ---------------------------------------------------------- progress, giving up */

struct watcher {
	unsigned int calls, cancel_at;
	uint64_t first, last, estimate, first_estimate;
};

static int watch(void *arg, const struct nvvgpu_progress *progress)
{
	struct watcher *watcher = arg;

	if (++watcher->calls == 1) {
		watcher->first = nvvgpu_progress_get_bytes(progress);
		watcher->first_estimate = nvvgpu_progress_get_estimate_bytes(progress);
	}
	ck_assert_uint_ge(nvvgpu_progress_get_bytes(progress), watcher->last);
	watcher->last = nvvgpu_progress_get_bytes(progress);
	watcher->estimate = nvvgpu_progress_get_estimate_bytes(progress);
	return watcher->calls == watcher->cancel_at;
}

START_TEST(test_progress)
{
	struct nvvgpu_migrate_options *options = new_options();
	struct watcher watcher = { 0 };
	uint64_t bytes;

	nvvgpu_migrate_options_set_progress(options, watch, &watcher);
	save(options);
	ck_assert_uint_ge(watcher.calls, 2);
	ck_assert_uint_eq(watcher.first, 0);
	ck_assert_uint_gt(watcher.last, 3 * MIB);
	ck_assert_uint_eq(watcher.estimate, watcher.last);
	bytes = watcher.last;

	watcher = (struct watcher){ 0 };
	destroy(restore(target, options));
	ck_assert_uint_ge(watcher.calls, 2);
	ck_assert_uint_eq(watcher.first, 0);
	ck_assert_uint_eq(watcher.last, bytes);
	ck_assert_uint_eq(watcher.estimate, bytes);

	watcher = (struct watcher){ 0 };
	nvvgpu_migrate_options_set_verify_first(options, true);
	destroy(restore(target, options));
	ck_assert_uint_eq(watcher.first, 0);
	ck_assert_uint_eq(watcher.last, 2 * bytes);
	nvvgpu_migrate_options_free(options);
}
END_TEST

/* The first report and the last: each can end the operation. */
START_TEST(test_cancel_by_progress)
{
	struct nvvgpu_migrate_options *options = new_options();
	struct watcher watcher = { .cancel_at = 1 };
	struct nvvgpu_vgpu *untouched = NULL;

	nvvgpu_migrate_options_set_progress(options, watch, &watcher);
	assert_fails(nvvgpu_migrate_save_device(device, stream, options), ECANCELED, CANCELLED);
	ck_assert_uint_eq(hook.logged, 0);
	watcher = (struct watcher){ .cancel_at = 2 };
	assert_fails(nvvgpu_migrate_save_device(device, stream, options), ECANCELED, CANCELLED);
	ck_assert_uint_eq(hook.log[0], STOP_COPY);
	hook.logged = 0;
	rewind_stream();
	assert_fails(nvvgpu_migrate_verify(stream, NULL, NULL), EBADMSG, STREAM_ABORTED);
	assert_source_runs();

	watcher = (struct watcher){ .cancel_at = 1 };
	rewind_stream();
	assert_fails(nvvgpu_migrate_restore(target, stream, options, &untouched), ECANCELED,
		     CANCELLED);
	watcher = (struct watcher){ .cancel_at = 2 };
	rewind_stream();
	assert_fails(nvvgpu_migrate_restore(target, stream, options, &untouched), ECANCELED,
		     CANCELLED);
	ck_assert_uint_eq(vgpu_count(target_host), 0);
	hook.logged = 0;
	assert_restores(1);
	nvvgpu_migrate_options_free(options);
}
END_TEST

/* At the nth access to the device, from outside. */
START_TEST(test_cancel)
{
	struct nvvgpu_migrate_options *options = new_options();
	struct nvvgpu_vgpu *untouched = NULL;

	hook.cancel = options;
	hook.cancel_at = (unsigned int)_i;
	assert_fails(nvvgpu_migrate_save_device(device, stream, options), ECANCELED, CANCELLED);
	ck_assert_uint_eq(hook.reads, _i);
	rewind_stream();
	assert_fails(nvvgpu_migrate_verify(stream, NULL, NULL), EBADMSG, STREAM_ABORTED);
	hook.cancel = NULL;
	assert_source_runs();

	hook.cancel = options;
	hook.writes = 0;
	rewind_stream();
	assert_fails(nvvgpu_migrate_restore(target, stream, options, &untouched), ECANCELED,
		     CANCELLED);
	assert_asked(RESUMING, LOG_RESET);
	ck_assert_uint_eq(vgpu_count(target_host), 0);
	hook.cancel = NULL;
	assert_restores(1);
	nvvgpu_migrate_options_free(options);
}
END_TEST

START_TEST(test_deadline)
{
	struct nvvgpu_migrate_options *options = new_options();
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	nvvgpu_migrate_options_set_deadline(options, 50000000);
	assert_fails(nvvgpu_migrate_save_device(device, fds[1], options), ETIMEDOUT, DEADLINE);
	assert_source_runs();
	close(fds[0]);
	close(fds[1]);
	nvvgpu_migrate_options_free(options);
}
END_TEST

/* A pipe into which nobody writes: who waits is asked all the same whether to go on. */
START_TEST(test_wait_for_first_bytes)
{
	struct nvvgpu_migrate_options *options = new_options();
	struct nvvgpu_vgpu *untouched = NULL;
	struct nvvgpu_stream_info *info;
	struct watcher watcher = { .cancel_at = 2 };
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	nvvgpu_migrate_options_set_deadline(options, 50000000);
	assert_fails(nvvgpu_migrate_inspect(fds[0], options, &info), ETIMEDOUT, DEADLINE);
	assert_fails(nvvgpu_migrate_verify(fds[0], options, NULL), ETIMEDOUT, DEADLINE);
	nvvgpu_migrate_options_set_deadline(options, 0);
	nvvgpu_migrate_options_set_progress(options, watch, &watcher);
	assert_fails(nvvgpu_migrate_inspect(fds[0], options, &info), ECANCELED, CANCELLED);
	watcher.calls = 0;
	assert_fails(nvvgpu_migrate_restore(target, fds[0], options, &untouched), ECANCELED,
		     CANCELLED);
	ck_assert_uint_eq(watcher.calls, 2);
	ck_assert_uint_eq(watcher.last, 0);
	/* nor is anything read after a cancel, be it all there */
	save(NULL);
	nvvgpu_migrate_options_set_progress(options, NULL, NULL);
	nvvgpu_migrate_options_cancel(options);
	assert_fails(nvvgpu_migrate_inspect(stream, options, &info), ECANCELED, CANCELLED);
	assert_ok(nvvgpu_migrate_inspect(stream, options, &info));
	nvvgpu_stream_info_free(info);
	close(fds[0]);
	close(fds[1]);
	nvvgpu_migrate_options_free(options);
}
END_TEST

/* ------------------------------------------------------------ what goes wrong */

START_TEST(test_no_room)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	assert_fails(nvvgpu_migrate_save_device(device, fd, NULL), ENOSPC, IO);
	ck_assert_uint_eq(hook.logged, 0);	/* no room for the header: it was not stopped */
	close(fd);
	assert_source_runs();
}
END_TEST

static void *read_a_little(void *arg)
{
	int fd = *(int *)arg;
	char buf[4096];
	size_t have = 0;

	while (have < MIB) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	close(fd);
	return NULL;
}

/* The default action of SIGPIPE would end this process. */
START_TEST(test_reader_goes_away)
{
	pthread_t thread;
	int fds[2];

	if (_i)
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	else
		ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, read_a_little, &fds[0]), 0);
	assert_fails(nvvgpu_migrate_save_device(device, fds[1], NULL), EPIPE, IO);
	ck_assert_uint_eq(hook.log[0], STOP_COPY);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	close(fds[1]);
	assert_source_runs();
}
END_TEST

START_TEST(test_wrong_descriptor)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct nvvgpu_vgpu *untouched = NULL;

	assert_fails(nvvgpu_migrate_save_device(device, fd, NULL), EBADF, INVALID_ARGUMENT);
	assert_fails(nvvgpu_migrate_save_device(device, -1, NULL), EBADF, INVALID_ARGUMENT);
	assert_fails(nvvgpu_migrate_restore(target, -1, NULL, &untouched), EBADF,
		     INVALID_ARGUMENT);
	ck_assert_uint_eq(hook.logged, 0);
	close(fd);
}
END_TEST

START_TEST(test_stop_copy_fails)
{
	hook.fail_state = STOP_COPY;
	hook.fail_times = 1;
	hook.fail_late = _i;
	assert_fails(nvvgpu_migrate_save_device(device, stream, NULL), EIO, FIRMWARE);
	if (_i)
		assert_asked(STOP_COPY, STOP, RUNNING);
	else
		assert_asked(STOP_COPY);
	rewind_stream();
	assert_fails(nvvgpu_migrate_verify(stream, NULL, NULL), EBADMSG, STREAM_ABORTED);
	assert_source_runs();
}
END_TEST

START_TEST(test_read_fails)
{
	hook.fail_read = 2;
	hook.fail_errno = EIO;
	assert_fails(nvvgpu_migrate_save_device(device, stream, NULL), EIO, FIRMWARE);
	assert_asked(STOP_COPY, STOP, RUNNING);
	rewind_stream();
	assert_fails(nvvgpu_migrate_verify(stream, NULL, NULL), EBADMSG, STREAM_ABORTED);
	assert_source_runs();
}
END_TEST

START_TEST(test_interrupted_calls)
{
	hook.fail_read = hook.fail_write = 1;
	hook.fail_errno = EINTR;
	save(NULL);
	assert_restores(1);
}
END_TEST

/* Once: another way leads to RUNNING. */
START_TEST(test_running_fails_once)
{
	hook.fail_state = RUNNING;
	hook.fail_times = 1;
	assert_ok(nvvgpu_migrate_save_device(device, stream, NULL));
	assert_asked(STOP_COPY, RUNNING, STOP, RUNNING);
	rewind_stream();
	assert_ok(nvvgpu_migrate_verify(stream, NULL, NULL));
	assert_source_runs();
}
END_TEST

/* For good: the guest has lost its device, and is told so. */
START_TEST(test_running_fails)
{
	hook.fail_state = RUNNING;
	hook.fail_times = 100;
	hook.fail_reset = _i;
	assert_fails(nvvgpu_migrate_save_device(device, stream, NULL), EIO, DEVICE_FAILED);
	assert_cause("lost its state");
	assert_asked(STOP_COPY, RUNNING, STOP, RUNNING, LOG_RESET);
	rewind_stream();
	assert_ok(nvvgpu_migrate_verify(stream, NULL, NULL));
	hook.fail_times = 0;
	hook.fail_reset = false;
	assert_ok(nvvgpu_device_reset(device));
	hook.logged = 0;
	fill_contents(device, 1);
	assert_source_runs();
}
END_TEST

START_TEST(test_resuming_fails)
{
	struct nvvgpu_vgpu *untouched = NULL;

	save(NULL);
	hook.fail_state = RESUMING;
	hook.fail_times = 1;
	hook.fail_late = _i;
	assert_fails(nvvgpu_migrate_restore(target, stream, NULL, &untouched), EIO, FIRMWARE);
	assert_asked(RESUMING, LOG_RESET);
	ck_assert_uint_eq(vgpu_count(target_host), 0);
	assert_restores(1);
}
END_TEST

/* After a write that failed the device is not asked to stop: it might take half a state. */
START_TEST(test_write_fails)
{
	static const int errnos[] = { EINVAL, EFAULT, ENODEV, EIO };
	struct nvvgpu_vgpu *untouched = NULL;
	int err;

	save(NULL);
	hook.fail_write = 3;
	hook.fail_errno = errnos[_i];
	err = nvvgpu_migrate_restore(target, stream, NULL, &untouched);
	ck_assert_int_eq(err, _i < 2 ? -EBADMSG : -errnos[_i]);
	if (_i < 2)
		ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()),
				 NVVGPU_REASON_STREAM_REJECTED);
	assert_asked(RESUMING, LOG_RESET);
	ck_assert_uint_eq(vgpu_count(target_host), 0);
	hook.fail_write = 0;
	assert_restores(1);
}
END_TEST

START_TEST(test_target_does_not_run)
{
	struct nvvgpu_vgpu *untouched = NULL;

	save(NULL);
	hook.fail_state = _i ? RUNNING : STOP;
	hook.fail_times = 1;
	ck_assert_int_eq(nvvgpu_migrate_restore(target, stream, NULL, &untouched),
			 _i ? -EIO : -EBADMSG);
	if (_i)
		assert_asked(RESUMING, STOP, RUNNING, LOG_RESET);
	else
		assert_asked(RESUMING, STOP, LOG_RESET);
	ck_assert_uint_eq(vgpu_count(target_host), 0);
	assert_restores(1);
}
END_TEST

START_TEST(test_not_migratable)
{
	struct nvvgpu_vgpu *vgpu;
	struct nvvgpu_device *opened;

	save(NULL);
	hook.no_migration = true;
	vgpu = create(target, "L40-1B", NULL);
	opened = open_device(vgpu);
	ck_assert(!nvvgpu_device_is_migratable(opened));
	assert_fails(nvvgpu_migrate_restore_device(opened, stream, NULL), EOPNOTSUPP,
		     NOT_MIGRATABLE);
	assert_fails(nvvgpu_migrate_save_device(opened, stream, NULL), EOPNOTSUPP, NOT_MIGRATABLE);
	nvvgpu_device_unref(opened);
	assert_fails(nvvgpu_migrate_save(vgpu, stream, NULL), EOPNOTSUPP, NOT_MIGRATABLE);
	destroy(vgpu);
}
END_TEST

START_TEST(test_open_elsewhere)
{
	assert_fails(nvvgpu_migrate_save(source, stream, NULL), EBUSY, IN_USE);
	assert_ok(device_set_migration_state(device, STOP, NULL));
	hook.logged = 0;
	assert_fails(nvvgpu_migrate_save_device(device, stream, NULL), EBUSY, IN_USE);
	ck_assert_uint_eq(hook.logged, 0);
	assert_ok(device_set_migration_state(device, RUNNING, NULL));
	assert_source_runs();
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void add_refusals(Suite *suite)
{
	TCase *tcase = add_case(suite, "refused");

	tcase_add_loop_test(tcase, test_mismatch, 0, MISMATCHES);
	tcase_add_loop_test(tcase, test_other_board, 0, 3);
	tcase_add_test(tcase, test_device_of_another_type);
	tcase_add_test(tcase, test_damaged);
	tcase_add_test(tcase, test_truncated);
	tcase_add_test(tcase, test_incomplete_state_is_rejected);
	tcase_add_test(tcase, test_verify_first);
	tcase_add_test(tcase, test_not_migratable);
	tcase_add_test(tcase, test_open_elsewhere);
	tcase_add_test(tcase, test_wrong_descriptor);
}

static void add_failures(Suite *suite)
{
	TCase *tcase = add_case(suite, "failing");

	tcase_add_test(tcase, test_no_room);
	tcase_add_loop_test(tcase, test_reader_goes_away, 0, 2);
	tcase_add_loop_test(tcase, test_stop_copy_fails, 0, 2);
	tcase_add_test(tcase, test_read_fails);
	tcase_add_test(tcase, test_interrupted_calls);
	tcase_add_test(tcase, test_running_fails_once);
	tcase_add_loop_test(tcase, test_running_fails, 0, 2);
	tcase_add_loop_test(tcase, test_resuming_fails, 0, 2);
	tcase_add_loop_test(tcase, test_write_fails, 0, 4);
	tcase_add_loop_test(tcase, test_target_does_not_run, 0, 2);
}

static Suite *migrate_suite(void)
{
	Suite *suite = suite_create("migrate");
	TCase *tcase = add_case(suite, "round trip");

	tcase_add_test(tcase, test_to_another_host);
	tcase_add_test(tcase, test_into_an_open_device);
	tcase_add_test(tcase, test_empty_framebuffer);
	tcase_add_test(tcase, test_without_checksums);
	tcase_add_loop_test(tcase, test_small_pieces, 0, 4);
	tcase_add_test(tcase, test_what_the_stream_says);
	tcase_add_loop_test(tcase, test_live, 0, 4);
	tcase_add_test(tcase, test_uuid_of_the_new);
	tcase_add_test(tcase, test_type_of_the_spec);
	add_refusals(suite);

	tcase = add_case(suite, "giving up");
	tcase_add_test(tcase, test_progress);
	tcase_add_test(tcase, test_cancel_by_progress);
	tcase_add_loop_test(tcase, test_cancel, 1, 4);
	tcase_add_test(tcase, test_deadline);
	tcase_add_test(tcase, test_wait_for_first_bytes);
	add_failures(suite);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(migrate_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
