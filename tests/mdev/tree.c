// SPDX-License-Identifier: MIT
/* Captured hosts of the mdev era: what is read of them, how often, and what is not believed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "mdev.h"
#include "objects.h"
#include "../harness/door.h"
#include "../harness/gpus.h"
#include "../harness/hosts.h"
#include "../harness/tree.h"

#define BRIDGE	"devices/pci0000:40/0000:40:01.0/"
#define GPU	BRIDGE "0000:41:00.0/"
#define VF0	BRIDGE "0000:41:00.4/"
#define VF1	BRIDGE "0000:41:00.5/"
#define TYPES	"mdev_supported_types/"

static struct tree tree;
static struct nvvgpu *host;
static struct nvvgpu_gpu *gpu;

static void open_tree(void)
{
	ck_assert_int_eq(nvvgpu_open(tree.uri, &host), 0);
	gpu = gpu_at(host, 0);
	ck_assert_ptr_nonnull(gpu);
}

static void generate(const char *board, unsigned int gpus, unsigned int vfs, unsigned int vgpus)
{
	tree_generate(&tree, &(struct host_spec){ board, true, gpus, vfs, vgpus });
	open_tree();
}

static void teardown(void)
{
	host = nvvgpu_unref(host);
	tree_remove(&tree);
}

static struct nvvgpu_type_list *list_types(void)
{
	struct nvvgpu_type_list *list = NULL;

	ck_assert_int_eq(nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &list), 0);
	return list;
}

static void expect_types(size_t count)
{
	struct nvvgpu_type_list *list = list_types();

	ck_assert_uint_eq(nvvgpu_type_list_size(list), count);
	nvvgpu_type_list_unref(list);
}

static struct nvvgpu_type *type_of(const char *id)
{
	struct nvvgpu_type *type = NULL;

	ck_assert_int_eq(nvvgpu_type_lookup(gpu, id, &type), 0);
	return type;
}

/* -1: not known */
static long available(const char *id)
{
	struct nvvgpu_type *type = type_of(id);
	uint32_t count;
	long ret = nvvgpu_type_get_available(type, &count) ? -1 : (long)count;

	nvvgpu_type_unref(type);
	return ret;
}

static int reason_of(const char *id)
{
	struct nvvgpu_type *type = type_of(id);
	int reason = nvvgpu_type_get_reason(type);

	nvvgpu_type_unref(type);
	return reason;
}

/* ------------------------------------------------------------------ what is read */

/* The letter behind the size: "NVIDIA A40-12Q" */
static char series_of(const char *name)
{
	const char *size = strrchr(name, '-') + 1;

	return size[strspn(size, "0123456789")];
}

static void check_type(struct nvvgpu_type *type, const struct host_type *wanted)
{
	static const struct {
		char series;
		const char *name;
	} classes[] = { { 'A', "vApps" }, { 'B', "NVS" }, { 'C', "Compute" }, { 'Q', "Quadro" } };

	ck_assert_uint_eq(nvvgpu_type_get_id(type), wanted->id);
	ck_assert_str_eq(nvvgpu_type_get_name(type), wanted->name);
	ck_assert_uint_eq(nvvgpu_type_get_framebuffer_bytes(type), (uint64_t)wanted->mib << 20);
	ck_assert_uint_eq(nvvgpu_type_get_heads(type), wanted->heads);
	ck_assert_uint_eq(nvvgpu_type_get_frame_rate_limit(type), wanted->rate);
	ck_assert_uint_eq(nvvgpu_type_get_max_width(type), wanted->width);
	ck_assert_uint_eq(nvvgpu_type_get_max_height(type), wanted->height);
	ck_assert_uint_eq(nvvgpu_type_get_max_instances(type), wanted->max);
	for (size_t i = 0; i < 4; i++)
		if (classes[i].series == series_of(wanted->name))
			ck_assert_str_eq(nvvgpu_type_get_class(type), classes[i].name);
}

static const struct {
	const char *board;
	unsigned int vfs;
	uint64_t gib;
} boards[] = { { "a40", 32, 48 }, { "l40", 3, 48 }, { "t4", 0, 16 } };

START_TEST(all_types_of_a_host)
{
	struct host_type types[HOST_TYPES];
	unsigned int count = host_types(boards[_i].board, types);
	unsigned int vfs = boards[_i].vfs;
	struct nvvgpu_type_list *list;
	uint32_t free_now;

	generate(boards[_i].board, 2, vfs, 0);
	ck_assert_int_eq(nvvgpu_gpu_get_framework(gpu), NVVGPU_FRAMEWORK_MDEV);
	ck_assert_int_eq(nvvgpu_gpu_get_reason(gpu), NVVGPU_REASON_NONE);
	ck_assert_str_eq(nvvgpu_gpu_get_driver(gpu), "nvidia");
	ck_assert_str_eq(nvvgpu_gpu_get_driver_version(gpu), "535.161.05");
	ck_assert_uint_eq(nvvgpu_gpu_get_framebuffer_bytes(gpu), boards[_i].gib << 30);
	for (unsigned int i = 0; i < 2; i++) {
		gpu = gpu_at(host, i);
		list = list_types();
		ck_assert_uint_eq(nvvgpu_type_list_size(list), count);
		for (unsigned int j = 0; j < count; j++) {
			struct nvvgpu_type *type = nvvgpu_type_list_get(list, j);

			check_type(type, &types[j]);
			ck_assert_int_eq(nvvgpu_type_get_available(type, &free_now), 0);
			ck_assert_uint_eq(free_now, vfs && vfs < types[j].max ? vfs : types[j].max);
		}
		nvvgpu_type_list_unref(list);
	}
	ck_assert_ptr_null(gpu_at(host, 2));
}
END_TEST

static void check_vgpu(struct nvvgpu_vgpu *vgpu, unsigned int gpu_index, unsigned int index,
		       bool on_vf)
{
	enum nvvgpu_vgpu_state state;
	char uuid[37], vf[16], *params;

	host_uuid(gpu_index, index, uuid);
	host_vf_address(gpu_index, index, vf);
	ck_assert_str_eq(nvvgpu_vgpu_get_uuid(vgpu), uuid);
	if (on_vf)
		ck_assert_str_eq(nvvgpu_vgpu_get_vf(vgpu), vf);
	else
		ck_assert_ptr_null(nvvgpu_vgpu_get_vf(vgpu));
	ck_assert_uint_eq(nvvgpu_vgpu_get_framebuffer_bytes(vgpu), 4ULL << 30);
	ck_assert_str_eq(nvvgpu_vgpu_get_owner(vgpu), "foreign");
	ck_assert_ptr_nonnull(strstr(nvvgpu_vgpu_get_vfio(vgpu), uuid));
	ck_assert_int_eq(nvvgpu_vgpu_get_state(vgpu, &state), 0);
	ck_assert_int_eq(state, NVVGPU_VGPU_UNKNOWN);
	ck_assert_int_eq(nvvgpu_vgpu_get_params(vgpu, &params), 0);
	ck_assert_str_eq(params, "");
	nvvgpu_free(params);
}

START_TEST(all_vgpus_of_a_host)
{
	struct nvvgpu_vgpu_list *list;
	struct nvvgpu_vgpu *vgpu;

	generate(boards[_i].board, 3, boards[_i].vfs ? 4 : 0, 3);
	ck_assert_int_eq(nvvgpu_vgpu_list_all(host, &list), 0);
	ck_assert_uint_eq(nvvgpu_vgpu_list_size(list), 9);
	for (unsigned int i = 0; i < 9; i++)
		check_vgpu(nvvgpu_vgpu_list_get(list, i), i / 3, i % 3, boards[_i].vfs);
	vgpu = nvvgpu_vgpu_list_get(list, 4);
	ck_assert_int_eq(nvvgpu_destroy(vgpu), -EROFS);
	ck_assert_int_eq(nvvgpu_vgpu_set_params(vgpu, "a=1"), -EROFS);
	nvvgpu_vgpu_list_unref(list);
}
END_TEST

/* Each VF could take one of those that are left: they are counted once, not once for each VF. */
START_TEST(what_is_left)
{
	enum nvvgpu_mode mode;

	generate("a40", 1, 16, 3);
	ck_assert_int_eq(available("560"), 9);			/* 4Q of 12 */
	ck_assert_int_eq(available("570"), 9);			/* 4A beside it */
	ck_assert_int_eq(available("562"), 0);			/* 8Q */
	ck_assert_int_eq(reason_of("562"), NVVGPU_REASON_EQUAL_SIZE);
	ck_assert_int_eq(nvvgpu_gpu_get_mode(gpu, &mode), 0);
	ck_assert_int_eq(mode, NVVGPU_GPU_MODE_EQUAL_SIZE);
	host = nvvgpu_unref(host);
	tree_remove(&tree);

	generate("a40", 1, 13, 12);
	ck_assert_int_eq(available("560"), 0);
	ck_assert_int_eq(reason_of("560"), NVVGPU_REASON_EXHAUSTED);
	host = nvvgpu_unref(host);
	tree_remove(&tree);

	/* fewer VFs than there could be vGPUs */
	generate("a40", 1, 4, 1);
	ck_assert_int_eq(available("560"), 3);
	host = nvvgpu_unref(host);
	tree_remove(&tree);

	generate("t4", 1, 0, 1);
	ck_assert_int_eq(available("232"), 3);
	ck_assert_int_eq(available("231"), 0);
}
END_TEST

/* What another size beside them, or offered beside them, says of the mode. */
START_TEST(mixed_sizes)
{
	enum nvvgpu_mode mode;

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 8, 2 });
	tree_file(&tree, VF1 "../0000:41:00.7/" TYPES "nvidia-562/available_instances", "1\n", 2);
	open_tree();
	ck_assert_int_eq(nvvgpu_gpu_get_mode(gpu, &mode), 0);
	ck_assert_int_eq(mode, NVVGPU_GPU_MODE_MIXED_SIZE);
	ck_assert_int_eq(available("562"), -1);			/* at least one */
	ck_assert_int_eq(reason_of("562"), NVVGPU_REASON_NONE);
	ck_assert_int_eq(reason_of("563"), NVVGPU_REASON_NO_FRAMEBUFFER);
}
END_TEST

/* The prefix of a type's directory is the driver of its parent, whatever that is. */
START_TEST(any_prefix)
{
	tree_make(&tree, "a40");
	open_tree();
	expect_types(2);
	ck_assert_int_eq(available("555"), 1);
	ck_assert_int_eq(available("562"), 1);
}
END_TEST

/* ----------------------------------------------------------------- how often */

#define GPUS		3
#define VFS		8
/* how many of each type each VF offers, and each type once */
#define ALL_OF_A_GPU	(VFS * 22 + 22 * 2)

static void look_at_all(void)
{
	struct nvvgpu_type_list *types;
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_gpu *at;

	for (size_t i = 0; (at = gpu_at(host, i)); i++) {
		ck_assert_int_eq(nvvgpu_type_list(at, NVVGPU_TYPE_ALL, &types), 0);
		nvvgpu_type_list_unref(types);
	}
	ck_assert_int_eq(nvvgpu_vgpu_list_all(host, &vgpus), 0);
	ck_assert_uint_eq(nvvgpu_vgpu_list_size(vgpus), 2 * GPUS);
	nvvgpu_vgpu_list_unref(vgpus);
}

/* What went through the door: "a " an attribute, "l " a link, "d " a directory; then the path. */
static char *book[20000];
static size_t book_count;

static int note(char kind, const char *path)
{
	ck_assert_uint_lt(book_count, sizeof(book) / sizeof(book[0]));
	ck_assert_int_gt(asprintf(&book[book_count++], "%c %s", kind, path), 0);
	return DOOR_PASS;
}

static int note_read(struct door *door, const char *path, char *buf, size_t size)
{
	return note('a', path);
}

static int note_link(struct door *door, const char *path, char *buf, size_t size)
{
	return note('l', path);
}

static int note_list(struct door *door, const char *path)
{
	return note('d', path);
}

static void forget_book(void)
{
	while (book_count)
		free(book[--book_count]);
}

static size_t count_reads(char kind)
{
	size_t reads = 0;

	for (size_t i = 0; i < book_count; i++)
		reads += book[i][0] == kind;
	return reads;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void expect_no_twice(char kind)
{
	qsort(book, book_count, sizeof(*book), compare_paths);
	for (size_t i = 1; i < book_count; i++)
		ck_assert_msg(book[i][0] != kind || strcmp(book[i - 1], book[i]), "%s", book[i]);
}

/* least: attributes that cannot but be read */
static void expect_each_once(const struct host_spec *spec, size_t least)
{
	struct os *real;
	struct door door;

	tree_generate(&tree, spec);
	ck_assert_int_eq(nvvgpu_open(tree.uri, &host), 0);
	real = host->os;
	door_open(&door, tree.uri);
	door.on_read = note_read;
	door.on_link = note_link;
	door.on_list = note_list;
	door.os.mdevs = real->mdevs;
	host->os = &door.os;
	look_at_all();
	expect_no_twice('a');
	expect_no_twice('l');
	ck_assert_uint_ge(count_reads('a'), least);
	ck_assert_uint_le(count_reads('a'), least + GPUS * (VFS + 1) * 3 + 40);

	/* a capture does not change */
	forget_book();
	look_at_all();
	ck_assert_uint_eq(book_count, 0);

	/* unless somebody says that it is another one */
	ck_assert_int_eq(nvvgpu_refresh(host), 0);
	look_at_all();
	ck_assert_uint_ge(count_reads('a'), least);
	forget_book();
	gpu_table_unref(host->gpus);
	host->gpus = NULL;
	host->os = real;
	door_close(&door);
}

START_TEST(nothing_is_read_twice)
{
	expect_each_once(&(struct host_spec){ "a40", true, GPUS, VFS, 2 }, GPUS * ALL_OF_A_GPU);
}
END_TEST

/* Each VF's type, the placements of two, the rows of one. */
START_TEST(nothing_of_vendor_vfio_is_read_twice)
{
	expect_each_once(&(struct host_spec){ "l40", false, GPUS, VFS, 2 }, GPUS * (VFS + 3));
}
END_TEST

/* ------------------------------------------------------------- what is believed */

static const struct {
	const char *text;
	long wanted;		/* of 2 VFs, the other one offers it */
} counts[] = {
	{ "1\n", 2 }, { "1", 2 }, { "0\n", 1 }, { "7\n", 2 },	/* a VF holds one */
	{ "", -1 }, { "\n", -1 }, { "-1\n", -1 }, { "+1\n", -1 }, { "0x1\n", -1 }, { " 1\n", -1 },
	{ "1 \n", -1 }, { "1\n1\n", -1 }, { "4097\n", -1 }, { "4294967296\n", -1 },
	{ "99999999999999999999\n", -1 }, { "many\n", -1 }, { "11111111111111111111111111111111111\n", -1 },
};

/* What one parent does not say leaves at least what the others do. */
START_TEST(count_of_a_vf)
{
	struct nvvgpu_type *type;
	long wanted = counts[_i].wanted;

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 2, 0 });
	tree_file(&tree, VF0 TYPES "nvidia-560/available_instances", counts[_i].text,
		  strlen(counts[_i].text));
	open_tree();
	ck_assert_int_eq(available("560"), wanted < 0 ? 1 : wanted);
	type = type_of("560");
	ck_assert(nvvgpu_type_is_creatable(type));
	nvvgpu_type_unref(type);
}
END_TEST

/* Nobody says: that is not the same as none. */
START_TEST(count_of_the_gpu)
{
	struct nvvgpu_type *type;
	long wanted = counts[_i].wanted;

	tree_generate(&tree, &(struct host_spec){ "t4", true, 1, 0, 0 });
	tree_file(&tree, GPU TYPES "nvidia-232/available_instances", counts[_i].text,
		  strlen(counts[_i].text));
	open_tree();
	ck_assert_int_eq(available("232"), wanted < 0 ? -1 : atol(counts[_i].text));
	type = type_of("232");
	ck_assert_int_eq(nvvgpu_type_is_creatable(type), wanted > 1);
	if (wanted < 0)
		ck_assert_int_eq(nvvgpu_type_get_reason(type), NVVGPU_REASON_UNKNOWN);
	nvvgpu_type_unref(type);
}
END_TEST

static const struct {
	const char *name, *wanted;
} names[] = {
	{ "NVIDIA A40-4Q\n", "NVIDIA A40-4Q" }, { "NVIDIA A40-4Q", "NVIDIA A40-4Q" },
	{ "", "560" }, { "\n", "560" }, { "a\x1b[31mb\n", "a?[31mb" },
	{ "first\nsecond\n", "first" }, { "\xff\xfe\n", "??" },
	{ "0123456789012345678901234567890123456789012345678901234567890123456789\n", "560" },
};

START_TEST(name_of_a_type)
{
	struct nvvgpu_type *type;

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 1, 0 });
	tree_file(&tree, VF0 TYPES "nvidia-560/name", names[_i].name, strlen(names[_i].name));
	open_tree();
	type = type_of("560");
	ck_assert_str_eq(nvvgpu_type_get_name(type), names[_i].wanted);
	ck_assert_uint_eq(nvvgpu_type_get_framebuffer_bytes(type), 4ULL << 30);
	nvvgpu_type_unref(type);
}
END_TEST

static const char *const descriptions[] = {
	"", "\n", "nonsense\n", "num_heads=x, frl_config=60\n", "framebuffer=4096G\n",
	"num_heads=4294967296, framebuffer=1M\n", "max_resolution=7680\n", "max_instance=12Q\n",
	"framebuffer=-1M\n", "max_resolution=1x2x3\n",
};

/* Then what is known of the board is told, by the whole name of the type. */
START_TEST(description_of_a_type)
{
	struct nvvgpu_type *type;

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 1, 0 });
	tree_file(&tree, VF0 TYPES "nvidia-560/description", descriptions[_i],
		  strlen(descriptions[_i]));
	tree_file(&tree, VF0 TYPES "nvidia-570/description", descriptions[_i],
		  strlen(descriptions[_i]));
	tree_file(&tree, VF0 TYPES "nvidia-570/name", "NVIDIA A40-4AX\n", 15);
	open_tree();
	type = type_of("560");
	ck_assert_uint_eq(nvvgpu_type_get_framebuffer_bytes(type), 4ULL << 30);
	ck_assert_uint_eq(nvvgpu_type_get_max_instances(type), 12);
	ck_assert_uint_eq(nvvgpu_type_get_heads(type), 4);
	nvvgpu_type_unref(type);
	/* alike, but another: only what the name itself says */
	type = type_of("570");
	ck_assert_uint_eq(nvvgpu_type_get_max_instances(type), 0);
	ck_assert_uint_eq(nvvgpu_type_get_heads(type), 0);
	nvvgpu_type_unref(type);
}
END_TEST

/* A longer one is a description too, as far as it is understood. */
START_TEST(description_with_more)
{
	static const char text[] = "num_heads=2, frl_config=30, framebuffer=512M, "
				   "max_resolution=1920x1200, max_instance=9, brand=new\n";
	struct nvvgpu_type *type;

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 1, 0 });
	tree_file(&tree, VF0 TYPES "nvidia-560/description", text, sizeof(text) - 1);
	open_tree();
	type = type_of("560");
	ck_assert_uint_eq(nvvgpu_type_get_framebuffer_bytes(type), 512ULL << 20);
	ck_assert_uint_eq(nvvgpu_type_get_max_instances(type), 9);
	ck_assert_uint_eq(nvvgpu_type_get_heads(type), 2);
	ck_assert_uint_eq(nvvgpu_type_get_frame_rate_limit(type), 30);
	ck_assert_uint_eq(nvvgpu_type_get_max_width(type), 1920);
	nvvgpu_type_unref(type);
}
END_TEST

static const char *const other_directories[] = {
	"nvidia", "nvidia-", "-560", "nvidia-0", "nvidia-4294967296", "nvidia-5x", "560",
	"nvidia-+5", "nvidia-5\n6",
};

START_TEST(directories_that_are_no_types)
{
	char path[512];

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 1, 0 });
	for (size_t i = 0; i < sizeof(other_directories) / sizeof(other_directories[0]); i++) {
		snprintf(path, sizeof(path), VF0 TYPES "%s/name", other_directories[i]);
		tree_file(&tree, path, "what\n", 5);
	}
	/* twice on one parent is once */
	snprintf(path, sizeof(path), "cp -r %s/sys/" VF0 TYPES "nvidia-560 %s/sys/" VF0 TYPES
		 "vfio-pci-560", tree.dir, tree.dir);
	ck_assert_int_eq(system(path), 0);
	open_tree();
	expect_types(22);
	ck_assert_int_eq(available("560"), 1);
}
END_TEST

START_TEST(too_many_types)
{
	struct nvvgpu_type_list *list = NULL;
	char path[128];

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 1, 0 });
	for (int i = 0; i < 240; i++) {
		snprintf(path, sizeof(path), VF0 TYPES "nvidia-%d/name", 1000 + i);
		tree_file(&tree, path, "what\n", 5);
	}
	open_tree();
	ck_assert_int_eq(nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &list), -EIO);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), NVVGPU_REASON_IO);
	ck_assert_ptr_null(list);
}
END_TEST

/* A VF that cannot be looked at hides nothing that another shows. */
START_TEST(parent_that_is_damaged)
{
	char path[256];

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 2, 0 });
	snprintf(path, sizeof(path), "rm -r %s/sys/" VF0 "mdev_supported_types", tree.dir);
	ck_assert_int_eq(system(path), 0);
	tree_file(&tree, VF0 "mdev_supported_types", "not a directory\n", 16);
	open_tree();
	expect_types(22);
	ck_assert_int_eq(available("560"), 1);
	host = nvvgpu_unref(host);
	/* and none that another does not */
	tree_file(&tree, VF1 TYPES "nvidia-560/available_instances", "0\n", 2);
	open_tree();
	ck_assert_int_eq(available("560"), -1);
	ck_assert_int_eq(reason_of("560"), NVVGPU_REASON_UNKNOWN);
}
END_TEST

START_TEST(attribute_that_is_none)
{
	char path[256];

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 2, 0 });
	tree_drop(&tree, VF0 TYPES "nvidia-560/available_instances");
	snprintf(path, sizeof(path), "%s/sys/" VF0 TYPES "nvidia-560/available_instances", tree.dir);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	tree_drop(&tree, VF0 TYPES "nvidia-561/available_instances");
	tree_drop(&tree, VF0 TYPES "nvidia-562/name");
	tree_link(&tree, VF0 TYPES "nvidia-562/name", "name");	/* to itself */
	open_tree();
	ck_assert_int_eq(available("560"), 1);
	ck_assert_int_eq(available("561"), 1);
	ck_assert_int_eq(available("562"), 2);
}
END_TEST

/* ---------------------------------------------------------------- strange mdevs */

#define UUID "6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a00%d"

static void add_mdev(int number, const char *target, const char *type)
{
	char path[256], full[256];

	snprintf(path, sizeof(path), "bus/mdev/devices/" UUID, number);
	snprintf(full, sizeof(full), target, number);
	tree_link(&tree, path, full);
	if (!type)
		return;
	snprintf(path, sizeof(path), VF0 UUID "/mdev_type", number);
	tree_link(&tree, path, type);
}

START_TEST(strange_mdevs)
{
	struct nvvgpu_vgpu_list *list;
	struct nvvgpu_vgpu *vgpu;

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 2, 0 });
	add_mdev(1, "../../../" VF0 UUID, "../mdev_supported_types/nvidia-560");
	add_mdev(2, "../../../" VF0 UUID, "../mdev_supported_types/nonsense");
	add_mdev(3, "../../../" VF0 UUID, "../mdev_supported_types/nvidia-9999");
	add_mdev(4, "../../../devices/virtual/mtty/mtty/" UUID, NULL);
	add_mdev(5, UUID, NULL);
	add_mdev(6, "/", NULL);
	tree_link(&tree, "bus/mdev/devices/not-a-uuid", "../../../" VF0 "not-a-uuid");
	tree_file(&tree, "bus/mdev/devices/6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a007", "", 0);
	open_tree();
	ck_assert_int_eq(nvvgpu_vgpu_list(gpu, &list), 0);
	ck_assert_uint_eq(nvvgpu_vgpu_list_size(list), 3);
	vgpu = nvvgpu_vgpu_list_get(list, 0);
	ck_assert_uint_eq(nvvgpu_vgpu_get_type_id(vgpu), 560);
	ck_assert_str_eq(nvvgpu_vgpu_get_type_name(vgpu), "NVIDIA A40-4Q");
	vgpu = nvvgpu_vgpu_list_get(list, 1);
	ck_assert_uint_eq(nvvgpu_vgpu_get_type_id(vgpu), 0);
	ck_assert_str_ne(nvvgpu_vgpu_get_type_name(vgpu), "");
	ck_assert_uint_eq(nvvgpu_vgpu_get_framebuffer_bytes(vgpu), 0);
	vgpu = nvvgpu_vgpu_list_get(list, 2);
	ck_assert_uint_eq(nvvgpu_vgpu_get_type_id(vgpu), 9999);
	ck_assert_str_eq(nvvgpu_vgpu_get_type_name(vgpu), "9999");
	nvvgpu_vgpu_list_unref(list);
}
END_TEST

static const struct {
	const char *text, *wanted;	/* NULL: refused */
} params[] = {
	{ "\n", "" }, { "", "" }, { " \n", "" }, { "a=1,b=2\n", "a=1,b=2" }, { "a=1", "a=1" },
	{ "a=1\nb=2\n", NULL }, { "a=\x1b[1m\n", NULL },
};

START_TEST(params_of_a_vgpu)
{
	static const char path[] = VF0 "00000000-9d32-4f0a-8b1c-000000000000/nvidia/vgpu_params";
	struct nvvgpu_vgpu *vgpu;
	char *got = NULL;

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 2, 1 });
	tree_file(&tree, path, params[_i].text, strlen(params[_i].text));
	open_tree();
	ck_assert_int_eq(nvvgpu_vgpu_lookup(host, "0000:41:00.4", &vgpu), 0);
	ck_assert_int_eq(nvvgpu_vgpu_get_params(vgpu, &got), params[_i].wanted ? 0 : -EIO);
	if (params[_i].wanted)
		ck_assert_str_eq(got, params[_i].wanted);
	nvvgpu_free(got);
	tree_drop(&tree, path);
	ck_assert_int_eq(nvvgpu_vgpu_get_params(vgpu, &got), 0);
	ck_assert_str_eq(got, "");
	nvvgpu_free(got);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

/* ------------------------------------------------------------------- MIG */

static void name_type(const char *id, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), VF0 TYPES "nvidia-%s/name", id);
	tree_file(&tree, path, name, strlen(name));
}

/* Slices are offered: what is not backed by one is hidden by the mode. */
START_TEST(mig_mode)
{
	enum nvvgpu_mode mode;

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 1, 0 });
	name_type("560", "NVIDIA A100-1-5C\n");
	name_type("561", "NVIDIA A100-1-5CME\n");
	tree_file(&tree, VF0 TYPES "nvidia-562/available_instances", "0\n", 2);
	tree_file(&tree, VF0 TYPES "nvidia-561/available_instances", "0\n", 2);
	open_tree();
	ck_assert_int_eq(nvvgpu_gpu_get_mode(gpu, &mode), 0);
	ck_assert_int_eq(mode, NVVGPU_GPU_MODE_MIG);
	ck_assert_int_eq(reason_of("562"), NVVGPU_REASON_MIG);
	ck_assert_int_ne(reason_of("561"), NVVGPU_REASON_MIG);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

void add_tree_cases(Suite *suite)
{
	TCase *cases = tcase_create("tree");

	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, NULL, teardown);
	tcase_add_loop_test(cases, all_types_of_a_host, 0, COUNT(boards));
	tcase_add_loop_test(cases, all_vgpus_of_a_host, 0, COUNT(boards));
	tcase_add_test(cases, what_is_left);
	tcase_add_test(cases, mixed_sizes);
	tcase_add_test(cases, any_prefix);
	tcase_add_test(cases, nothing_is_read_twice);
	tcase_add_test(cases, nothing_of_vendor_vfio_is_read_twice);
	tcase_add_loop_test(cases, count_of_a_vf, 0, COUNT(counts));
	tcase_add_loop_test(cases, count_of_the_gpu, 0, COUNT(counts));
	tcase_add_loop_test(cases, name_of_a_type, 0, COUNT(names));
	tcase_add_loop_test(cases, description_of_a_type, 0, COUNT(descriptions));
	tcase_add_test(cases, description_with_more);
	tcase_add_test(cases, directories_that_are_no_types);
	tcase_add_test(cases, too_many_types);
	tcase_add_test(cases, parent_that_is_damaged);
	tcase_add_test(cases, attribute_that_is_none);
	tcase_add_test(cases, strange_mdevs);
	tcase_add_loop_test(cases, params_of_a_vgpu, 0, COUNT(params));
	tcase_add_test(cases, mig_mode);
	suite_add_tcase(suite, cases);
}
