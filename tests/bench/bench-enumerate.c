/* SPDX-License-Identifier: MIT */
/*
 * Everything of a host with eight GPUs of 32 VFs each: its GPUs, what each type of each has room
 * for, its vGPUs; under mdev and under vendor-vfio, from a captured tree.
 *
 * Against a bare loop that opens each file that it needs once, with the fewest system calls for
 * it; a walk in plain Python over the same files; and "mdevctl types" where that is installed,
 * which looks at the types alone.  ratio: our time over theirs.
 *
 * Fails above 2.0 against the bare loop.  The goal of asking again is 50 us: a capture does not
 * change, and on a running host nothing is read again within a second in which the kernel told of
 * no change.  That is a time of the machine, too, so only twice as long is a failure.
 */
#include <dirent.h>
#include <fcntl.h>
#include <float.h>
#include <ftw.h>
#include <limits.h>
#include <nvvgpu/nvvgpu.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"
#include "../harness/gpus.h"
#include "../harness/hosts.h"

#define RUNS		41	/* of each side */
#define GPUS		8
#define VFS		32
#define VGPUS		4
#define MOST_RATIO	2.0
#define GOAL_WARM_US	50.0
#define MOST_WARM_US	(2 * GOAL_WARM_US)
#define WARM_ROUNDS	1000
#define PATH_LEN	512

/* What was counted: both sides have to see the same. */
struct seen {
	unsigned int gpus, types, free, vgpus;
};

struct context {
	const char *directory;
	bool mdev;
	struct seen seen;
};

/* ---------------------------------------------------------------------- ours */

static int look_at_gpu(struct nvvgpu_gpu *gpu, struct seen *seen)
{
	struct nvvgpu_type_list *types;
	struct nvvgpu_type *type;
	uint32_t count;

	if (nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &types))
		return -1;
	for (size_t i = 0; (type = nvvgpu_type_list_get(types, i)); i++) {
		seen->types++;
		if (!nvvgpu_type_get_available(type, &count))
			seen->free += count > 0;
	}
	nvvgpu_type_list_unref(types);
	return 0;
}

static int look_at_host(struct nvvgpu *host, struct seen *seen)
{
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_gpu_list *gpus;
	struct nvvgpu_gpu *gpu;
	int err = 0;

	*seen = (struct seen){ 0 };
	if (nvvgpu_gpu_list(host, &gpus))
		return -1;
	for (size_t i = 0; !err && (gpu = nvvgpu_gpu_list_get(gpus, i)); i++) {
		seen->gpus++;
		err = look_at_gpu(gpu, seen);
	}
	nvvgpu_gpu_list_unref(gpus);
	if (err || nvvgpu_vgpu_list_all(host, &vgpus))
		return -1;
	seen->vgpus = nvvgpu_vgpu_list_size(vgpus);
	nvvgpu_vgpu_list_unref(vgpus);
	return 0;
}

/* Microseconds, or negative: it failed.  So are all that follow. */
static double elapsed_us(uint64_t start_ns)
{
	return (double)(bench_now_ns() - start_ns) / 1000;
}

static double ours(void *arg)
{
	struct context *context = arg;
	uint64_t start = bench_now_ns();
	struct nvvgpu *host;
	char uri[PATH_LEN];
	int err;

	snprintf(uri, sizeof(uri), "tree:%s", context->directory);
	if (nvvgpu_open(uri, &host))
		return -1;
	err = look_at_host(host, &context->seen);
	nvvgpu_unref(host);
	return err ? -1 : elapsed_us(start);
}

/* The median of single rounds: one that another program interrupts does not count. */
static double ours_again(struct nvvgpu *host)
{
	static double samples[WARM_ROUNDS];
	struct seen seen;

	if (look_at_host(host, &seen))
		return -1;
	for (int i = 0; i < WARM_ROUNDS; i++) {
		uint64_t start = bench_now_ns();

		if (look_at_host(host, &seen))
			return -1;
		samples[i] = elapsed_us(start);
	}
	qsort(samples, WARM_ROUNDS, sizeof(samples[0]), bench_order);
	return samples[WARM_ROUNDS / 2];
}

/* ---------------------------------------------------------------------- bare */

static int root = -1;		/* sys/ of the tree */

static int read_text(const char *path, char *text, size_t size)
{
	int fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	return 0;
}

static unsigned long read_number(const char *path)
{
	char text[64];

	return read_text(path, text, sizeof(text)) ? 0 : strtoul(text, NULL, 0);
}

static DIR *open_directory(const char *path)
{
	int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopendir(fd);
}

struct bare_type {
	unsigned int id, offered;
};

struct bare_gpu {
	char address[16];
	struct bare_type types[HOST_TYPES];
	unsigned int count;
	bool rows;		/* vendor-vfio: a free VF has told */
};

/* What a type is, once of each GPU. */
static struct bare_type *bare_type_of(struct bare_gpu *gpu, const char *directory, unsigned int id)
{
	char path[PATH_LEN], text[256];

	for (unsigned int i = 0; i < gpu->count; i++)
		if (gpu->types[i].id == id)
			return &gpu->types[i];
	if (gpu->count == HOST_TYPES)
		return NULL;
	gpu->types[gpu->count] = (struct bare_type){ .id = id };
	if (directory) {
		snprintf(path, sizeof(path), "%s/name", directory);
		read_text(path, text, sizeof(text));
		snprintf(path, sizeof(path), "%s/description", directory);
		read_text(path, text, sizeof(text));
	}
	return &gpu->types[gpu->count++];
}

static void bare_mdev_vf(struct bare_gpu *gpu, const char *vf)
{
	char path[PATH_LEN], directory[PATH_LEN - 32];
	struct bare_type *type;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "bus/pci/devices/%s/mdev_supported_types", vf);
	dir = open_directory(path);
	while (dir && (entry = readdir(dir))) {
		const char *dash = strrchr(entry->d_name, '-');

		if (!dash)
			continue;
		snprintf(directory, sizeof(directory),
			 "bus/pci/devices/%s/mdev_supported_types/%.64s", vf, entry->d_name);
		type = bare_type_of(gpu, directory, strtoul(dash + 1, NULL, 10));
		snprintf(path, sizeof(path), "%s/available_instances", directory);
		if (type)
			type->offered += read_number(path);
	}
	if (dir)
		closedir(dir);
}

static void bare_vendor_vf(struct bare_gpu *gpu, const char *vf, struct seen *seen)
{
	char path[PATH_LEN], text[8192], *row;

	snprintf(path, sizeof(path), "bus/pci/devices/%s/nvidia/current_vgpu_type", vf);
	if (read_number(path)) {
		snprintf(path, sizeof(path), "bus/pci/devices/%s/nvidia/placement_id", vf);
		read_number(path);
		seen->vgpus++;
		return;
	}
	if (gpu->rows)
		return;
	gpu->rows = true;
	snprintf(path, sizeof(path), "bus/pci/devices/%s/nvidia/creatable_vgpu_types", vf);
	if (read_text(path, text, sizeof(text)))
		return;
	for (row = strchr(text, '\n'); row && row[1]; row = strchr(row + 1, '\n')) {
		struct bare_type *type = bare_type_of(gpu, NULL, strtoul(row + 1, NULL, 10));

		if (type)
			type->offered++;
	}
}

static int link_name(const char *path, char *name, size_t size)
{
	char target[PATH_LEN];
	ssize_t n = readlinkat(root, path, target, sizeof(target) - 1);
	const char *slash;

	if (n < 0)
		return -1;
	target[n] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, size, "%.63s", slash ? slash + 1 : target);
	return 0;
}

static void bare_gpu_facts(const char *address)
{
	static const char *const facts[] = {
		"device", "subsystem_vendor", "subsystem_device", "numa_node", "sriov_totalvfs",
	};
	char path[PATH_LEN], name[64];

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		snprintf(path, sizeof(path), "bus/pci/devices/%s/%s", address, facts[i]);
		read_number(path);
	}
	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver", address);
	link_name(path, name, sizeof(name));
}

static void bare_gpu(const struct context *context, const char *address, struct seen *seen)
{
	struct bare_gpu gpu = { .count = 0 };
	char path[PATH_LEN], vf[64];
	struct dirent *entry;
	DIR *dir;

	bare_gpu_facts(address);
	snprintf(path, sizeof(path), "bus/pci/devices/%s/", address);
	dir = open_directory(path);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "virtfn", 6))
			continue;
		snprintf(path, sizeof(path), "bus/pci/devices/%s/%.32s", address, entry->d_name);
		if (link_name(path, vf, sizeof(vf)))
			continue;
		if (context->mdev)
			bare_mdev_vf(&gpu, vf);
		else
			bare_vendor_vf(&gpu, vf, seen);
	}
	if (dir)
		closedir(dir);
	seen->gpus++;
	seen->types += gpu.count;
	for (unsigned int i = 0; i < gpu.count; i++)
		seen->free += gpu.types[i].offered > 0;
}

static bool bare_is_gpu(const char *address)
{
	char path[PATH_LEN], name[64];
	unsigned long class;

	snprintf(path, sizeof(path), "bus/pci/devices/%s/vendor", address);
	if (read_number(path) != 0x10de)
		return false;
	snprintf(path, sizeof(path), "bus/pci/devices/%s/class", address);
	class = read_number(path) >> 8;
	if (class != 0x300 && class != 0x302)
		return false;
	snprintf(path, sizeof(path), "bus/pci/devices/%s/physfn", address);
	return link_name(path, name, sizeof(name)) != 0;
}

static void bare_mdevs(struct seen *seen)
{
	char path[PATH_LEN], name[64];
	struct dirent *entry;
	DIR *dir = open_directory("bus/mdev/devices");

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "bus/mdev/devices/%.40s", entry->d_name);
		link_name(path, name, sizeof(name));
		snprintf(path, sizeof(path), "bus/mdev/devices/%.40s/mdev_type", entry->d_name);
		seen->vgpus += !link_name(path, name, sizeof(name));
	}
	if (dir)
		closedir(dir);
}

static double bare(void *arg)
{
	struct context *context = arg;
	uint64_t start = bench_now_ns();
	char path[PATH_LEN], text[64];
	struct dirent *entry;
	DIR *dir;

	context->seen = (struct seen){ 0 };
	snprintf(path, sizeof(path), "%s/sys", context->directory);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	dir = open_directory("bus/pci/devices");
	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && bare_is_gpu(entry->d_name))
			bare_gpu(context, entry->d_name, &context->seen);
	closedir(dir);
	read_text("module/nvidia/version", text, sizeof(text));
	if (context->mdev)
		bare_mdevs(&context->seen);
	close(root);
	return elapsed_us(start);
}

/* ---------------------------------------------------------------- other programs */

static const char python[] =
	"import os, sys, time\n"
	"start = time.perf_counter()\n"
	"devices = os.path.join(sys.argv[1], 'sys/bus/pci/devices')\n"
	"def read(*path):\n"
	"    with open(os.path.join(*path)) as file:\n"
	"        return file.read().strip()\n"
	"gpus = {}\n"
	"for address in sorted(os.listdir(devices)):\n"
	"    here = os.path.join(devices, address)\n"
	"    if read(here, 'vendor') != '0x10de' or int(read(here, 'class'), 16) >> 8 not in (0x300, 0x302):\n"
	"        continue\n"
	"    if os.path.islink(os.path.join(here, 'physfn')):\n"
	"        continue\n"
	"    gpus[address] = types = {}\n"
	"    for name in os.listdir(here):\n"
	"        if not name.startswith('virtfn'):\n"
	"            continue\n"
	"        vf = os.path.join(here, name)\n"
	"        supported = os.path.join(vf, 'mdev_supported_types')\n"
	"        if os.path.isdir(supported):\n"
	"            for type in os.listdir(supported):\n"
	"                if type not in types:\n"
	"                    types[type] = [read(supported, type, 'name'), read(supported, type, 'description'), 0]\n"
	"                types[type][2] += int(read(supported, type, 'available_instances'))\n"
	"        elif read(vf, 'nvidia', 'current_vgpu_type') == '0':\n"
	"            for row in read(vf, 'nvidia', 'creatable_vgpu_types').splitlines()[1:]:\n"
	"                id, name = row.split(' : ', 1)\n"
	"                types[id] = name\n"
	"mdevs = os.path.join(sys.argv[1], 'sys/bus/mdev/devices')\n"
	"for uuid in os.listdir(mdevs) if os.path.isdir(mdevs) else []:\n"
	"    os.readlink(os.path.join(mdevs, uuid)), os.readlink(os.path.join(mdevs, uuid, 'mdev_type'))\n"
	"print((time.perf_counter() - start) * 1e6)\n";

/* What a program prints first, as a number; negative: it is not there, or failed. */
static double run_python(void *arg)
{
	const struct context *context = arg;
	char command[sizeof(python) + PATH_LEN + 64];
	double us = -1;
	FILE *pipe;

	snprintf(command, sizeof(command), "exec python3 -B -c \"%s\" %s 2>/dev/null", python,
		 context->directory);
	pipe = popen(command, "r");
	if (!pipe)
		return -1;
	if (fscanf(pipe, "%lf", &us) != 1)
		us = -1;
	return pclose(pipe) ? -1 : us;
}

/* It knows no sysfs but /sys, which is the tree's for it alone.  Its start is a part of it. */
static double run_mdevctl(void *arg)
{
	const struct context *context = arg;
	char command[PATH_LEN], line[128] = "";
	double us = -1;
	FILE *pipe;

	snprintf(command, sizeof(command), "exec unshare -rm sh -c 'mount --bind %s/sys /sys && "
		 "start=$(date +%%s%%N) && mdevctl types && echo took $(($(date +%%s%%N) - start))' "
		 "2>/dev/null", context->directory);
	pipe = popen(command, "r");
	if (!pipe)
		return -1;
	while (fgets(line, sizeof(line), pipe))
		if (sscanf(line, "took %lf", &us) == 1)
			us /= 1000;
	return pclose(pipe) ? -1 : us;
}

/* ------------------------------------------------------------------------ whole */

static double best_of(bench_fn run, void *context, size_t runs)
{
	double best = DBL_MAX;

	for (size_t i = 0; i < runs; i++) {
		double us = run(context);

		if (us < 0)
			return -1;
		best = us < best ? us : best;
	}
	return best;
}

static void compare_with(const char *name, bench_fn other, struct context *context, double us)
{
	double theirs = best_of(other, context, 5);

	if (theirs < 0)
		printf("  %s: not there\n", name);
	else
		printf("  %s: %.0f us ratio %.3f\n", name, theirs, us / theirs);
}

static int same(const struct seen *a, const struct seen *b)
{
	return a->gpus == b->gpus && a->free == b->free && a->vgpus == b->vgpus;
}

/*
 * Alternately, so that a change of the machine's speed meets both; and the best of each, because
 * whatever disturbs a run of so few milliseconds only ever makes it longer.
 */
static int compare_bare(struct context *context, double *ret_us)
{
	double us = DBL_MAX, bare_us = DBL_MAX;

	for (size_t i = 0; i < RUNS; i++) {
		double a = ours(context), b;
		struct seen seen = context->seen;

		b = bare(context);
		if (a < 0 || b < 0 || !same(&seen, &context->seen)) {
			fprintf(stderr, "a measurement failed, or saw something else: %u %u %u "
				"against %u %u %u\n", seen.gpus, seen.free, seen.vgpus,
				context->seen.gpus, context->seen.free, context->seen.vgpus);
			return 1;
		}
		us = a < us ? a : us;
		bare_us = b < bare_us ? b : bare_us;
	}
	printf("  ours %.0f us, bare loop %.0f us, ratio %.2f\n", us, bare_us, us / bare_us);
	*ret_us = us;
	return us / bare_us > MOST_RATIO;
}

static int measure_again(struct context *context)
{
	struct nvvgpu *host;
	char uri[PATH_LEN];
	double us;

	snprintf(uri, sizeof(uri), "tree:%s", context->directory);
	if (nvvgpu_open(uri, &host))
		return 1;
	us = ours_again(host);
	nvvgpu_unref(host);
	printf("  asked again: %.1f us, goal %.0f us\n", us, GOAL_WARM_US);
	return us < 0 || us > MOST_WARM_US;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int measure(bool mdev)
{
	const struct host_spec spec = { mdev ? "a40" : "l40", mdev, GPUS, VFS, VGPUS };
	const char *tmp = getenv("TMPDIR");
	char directory[64];
	struct context context = { .directory = directory, .mdev = mdev };
	int failed = 1;
	double us = 0;

	snprintf(directory, sizeof(directory), "%.32s/enumerate-XXXXXX",
		 tmp ? tmp : access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(directory) || host_make(directory, &spec))
		return 1;
	printf("%s: %d GPUs, %d VFs each, %d vGPUs each\n", mdev ? "mdev" : "vendor-vfio", GPUS, VFS,
	       VGPUS);
	failed = compare_bare(&context, &us);
	failed |= measure_again(&context);
	compare_with("plain Python", run_python, &context, us);
	if (mdev)
		compare_with("mdevctl types", run_mdevctl, &context, us);
	fflush(stdout);
	nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return failed;
}

int main(void)
{
	return measure(true) | measure(false);
}
