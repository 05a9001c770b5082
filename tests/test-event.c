// SPDX-License-Identifier: MIT
/* Events of emulated hosts: what is told, in which order, to whom, and when it wakes. */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include "harness/gpus.h"
#include "internal.h"
#include "objects.h"

#define MS	1000000LL
#define TICK	(500 * MS)	/* between two looks, where nobody tells */
#define VF	"0000:41:00.4"	/* the first of the first GPU */
#define T4	"bus/pci/devices/0000:41:00.0"
#define UUID	"6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001"

static struct nvvgpu *host;
static struct nvvgpu_gpu *gpu;
static struct nvvgpu_monitor *monitor;

static void open_host(const char *uri)
{
	ck_assert_int_eq(nvvgpu_open(uri, &host), 0);
	gpu = gpu_at(host, 0);
}

static void watch(const char *uri)
{
	open_host(uri);
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), 0);
}

static void setup(void)
{
	watch("emu:l40*2");
}

static void teardown(void)
{
	nvvgpu_monitor_close(monitor);
	nvvgpu_unref(host);
	monitor = NULL;
	host = NULL;
}

static struct nvvgpu_vgpu *create_type(struct nvvgpu_gpu *on, const char *type)
{
	struct nvvgpu_spec *spec;
	struct nvvgpu_vgpu *vgpu;

	ck_assert_int_eq(nvvgpu_spec_new(&spec), 0);
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, type), 0);
	ck_assert_int_eq(nvvgpu_create(on, spec, &vgpu), 0);
	nvvgpu_spec_free(spec);
	return vgpu;
}

static struct nvvgpu_vgpu *create(struct nvvgpu_gpu *on)
{
	return create_type(on, "869");
}

static struct nvvgpu_event *next(int kind)
{
	struct nvvgpu_event *event;

	ck_assert_int_eq(nvvgpu_monitor_next(monitor, 1000 * MS, &event), 0);
	ck_assert_int_eq(nvvgpu_event_get_kind(event), kind);
	return event;
}

static void skip(int kind)
{
	nvvgpu_event_free(next(kind));
}

static void assert_nothing(void)
{
	struct nvvgpu_event *event = (void *)&host;

	ck_assert_int_eq(nvvgpu_monitor_next(monitor, 0, &event), -EAGAIN);
	ck_assert_ptr_eq(event, &host);
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), EAGAIN);
}

static bool is_readable(void)
{
	struct pollfd pollfd = { .fd = nvvgpu_monitor_get_fd(monitor), .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1;
}

START_TEST(test_created_and_destroyed)
{
	struct nvvgpu_vgpu *vgpu = create(gpu);
	struct nvvgpu_event *event = next(NVVGPU_EVENT_KIND_CREATED);
	uint64_t sequence = nvvgpu_event_get_sequence(event);

	ck_assert_str_eq(nvvgpu_event_get_gpu_address(event), nvvgpu_gpu_get_address(gpu));
	ck_assert_str_eq(nvvgpu_event_get_uuid(event), nvvgpu_vgpu_get_uuid(vgpu));
	ck_assert_str_eq(nvvgpu_event_get_vf(event), VF);
	ck_assert_uint_eq(nvvgpu_event_get_type_id(event), 869);
	nvvgpu_event_free(event);
	skip(NVVGPU_EVENT_KIND_TYPES);
	ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
	event = next(NVVGPU_EVENT_KIND_DESTROYED);
	ck_assert_str_eq(nvvgpu_event_get_uuid(event), nvvgpu_vgpu_get_uuid(vgpu));
	ck_assert_uint_eq(nvvgpu_event_get_sequence(event), sequence + 1);
	nvvgpu_event_free(event);
	nvvgpu_event_free(NULL);
	skip(NVVGPU_EVENT_KIND_TYPES);
	nvvgpu_vgpu_unref(vgpu);
	assert_nothing();
}
END_TEST

START_TEST(test_time)
{
	struct nvvgpu_event *event;
	struct timespec now;
	uint64_t before;

	clock_gettime(CLOCK_REALTIME, &now);
	before = now.tv_sec * 1000000000ULL + now.tv_nsec;
	nvvgpu_vgpu_unref(create(gpu));
	event = next(NVVGPU_EVENT_KIND_CREATED);
	ck_assert_uint_ge(nvvgpu_event_get_time_ns(event), before);
	ck_assert_uint_lt(nvvgpu_event_get_time_ns(event), before + 60000 * MS);
	nvvgpu_event_free(event);
}
END_TEST

START_TEST(test_events_of_the_gpu)
{
	struct nvvgpu_event *event;

	ck_assert_int_eq(nvvgpu_gpu_set_mixed_size(gpu, true), 0);
	event = next(NVVGPU_EVENT_KIND_MODE);
	ck_assert_ptr_null(nvvgpu_event_get_uuid(event));
	ck_assert_uint_eq(nvvgpu_event_get_value(event), 1);
	nvvgpu_event_free(event);
}
END_TEST

START_TEST(test_device_and_params)
{
	struct nvvgpu_vgpu *vgpu = create(gpu);
	struct nvvgpu_device *device;

	skip(NVVGPU_EVENT_KIND_CREATED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	ck_assert_int_eq(nvvgpu_vgpu_set_params(vgpu, "frame_rate_limiter=0"), 0);
	skip(NVVGPU_EVENT_KIND_PARAMS);
	ck_assert_int_eq(nvvgpu_device_open(vgpu, &device), 0);
	skip(NVVGPU_EVENT_KIND_STARTED);
	nvvgpu_device_unref(device);
	skip(NVVGPU_EVENT_KIND_STOPPED);
	nvvgpu_vgpu_unref(vgpu);
	assert_nothing();
}
END_TEST

START_TEST(test_starts_now)
{
	struct nvvgpu_monitor *late;
	struct nvvgpu_event *event;

	nvvgpu_vgpu_unref(create(gpu));
	ck_assert_int_eq(nvvgpu_monitor_open(host, &late), 0);
	ck_assert_int_eq(nvvgpu_monitor_next(late, 0, &event), -EAGAIN);
	nvvgpu_vgpu_unref(create(gpu));
	ck_assert_int_eq(nvvgpu_monitor_next(late, 0, &event), 0);
	nvvgpu_event_free(event);
	ck_assert_int_eq(nvvgpu_monitor_next(late, 0, &event), -EAGAIN);
	nvvgpu_monitor_close(late);
	skip(NVVGPU_EVENT_KIND_CREATED);
	skip(NVVGPU_EVENT_KIND_CREATED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	assert_nothing();
}
END_TEST

/* Two GPUs in turn: one stream, in the order of time. */
START_TEST(test_merged)
{
	struct nvvgpu_gpu *gpus[] = { gpu, gpu_at(host, 1) };
	uint64_t last = 0;

	for (int i = 0; i < 8; i++)
		nvvgpu_vgpu_unref(create(gpus[i % 2]));
	for (int i = 0; i < 8; i++) {
		struct nvvgpu_event *event = next(NVVGPU_EVENT_KIND_CREATED);

		ck_assert_str_eq(nvvgpu_event_get_gpu_address(event),
				 nvvgpu_gpu_get_address(gpus[i % 2]));
		ck_assert_uint_ge(nvvgpu_event_get_time_ns(event), last);
		last = nvvgpu_event_get_time_ns(event);
		nvvgpu_event_free(event);
	}
	skip(NVVGPU_EVENT_KIND_TYPES);
	skip(NVVGPU_EVENT_KIND_TYPES);
	assert_nothing();
}
END_TEST

/* One event per wake-up is a way to use it: the descriptor stays readable until the last. */
START_TEST(test_descriptor)
{
	struct nvvgpu_event *event;

	while (is_readable())
		assert_nothing();
	for (int i = 0; i < 20; i++)
		nvvgpu_vgpu_unref(create(gpu));
	for (int i = 0; i < 20; i++) {
		ck_assert(is_readable());
		ck_assert_int_eq(nvvgpu_monitor_next(monitor, 0, &event), 0);
		nvvgpu_event_free(event);
	}
	ck_assert(is_readable());
	skip(NVVGPU_EVENT_KIND_TYPES);
	assert_nothing();
	ck_assert(!is_readable());
}
END_TEST

START_TEST(test_time_out)
{
	struct timespec before, after;
	struct nvvgpu_event *event;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &before);
	ck_assert_int_eq(nvvgpu_monitor_next(monitor, 20 * MS, &event), -EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ns = (after.tv_sec - before.tv_sec) * 1000 * MS + after.tv_nsec - before.tv_nsec;
	ck_assert_int_ge(ns, 20 * MS);
	nvvgpu_vgpu_unref(create(gpu));
	ck_assert_int_eq(nvvgpu_monitor_next(monitor, INT64_MAX, &event), 0);
	nvvgpu_event_free(event);
}
END_TEST

static void *create_later(void *arg)
{
	const struct timespec pause = { .tv_nsec = 20 * MS };

	nanosleep(&pause, NULL);
	nvvgpu_vgpu_unref(create(gpu));
	return NULL;
}

START_TEST(test_wakes)
{
	struct nvvgpu_event *event;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, create_later, NULL), 0);
	ck_assert_int_eq(nvvgpu_monitor_next(monitor, -1, &event), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	nvvgpu_event_free(event);
}
END_TEST

/* Waits for the event of test_one_at_a_time, whose own calls may be in its way at first. */
static void *wait_for_it(void *arg)
{
	struct nvvgpu_event **event = arg;
	int err;

	while ((err = nvvgpu_monitor_next(monitor, -1, event)) == -EBUSY)
		usleep(1000);
	return err ? arg : NULL;
}

START_TEST(test_one_at_a_time)
{
	struct nvvgpu_event *event = NULL, *second;
	pthread_t thread;
	void *failed;
	int err;

	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_it, &event), 0);
	/* until the other waits, who has to come to it; the test's time limit ends it else */
	while ((err = nvvgpu_monitor_next(monitor, 0, &second)) == -EAGAIN)
		usleep(1000);
	ck_assert_int_eq(err, -EBUSY);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), NVVGPU_REASON_BUSY);
	nvvgpu_vgpu_unref(create(gpu));
	ck_assert_int_eq(pthread_join(thread, &failed), 0);
	ck_assert_ptr_null(failed);
	ck_assert_int_eq(nvvgpu_event_get_kind(event), NVVGPU_EVENT_KIND_CREATED);
	nvvgpu_event_free(event);
}
END_TEST

START_TEST(test_outlives_its_host_reference)
{
	struct nvvgpu_vgpu *vgpu = create(gpu);

	nvvgpu_unref(host);
	skip(NVVGPU_EVENT_KIND_CREATED);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_monitor_close(monitor);
	nvvgpu_monitor_close(NULL);
	monitor = NULL;
	host = NULL;
}
END_TEST

START_TEST(test_kind_names)
{
	ck_assert_str_eq(nvvgpu_event_kind_name(NVVGPU_EVENT_KIND_CREATED), "created");
	ck_assert_str_eq(nvvgpu_event_kind_name(NVVGPU_EVENT_KIND_VFS), "vfs");
	ck_assert_str_eq(nvvgpu_event_kind_name(NVVGPU_EVENT_KIND_LOST), "lost");
	ck_assert_str_eq(nvvgpu_event_kind_name(NVVGPU_EVENT_KIND_GPU_ADDED), "gpu-added");
	ck_assert_str_eq(nvvgpu_event_kind_name(NVVGPU_EVENT_KIND_TYPES), "types");
	ck_assert_str_eq(nvvgpu_event_kind_name(69), "unknown");
	ck_assert_str_eq(nvvgpu_event_kind_name(0), "unknown");
	ck_assert_str_eq(nvvgpu_event_kind_name(12), "unknown");
	ck_assert_str_eq(nvvgpu_event_kind_name(-1), "unknown");
}
END_TEST

/* ----------------------------------------------------- what nobody tells of */

/* A write as any program makes it. */
static void put(const char *path, const char *value)
{
	ck_assert_int_eq(host->os->ops->attr_write(host->os, path, value), 0);
}

static const struct os_ops *door;	/* behind counting_read */
static unsigned int reads;

static int counting_read(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	reads++;
	return door->attr_read(os, path, buf, size, ret_len);
}

/* From here on each read of an attribute counts. */
static void count_reads(void)
{
	static struct os_ops counting;

	door = host->os->ops;
	counting = *door;
	counting.attr_read = counting_read;
	host->os->ops = &counting;
	reads = 0;
}

START_TEST(test_type_written_to_a_vf)
{
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_event *event;
	char uuid[37];

	watch("emu:l40*2?framework=vendor-vfio");
	put("bus/pci/devices/" VF "/nvidia/current_vgpu_type", "869\n");
	event = next(NVVGPU_EVENT_KIND_CREATED);
	ck_assert_int_eq(nvvgpu_vgpu_list(gpu, &vgpus), 0);
	ck_assert_str_eq(nvvgpu_event_get_gpu_address(event), nvvgpu_gpu_get_address(gpu));
	ck_assert_str_eq(nvvgpu_event_get_vf(event), VF);
	ck_assert_uint_eq(nvvgpu_event_get_type_id(event), 869);
	ck_assert_uint_eq(nvvgpu_event_get_sequence(event), 0);
	strcpy(uuid, nvvgpu_event_get_uuid(event));
	ck_assert_str_eq(uuid, nvvgpu_vgpu_get_uuid(nvvgpu_vgpu_list_get(vgpus, 0)));
	nvvgpu_vgpu_list_unref(vgpus);
	nvvgpu_event_free(event);
	skip(NVVGPU_EVENT_KIND_TYPES);
	put("bus/pci/devices/" VF "/nvidia/current_vgpu_type", "0\n");
	event = next(NVVGPU_EVENT_KIND_DESTROYED);
	ck_assert_str_eq(nvvgpu_event_get_uuid(event), uuid);
	ck_assert_str_eq(nvvgpu_event_get_vf(event), VF);
	nvvgpu_event_free(event);
	skip(NVVGPU_EVENT_KIND_TYPES);
}
END_TEST

/* An mdev wakes at once: nobody has to look for it. */
START_TEST(test_uuid_written_to_a_type)
{
	struct nvvgpu_event *event;

	watch("emu:t4?framework=mdev");
	assert_nothing();
	ck_assert(!is_readable());
	put(T4 "/mdev_supported_types/nvidia-222/create", UUID "\n");
	ck_assert(is_readable());
	event = next(NVVGPU_EVENT_KIND_CREATED);
	ck_assert_str_eq(nvvgpu_event_get_uuid(event), UUID);
	ck_assert_ptr_null(nvvgpu_event_get_vf(event));
	ck_assert_uint_eq(nvvgpu_event_get_type_id(event), 222);
	nvvgpu_event_free(event);
	skip(NVVGPU_EVENT_KIND_TYPES);
	put("bus/mdev/devices/" UUID "/remove", "1\n");
	skip(NVVGPU_EVENT_KIND_DESTROYED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	assert_nothing();
}
END_TEST

/* Looking costs nothing where there is nobody to tell, and little where there is. */
START_TEST(test_cost_of_looking)
{
	const struct timespec pause = { .tv_sec = 1, .tv_nsec = 200 * MS };
	struct nvvgpu_event *event;

	open_host("emu:l40?framework=vendor-vfio");
	count_reads();
	nanosleep(&pause, NULL);
	ck_assert_uint_eq(reads, 0);
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), 0);
	reads = 0;
	nanosleep(&pause, NULL);	/* open, but nobody asks it */
	ck_assert_uint_eq(reads, 0);
	ck_assert_int_eq(nvvgpu_monitor_next(monitor, 2 * TICK + TICK / 2, &event), -EAGAIN);
	ck_assert_uint_ge(reads, 2 * 33);	/* 32 VFs, and what one of them offers */
	ck_assert_uint_le(reads, 4 * 33);
	nvvgpu_monitor_close(monitor);
	monitor = NULL;
	reads = 0;
	nanosleep(&pause, NULL);
	ck_assert_uint_eq(reads, 0);
}
END_TEST

/* Nor does it wake who waits. */
static void assert_never_looks(const char *uri)
{
	const struct timespec pause = { .tv_nsec = TICK + TICK / 2 };
	struct nvvgpu_event *event;

	watch(uri);
	count_reads();
	ck_assert_int_eq(nvvgpu_monitor_next(monitor, 2 * TICK + TICK / 2, &event), -EAGAIN);
	ck_assert_uint_eq(reads, 0);
	nanosleep(&pause, NULL);
	ck_assert(!is_readable());
	teardown();
}

START_TEST(test_no_looking_where_drivers_tell)
{
	assert_never_looks("emu:l40*2");
	assert_never_looks("emu:a40?framework=mdev");
	assert_never_looks("emu:t4?framework=mdev");
}
END_TEST

/* The driver tells how many there are, the kernel which: each of them once. */
START_TEST(test_vfs_told_by_two)
{
	const struct timespec pause = { .tv_nsec = TICK + TICK / 2 };
	struct nvvgpu_event *event;

	watch("emu:l4");
	put("bus/pci/devices/0000:41:00.0/sriov_numvfs", "0\n");
	event = next(NVVGPU_EVENT_KIND_VFS);
	ck_assert_uint_eq(nvvgpu_event_get_value(event), 0);
	nvvgpu_event_free(event);
	for (uint32_t i = 0; i < nvvgpu_gpu_get_vfs_total(gpu); i++)
		skip(NVVGPU_EVENT_KIND_VF_REMOVED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	put("bus/pci/devices/0000:41:00.0/sriov_numvfs", "1\n");
	skip(NVVGPU_EVENT_KIND_VFS);
	event = next(NVVGPU_EVENT_KIND_VF_ADDED);
	ck_assert_str_eq(nvvgpu_event_get_vf(event), VF);
	nvvgpu_event_free(event);
	skip(NVVGPU_EVENT_KIND_TYPES);
	assert_nothing();
	ck_assert_int_eq(nvvgpu_monitor_next(monitor, 5 * TICK, &event), -EAGAIN);
	nanosleep(&pause, NULL);	/* the looks behind it have an end */
	ck_assert(!is_readable());
}
END_TEST

/* More than anybody keeps: that is told, and what is there then is found by looking. */
START_TEST(test_overrun)
{
	struct nvvgpu_event *event;

	watch("emu:t4?framework=mdev");
	for (int i = 0; i < 300; i++) {
		put(T4 "/mdev_supported_types/nvidia-222/create", UUID "\n");
		if (i < 299)
			put("bus/mdev/devices/" UUID "/remove", "1\n");
	}
	event = next(NVVGPU_EVENT_KIND_LOST);
	ck_assert_str_eq(nvvgpu_event_get_gpu_address(event), "");
	ck_assert_uint_eq(nvvgpu_event_get_value(event), 0);
	nvvgpu_event_free(event);
	event = next(NVVGPU_EVENT_KIND_CREATED);
	ck_assert_str_eq(nvvgpu_event_get_uuid(event), UUID);
	nvvgpu_event_free(event);
	skip(NVVGPU_EVENT_KIND_TYPES);
}
END_TEST

/* A driver's own count of what is lost; the rest of its ring follows in order. */
START_TEST(test_overrun_of_the_driver)
{
	struct nvvgpu_event *event;
	uint64_t lost, sequence;
	unsigned int seen = 0;

	watch("emu:l40");
	for (int i = 0; i < 200; i++) {
		struct nvvgpu_vgpu *vgpu = create(gpu);

		ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
		nvvgpu_vgpu_unref(vgpu);
	}
	event = next(NVVGPU_EVENT_KIND_LOST);
	lost = nvvgpu_event_get_value(event);
	do {
		sequence = nvvgpu_event_get_sequence(event);
		nvvgpu_event_free(event);
		ck_assert_int_eq(nvvgpu_monitor_next(monitor, 0, &event), 0);
		ck_assert_uint_eq(nvvgpu_event_get_sequence(event), sequence + 1);
	} while (++seen < 256);
	nvvgpu_event_free(event);
	assert_nothing();
	ck_assert_uint_eq(lost, 400 - 256);
}
END_TEST

/* Notices that a test makes up; there are some as long as its descriptor is readable. */
static struct liar {
	struct os_file file;
	int fd;
} liar;

static const struct os_notice lies[] = {
	{ "0000:41:00.0", false }, { "0000:41:00.0", true }, { VF, false }, { VF, true },
	{ "0000:99:00.0", false }, { "0000:99:00.0", true }, { "", false }, { "../../..", true },
};

static ssize_t liar_read(struct os_file *file, void *buf, size_t len)
{
	eventfd_t value;

	ck_assert_uint_ge(len, sizeof(lies));
	if (eventfd_read(liar.fd, &value))
		return -errno;
	memcpy(buf, lies, sizeof(lies));
	return sizeof(lies);
}

static int liar_poll_fd(struct os_file *file)
{
	return liar.fd;
}

static void liar_close(struct os_file *file)
{
	close(liar.fd);
}

static int liar_open(struct os *os, struct os_file **ret)
{
	static const struct os_file_ops ops = {
		.close = liar_close,
		.read = liar_read,
		.poll_fd = liar_poll_fd,
	};

	liar.file.ops = &ops;
	liar.fd = eventfd(0, EFD_NONBLOCK);
	*ret = &liar.file;
	return 0;
}

/* Whatever a notice says: what is not so is not told, and what is so is found. */
static void assert_not_deceived(const char *uri, const char *type)
{
	static struct os_ops ops;
	struct nvvgpu_vgpu *vgpu;

	open_host(uri);
	ops = *host->os->ops;
	ops.notices_open = liar_open;
	host->os->ops = &ops;
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), 0);
	eventfd_write(liar.fd, 1);
	assert_nothing();
	assert_nothing();
	vgpu = create_type(gpu, type);
	eventfd_write(liar.fd, 1);
	skip(NVVGPU_EVENT_KIND_CREATED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	nvvgpu_vgpu_unref(vgpu);
	teardown();
}

START_TEST(test_lying_notices)
{
	assert_not_deceived("emu:l40", "869");
	assert_not_deceived("emu:l40?framework=vendor-vfio", "869");
	assert_not_deceived("emu:a40?framework=mdev", "556");
}
END_TEST

/* ------------------------------------------------------------ what does not work */

#define PCI	"bus/pci/devices"
#define GPU	"0000:41:00.0"

/* What a test lets fail, on the whole host but where it says otherwise; 0: it works. */
static struct faults {
	int attr, link, parent;
	int list;		/* of all but the PCI functions */
	int functions;		/* their list */
	int control;		/* of GPU */
	int other_control;	/* of the other GPUs */
	bool no_gpu;		/* GPU is pulled out */
	bool deaf;		/* what control files are read for fails, at once */
	unsigned int create_at;	/* behind this opening of a control file, a vGPU; 0: never */
} faults;
static unsigned int searches, warnings;

static bool is_pulled(const char *path)
{
	return faults.no_gpu && !strncmp(path, PCI "/" GPU, strlen(PCI "/" GPU));
}

static int bad_attr(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	if (faults.attr || is_pulled(path))
		return faults.attr ? faults.attr : -ENOENT;
	return door->attr_read(os, path, buf, size, ret_len);
}

static int bad_link(struct os *os, const char *path, char *buf, size_t size)
{
	return faults.link ? faults.link : door->link_read(os, path, buf, size);
}

static int bad_parent(struct os *os, const char *path, char *buf, size_t size)
{
	return faults.parent ? faults.parent : door->link_parent(os, path, buf, size);
}

struct names {
	int (*each)(const char *name, void *arg);
	void *arg;
};

static int unless_pulled(const char *name, void *arg)
{
	struct names *names = arg;

	return faults.no_gpu && !strcmp(name, GPU) ? 0 : names->each(name, names->arg);
}

static int bad_list(struct os *os, const char *path, int (*each)(const char *name, void *arg),
		    void *arg)
{
	struct names names = { each, arg };

	if (strcmp(path, PCI))
		return faults.list ? faults.list : door->list(os, path, each, arg);
	searches++;
	return faults.functions ? faults.functions : door->list(os, path, unless_pulled, &names);
}

struct deaf_file {
	struct os_file base;
	struct os_file *inner;
	int fd;			/* readable, always */
};

static void deaf_close(struct os_file *file)
{
	struct deaf_file *deaf = (struct deaf_file *)file;

	os_file_close(deaf->inner);
	close(deaf->fd);
	free(deaf);
}

static int deaf_ioctl(struct os_file *file, unsigned long request, void *arg)
{
	return os_file_ioctl(((struct deaf_file *)file)->inner, request, arg);
}

static ssize_t deaf_read(struct os_file *file, void *buf, size_t len)
{
	return -EIO;
}

static int deaf_poll_fd(struct os_file *file)
{
	return ((struct deaf_file *)file)->fd;
}

static struct os_file *deaf_new(struct os_file *inner)
{
	static const struct os_file_ops ops = {
		.close = deaf_close, .ioctl = deaf_ioctl, .read = deaf_read,
		.poll_fd = deaf_poll_fd,
	};
	struct deaf_file *deaf = malloc(sizeof(*deaf));

	*deaf = (struct deaf_file){ { &ops }, inner, eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK) };
	return &deaf->base;
}

static int bad_control(struct os *os, const char *address, bool write, struct os_file **ret)
{
	int err = strcmp(address, GPU) ? faults.other_control : faults.control;

	if (!err)
		err = door->control_open(os, address, write, ret);
	if (!err && faults.deaf)
		*ret = deaf_new(*ret);
	if (!err && faults.create_at && !--faults.create_at)
		nvvgpu_vgpu_unref(create_type(gpu, "222"));
	return err;
}

static void count_warnings(void *arg, enum nvvgpu_log_level level, const char *line)
{
	warnings += level == NVVGPU_LOG_WARNING;
}

/* Nothing is kept of what was read, so that each fault meets who reads. */
static void open_faulty(const char *uri)
{
	static struct os_ops faulty;

	memset(&faults, 0, sizeof(faults));
	open_host(uri);
	door = host->os->ops;
	faulty = *door;
	faulty.notices_open = liar_open;
	faulty.changes = NULL;
	faulty.attr_read = bad_attr;
	faulty.link_read = bad_link;
	faulty.link_parent = bad_parent;
	faulty.list = bad_list;
	faulty.control_open = bad_control;
	host->os->ops = &faulty;
	ck_assert_int_eq(nvvgpu_set_log(host, NVVGPU_LOG_WARNING, count_warnings, NULL, NULL), 0);
}

/* All that a notice can lead to at once has been. */
static void assert_quiet_notice(void)
{
	ck_assert_int_eq(eventfd_write(liar.fd, 1), 0);
	assert_nothing();
	assert_nothing();
}

static void wait_ticks(unsigned int count)
{
	struct nvvgpu_event *event;

	ck_assert_int_eq(nvvgpu_monitor_next(monitor, count * TICK + TICK / 2, &event), -EAGAIN);
}

static const struct faults moments[] = {
	{ .attr = -EMFILE }, { .attr = -EIO }, { .link = -EMFILE }, { .parent = -EMFILE },
	{ .list = -EMFILE }, { .list = -EACCES }, { .functions = -EMFILE },
	{ .control = -EMFILE }, { .control = -EACCES },
};

/* What cannot be read for a moment has not gone, and has not come when it can. */
static void assert_not_gone(const char *uri, const char *type)
{
	struct nvvgpu_vgpu *vgpu;

	open_faulty(uri);
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), 0);
	vgpu = create_type(gpu, type);
	ck_assert_int_eq(eventfd_write(liar.fd, 1), 0);
	skip(NVVGPU_EVENT_KIND_CREATED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		faults = moments[i];
		assert_quiet_notice();
		memset(&faults, 0, sizeof(faults));
		assert_quiet_notice();
	}
	ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
	ck_assert_int_eq(eventfd_write(liar.fd, 1), 0);
	skip(NVVGPU_EVENT_KIND_DESTROYED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	nvvgpu_vgpu_unref(vgpu);
	teardown();
}

/* A driver that lets open and then does not tell: tried with each tick, not round and round. */
START_TEST(test_rests_before_one_that_is_deaf)
{
	open_faulty("emu:l40");
	faults.deaf = true;
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), 0);
	searches = 0;
	wait_ticks(3);
	ck_assert_uint_ge(searches, 1);
	ck_assert_uint_le(searches, 5);
	teardown();
}
END_TEST

START_TEST(test_unreadable_nvvgpu)
{
	assert_not_gone("emu:l40", "869");
}
END_TEST

START_TEST(test_unreadable_vendor_vfio)
{
	assert_not_gone("emu:l40?framework=vendor-vfio", "869");
}
END_TEST

START_TEST(test_unreadable_mdev)
{
	assert_not_gone("emu:a40?framework=mdev", "556");
	assert_not_gone("emu:t4?framework=mdev", "222");
}
END_TEST

/* The control file tells of what a look has told already: once is enough. */
START_TEST(test_created_while_it_comes)
{
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_event *event;

	open_faulty("emu:t4");
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), 0);
	faults.no_gpu = true;
	ck_assert_int_eq(eventfd_write(liar.fd, 1), 0);
	skip(NVVGPU_EVENT_KIND_GPU_REMOVED);
	faults.no_gpu = false;
	faults.create_at = 2;	/* the first is the one that finds the framework */
	ck_assert_int_eq(eventfd_write(liar.fd, 1), 0);
	skip(NVVGPU_EVENT_KIND_GPU_ADDED);
	event = next(NVVGPU_EVENT_KIND_CREATED);
	ck_assert_int_eq(nvvgpu_vgpu_list(gpu, &vgpus), 0);
	ck_assert_uint_eq(nvvgpu_vgpu_list_size(vgpus), 1);
	ck_assert_str_eq(nvvgpu_event_get_uuid(event),
			 nvvgpu_vgpu_get_uuid(nvvgpu_vgpu_list_get(vgpus, 0)));
	nvvgpu_event_free(event);
	skip(NVVGPU_EVENT_KIND_TYPES);
	assert_nothing();
	ck_assert_int_eq(nvvgpu_destroy(nvvgpu_vgpu_list_get(vgpus, 0)), 0);
	nvvgpu_vgpu_list_unref(vgpus);
	event = next(NVVGPU_EVENT_KIND_DESTROYED);
	ck_assert_uint_gt(nvvgpu_event_get_sequence(event), 0);
	nvvgpu_event_free(event);
	skip(NVVGPU_EVENT_KIND_TYPES);
	nvvgpu_vgpu_unref(create_type(gpu, "222"));
	skip(NVVGPU_EVENT_KIND_CREATED);
}
END_TEST

/* A GPU that may not be opened is tried for two seconds, and when there is a reason to. */
START_TEST(test_rests_behind_one_that_is_denied)
{
	open_faulty("emu:t4");
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), 0);
	faults.no_gpu = true;
	ck_assert_int_eq(eventfd_write(liar.fd, 1), 0);
	skip(NVVGPU_EVENT_KIND_GPU_REMOVED);
	faults = (struct faults){ .control = -EACCES };
	searches = warnings = 0;
	ck_assert_int_eq(eventfd_write(liar.fd, 1), 0);
	skip(NVVGPU_EVENT_KIND_GPU_ADDED);
	wait_ticks(6);
	ck_assert_uint_ge(searches, 2);
	ck_assert_uint_le(searches, 3);
	ck_assert_uint_eq(warnings, 1);
	searches = 0;
	wait_ticks(6);
	ck_assert_uint_eq(searches, 0);
	ck_assert_uint_eq(warnings, 1);
	faults.control = 0;
	ck_assert_int_eq(eventfd_write(liar.fd, 1), 0);
	skip(NVVGPU_EVENT_KIND_TYPES);
	nvvgpu_vgpu_unref(create_type(gpu, "222"));
	skip(NVVGPU_EVENT_KIND_CREATED);
}
END_TEST

/* No second notice is needed where the first led to nothing. */
START_TEST(test_failed_search)
{
	open_faulty("emu:t4");
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), 0);
	warnings = 0;
	faults = (struct faults){ .functions = -EMFILE, .no_gpu = true };
	ck_assert_int_eq(eventfd_write(liar.fd, 1), 0);
	wait_ticks(6);
	faults.functions = 0;
	skip(NVVGPU_EVENT_KIND_GPU_REMOVED);
	ck_assert_uint_eq(warnings, 1);
	searches = 0;
	wait_ticks(3);
	ck_assert_uint_eq(searches, 0);
}
END_TEST

/* One that does not answer keeps nobody from hearing the other. */
static void assert_hears_the_other(int err)
{
	open_faulty("emu:t4*2");
	nvvgpu_vgpu_unref(create_type(gpu, "222"));
	faults.control = err;
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), 0);
	nvvgpu_vgpu_unref(create_type(gpu_at(host, 1), "222"));
	skip(NVVGPU_EVENT_KIND_CREATED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	faults.control = 0;
	assert_quiet_notice();	/* what it had already is no news */
	nvvgpu_vgpu_unref(create_type(gpu, "222"));
	skip(NVVGPU_EVENT_KIND_CREATED);
	teardown();
}

START_TEST(test_opens_with_one_that_fails)
{
	assert_hears_the_other(-EIO);
	assert_hears_the_other(-EMFILE);
	assert_hears_the_other(-EACCES);
}
END_TEST

START_TEST(test_opens_with_none)
{
	open_faulty("emu:t4*2");
	faults.control = faults.other_control = -EACCES;
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), -EACCES);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), NVVGPU_REASON_PERMISSION);
}
END_TEST

/* As in a build without libudev, or where its socket may not be opened: all is looked at. */
START_TEST(test_without_notices)
{
	static struct os_ops deaf;
	struct nvvgpu_vgpu *vgpu;

	open_host("emu:a40?framework=mdev");
	deaf = *host->os->ops;
	deaf.notices_open = NULL;
	host->os->ops = &deaf;
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), 0);
	vgpu = create_type(gpu, "556");
	skip(NVVGPU_EVENT_KIND_CREATED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
	nvvgpu_vgpu_unref(vgpu);
	skip(NVVGPU_EVENT_KIND_DESTROYED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	put("bus/pci/devices/0000:41:00.0/sriov_numvfs", "0\n");
	for (uint32_t i = 0; i < nvvgpu_gpu_get_vfs_total(gpu); i++)
		skip(NVVGPU_EVENT_KIND_VF_REMOVED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	assert_nothing();
}
END_TEST

/* Nothing happens on a captured machine. */
START_TEST(test_capture)
{
	ck_assert_int_eq(nvvgpu_open("tree:/", &host), 0);
	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), -EOPNOTSUPP);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()),
			 NVVGPU_REASON_NOT_SUPPORTED);
}
END_TEST

/* Another process, as good as: it has the same state directory. */
START_TEST(test_made_by_another)
{
	char directory[] = "/tmp/nvvgpu-event-XXXXXX", uri[96], command[64];
	struct nvvgpu_vgpu *vgpu;
	struct nvvgpu *other;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(uri, sizeof(uri), "emu:a40?framework=mdev&state=%s", directory);
	watch(uri);
	ck_assert_int_eq(nvvgpu_open(uri, &other), 0);
	vgpu = create_type(gpu_at(other, 0), "556");
	skip(NVVGPU_EVENT_KIND_CREATED);
	skip(NVVGPU_EVENT_KIND_TYPES);
	ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
	skip(NVVGPU_EVENT_KIND_DESTROYED);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_unref(other);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("event");
	TCase *tcase = tcase_create("event");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_created_and_destroyed);
	tcase_add_test(tcase, test_time);
	tcase_add_test(tcase, test_one_at_a_time);
	tcase_add_test(tcase, test_events_of_the_gpu);
	tcase_add_test(tcase, test_device_and_params);
	tcase_add_test(tcase, test_starts_now);
	tcase_add_test(tcase, test_merged);
	tcase_add_test(tcase, test_descriptor);
	tcase_add_test(tcase, test_time_out);
	tcase_add_test(tcase, test_wakes);
	tcase_add_test(tcase, test_outlives_its_host_reference);
	tcase_add_test(tcase, test_kind_names);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("seen");
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, test_type_written_to_a_vf);
	tcase_add_test(tcase, test_uuid_written_to_a_type);
	tcase_add_test(tcase, test_cost_of_looking);
	tcase_add_test(tcase, test_no_looking_where_drivers_tell);
	tcase_add_test(tcase, test_vfs_told_by_two);
	tcase_add_test(tcase, test_overrun);
	tcase_add_test(tcase, test_overrun_of_the_driver);
	tcase_add_test(tcase, test_lying_notices);
	tcase_add_test(tcase, test_without_notices);
	tcase_add_test(tcase, test_capture);
	tcase_add_test(tcase, test_made_by_another);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("faults");
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, test_rests_before_one_that_is_deaf);
	tcase_add_test(tcase, test_unreadable_nvvgpu);
	tcase_add_test(tcase, test_unreadable_vendor_vfio);
	tcase_add_test(tcase, test_unreadable_mdev);
	tcase_add_test(tcase, test_created_while_it_comes);
	tcase_add_test(tcase, test_rests_behind_one_that_is_denied);
	tcase_add_test(tcase, test_failed_search);
	tcase_add_test(tcase, test_opens_with_one_that_fails);
	tcase_add_test(tcase, test_opens_with_none);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
