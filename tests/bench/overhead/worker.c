/* SPDX-License-Identifier: MIT */
/*
 * overhead-worker URI: the reference of the overhead benchmark, the same cases as in worker.py and
 * worker.go straight on the C API.
 *
 * Reads "CASE [NUMBER]..." from stdin, runs that case once and answers with one number:
 * nanoseconds per call or per pass; for "digest" the sum of all facts and for "find" the bytes of
 * a save, by which the driver sees that all workers do the same.  URI names a host with a state
 * that outlives the process: what is saved is the same memory for all of them, because memory
 * of each its own differed in speed by some per cent.
 *
 * overhead-worker: empties the pipe that stdin is, until it ends.
 */
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>
#include <nvvgpu/nvvgpu.h>
#include "../bench.h"

#define MIB		(1u << 20)
#define VF_WINDOW	0x001700	/* kmod/emu/emu.h: moves the aperture in units of 64 KiB */

static struct nvvgpu *boards;		/* full of vGPUs */
static struct nvvgpu_gpu *gpu;		/* one of them, and a vGPU on it */
static struct nvvgpu_vgpu *vgpu;
static const char *shared_uri;		/* a host of which all workers save the same vGPU */
static struct nvvgpu_vgpu *shared;
static uint64_t saved_bytes;		/* as the last progress had it */

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "worker: %s: %s\n", what, nvvgpu_error_get_cause(nvvgpu_last_error()));
	exit(1);
}

static struct nvvgpu_vgpu *create(struct nvvgpu_gpu *on, const char *type)
{
	struct nvvgpu_vgpu *created = NULL;
	struct nvvgpu_spec *spec = NULL;

	if (nvvgpu_spec_new(&spec) || nvvgpu_spec_set_type(spec, type) ||
	    nvvgpu_create(on, spec, &created))
		die(type);
	nvvgpu_spec_free(spec);
	return created;
}

/* ------------------------------------------------------------------ getters */

/* boards of emu:l40, each with as many of the smallest type as asked for */
static double open_boards(long board_count, long vgpu_count)
{
	struct nvvgpu_gpu_list *list = NULL;
	char uri[32];
	size_t i;
	long n;

	snprintf(uri, sizeof(uri), "emu:l40*%ld", board_count);
	if (nvvgpu_open(uri, &boards) || nvvgpu_gpu_list(boards, &list))
		die(uri);
	for (i = 0; i < nvvgpu_gpu_list_size(list); i++) {
		gpu = nvvgpu_gpu_list_get(list, i);
		for (n = 0; n < vgpu_count; n++) {
			nvvgpu_vgpu_unref(vgpu);
			vgpu = create(gpu, "L40-1B");
		}
	}
	nvvgpu_gpu_ref(gpu);
	nvvgpu_gpu_list_unref(list);
	return 0;
}

static double state(long calls, long second)
{
	uint64_t start = bench_now_ns();
	enum nvvgpu_vgpu_state value;
	long i;

	for (i = 0; i < calls; i++)
		if (nvvgpu_vgpu_get_state(vgpu, &value))
			die("state");
	return (double)(bench_now_ns() - start) / (double)calls;
}

static double mode(long calls, long second)
{
	uint64_t start = bench_now_ns();
	enum nvvgpu_mode value;
	long i;

	for (i = 0; i < calls; i++)
		if (nvvgpu_gpu_get_mode(gpu, &value))
			die("mode");
	return (double)(bench_now_ns() - start) / (double)calls;
}

static double fact_text(long calls, long second)
{
	uint64_t start = bench_now_ns();
	long i;

	for (i = 0; i < calls; i++)
		nvvgpu_vgpu_get_uuid(vgpu);
	return (double)(bench_now_ns() - start) / (double)calls;
}

static double fact_number(long calls, long second)
{
	uint64_t start = bench_now_ns();
	long i;

	for (i = 0; i < calls; i++)
		nvvgpu_vgpu_get_framebuffer_bytes(vgpu);
	return (double)(bench_now_ns() - start) / (double)calls;
}

/* -------------------------------------------------------------- enumerating */

static uint64_t text(const char *value)
{
	return value ? strlen(value) : 0;
}

/* Each fact once: text counts by its length, a number by its value, what is absent as 0. */
static uint64_t read_gpu(struct nvvgpu_gpu *one)
{
	const char *node;
	uint64_t sum = 0;
	size_t i;

	sum += text(nvvgpu_gpu_get_address(one)) + text(nvvgpu_gpu_get_name(one));
	sum += nvvgpu_gpu_get_vendor_id(one) + nvvgpu_gpu_get_device_id(one);
	sum += nvvgpu_gpu_get_subsystem_vendor_id(one) + nvvgpu_gpu_get_subsystem_device_id(one);
	sum += text(nvvgpu_gpu_get_driver(one)) + text(nvvgpu_gpu_get_driver_version(one));
	sum += text(nvvgpu_gpu_get_firmware_version(one)) + nvvgpu_gpu_get_framework(one);
	sum += nvvgpu_gpu_get_numa_node(one) < 0 ? 0 : (uint64_t)nvvgpu_gpu_get_numa_node(one);
	sum += nvvgpu_gpu_get_framebuffer_bytes(one) + nvvgpu_gpu_get_vfs_total(one);
	for (i = 0; (node = nvvgpu_gpu_get_drm_node(one, i)); i++)
		sum += text(node);
	return sum + nvvgpu_gpu_get_reason(one) + text(nvvgpu_gpu_get_reason_text(one));
}

static uint64_t read_vgpu(struct nvvgpu_vgpu *one)
{
	uint32_t placement = 0;
	uint64_t sum = 0;

	sum += text(nvvgpu_vgpu_get_uuid(one)) + nvvgpu_vgpu_get_type_id(one);
	sum += text(nvvgpu_vgpu_get_type_name(one)) + nvvgpu_vgpu_get_framebuffer_bytes(one);
	sum += text(nvvgpu_gpu_get_address(nvvgpu_vgpu_get_gpu(one)));
	sum += text(nvvgpu_vgpu_get_vf(one));
	sum += nvvgpu_vgpu_get_placement(one, &placement) ? 0 : placement;
	sum += text(nvvgpu_vgpu_get_owner(one)) + text(nvvgpu_vgpu_get_vfio(one));
	return sum + nvvgpu_vgpu_was_created(one);
}

static uint64_t read_vgpus(struct nvvgpu_gpu *on)
{
	struct nvvgpu_vgpu_list *list = NULL;
	uint64_t sum = 0;
	size_t i;

	if (nvvgpu_vgpu_list(on, &list))
		die("vGPUs");
	for (i = 0; i < nvvgpu_vgpu_list_size(list); i++)
		sum += read_vgpu(nvvgpu_vgpu_list_get(list, i));
	nvvgpu_vgpu_list_unref(list);
	return sum;
}

static uint64_t read_all(void)
{
	struct nvvgpu_gpu_list *list = NULL;
	uint64_t sum = 0;
	size_t i;

	if (nvvgpu_gpu_list(boards, &list))
		die("GPUs");
	for (i = 0; i < nvvgpu_gpu_list_size(list); i++) {
		struct nvvgpu_gpu *one = nvvgpu_gpu_list_get(list, i);

		sum += read_gpu(one) + read_vgpus(one);
	}
	nvvgpu_gpu_list_unref(list);
	return sum;
}

static double digest(long first, long second)
{
	return (double)read_all();
}

static double lists(long passes, long second)
{
	uint64_t start = bench_now_ns();
	long i;

	for (i = 0; i < passes; i++)
		read_all();
	return (double)(bench_now_ns() - start) / (double)passes;
}

static double enumerate(long passes, long second)
{
	uint64_t start = bench_now_ns();
	long i;

	for (i = 0; i < passes; i++) {
		if (nvvgpu_refresh(boards))
			die("search");
		read_all();
	}
	return (double)(bench_now_ns() - start) / (double)passes;
}

/* ------------------------------------------------------------------- saving */

static void write_device(struct nvvgpu_device *device, enum nvvgpu_region region,
			 uint64_t offset, const void *buf, size_t len)
{
	if (nvvgpu_device_write(device, region, offset, buf, len) < 0)
		die("filling the framebuffer");
}

/* a vGPU in the shared state, so much of its framebuffer random */
static double fill(long mib, long second)
{
	struct nvvgpu_gpu_list *list = NULL;
	struct nvvgpu_device *device = NULL;
	struct nvvgpu *host = NULL;
	uint8_t *buf = malloc(MIB);
	struct nvvgpu_vgpu *filled;
	uint32_t window;
	long i;

	if (!buf || nvvgpu_open(shared_uri, &host) || nvvgpu_gpu_list(host, &list))
		die(shared_uri);
	filled = create(nvvgpu_gpu_list_get(list, 0), "L40-1B");
	if (nvvgpu_device_open(filled, &device))
		die("device");
	for (i = 0; i < mib; i++) {
		if (getrandom(buf, MIB, 0) != MIB)
			die("random numbers");
		window = (uint32_t)i * (MIB >> 16);
		write_device(device, NVVGPU_REGION_BAR0, VF_WINDOW, &window, sizeof(window));
		write_device(device, NVVGPU_REGION_BAR1, 0, buf, MIB);
	}
	nvvgpu_device_unref(device);
	nvvgpu_vgpu_unref(filled);
	nvvgpu_gpu_list_unref(list);
	nvvgpu_unref(host);
	free(buf);
	return 0;
}

static int go_on(void *bytes, const struct nvvgpu_progress *progress)
{
	*(uint64_t *)bytes = nvvgpu_progress_get_bytes(progress);
	return 0;
}

static double save(long fd, long with_progress)
{
	struct nvvgpu_migrate_options *options = NULL;
	uint64_t start = bench_now_ns();

	if (nvvgpu_migrate_options_new(&options))
		die("options");
	if (with_progress)
		nvvgpu_migrate_options_set_progress(options, go_on, &saved_bytes);
	if (nvvgpu_migrate_save(shared, (int)fd, options))
		die("save");
	nvvgpu_migrate_options_free(options);
	return (double)(bench_now_ns() - start);
}

/* finds the vGPU in the shared state and saves it once.  Return: bytes */
static double find(long fd, long second)
{
	struct nvvgpu_vgpu_list *list = NULL;
	struct nvvgpu *host = NULL;

	if (nvvgpu_open(shared_uri, &host) || nvvgpu_vgpu_list_all(host, &list))
		die(shared_uri);
	shared = nvvgpu_vgpu_ref(nvvgpu_vgpu_list_get(list, 0));
	nvvgpu_vgpu_list_unref(list);
	save(fd, true);
	return (double)saved_bytes;
}

/* --------------------------------------------------------------------- main */

static const struct {
	const char *name;
	double (*run)(long first, long second);
} cases[] = {
	{ "boards", open_boards },
	{ "digest", digest },
	{ "state", state },
	{ "mode", mode },
	{ "text", fact_text },
	{ "number", fact_number },
	{ "lists", lists },
	{ "enumerate", enumerate },
	{ "fill", fill },
	{ "find", find },
	{ "save", save },
};

static double run(const char *name, long first, long second)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (strcmp(cases[i].name, name) == 0)
			return cases[i].run(first, second);
	die(name);
}

/* stdin to stdout, which is /dev/null: nothing is copied, so the writer is what is measured */
static int drain(void)
{
	ssize_t n;

	do
		n = splice(STDIN_FILENO, NULL, STDOUT_FILENO, NULL, MIB, SPLICE_F_MOVE);
	while (n > 0);
	return n < 0;
}

int main(int argc, char **argv)
{
	char line[64], name[16];
	long first, second;

	if (argc < 2)
		return drain();
	shared_uri = argv[1];
	while (fgets(line, sizeof(line), stdin)) {
		first = second = 0;
		if (sscanf(line, "%15s %ld %ld", name, &first, &second) < 1)
			die("a command");
		printf("%.3f\n", run(name, first, second));
		fflush(stdout);
	}
	return 0;
}
