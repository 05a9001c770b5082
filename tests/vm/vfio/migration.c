/* SPDX-License-Identifier: MIT */
/* Saving and restoring through the raw uAPI, and what races with it. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "device.h"

/* ------------------------------------------------------------------ migration */

/* 0 or -errno; the payload goes in and comes back. */
static int feature(struct device *device, uint32_t flags, void *payload, size_t len)
{
	uint64_t words[8] = { 0 };
	struct vfio_device_feature *header = (void *)words;

	header->argsz = sizeof(*header) + len;
	header->flags = flags;
	if (len)
		memcpy(header->data, payload, len);
	if (ioctl(device->fd, VFIO_DEVICE_FEATURE, header))
		return -errno;
	if (len)
		memcpy(payload, header->data, len);
	return 0;
}

static uint32_t state(struct device *device)
{
	struct vfio_device_feature_mig_state get = { 0 };

	expect(!feature(device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			&get, sizeof(get)));
	expect_eq(get.data_fd, (unsigned long long)-1);
	return get.device_state;
}

static int set_state(struct device *device, uint32_t target, int *data)
{
	struct vfio_device_feature_mig_state set = { .device_state = target, .data_fd = -1 };
	int err = feature(device, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			  &set, sizeof(set));

	if (data)
		*data = err ? -1 : set.data_fd;
	return err;
}

#define GO(device, target, data) expect_eq(set_state(device, VFIO_DEVICE_STATE_##target, data), 0)

struct saved {
	uint8_t *bytes;
	size_t len;
};

static struct saved save(struct device *device)
{
	struct saved saved = { 0 };
	size_t room = 0;
	ssize_t n;
	int data;

	GO(device, STOP_COPY, &data);
	expect(data >= 0);
	do {
		if (room - saved.len < MIB) {
			room = room ? 2 * room : 4 * MIB;
			saved.bytes = realloc(saved.bytes, room);
		}
		/* odd sizes, as sockets make them */
		n = read(data, saved.bytes + saved.len, 1 + any() % MIB);
		expect(n >= 0);
		saved.len += n;
	} while (n);
	expect_eq(read(data, saved.bytes, 1), 0);
	close(data);
	GO(device, STOP, NULL);
	return saved;
}

static void load(struct device *device, const struct saved *saved)
{
	size_t done = 0;
	ssize_t n;
	int data;

	GO(device, RESUMING, &data);
	expect(data >= 0);
	while (done < saved->len) {
		size_t len = 1 + any() % MIB;

		n = write(data, saved->bytes + done,
			  len < saved->len - done ? len : saved->len - done);
		expect(n > 0);
		done += n;
	}
	close(data);
	GO(device, STOP, NULL);
}

void test_migration_states(void)
{
	struct device device = device_open(0);
	struct vfio_device_feature_migration migration = { 0 };
	uint64_t bytes = 0;
	int data, err;
	char byte;

	expect(!feature(&device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION,
			&migration, sizeof(migration)));
	expect_eq(migration.flags, VFIO_MIGRATION_STOP_COPY);
	err = feature(&device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &bytes,
		      sizeof(bytes));
	expect(err == -ENOTTY || (!err && bytes));
	expect_eq(state(&device), VFIO_DEVICE_STATE_RUNNING);
	GO(&device, STOP, &data);
	expect_eq(data, (unsigned long long)-1);
	GO(&device, RUNNING, NULL);
	GO(&device, STOP_COPY, &data);
	expect_errno(write(data, "", 1), EBADF);
	expect_errno(lseek(data, 0, SEEK_SET), ESPIPE);
	expect_errno(pread(data, &byte, 1, 0), ESPIPE);
	expect_eq(set_state(&device, 6, NULL), -EINVAL);
	expect_eq(set_state(&device, 5, NULL), -EINVAL);
	expect_eq(set_state(&device, 8, NULL), -EINVAL);
	expect_eq(set_state(&device, VFIO_DEVICE_STATE_ERROR, NULL), -EINVAL);
	expect_eq(state(&device), VFIO_DEVICE_STATE_STOP_COPY);
	GO(&device, RUNNING, NULL);
	expect_errno(read(data, &byte, 1), ENODEV);
	close(data);
	GO(&device, RESUMING, &data);
	expect_errno(read(data, &byte, 1), EBADF);
	close(data);
	reset(&device);
	expect_eq(state(&device), VFIO_DEVICE_STATE_RUNNING);
	expect_works(&device);
}

void test_migration(void)
{
	struct device first = device_open(0), second = device_open(1);
	struct saved saved, again;

	leave_traces(&first, 6000);
	fb_fill(&first, 300 * MIB, 5 * MIB + 77, 6001);
	saved = save(&first);
	expect(saved.len > 6 * MIB);
	again = save(&first);
	expect(again.len == saved.len && !memcmp(again.bytes, saved.bytes, saved.len));
	/* a stopped vGPU keeps what it has */
	reg_put(&first, REG_SCRATCH(0), 1);
	expect_eq(reg_get(&first, REG_SCRATCH(0)), 6000);
	GO(&first, RUNNING, NULL);

	fb_fill(&second, 400 * MIB, MIB, 1);
	reset(&second);
	load(&second, &saved);
	GO(&second, RUNNING, NULL);
	expect(fb_is(&second, 500 * MIB, MIB, 6000));
	expect(fb_is(&second, 300 * MIB, 5 * MIB + 77, 6001));
	expect(fb_is(&second, 400 * MIB, MIB, 0));
	for (unsigned int i = 0; i < 64; i++)
		expect_eq(reg_get(&second, REG_SCRATCH(i)), 6000 + i);
	expect_works(&second);
	expect_works(&first);
	reset(&first);
	reset(&second);
}

void test_migration_bad_data(void)
{
	struct device device = device_open(0);
	struct saved saved;
	char garbage[100000];
	int data;

	pattern(garbage, sizeof(garbage), 1);
	GO(&device, RESUMING, &data);
	/* taken as it comes, or refused at the first look */
	expect(write(data, garbage, sizeof(garbage)) > 0 || errno == EINVAL);
	expect_eq(set_state(&device, VFIO_DEVICE_STATE_STOP, NULL), -EINVAL);
	expect_eq(state(&device), VFIO_DEVICE_STATE_RESUMING);
	expect_eq(set_state(&device, VFIO_DEVICE_STATE_RUNNING, NULL), -EINVAL);
	reset(&device);
	expect_eq(state(&device), VFIO_DEVICE_STATE_RUNNING);
	expect_errno(write(data, garbage, 1), ENODEV);
	close(data);
	/* cut short */
	leave_traces(&device, 7000);
	saved = save(&device);
	GO(&device, RUNNING, NULL);
	reset(&device);
	saved.len -= 16;
	GO(&device, RESUMING, &data);
	for (size_t done = 0; done < saved.len;) {
		ssize_t n = write(data, saved.bytes + done, saved.len - done);

		expect(n > 0);
		done += n;
	}
	expect_eq(set_state(&device, VFIO_DEVICE_STATE_STOP, NULL), -EINVAL);
	close(data);
	reset(&device);
	expect_traces(&device, 0);
	expect_works(&device);
}

/* A data file may outlive its device; a restore that does not end leaves nothing. */
void test_migration_close(void)
{
	struct device device = device_open(0);
	struct saved saved;
	char byte;
	int data;

	leave_traces(&device, 8000);
	fb_fill(&device, 300 * MIB, 8 * MIB, 8001);	/* more than the kernel keeps back */
	saved = save(&device);
	GO(&device, STOP_COPY, &data);
	expect_eq(read(data, &byte, 1), 1);
	device_close(&device);
	expect_errno(read(data, &byte, 1), ENODEV);
	close(data);

	device = device_open(0);
	expect_eq(state(&device), VFIO_DEVICE_STATE_RUNNING);
	expect(fb_is(&device, 500 * MIB, MIB, 8000));
	reset(&device);
	GO(&device, RESUMING, &data);
	for (size_t done = 0; done < saved.len / 2;) {
		ssize_t n = write(data, saved.bytes + done, saved.len / 2 - done);

		expect(n > 0);
		done += n;
	}
	device_close(&device);
	expect_errno(write(data, &byte, 1), ENODEV);
	device = device_open(0);
	expect_traces(&device, 0);
	close(data);
	expect_works(&device);
	reset(&device);
}

/* What another program saves of the first vGPU, and restores as the second. */
void test_fill(void)
{
	struct device first = device_open(0);

	reset(&first);
	leave_traces(&first, 9000);
	fb_fill(&first, 300 * MIB, 5 * MIB + 77, 9001);
}

void test_filled(void)
{
	struct device second = device_open(1);

	expect(fb_is(&second, 500 * MIB, MIB, 9000));
	expect(fb_is(&second, 300 * MIB, 5 * MIB + 77, 9001));
	expect(fb_is(&second, 400 * MIB, MIB, 0));
	expect_works(&second);
	reset(&second);
}

/* ---------------------------------------------------------------------- races */

#define RACERS 6
#define RACE_SECONDS 6

/* Into memory of the device itself: the fault needs the lock that a reset holds. */
static void race_data(struct device *device, uint8_t *mapped)
{
	bool saving = any() % 2;
	struct vfio_device_feature_mig_state set = {
		.device_state = saving ? VFIO_DEVICE_STATE_STOP_COPY : VFIO_DEVICE_STATE_RESUMING,
	};

	if (feature(device, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &set,
		    sizeof(set)) ||
	    set.data_fd < 0)
		return;
	for (int i = 0; i < 20; i++)
		if ((saving ? read(set.data_fd, mapped, PAGE) : write(set.data_fd, mapped, PAGE)) <= 0)
			break;
	set_state(device, any() % 2 ? VFIO_DEVICE_STATE_RUNNING : VFIO_DEVICE_STATE_STOP, NULL);
	close(set.data_fd);
}

/* Whatever it answers. */
static void race_step(struct device *device, uint8_t *mapped)
{
	uint64_t word = any();
	uint16_t command = 0;

	switch (any() % 8) {
	case 0:
		ioctl(device->fd, VFIO_DEVICE_RESET);
		break;
	case 1:
		set_state(device, any() % 6, NULL);
		break;
	case 2:
		race_data(device, mapped);
		break;
	case 3:
		region_read(device, BAR1, any() % MIB, mapped, PAGE);
		break;
	case 4:
		region_write(device, BAR1, any() % MIB, mapped, PAGE);
		break;
	case 5:
		region_write(device, BAR0, 0x1400 + any() % 0x400, &word, 8);
		break;
	case 6:
		if (region_read(device, CONFIG, 4, &command, 2) == 2) {
			command ^= 4;
			region_write(device, CONFIG, 4, &command, 2);
		}
		break;
	case 7:
		mapped[any() % PAGE] = word;
		break;
	}
}

static void race(struct device *device, uint8_t *mapped, int number)
{
	time_t end = time(NULL) + RACE_SECONDS;

	random_state = seed + number;
	while (time(NULL) < end)
		race_step(device, mapped);
	_exit(0);
}

/* Everything at once, from processes that share the device. */
void test_races(void)
{
	struct device device = device_open(0);
	/* by one: the kernel claims a BAR at the first mapping, without a lock, and a second is told EBUSY */
	uint8_t *mapped = map_memory(&device);
	pid_t pids[RACERS];
	int status;

	for (int i = 0; i < RACERS; i++) {
		pids[i] = fork();
		expect(pids[i] >= 0);
		if (!pids[i])
			race(&device, mapped, i);
	}
	for (int i = 0; i < RACERS; i++) {
		expect_eq(waitpid(pids[i], &status, 0), pids[i]);
		expect_eq(status, 0);
	}
	reset(&device);
	expect_eq(state(&device), VFIO_DEVICE_STATE_RUNNING);
	expect_traces(&device, 0);
	expect_works(&device);
	reset(&device);
}
