// SPDX-License-Identifier: MIT
/*
 * Saving against the least that could be done: a loop of read() on the same
 * device session (and write() to the same sink), with one buffer of the same
 * size.  Then the memory that a save of 8 GiB takes.
 */
#include <fcntl.h>
#include <pthread.h>
#include "../harness/gpus.h"
#include "internal.h"
#include "os/vfio_uapi.h"
#include "bench.h"

#define MIB		(1u << 20)
#define DATA_BYTES	(512ull * MIB)
#define LARGE_BYTES	(8192ull * MIB)
#define GOAL_KIB	16384

#define VF_WINDOW	0x001700	/* kmod/emu/emu.h: moves the aperture in units of 64 KiB */

struct save {
	struct nvvgpu *host;
	struct nvvgpu_vgpu *vgpu;
	struct nvvgpu_device *device;
	struct nvvgpu_migrate_options *options;
	uint8_t *buf;
	int fd;
	bool copy;		/* the reference writes what it read */
	uint64_t bytes;		/* of state */
};

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench-save: %s: %s\n", what,
		nvvgpu_error_get_cause(nvvgpu_last_error()));
	exit(1);
}

/* ---------------------------------------------------------------- the vGPU */

static void fill_random(struct save *save, uint64_t bytes)
{
	uint64_t at, word = 88172645463325252u;
	uint32_t window, i;

	for (at = 0; at < bytes; at += MIB) {
		for (i = 0; i < MIB; i += sizeof(word)) {
			word ^= word << 13;
			word ^= word >> 7;
			word ^= word << 17;
			memcpy(save->buf + i, &word, sizeof(word));
		}
		window = (uint32_t)(at >> 16);
		if (nvvgpu_device_write(save->device, NVVGPU_REGION_BAR0, VF_WINDOW, &window,
					sizeof(window)) < 0 ||
		    nvvgpu_device_write(save->device, NVVGPU_REGION_BAR1, 0, save->buf, MIB) < 0)
			die("filling the framebuffer");
	}
}

static void save_setup(struct save *save, const char *type, uint64_t bytes)
{
	struct nvvgpu_spec *spec = NULL;

	*save = (struct save){ .buf = aligned_alloc(4096, MIB), .fd = -1 };
	if (!save->buf || nvvgpu_open("emu:l40", &save->host) || nvvgpu_spec_new(&spec) ||
	    nvvgpu_spec_set_type(spec, type) ||
	    nvvgpu_create(gpu_at(save->host, 0), spec, &save->vgpu) ||
	    nvvgpu_device_open(save->vgpu, &save->device) ||
	    nvvgpu_migrate_options_new(&save->options))
		die(type);
	nvvgpu_spec_free(spec);
	fill_random(save, bytes);
}

static void save_teardown(struct save *save)
{
	nvvgpu_migrate_options_free(save->options);
	nvvgpu_device_unref(save->device);
	nvvgpu_destroy(save->vgpu);
	nvvgpu_vgpu_unref(save->vgpu);
	nvvgpu_unref(save->host);
	free(save->buf);
}

/* --------------------------------------------------------------- both sides */

static double ours(void *ctx)
{
	struct save *save = ctx;
	uint64_t start = bench_now_ns();

	if (nvvgpu_migrate_save_device(save->device, save->fd, save->options))
		return -1;
	return bench_rate((double)save->bytes / MIB, start);
}

static int write_all(int fd, const uint8_t *buf, size_t len)
{
	ssize_t n;

	for (; len; buf += n, len -= (size_t)n) {
		n = write(fd, buf, len);
		if (n <= 0)
			return -1;
	}
	return 0;
}

static int read_loop(struct save *save, struct os_file *data)
{
	ssize_t n;

	save->bytes = 0;
	while ((n = os_file_read(data, save->buf, MIB)) > 0) {
		save->bytes += (uint64_t)n;
		if (save->copy && write_all(save->fd, save->buf, (size_t)n))
			return -1;
	}
	return (int)n;
}

static double bare_loop(void *ctx)
{
	struct save *save = ctx;
	struct os_file *data = NULL;
	uint64_t start = bench_now_ns();
	int err = device_set_migration_state(save->device, VFIO_DEVICE_STATE_STOP_COPY, &data);

	if (!err)
		err = read_loop(save, data);
	if (!err)
		err = device_set_migration_state(save->device, VFIO_DEVICE_STATE_RUNNING, NULL);
	os_file_close(data);
	return err ? -1 : bench_rate((double)save->bytes / MIB, start);
}

static int compare(struct save *save, const char *sink)
{
	char name[64];
	int failed;

	if (bare_loop(save) < 0)	/* how much it is */
		die("reading the state");
	nvvgpu_migrate_options_set_checksum(save->options, false);
	snprintf(name, sizeof(name), "save-%s", sink);
	failed = bench_compare(name, "MiB/s", ours, bare_loop, save);
	nvvgpu_migrate_options_set_checksum(save->options, true);
	snprintf(name, sizeof(name), "save-%s-checksum", sink);
	return failed | bench_compare(name, "MiB/s", ours, bare_loop, save);
}

/* -------------------------------------------------------------------- sinks */

static int to_null(struct save *save)
{
	int failed;

	save->fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	save->copy = false;
	failed = compare(save, "null");
	close(save->fd);
	return failed;
}

static void *drain(void *arg)
{
	uint8_t *buf = malloc(MIB);
	int fd = *(int *)arg;

	while (buf && read(fd, buf, MIB) > 0)
		;
	free(buf);
	return NULL;
}

static int to_pipe(struct save *save)
{
	pthread_t thread;
	int fds[2], failed;

	if (pipe2(fds, O_CLOEXEC) || pthread_create(&thread, NULL, drain, &fds[0]))
		return 1;
	save->fd = fds[1];
	save->copy = true;
	failed = compare(save, "pipe");
	close(fds[1]);
	pthread_join(thread, NULL);
	close(fds[0]);
	return failed;
}

/* ------------------------------------------------------------------- memory */

/* "VmRSS:" of /proc/self/status, "MemAvailable:" of /proc/meminfo; KiB */
static long kib_of(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	char line[128];
	long kib = -1;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			kib = atol(line + strlen(key));
	if (file)
		fclose(file);
	return kib;
}

static int sample(void *arg, const struct nvvgpu_progress *progress)
{
	long now = kib_of("/proc/self/status", "VmRSS:"), *most = arg;

	if (now > *most)
		*most = now;
	return 0;
}

static int resident(void)
{
	const char *name = "save-8GiB-resident-growth";
	struct save save;
	long before, most;
	int err;

	if (kib_of("/proc/meminfo", "MemAvailable:") < (long)(LARGE_BYTES >> 10) + (1 << 20)) {
		printf("%s: skipped: it needs 9 GiB of free memory\n", name);
		return 0;
	}
	save_setup(&save, "L40-8Q", LARGE_BYTES);
	save.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	before = most = kib_of("/proc/self/status", "VmRSS:");
	nvvgpu_migrate_options_set_progress(save.options, sample, &most);
	err = nvvgpu_migrate_save_device(save.device, save.fd, save.options);
	close(save.fd);
	save_teardown(&save);
	if (err)
		return 1;
	printf("%s: ours %ld KiB reference %d KiB ratio %.2f\n", name, most - before, GOAL_KIB,
	       (double)(most - before) / GOAL_KIB);
	return 0;
}

int main(void)
{
	struct save save;
	int failed;

	save_setup(&save, "L40-1B", DATA_BYTES);
	failed = to_null(&save);
	failed |= to_pipe(&save);
	save_teardown(&save);
	failed |= resident();
	return failed;
}
