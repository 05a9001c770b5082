/* SPDX-License-Identifier: MIT */
/*
 * usage: vfio-device [--seed N] [--count N] [--iommufd yes]
 *		      [--mdevs t4|a40 --first UUID --second UUID] [TEST]...
 *
 * The VFIO devices of two vGPUs through the stock uAPI, as a VMM uses them: regions, mappings,
 * configuration space, interrupts, DMA, reset, migration; one vGPU against the other.  It turns
 * on two virtual functions of the first board, puts a vGPU on each, and takes all back; or takes
 * two mdevs that are there, GRID T4-1B or A40-1Q.  Each test runs in a process of its own.
 * Prints TAP.
 */
#include <dirent.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <uapi/nvvgpu.h>
#include "device.h"

/* A file of /sys that a text is written to. */
static int put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int find_board(void)
{
	DIR *nodes = opendir("/dev/nvvgpu");
	struct dirent *entry;

	while (nodes && (entry = readdir(nodes)))
		if (entry->d_name[0] != '.')
			strcpy(pf, entry->d_name);
	if (nodes)
		closedir(nodes);
	return *pf ? 0 : -ENODEV;
}

static char vfs_before[16] = "0";

/* From any number to another the way leads over 0. */
static int set_vfs(const char *count)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", pf);
	err = put_file(path, "0");
	return err ? err : put_file(path, count);
}

static int remember_vfs(void)
{
	char path[PATH_MAX];
	FILE *file;
	int n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", pf);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	n = fscanf(file, "%15s", vfs_before);
	fclose(file);
	return n == 1 ? 0 : -EIO;
}

static int find_function(int number)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn%d", pf, number);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	strcpy(functions[number], strrchr(target, '/') + 1);
	return 0;
}

static int create(int node, int number)
{
	struct nvvgpu_ioctl_create create = {
		.size = sizeof(create),
		.type_id = TYPE_ID,
		.slot = number,
		.placement = NVVGPU_PLACEMENT_ANY,
	};

	if (getrandom(create.uuid, sizeof(create.uuid), 0) != sizeof(create.uuid) ||
	    ioctl(node, NVVGPU_IOCTL_CREATE, &create))
		return -errno;
	vgpus[number] = create.info.id;
	return 0;
}

static int set_up(void)
{
	char path[PATH_MAX];
	int node, err;

	err = find_board();
	if (!err)
		err = remember_vfs();
	if (!err)
		err = set_vfs("2");
	if (!err)
		err = find_function(0);
	if (!err)
		err = find_function(1);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/dev/nvvgpu/%s", pf);
	node = open(path, O_RDWR | O_CLOEXEC);
	if (node < 0)
		return -errno;
	err = create(node, 0);
	if (!err)
		err = create(node, 1);
	close(node);
	return err;
}

static int tear_down(void)
{
	char path[PATH_MAX];
	int node, err = 0;

	snprintf(path, sizeof(path), "/dev/nvvgpu/%s", pf);
	node = open(path, O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		struct nvvgpu_ioctl_destroy destroy = { .size = sizeof(destroy), .id = vgpus[i] };

		if (ioctl(node, NVVGPU_IOCTL_DESTROY, &destroy))
			err = -errno;
	}
	close(node);
	return err;
}

/* After the vGPUs are gone: refused, and nothing was reset for it. */
static void test_no_type(void)
{
	volatile uint32_t *memory = MAP_FAILED;
	struct vfio vfio;
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", functions[0]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)	/* not where the kernel is locked down */
		memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PLAIN);
	if (memory != MAP_FAILED)
		memory[1] = 0x600df00d;
	expect_eq(vfio_open(functions[0], &vfio), (unsigned long long)-ENODEV);
	expect_eq(vfio_open(functions[1], &vfio), (unsigned long long)-ENODEV);
	if (memory != MAP_FAILED)
		expect_eq(memory[1], 0x600df00d);
}

#define TEST(name) { #name, test_##name, ANY }
#define ON(model, name) { #name, test_##name, model }

static const struct test {
	const char *name;
	void (*run)(void);
	enum {
		ANY,
		MEMORY,		/* devices that have it in BAR0 */
		FUNCTION,	/* virtual functions */
		MDEV,
		NAMED,		/* when it is named: needs something before, or after */
	} on;
} tests[] = {
	TEST(info),
	TEST(regions),
	ON(MEMORY, sparse),
	ON(MEMORY, mmap),
	TEST(mmap_refused),
	TEST(config_ids),
	TEST(bar_sizing),
	TEST(config_sizes),
	TEST(bounds),
	TEST(registers),
	TEST(framebuffer),
	TEST(bar3),
	TEST(kill),
	TEST(interrupt),
	TEST(irqs),
	TEST(dma),
	TEST(dma_refused),
	TEST(reset),
	TEST(flr),
	ON(FUNCTION, reset_keeps_dma),
	ON(MDEV, reset_ends_dma),
	TEST(reopen),
	TEST(power),
	TEST(two),
	TEST(two_dma),
	TEST(busy),
	TEST(fuzz_config),
	TEST(fuzz_bar0),
	TEST(migration_states),
	TEST(migration),
	TEST(migration_bad_data),
	TEST(migration_close),
	TEST(races),
	ON(NAMED, override),
	ON(NAMED, fill),
	ON(NAMED, filled),
};

static unsigned int count, bad;

static void result(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, name);
	fflush(stdout);
	bad += !good;
}

static void run(const struct test *test)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		random_state = seed;
		alarm(240);
		test->run();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("# signal %d\n", WTERMSIG(status));
	result(!status, test->name);
}

static bool wanted(const struct test *test, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], test->name))
			return true;
	if (argc)
		return false;
	switch (test->on) {
	case ANY:
		return true;
	case MEMORY:
		return model.memory;
	case FUNCTION:
		return model.function;
	case MDEV:
		return !model.function;
	default:
		return false;
	}
}

static const struct model models[] = {
	{ "l40", 0x26b5176f, true, true },	/* L40-1Q */
	{ "a40", 0x223514d7, false, true },	/* A40-1Q, on virtual functions */
	{ "t4", 0x1eb81309, false, false },	/* T4-1B */
};

static void misused(const char *what)
{
	fprintf(stderr, "vfio-device: there is no %s\n", what);
	exit(2);
}

static void choose_model(const char *name)
{
	for (unsigned int i = 0; i < sizeof(models) / sizeof(*models); i++)
		if (!strcmp(models[i].name, name)) {
			model = models[i];
			return;
		}
	misused(name);
}

static void check_names(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		unsigned int at = 0;

		while (at < sizeof(tests) / sizeof(*tests) && strcmp(argv[i], tests[at].name))
			at++;
		if (at == sizeof(tests) / sizeof(*tests))
			misused(argv[i]);
	}
}

/* The number of arguments that were options. */
static int take_options(int argc, char **argv)
{
	int at = 1;

	for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
		const char *value = argv[at + 1];

		if (!strcmp(argv[at], "--seed"))
			seed = strtoull(value, NULL, 0);
		else if (!strcmp(argv[at], "--iommufd"))
			iommufd = !strcmp(value, "yes");
		else if (!strcmp(argv[at], "--mdevs"))
			choose_model(value);
		else if (!strcmp(argv[at], "--first"))
			snprintf(functions[0], sizeof(functions[0]), "%s", value);
		else if (!strcmp(argv[at], "--second"))
			snprintf(functions[1], sizeof(functions[1]), "%s", value);
		else if (!strcmp(argv[at], "--count"))
			fuzz_count = strtoull(value, NULL, 0);
		else
			misused(argv[at]);
	}
	return at;
}

/* What was made is taken back. */
static void end_functions(void)
{
	const struct test no_type = TEST(no_type);
	int err = tear_down();

	result(!err, "destroyed");
	run(&no_type);
	result(!set_vfs(vfs_before), "functions as before");
}

int main(int argc, char **argv)
{
	int err = 0, first;

	seed = time(NULL);
	choose_model("l40");
	first = take_options(argc, argv);
	check_names(argc - first, argv + first);
	printf("# seed %llu\n", (unsigned long long)seed);
	if (model.function)
		err = set_up();
	if (err) {
		printf("Bail out! no board with two vGPUs: %s\n", strerror(-err));
		return 1;
	}
	for (unsigned int i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		if (wanted(&tests[i], argc - first, argv + first))
			run(&tests[i]);
	if (model.function)
		end_functions();
	printf("1..%u\n", count);
	return bad ? 1 : 0;
}
