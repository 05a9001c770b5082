// SPDX-License-Identifier: MIT
/* Captured hosts: what is in an archive, that it shows what the host showed, and bad archives. */
#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "harness/gpus.h"
#include "harness/tree.h"
#include "objects.h"
#include "os/answers.h"
#include "os/archive.h"
#include "os/capture.h"

#define UUID "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
#define GPU_DIR "devices/pci0000:00/0000:41:00.0/"

/* ----------------------------------------------------------- archives in memory */

/* An archive of the host, in a file without a name. */
static int collected(struct nvvgpu *host)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_msg(!nvvgpu_collect(host, fd, NULL), "%s",
		      nvvgpu_error_get_message(nvvgpu_last_error()));
	return fd;
}

static struct nvvgpu *open_fd(int fd)
{
	struct nvvgpu *host;
	char uri[64];

	snprintf(uri, sizeof(uri), "tree:/proc/self/fd/%d", fd);
	ck_assert_msg(!nvvgpu_open(uri, &host), "%s",
		      nvvgpu_error_get_message(nvvgpu_last_error()));
	return host;
}

static struct nvvgpu *open_host(const char *uri)
{
	struct nvvgpu *host;

	ck_assert_int_eq(nvvgpu_open(uri, &host), 0);
	return host;
}

static void assert_same_bytes(int a, int b)
{
	struct stat x, y;
	void *p, *q;

	ck_assert_int_eq(fstat(a, &x), 0);
	ck_assert_int_eq(fstat(b, &y), 0);
	ck_assert_int_eq(x.st_size, y.st_size);
	p = mmap(NULL, x.st_size, PROT_READ, MAP_SHARED, a, 0);
	q = mmap(NULL, x.st_size, PROT_READ, MAP_SHARED, b, 0);
	ck_assert(!memcmp(p, q, x.st_size));
	munmap(p, x.st_size);
	munmap(q, x.st_size);
}

/* ---------------------------------------------------------------- what is shown */

/* All that a host says, one line of JSON for each object. */
struct shown {
	char *text;
	size_t len;
	FILE *file;
	unsigned int objects;
};

/* *text as the call has set it, which is given back */
static void show(struct shown *shown, int err, char **text)
{
	ck_assert_msg(!err, "%s", nvvgpu_error_get_message(nvvgpu_last_error()));
	fprintf(shown->file, "%s\n", *text);
	shown->objects++;
	nvvgpu_free(*text);
}

static void show_placements(struct shown *shown, struct nvvgpu_type *type, int which)
{
	uint32_t ids[64], length = 0;
	size_t count = 0;
	int err = nvvgpu_type_get_placements(type, which, ids, 64, &count, &length);

	fprintf(shown->file, "%d %u:", err, length);
	for (size_t i = 0; !err && i < count; i++)
		fprintf(shown->file, " %u", ids[i]);
	fprintf(shown->file, "\n");
}

static void show_types(struct shown *shown, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_type_list *types;
	struct nvvgpu_type *type;
	char *text;
	int err = nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &types);

	if (err) {
		fprintf(shown->file, "%d %s\n", err, nvvgpu_error_get_message(nvvgpu_last_error()));
		return;
	}
	for (size_t i = 0; (type = nvvgpu_type_list_get(types, i)); i++) {
		show(shown, nvvgpu_type_to_json(type, &text), &text);
		show_placements(shown, type, NVVGPU_PLACEMENT_SUPPORTED);
		show_placements(shown, type, NVVGPU_PLACEMENT_CREATABLE);
	}
	nvvgpu_type_list_unref(types);
}

static void show_statistics(struct shown *shown, struct nvvgpu_gpu *gpu)
{
	uint64_t value;

	for (int i = 0; nvvgpu_statistic_name(i); i++)
		if (!nvvgpu_gpu_get_statistic(gpu, i, &value))
			fprintf(shown->file, "%s %llu\n", nvvgpu_statistic_name(i),
				(unsigned long long)value);
}

static void show_vgpus(struct shown *shown, struct nvvgpu *host)
{
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_vgpu *vgpu;
	char *text = NULL;

	ck_assert_int_eq(nvvgpu_vgpu_list_all(host, &vgpus), 0);
	for (size_t i = 0; (vgpu = nvvgpu_vgpu_list_get(vgpus, i)); i++) {
		show(shown, nvvgpu_vgpu_to_json(vgpu, &text), &text);
		show(shown, nvvgpu_vgpu_to_libvirt_xml(vgpu, &text), &text);
	}
	nvvgpu_vgpu_list_unref(vgpus);
}

/* *ret_objects may be NULL; to be freed */
static char *all_shown(struct nvvgpu *host, unsigned int *ret_objects)
{
	struct shown shown = { .text = NULL };
	struct nvvgpu_gpu *gpu;
	char *text = NULL;

	shown.file = open_memstream(&shown.text, &shown.len);
	for (size_t i = 0; (gpu = gpu_at(host, i)); i++) {
		show(&shown, nvvgpu_gpu_to_json(gpu, &text), &text);
		show_types(&shown, gpu);
		show_statistics(&shown, gpu);
	}
	show_vgpus(&shown, host);
	fclose(shown.file);
	if (ret_objects)
		*ret_objects = shown.objects;
	return shown.text;
}

/* The first line that differs: all of them are more than Check can say. */
static void assert_same_lines(const char *text, const char *wanted)
{
	while (*text && *wanted) {
		int len = strcspn(text, "\n"), wanted_len = strcspn(wanted, "\n");

		ck_assert_msg(len == wanted_len && !memcmp(text, wanted, len), "%.*s, not %.*s",
			      len < 400 ? len : 400, text, wanted_len < 400 ? wanted_len : 400,
			      wanted);
		text += len + (text[len] == '\n');
		wanted += wanted_len + (wanted[wanted_len] == '\n');
	}
	ck_assert_int_eq(*text, *wanted);
}

static void assert_shows_the_same(struct nvvgpu *host, unsigned int at_least)
{
	int fd = collected(host);
	struct nvvgpu *again = open_fd(fd);
	unsigned int objects;
	char *live = all_shown(host, &objects), *captured = all_shown(again, NULL);

	ck_assert_uint_ge(objects, at_least);
	assert_same_lines(captured, live);
	free(live);
	free(captured);
	nvvgpu_unref(again);
	close(fd);
}

/* ---------------------------------------------------------------- emulated hosts */

static void create(struct nvvgpu_gpu *gpu, const char *type, const char *uuid)
{
	struct nvvgpu_spec *spec;
	struct nvvgpu_vgpu *vgpu;

	ck_assert_int_eq(nvvgpu_spec_new(&spec), 0);
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, type), 0);
	if (uuid) {
		ck_assert_int_eq(nvvgpu_spec_set_uuid(spec, uuid), 0);
		ck_assert_int_eq(nvvgpu_spec_set_owner(spec, "somebody"), 0);
		ck_assert_int_eq(nvvgpu_spec_add_param(spec, "frame_rate_limiter", "0"), 0);
	}
	ck_assert_int_eq(nvvgpu_create(gpu, spec, &vgpu), 0);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_spec_free(spec);
}

/* Every kind of board; empty, with vGPUs, in another mode. */
START_TEST(test_same_on_emulated_boards)
{
	struct nvvgpu *host = open_host("emu:l40*2,l40s,a40,rtx6000-ada,l4,a16,t4");

	assert_shows_the_same(host, 100);
	create(gpu_at(host, 0), "L40-4Q", UUID);
	create(gpu_at(host, 0), "L40-4Q", NULL);
	ck_assert_int_eq(nvvgpu_gpu_set_mixed_size(gpu_at(host, 1), true), 0);
	create(gpu_at(host, 1), "L40-8Q", NULL);
	create(gpu_at(host, 1), "L40-1B", NULL);
	create(gpu_at(host, 10), "GRID T4-2Q", NULL);
	assert_shows_the_same(host, 110);
	nvvgpu_unref(host);
}
END_TEST

static void assert_error(int err, int wanted_err, int reason)
{
	ck_assert_int_eq(err, -wanted_err);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), reason);
}

/* Whose each vGPU is, and that nobody has it open, is known of these only by what is beside. */
static const char *const frameworks[] = {
	"emu:l40?framework=vendor-vfio", "emu:t4?framework=mdev", "emu:a40?framework=mdev",
};

START_TEST(test_same_on_frameworks)
{
	static const char *const types[] = { "NVIDIA L40-4Q", "GRID T4-2Q", "NVIDIA A40-4Q" };
	struct nvvgpu *host = open_host(frameworks[_i]), *again;
	enum nvvgpu_vgpu_state state;
	struct nvvgpu_vgpu *vgpu;
	int first, second;

	assert_shows_the_same(host, 10);
	create(gpu_at(host, 0), types[_i], UUID);
	create(gpu_at(host, 0), types[_i], NULL);
	assert_shows_the_same(host, 12);
	first = collected(host);
	again = open_fd(first);
	second = collected(again);
	assert_same_bytes(first, second);
	ck_assert_int_eq(nvvgpu_vgpu_lookup(again, UUID, &vgpu), 0);
	ck_assert_str_eq(nvvgpu_vgpu_get_owner(vgpu), "somebody");
	ck_assert_int_eq(nvvgpu_vgpu_get_state(vgpu, &state), 0);
	ck_assert_int_eq(state, NVVGPU_VGPU_ASSIGNED);
	assert_error(nvvgpu_destroy_as(vgpu, "somebody", 0, NULL), EROFS,
		     NVVGPU_REASON_READ_ONLY);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_unref(again);
	nvvgpu_unref(host);
	close(first);
	close(second);
}
END_TEST

/* Who has it open is in the archive, as the live host names him. */
START_TEST(test_holder)
{
	struct nvvgpu *host = open_host(frameworks[_i]), *again;
	enum nvvgpu_vgpu_state state;
	struct nvvgpu_device *device;
	struct nvvgpu_vgpu *vgpu;
	int fd;

	create(gpu_at(host, 0), _i ? _i == 1 ? "GRID T4-2Q" : "NVIDIA A40-4Q" : "NVIDIA L40-4Q",
	       UUID);
	ck_assert_int_eq(nvvgpu_vgpu_lookup(host, UUID, &vgpu), 0);
	ck_assert_int_eq(nvvgpu_device_open(vgpu, &device), 0);
	nvvgpu_vgpu_unref(vgpu);
	fd = collected(host);
	nvvgpu_device_unref(device);
	again = open_fd(fd);
	ck_assert_int_eq(nvvgpu_vgpu_lookup(again, UUID, &vgpu), 0);
	ck_assert_int_eq(nvvgpu_vgpu_get_state(vgpu, &state), 0);
	ck_assert_int_eq(state, NVVGPU_VGPU_RUNNING);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_unref(again);
	nvvgpu_unref(host);
	close(fd);
}
END_TEST

START_TEST(test_same_bytes)
{
	struct nvvgpu *host = open_host("emu:l40,t4"), *again;
	int first, second, third;

	create(gpu_at(host, 0), "L40-4Q", UUID);
	first = collected(host);
	second = collected(host);
	assert_same_bytes(first, second);
	again = open_fd(first);
	third = collected(again);
	assert_same_bytes(first, third);
	close(first);
	close(second);
	close(third);
	nvvgpu_unref(again);
	nvvgpu_unref(host);
}
END_TEST

START_TEST(test_read_only)
{
	struct nvvgpu *host = open_host("emu:l40"), *again;
	struct nvvgpu_monitor *monitor = NULL;
	struct nvvgpu_device *device;
	struct nvvgpu_vgpu *vgpu;
	int fd;

	create(gpu_at(host, 0), "L40-4Q", UUID);
	fd = collected(host);
	nvvgpu_unref(host);
	again = open_fd(fd);
	ck_assert_int_eq(nvvgpu_vgpu_lookup(again, UUID, &vgpu), 0);
	assert_error(nvvgpu_destroy(vgpu), EROFS, NVVGPU_REASON_READ_ONLY);
	assert_error(nvvgpu_vgpu_set_params(vgpu, ""), EROFS, NVVGPU_REASON_READ_ONLY);
	assert_error(nvvgpu_device_open(vgpu, &device), EROFS, NVVGPU_REASON_READ_ONLY);
	assert_error(nvvgpu_gpu_set_mixed_size(gpu_at(again, 0), true), EROFS,
		     NVVGPU_REASON_READ_ONLY);
	ck_assert_int_lt(nvvgpu_monitor_open(again, &monitor), 0);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_unref(again);
	close(fd);
}
END_TEST

/* -------------------------------------------------------------------- a machine */

static const char *const machines[] = { "l40s", "a40", "t4", "a16", "odds", "order" };

START_TEST(test_same_on_machines)
{
	struct nvvgpu *host;
	struct tree tree;
	int first, second;

	tree_make(&tree, machines[_i]);
	host = open_host(tree.uri);
	assert_shows_the_same(host, 1);
	first = collected(host);
	nvvgpu_unref(host);
	host = open_fd(first);
	second = collected(host);
	assert_same_bytes(first, second);
	close(first);
	close(second);
	nvvgpu_unref(host);
	tree_remove(&tree);
}
END_TEST

/* Our driver, closed to whoever captured the machine: the same is said of what was captured. */
START_TEST(test_no_access)
{
	struct nvvgpu *host, *again;
	struct tree tree;
	uint8_t *answers;
	char *live, *captured;
	size_t len;
	int fd;

	tree_make(&tree, "l40s");
	ck_assert_int_eq(answers_take(NULL, -EACCES, &answers, &len), 0);
	tree_root_file(&tree, "dev/nvvgpu/0000:41:00.0", answers, len);
	free(answers);
	host = open_host(tree.uri);
	ck_assert_int_eq(nvvgpu_gpu_get_framework(gpu_at(host, 0)), NVVGPU_FRAMEWORK_NVVGPU);
	fd = collected(host);
	again = open_fd(fd);
	assert_error(nvvgpu_gpu_to_json(gpu_at(host, 0), &live), EACCES,
		     NVVGPU_REASON_PERMISSION);
	assert_error(nvvgpu_gpu_to_json(gpu_at(again, 0), &captured), EACCES,
		     NVVGPU_REASON_PERMISSION);
	nvvgpu_unref(host);
	nvvgpu_unref(again);
	close(fd);
	tree_remove(&tree);
}
END_TEST

/* --------------------------------------------------------------------- secrets */

static int go_on(void *arg, size_t done, size_t total, uint64_t bytes)
{
	return 0;
}

static struct snapshot *captured(const char *uri)
{
	struct snapshot *snapshot;
	const char *detail;
	struct os *os;

	ck_assert_int_eq(os_open(uri, &os, &detail), 0);
	ck_assert_int_eq(os_capture(os, go_on, NULL, &snapshot), 0);
	os_close(os);
	return snapshot;
}

#define SECRET "SERIAL4711"
#define MAC "de:ad:be:ef:00:01"

static const struct {
	const char *path, *text;
} secrets[] = {
	{ "sys/" GPU_DIR "config", SECRET "\xde\xad\xbe\xef" MAC },
	{ "sys/" GPU_DIR "vpd", SECRET },
	{ "sys/" GPU_DIR "serial_number", SECRET "\n" },
	{ "sys/" GPU_DIR "uevent", "SERIAL=" SECRET "\n" },
	{ "sys/" GPU_DIR "net/eth0/address", MAC "\n" },
	{ "sys/" GPU_DIR "drm/card1/card1-HDMI-A-1/edid", SECRET },
	{ "sys/" GPU_DIR "nvidia/serial", SECRET "\n" },
	{ "sys/module/nvidia/parameters/NVreg_RegistryDwords", SECRET "\n" },
	{ "sys/class/dmi/id/product_serial", SECRET "\n" },
	{ "sys/class/dmi/id/product_uuid", SECRET "\n" },
	{ "sys/class/net/eth0/address", MAC "\n" },
	{ "proc/cmdline", "root=UUID=" SECRET " intel_iommu=on BOOTIF=01-de-ad-be-ef-00-01 "
	  "ifname=eth0:" MAC " iommu=pt ip=dhcp\n" },
	{ "proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nSerial\t\t: " SECRET "\n" },
	{ "proc/driver/nvidia/gpus/0000:41:00.0/information",
	  "Model: \t\t NVIDIA L40S\nGPU UUID: \t GPU-" SECRET "\nVideo BIOS: \t " SECRET "\n"
	  "Device Minor: \t 3\nGPU Serial: " SECRET "\n" },
	{ "proc/4242/comm", "nvidia-vgpu-mgr\n" },
	{ "proc/4242/cmdline", SECRET },
	{ "proc/4242/environ", SECRET },
	{ "proc/4243/comm", "sh\n" },
	{ "proc/sys/kernel/osrelease", "6.1.0-57-amd64\n" },
	{ "proc/sys/kernel/hostname", SECRET "\n" },
	{ "etc/machine-id", SECRET "\n" },
};

static bool holds(const struct snapshot_entry *entry, const char *text)
{
	return strstr(entry->path, text) ||
	       memmem(entry->data, entry->len, text, strlen(text));
}

/* Six bytes in pairs of digits, as nearly everything writes a network address. */
static bool holds_address(const struct snapshot_entry *entry, const regex_t *pattern)
{
	return !regexec(pattern, entry->path, 0, NULL, 0) ||
	       (entry->kind == SNAPSHOT_FILE &&
		!regexec(pattern, (const char *)entry->data, 0, NULL, 0));
}

/* The first entry that holds one; NULL: none does. */
static const char *find_secret(const struct snapshot *snapshot)
{
	const char *found = NULL;
	regex_t pattern;

	ck_assert_int_eq(regcomp(&pattern, "([0-9a-f]{2}[:-]){5}[0-9a-f]{2}([^0-9a-f]|$)",
				 REG_EXTENDED | REG_ICASE), 0);
	for (size_t i = 0; !found && i < snapshot->count; i++)
		if (holds(&snapshot->entries[i], SECRET) ||
		    holds_address(&snapshot->entries[i], &pattern))
			found = snapshot->entries[i].path;
	regfree(&pattern);
	return found;
}

static void assert_no_secret(const struct snapshot *snapshot)
{
	const char *found = find_secret(snapshot);

	ck_assert_msg(!found, "a secret in %s", found);
}

static void assert_file(const struct snapshot *snapshot, const char *path, const char *text)
{
	const struct snapshot_entry *entry = snapshot_file(snapshot, path);

	if (!text) {
		ck_assert_ptr_null(entry);
		return;
	}
	ck_assert_msg(entry != NULL, "no %s", path);
	ck_assert_str_eq((const char *)entry->data, text);
}

START_TEST(test_no_secrets)
{
	struct snapshot *snapshot;
	struct tree tree;

	tree_make(&tree, "l40s");
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		tree_root_file(&tree, secrets[i].path, secrets[i].text, strlen(secrets[i].text));
	snapshot = captured(tree.uri);
	assert_no_secret(snapshot);
	assert_file(snapshot, "proc/cmdline", "intel_iommu=on iommu=pt");
	assert_file(snapshot, "proc/cpuinfo", "vendor_id\t: GenuineIntel\n");
	assert_file(snapshot, "proc/driver/nvidia/gpus/0000:41:00.0/information",
		    "Device Minor: \t 3\n");
	assert_file(snapshot, "proc/4242/comm", "nvidia-vgpu-mgr\n");
	assert_file(snapshot, "proc/4242/cmdline", NULL);
	assert_file(snapshot, "proc/4243/comm", NULL);
	assert_file(snapshot, "proc/sys/kernel/osrelease", "6.1.0-57-amd64\n");
	assert_file(snapshot, "sys/bus/pci/devices/0000:41:00.0/device", "0x26b9\n");
	assert_file(snapshot, "sys/bus/pci/devices/0000:41:00.0/config", NULL);
	snapshot_free(snapshot);
	tree_remove(&tree);
}
END_TEST

/* The check sees what it is for. */
START_TEST(test_secrets_would_be_seen)
{
	static const char *const texts[] = { "x" SECRET, "x " MAC "\n", "01-de-AD-be-ef-00-01" };
	struct snapshot *snapshot = snapshot_new();

	ck_assert_int_eq(snapshot_add_file(snapshot, "a", texts[_i], strlen(texts[_i])), 0);
	ck_assert_int_eq(snapshot_seal(snapshot), 0);
	ck_assert_ptr_nonnull(find_secret(snapshot));
	snapshot_free(snapshot);
}
END_TEST

/* The machine that this runs on. */
START_TEST(test_no_secrets_of_this_machine)
{
	struct snapshot *snapshot = captured("host:");

	ck_assert_uint_gt(snapshot->count, 3);
	assert_no_secret(snapshot);
	snapshot_free(snapshot);
}
END_TEST

/* ----------------------------------------------------------------------- nodes */

#define VF_DIR "devices/pci0000:00/0000:41:00.%d/"

static void add_group(const struct tree *tree, int function, int group)
{
	char path[128], target[128];

	snprintf(path, sizeof(path), VF_DIR "iommu_group", function);
	snprintf(target, sizeof(target), "../../../kernel/iommu_groups/%d", group);
	tree_link(tree, path, target);
	snprintf(path, sizeof(path), "kernel/iommu_groups/%d/devices/0000:41:00.%d", group,
		 function);
	snprintf(target, sizeof(target), "../../../../devices/pci0000:00/0000:41:00.%d", function);
	tree_link(tree, path, target);
	snprintf(path, sizeof(path), "kernel/iommu_groups/%d/type", group);
	tree_file(tree, path, "DMA\n", 4);
	snprintf(path, sizeof(path), VF_DIR "vfio-dev/vfio%d/dev", function, group);
	tree_file(tree, path, "511:1\n", 6);
}

/* Only nodes that matter, in an order, whichever they came in. */
START_TEST(test_nodes)
{
	static const char listed[] =
		"100644 0 0 rw - null\n"
		"20666 0 0 rw system_u:object_r:vfio_device_t:s0 vfio/vfio\n"
		"20660 0 104 r- - vfio/30\n"
		"20600 0 0 -- - vfio/4\n"
		"20600 0 0 -- - vfio/devices/vfio30\n"
		"20600 0 0 -- - vfio/99\n"
		"nonsense\n";
	struct snapshot *snapshot;
	struct os_node node;
	const char *detail;
	struct tree tree;
	struct os *os;

	tree_make(&tree, "l40s");
	tree_root_file(&tree, "dev.list", listed, strlen(listed));
	add_group(&tree, 7, 4);
	add_group(&tree, 4, 30);
	add_group(&tree, 6, 4);
	snapshot = captured(tree.uri);
	assert_file(snapshot, "dev.list",
		    "20600 0 0 -- - vfio/4\n"
		    "20600 0 0 -- - vfio/devices/vfio30\n"
		    "20660 0 104 r- - vfio/30\n"
		    "20666 0 0 rw system_u:object_r:vfio_device_t:s0 vfio/vfio\n");
	assert_file(snapshot, "sys/kernel/iommu_groups/4/type", "DMA\n");
	assert_file(snapshot, "sys/kernel/iommu_groups/4/devices/0000:41:00.6/vendor", "0x10de\n");
	snapshot_free(snapshot);

	ck_assert_int_eq(os_open(tree.uri, &os, &detail), 0);
	ck_assert_int_eq(os->ops->node_get(os, "vfio/30", &node), 0);
	ck_assert(node.mode == (S_IFCHR | 0660) && node.gid == 104 && node.readable);
	ck_assert(!node.writable && !node.label[0]);
	ck_assert_int_eq(os->ops->node_get(os, "vfio/vfio", &node), 0);
	ck_assert_str_eq(node.label, "system_u:object_r:vfio_device_t:s0");
	ck_assert_int_eq(os->ops->node_get(os, "vfio/3", &node), -ENOENT);
	ck_assert_int_eq(os->ops->node_get(os, "../etc", &node), -EINVAL);
	os_close(os);
	tree_remove(&tree);
}
END_TEST

/* --------------------------------------------------- ways a collection can end */

static int count_reports(void *arg, const struct nvvgpu_progress *progress)
{
	uint64_t *last = arg;

	ck_assert_uint_ge(nvvgpu_progress_get_bytes(progress), *last);
	*last = nvvgpu_progress_get_bytes(progress);
	return 0;
}

static int refuse(void *arg, const struct nvvgpu_progress *progress)
{
	return 1;
}

START_TEST(test_progress)
{
	struct nvvgpu *host = open_host("emu:l40");
	struct nvvgpu_migrate_options *options;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	uint64_t last = 0;

	ck_assert_int_eq(nvvgpu_migrate_options_new(&options), 0);
	nvvgpu_migrate_options_set_progress(options, count_reports, &last);
	ck_assert_int_eq(nvvgpu_collect(host, fd, options), 0);
	ck_assert_uint_gt(last, 1000);
	nvvgpu_migrate_options_set_progress(options, refuse, NULL);
	assert_error(nvvgpu_collect(host, fd, options), ECANCELED, NVVGPU_REASON_CANCELLED);
	nvvgpu_migrate_options_set_progress(options, NULL, NULL);
	nvvgpu_migrate_options_cancel(options);
	assert_error(nvvgpu_collect(host, fd, options), ECANCELED, NVVGPU_REASON_CANCELLED);
	nvvgpu_migrate_options_set_deadline(options, 1);
	assert_error(nvvgpu_collect(host, fd, options), ETIMEDOUT, NVVGPU_REASON_DEADLINE);
	nvvgpu_migrate_options_free(options);
	close(fd);
	nvvgpu_unref(host);
}
END_TEST

START_TEST(test_bad_descriptors)
{
	struct nvvgpu *host = open_host("emu:l40");
	int ends[2], fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_error(nvvgpu_collect(host, fd, NULL), ENOSPC, NVVGPU_REASON_IO);
	close(fd);
	assert_error(nvvgpu_collect(host, -1, NULL), EBADF, NVVGPU_REASON_INVALID_ARGUMENT);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	assert_error(nvvgpu_collect(host, ends[0], NULL), EBADF, NVVGPU_REASON_INVALID_ARGUMENT);
	close(ends[0]);
	assert_error(nvvgpu_collect(host, ends[1], NULL), EPIPE, NVVGPU_REASON_IO);
	close(ends[1]);
	nvvgpu_unref(host);
}
END_TEST

/* ----------------------------------------------------------------- bad archives */

/* A tar made by hand, of members that nobody would capture. */
struct member {
	const char *path;
	mode_t type;		/* 0: a hard link */
	const char *data;	/* or the target of a link */
	size_t zeros;		/* after the data */
};

static int tar_of(const struct member *members, size_t count)
{
	struct archive *archive = archive_write_new();
	int fd = memfd_create("tar", MFD_CLOEXEC);
	static char zeros[1 << 20];

	archive_write_set_format_pax_restricted(archive);
	archive_write_add_filter_zstd(archive);
	archive_write_open_fd(archive, fd);
	for (size_t i = 0; i < count; i++) {
		struct archive_entry *entry = archive_entry_new();
		const struct member *member = &members[i];

		archive_entry_set_pathname(entry, member->path);
		archive_entry_set_mode(entry, (member->type ? member->type : S_IFREG) | 0644);
		if (member->type == S_IFLNK)
			archive_entry_set_symlink(entry, member->data);
		else if (!member->type)
			archive_entry_set_hardlink(entry, member->data);
		else if (member->type == S_IFREG)
			archive_entry_set_size(entry, strlen(member->data) + member->zeros);
		ck_assert_int_le(archive_write_header(archive, entry), ARCHIVE_OK);
		if (member->type == S_IFREG) {
			archive_write_data(archive, member->data, strlen(member->data));
			for (size_t left = member->zeros; left;) {
				size_t n = left < sizeof(zeros) ? left : sizeof(zeros);

				archive_write_data(archive, zeros, n);
				left -= n;
			}
		}
		archive_entry_free(entry);
	}
	archive_write_close(archive);
	archive_write_free(archive);
	return fd;
}

#define SYS { "sys/bus/pci/devices", S_IFDIR, NULL, 0 }

static const struct {
	struct member members[4];
	size_t count;
	int err;
} tars[] = {
	{ { SYS }, 1, 0 },
	{ { { "./", S_IFDIR, NULL, 0 }, { "./sys/", S_IFDIR, NULL, 0 },
	    { "./sys/bus/pci/devices/", S_IFDIR, NULL, 0 } }, 3, 0 },
	{ { SYS, { "sys/../../etc/passwd", S_IFREG, "x", 0 } }, 2, -EBADMSG },
	{ { SYS, { "../x", S_IFREG, "x", 0 } }, 2, -EBADMSG },
	{ { SYS, { "/etc/passwd", S_IFREG, "x", 0 } }, 2, -EBADMSG },
	{ { SYS, { "sys//x", S_IFREG, "x", 0 } }, 2, -EBADMSG },
	/* nothing that sysfs has */
	{ { SYS, { "sys/fifo", S_IFIFO, NULL, 0 }, { "sys/dev", S_IFCHR, NULL, 0 },
	    { "sys/hard", 0, "sys/bus", 0 } }, 4, 0 },
	/* larger than any file that is read: passed over */
	{ { SYS, { "sys/large", S_IFREG, "x", 17 << 20 } }, 2, 0 },
	{ { { "etc/passwd", S_IFREG, "x", 0 } }, 1, -ENOENT },
	{ { { "sys", S_IFREG, "x", 0 } }, 1, -ENOENT },
	{ { { "sys", S_IFLNK, "/etc", 0 } }, 1, -ENOENT },
	{ { { "sys", S_IFLNK, "sys", 0 } }, 1, -ENOENT },
};

static int is_bus(const char *name, void *arg)
{
	return strcmp(name, "bus");
}

START_TEST(test_odd_archives)
{
	int fd = tar_of(tars[_i].members, tars[_i].count), err;
	struct nvvgpu *host = NULL;
	char uri[64];

	snprintf(uri, sizeof(uri), "tree:/proc/self/fd/%d", fd);
	err = nvvgpu_open(uri, &host);
	ck_assert_int_eq(err, tars[_i].err);
	if (err) {
		ck_assert_str_eq(nvvgpu_error_get_object(nvvgpu_last_error()), uri);
	} else {
		ck_assert_ptr_null(gpu_at(host, 0));
		ck_assert_int_eq(host->os->ops->list(host->os, ".", is_bus, NULL), 0);
	}
	nvvgpu_unref(host);
	close(fd);
}
END_TEST

/* More bytes than a machine has, in very few packed ones: kept, or too large to be. */
START_TEST(test_bomb)
{
	static struct member members[300];
	static char names[300][16];
	struct nvvgpu *host;
	char uri[64];
	int fd;

	for (size_t i = 0; i < 300; i++) {
		snprintf(names[i], sizeof(names[i]), "sys/%zu", i);
		members[i] = (struct member){ names[i], S_IFREG, "x", (1 << 20) - 1 + _i };
	}
	fd = tar_of(members, 300);
	snprintf(uri, sizeof(uri), "tree:/proc/self/fd/%d", fd);
	assert_error(nvvgpu_open(uri, &host), EBADMSG, NVVGPU_REASON_STATE_DAMAGED);
	close(fd);
}
END_TEST

/* What it says does not matter, as long as it says something. */
static void ask_everything(struct nvvgpu *host)
{
	for (size_t i = 0; gpu_at(host, i); i++) {
		struct nvvgpu_type_list *types;
		struct nvvgpu_vgpu_list *vgpus;
		char *text;

		if (!nvvgpu_gpu_to_json(gpu_at(host, i), &text))
			nvvgpu_free(text);
		if (!nvvgpu_type_list(gpu_at(host, i), NVVGPU_TYPE_ALL, &types))
			nvvgpu_type_list_unref(types);
		if (!nvvgpu_vgpu_list(gpu_at(host, i), &vgpus))
			nvvgpu_vgpu_list_unref(vgpus);
	}
}

/* Cut off anywhere, or with any byte changed: refused, or it shows something. */
START_TEST(test_damaged)
{
	struct nvvgpu *host = open_host("emu:t4"), *bad;
	int fd = collected(host);
	struct stat st;
	char uri[64];
	uint8_t *data;

	ck_assert_int_eq(fstat(fd, &st), 0);
	data = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	snprintf(uri, sizeof(uri), "tree:/proc/self/fd/%d", fd);
	for (off_t at = 0; at < st.st_size; at += 1 + at / 16) {
		data[at] ^= 0x55;
		if (!nvvgpu_open(uri, &bad)) {
			ask_everything(bad);
			nvvgpu_unref(bad);
		}
		data[at] ^= 0x55;
	}
	munmap(data, st.st_size);
	for (off_t len = st.st_size - 1; len >= 0; len -= 1 + len / 16) {
		ck_assert_int_eq(ftruncate(fd, len), 0);
		ck_assert_int_lt(nvvgpu_open(uri, &bad), 0);
	}
	close(fd);
	nvvgpu_unref(host);
}
END_TEST

/* --------------------------------------------------------------------- answers */

static void ask_with_answers(const uint8_t *data, size_t len)
{
	struct nvvgpu *host;
	struct tree tree;

	tree_make(&tree, "l40s");
	tree_root_file(&tree, "dev/nvvgpu/0000:41:00.0", data, len);
	host = open_host(tree.uri);
	ask_everything(host);
	nvvgpu_unref(host);
	tree_remove(&tree);
}

/* Whoever has written them: nothing in them is believed. */
START_TEST(test_bad_answers)
{
	const struct snapshot_entry *entry;
	struct snapshot *snapshot;
	uint8_t *data;

	snapshot = captured("emu:l40");
	entry = snapshot_file(snapshot, "dev/nvvgpu/0000:41:00.0");
	ck_assert_ptr_nonnull(entry);
	data = malloc(entry->len);
	for (size_t i = 0; i < 60; i++) {
		size_t at = i < 20 ? i * 2 : (entry->len / 60) * i;

		memcpy(data, entry->data, entry->len);
		data[at] ^= 0xff;
		ask_with_answers(data, entry->len);
		ask_with_answers(entry->data, at);
	}
	free(data);
	snapshot_free(snapshot);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static TCase *collect_case(void)
{
	TCase *tcase = tcase_create("collect");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_same_on_emulated_boards);
	tcase_add_loop_test(tcase, test_same_on_frameworks, 0, COUNT(frameworks));
	tcase_add_loop_test(tcase, test_holder, 0, COUNT(frameworks));
	tcase_add_test(tcase, test_same_bytes);
	tcase_add_test(tcase, test_read_only);
	tcase_add_loop_test(tcase, test_same_on_machines, 0, COUNT(machines));
	tcase_add_test(tcase, test_no_access);
	tcase_add_test(tcase, test_no_secrets);
	tcase_add_loop_test(tcase, test_secrets_would_be_seen, 0, 3);
	tcase_add_test(tcase, test_no_secrets_of_this_machine);
	tcase_add_test(tcase, test_nodes);
	tcase_add_test(tcase, test_progress);
	tcase_add_test(tcase, test_bad_descriptors);
	return tcase;
}

static TCase *archive_case(void)
{
	TCase *tcase = tcase_create("archive");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test_odd_archives, 0, COUNT(tars));
	tcase_add_loop_test(tcase, test_bomb, 0, 2);
	tcase_add_test(tcase, test_damaged);
	tcase_add_test(tcase, test_bad_answers);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("collect");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, collect_case());
	suite_add_tcase(suite, archive_case());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
