// SPDX-License-Identifier: MIT
/* Texts of the drivers in the field: what is understood, and that nothing else is. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "framework/parse.h"
#include "framework/vgpu_config.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* ------------------------------------------------------------------ numbers */

static const struct {
	const char *text;
	int err;
	uint32_t value;
} numbers[] = {
	{ "0", 0, 0 }, { "0\n", 0, 0 }, { "1150\n", 0, 1150 }, { "4294967295", 0, UINT32_MAX },
	{ "007\n", 0, 7 }, { "4294967296", -EINVAL, 0 }, { "99999999999999999999999", -EINVAL, 0 },
	{ "", -EINVAL, 0 }, { "\n", -EINVAL, 0 }, { "-1\n", -EINVAL, 0 }, { "+1", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 }, { "1 ", -EINVAL, 0 }, { "1\n\n", -EINVAL, 0 }, { "1\n2", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 }, { "1.5", -EINVAL, 0 }, { "none", -EINVAL, 0 },
};

START_TEST(test_number)
{
	uint32_t value = 77;

	ck_assert_int_eq(parse_u32(numbers[_i].text, &value), numbers[_i].err);
	ck_assert_uint_eq(value, numbers[_i].err ? 77 : numbers[_i].value);
}
END_TEST

/* --------------------------------------------------------------------- rows */

struct rows {
	char text[512];
	int count, stop_at;
};

static int take_row(uint32_t id, const char *name, void *arg)
{
	struct rows *rows = arg;
	size_t len = strlen(rows->text);

	snprintf(rows->text + len, sizeof(rows->text) - len, "%u=%s;", id, name);
	return ++rows->count == rows->stop_at ? 5 : 0;
}

/* What is read of a text, "EINVAL" when it is none; what came before does not count then. */
static const char *rows_of(const char *text)
{
	static struct rows rows;

	memset(&rows, 0, sizeof(rows));
	if (parse_type_rows(text, take_row, &rows))
		return "EINVAL";
	return rows.text;
}

#define HEADER "ID    : vGPU Name\n"

static const struct {
	const char *text, *rows;
} lists[] = {
	/* as formats in the field are */
	{ HEADER "1145  : NVIDIA L40S-1B\n1150  : NVIDIA L40S-4Q\n",
	  "1145=NVIDIA L40S-1B;1150=NVIDIA L40S-4Q;" },
	{ HEADER, "" },
	{ "", "" },
	{ "943   : NVIDIA RTX6000-Ada-3Q\n", "943=NVIDIA RTX6000-Ada-3Q;" },	/* without header */
	{ HEADER "1428 : NVIDIA H200X-141C\n", "1428=NVIDIA H200X-141C;" },
	{ "5     : NVIDIA A100-1-5CME", "5=NVIDIA A100-1-5CME;" },		/* no newline */
	{ HEADER "1561  : NVIDIA RTX Pro 6000 Blackwell DC-12Q\n",
	  "1561=NVIDIA RTX Pro 6000 Blackwell DC-12Q;" },
	{ HEADER "7     : a : b\n", "7=a : b;" },
	{ HEADER "\n7     : a\n\n", "7=a;" },
	/* as no driver prints them */
	{ HEADER "0     : nothing\n", "EINVAL" },
	{ HEADER "4294967296: x\n", "EINVAL" },
	{ HEADER "7     :\n", "EINVAL" },
	{ HEADER "7     : \n", "EINVAL" },
	{ HEADER "7     :x\n", "EINVAL" },
	{ HEADER "7\t: x\n", "EINVAL" },
	{ HEADER "7 x\n", "EINVAL" },
	{ HEADER "seven : x\n", "EINVAL" },
	{ HEADER "-7    : x\n", "EINVAL" },
	{ HEADER "7     : \x1b[2J\n", "EINVAL" },
	{ HEADER "7     : \xff\xfe\n", "EINVAL" },
	{ "7     : x\n" HEADER, "EINVAL" },		/* a header comes first */
	{ HEADER HEADER, "EINVAL" },
	{ "ID", "EINVAL" },
	{ "\x7f" "ELF", "EINVAL" },
};

START_TEST(test_rows)
{
	ck_assert_str_eq(rows_of(lists[_i].text), lists[_i].rows);
}
END_TEST

START_TEST(test_long_rows)
{
	char text[4096] = HEADER "7     : ";
	size_t start = strlen(text);

	memset(text + start, 'x', FRAMEWORK_TEXT_LEN - 1);
	ck_assert_str_ne(rows_of(text), "EINVAL");
	text[start + FRAMEWORK_TEXT_LEN - 1] = 'x';
	ck_assert_str_eq(rows_of(text), "EINVAL");
	memset(text + start, 'x', sizeof(text) - start - 1);
	ck_assert_str_eq(rows_of(text), "EINVAL");
}
END_TEST

START_TEST(test_rows_are_ended)
{
	struct rows rows = { .stop_at = 2 };

	ck_assert_int_eq(parse_type_rows("1 : a\n2 : b\n3 : c\n", take_row, &rows), 5);
	ck_assert_int_eq(rows.count, 2);
}
END_TEST

/* Bytes of any kind: read or refused, never more than the text has. */
START_TEST(test_random_rows)
{
	static const char alphabet[] = "ID:vGPUName 0123456789-\n\n\x1b\xff\t";
	unsigned int random = (unsigned int)_i + 1;

	for (int round = 0; round < 2000; round++) {
		size_t len = (random >> 16) % 64;
		char *text = malloc(len + 1);

		for (size_t i = 0; i < len; i++) {
			random = random * 1103515245 + 12345;
			text[i] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
		}
		random = random * 1103515245 + 12345;
		text[len] = '\0';
		rows_of(text);
		free(text);
	}
}
END_TEST

/* --------------------------------------------------------------- directories */

static const struct {
	const char *name;
	uint32_t id;		/* 0: refused */
} directories[] = {
	{ "nvidia-555", 555 }, { "vfio-pci-575", 575 }, { "nvvgpu_mdev-222", 222 }, { "a--7", 7 },
	{ "nvidia-", 0 }, { "nvidia", 0 }, { "-555", 0 }, { "", 0 }, { "nvidia-0", 0 },
	{ "nvidia-5x", 0 }, { "nvidia--", 0 }, { "nvidia-4294967296", 0 }, { "nvidia-5\n", 0 },
	{ "555", 0 },
};

START_TEST(test_directory)
{
	uint32_t id = 0;
	int err = parse_type_directory(directories[_i].name, &id);

	ck_assert_int_eq(err, directories[_i].id ? 0 : -EINVAL);
	if (!err)
		ck_assert_uint_eq(id, directories[_i].id);
}
END_TEST

/* --------------------------------------------------------------- description */

START_TEST(test_description)
{
	struct framework_type type = { .id = 555 };

	ck_assert_int_eq(parse_description("num_heads=4, frl_config=45, framebuffer=1024M, "
					   "max_resolution=5120x2880, max_instance=32\n", &type), 0);
	ck_assert_uint_eq(type.heads, 4);
	ck_assert_uint_eq(type.frame_rate_limit, 45);
	ck_assert_uint_eq(type.framebuffer_bytes, 1ULL << 30);
	ck_assert_uint_eq(type.max_width, 5120);
	ck_assert_uint_eq(type.max_height, 2880);
	ck_assert_uint_eq(type.max_instances, 32);
	/* what is not there stays, what is unknown is passed over */
	ck_assert_int_eq(parse_description("later=yes,max_instance=7,num_headsets=9", &type), 0);
	ck_assert_uint_eq(type.max_instances, 7);
	ck_assert_uint_eq(type.heads, 4);
	ck_assert_int_eq(parse_description("", &type), 0);
}
END_TEST

static const char *const bad_descriptions[] = {
	"num_heads=", "num_heads=four", "num_heads=-1", "num_heads=4x", "num_heads=4294967296",
	"framebuffer=1024", "framebuffer=1024G", "framebuffer=M", "framebuffer=1024MB",
	"max_resolution=5120", "max_resolution=5120x", "max_resolution=x2880",
	"max_resolution=5120*2880", "max_instance=32 of 32", "frl_config=0x2d",
};

START_TEST(test_bad_description)
{
	struct framework_type type = { .id = 1, .heads = 77 };

	ck_assert_int_eq(parse_description(bad_descriptions[_i], &type), -EINVAL);
	ck_assert_uint_eq(type.heads, 77);
}
END_TEST

/* ---------------------------------------------------------------- attributes */

static const struct {
	const char *text;
	int err;
	uint32_t id;
} placements[] = {
	{ "0\n", 0, 0 }, { "44", 0, 44 }, { "Not Applicable\n", -ENODATA, 0 },
	{ "Not Applicable", -ENODATA, 0 }, { "65535\n", -ENODATA, 0 },
	{ "", -EINVAL, 0 }, { "-1\n", -EINVAL, 0 }, { "not applicable\n", -EINVAL, 0 },
	{ "Not Applicable!", -EINVAL, 0 }, { "0x10\n", -EINVAL, 0 },
};

START_TEST(test_placement)
{
	uint32_t id = 77;

	ck_assert_int_eq(parse_placement(placements[_i].text, &id), placements[_i].err);
	ck_assert_uint_eq(id, placements[_i].err ? 77 : placements[_i].id);
}
END_TEST

START_TEST(test_params)
{
	char buf[16];

	ck_assert_int_eq(parse_params("a=1,b=2\n", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "a=1,b=2");
	ck_assert_int_eq(parse_params("\n", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "");
	ck_assert_int_eq(parse_params("", buf, sizeof(buf)), 0);
	ck_assert_int_eq(parse_params(" \n", buf, sizeof(buf)), 0);
	ck_assert_int_eq(parse_params("a=1\nb=2\n", buf, sizeof(buf)), -EINVAL);
	ck_assert_int_eq(parse_params("a=\x1b[2J\n", buf, sizeof(buf)), -EINVAL);
	ck_assert_int_eq(parse_params("abcdefghijklmno", buf, sizeof(buf)), 0);
	ck_assert_int_eq(parse_params("abcdefghijklmnop", buf, sizeof(buf)), -EINVAL);
}
END_TEST

static const struct {
	const char *name;
	unsigned int gib;
	const char *class_name;
} names[] = {
	{ "NVIDIA A40-4Q", 4, "Quadro" }, { "NVIDIA L40S-48A", 48, "vApps" },
	{ "GRID T4-1B4", 1, "NVS" }, { "NVIDIA H100-1-10CME", 10, "Compute" },
	{ "NVIDIA H200X-141C", 141, "Compute" }, { "NVIDIA RTX Pro 6000 Blackwell DC-12Q", 12, "Quadro" },
	{ "NVIDIA A40", 0, "" }, { "A40-", 0, "" }, { "A40-Q", 0, "" }, { "A40-4", 0, "" },
	{ "A40-4X", 0, "" }, { "A40-99999999999Q", 0, "" }, { "", 0, "" },
};

START_TEST(test_type_name)
{
	struct framework_type type = { .id = 1 };

	parse_type_name(names[_i].name, &type);
	ck_assert_uint_eq(type.framebuffer_bytes, (uint64_t)names[_i].gib << 30);
	ck_assert_str_eq(type.class_name, names[_i].class_name);
}
END_TEST

/* ------------------------------------------------------------ vgpuConfig.xml */

#ifdef HAS_XML
static const char config[] =
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	"<!DOCTYPE vgpu SYSTEM \"http://www.nvidia.com/dtd/vgpuConfig.dtd\">\n"
	"<vgpuconfig><version>1.0</version>\n"
	" <vgpuType id=\"72\" name=\"GRID P4-1Q\" class=\"Quadro\">\n"
	"  <devId vendorId=\"0x10de\" deviceId=\"0x1BB3\" subsystemId=\"0x1204\"></devId>\n"
	"  <framebuffer>0x38000000</framebuffer><fbReservation>0x8000000</fbReservation>\n"
	"  <numHeads>2</numHeads><display width=\"4096\" height=\"2160\"></display>\n"
	"  <frlConfig>0x3C</frlConfig><unknown><deep>1</deep></unknown>\n"
	" </vgpuType>\n"
	" <vgpuType id=\"71\" name=\"GRID P4-8Q\" class=\"Quadro\">\n"
	"  <profileSize>0x200000000</profileSize><framebuffer>0x1E0000000</framebuffer>\n"
	" </vgpuType>\n"
	" <vgpuType id=\"99\" name=\"GRID P4-2B\" class=\"NVS\"/>\n"
	" <pgpu><devId deviceId=\"0x1BB3\" subsystemId=\"0x0\"/>\n"
	"  <supportedVgpu vgpuId=\"72\"><maxVgpus>8</maxVgpus>\n"
	"   <digest type=\"signature\">38fc196fcdd9f48ada0737791291d1fa93ae96fd0f517cef43b715bbbb50c372</digest>\n"
	"  </supportedVgpu>\n"
	"  <supportedVgpu vgpuId=\"71\"><maxVgpus>1</maxVgpus></supportedVgpu>\n"
	"  <supportedVgpu vgpuId=\"72\"><maxVgpus>8</maxVgpus></supportedVgpu>\n"
	"  <supportedVgpu vgpuId=\"12345\"><maxVgpus>1</maxVgpus></supportedVgpu>\n"
	" </pgpu>\n"
	" <pgpu><devId deviceId=\"0x1BB3\" subsystemId=\"0x4321\"/>\n"
	"  <supportedVgpu vgpuId=\"99\"><maxVgpus>4</maxVgpus></supportedVgpu>\n"
	" </pgpu>\n"
	"</vgpuconfig>\n";

static uint32_t read_config(const char *text, uint16_t device, uint16_t subsystem,
			    struct framework_type *types)
{
	return vgpu_config_parse(text, strlen(text), device, subsystem, types,
				 FRAMEWORK_MAX_TYPES);
}

START_TEST(test_config)
{
	struct framework_type types[FRAMEWORK_MAX_TYPES];

	ck_assert_uint_eq(read_config(config, 0x1bb3, 0x1111, types), 2);
	ck_assert_uint_eq(types[0].id, 71);
	ck_assert_str_eq(types[0].name, "GRID P4-8Q");
	ck_assert_uint_eq(types[0].framebuffer_bytes, 8ULL << 30);
	ck_assert_uint_eq(types[0].max_instances, 1);
	ck_assert_uint_eq(types[1].id, 72);
	ck_assert_str_eq(types[1].class_name, "Quadro");
	ck_assert_uint_eq(types[1].framebuffer_bytes, 1ULL << 30);	/* usable and reserved */
	ck_assert_uint_eq(types[1].heads, 2);
	ck_assert_uint_eq(types[1].max_width, 4096);
	ck_assert_uint_eq(types[1].max_height, 2160);
	ck_assert_uint_eq(types[1].frame_rate_limit, 60);
	ck_assert_uint_eq(types[1].max_instances, 8);
	/* the very board counts more than its chip */
	ck_assert_uint_eq(read_config(config, 0x1bb3, 0x4321, types), 1);
	ck_assert_uint_eq(types[0].id, 99);
	ck_assert_uint_eq(types[0].max_instances, 4);
	ck_assert_uint_eq(read_config(config, 0x2235, 0, types), 0);
}
END_TEST

static const char *const bad_configs[] = {
	"",
	"no xml",
	"<vgpuconfig>",
	"<vgpuconfig></pgpu></vgpuconfig>",
	/* entities that grow */
	"<!DOCTYPE v [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><v>&b;</v>",
	"<!DOCTYPE v [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><v>&a;</v>",
	"<v><pgpu><devId deviceId=\"0x1BB3\"/><supportedVgpu vgpuId=\"1\"/></pgpu></v>",
	"<v><vgpuType/><pgpu><devId deviceId=\"0x1BB3\"/><supportedVgpu/></pgpu></v>",
	"<v><vgpuType id=\"1\"/><pgpu><devId deviceId=\"0x1BB3\"/><supportedVgpu vgpuId=\"1\"/></pgpu></v>",
	"<v><pgpu><maxVgpus>3</maxVgpus><devId deviceId=\"7091\"/></pgpu></v>",
};

START_TEST(test_bad_config)
{
	struct framework_type types[FRAMEWORK_MAX_TYPES];

	ck_assert_uint_eq(read_config(bad_configs[_i], 0x1bb3, 0, types), 0);
}
END_TEST

/* A file cut anywhere is none, and one with a byte changed is read or not, but never beyond. */
START_TEST(test_damaged_config)
{
	struct framework_type types[FRAMEWORK_MAX_TYPES];
	unsigned int random = 4711;

	for (size_t len = 0; len < sizeof(config) - 2; len++) {
		char *text = malloc(len + 1);

		memcpy(text, config, len);
		ck_assert_uint_eq(vgpu_config_parse(text, len, 0x1bb3, 0, types, 4), 0);
		free(text);
	}
	for (int round = 0; round < 3000; round++) {
		char *text = strdup(config);

		for (int i = 0; i < 3; i++) {
			random = random * 1103515245 + 12345;
			text[(random >> 8) % strlen(config)] = (char)(random >> 24);
		}
		vgpu_config_parse(text, sizeof(config) - 1, 0x1bb3, 0, types, 4);
		free(text);
	}
}
END_TEST

/* A board with more types than are believed has none. */
START_TEST(test_too_many_types)
{
	struct framework_type types[FRAMEWORK_MAX_TYPES];
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	fputs("<v>", file);
	for (int i = 1; i <= FRAMEWORK_MAX_TYPES + 1; i++)
		fprintf(file, "<vgpuType id=\"%d\" name=\"t%d\"/>", i, i);
	fputs("<pgpu><devId deviceId=\"1\"/>", file);
	for (int i = 1; i <= FRAMEWORK_MAX_TYPES + 1; i++)
		fprintf(file, "<supportedVgpu vgpuId=\"%d\"/>", i);
	fputs("</pgpu></v>", file);
	fclose(file);
	ck_assert_uint_eq(vgpu_config_parse(text, len, 1, 0, types, FRAMEWORK_MAX_TYPES), 0);
	free(text);
}
END_TEST
#endif

int main(void)
{
	Suite *suite = suite_create("parse");
	TCase *tcase = tcase_create("parse");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, test_number, 0, COUNT(numbers));
	tcase_add_loop_test(tcase, test_rows, 0, COUNT(lists));
	tcase_add_test(tcase, test_long_rows);
	tcase_add_test(tcase, test_rows_are_ended);
	tcase_add_loop_test(tcase, test_random_rows, 0, 8);
	tcase_add_loop_test(tcase, test_directory, 0, COUNT(directories));
	tcase_add_test(tcase, test_description);
	tcase_add_loop_test(tcase, test_bad_description, 0, COUNT(bad_descriptions));
	tcase_add_loop_test(tcase, test_placement, 0, COUNT(placements));
	tcase_add_test(tcase, test_params);
	tcase_add_loop_test(tcase, test_type_name, 0, COUNT(names));
#ifdef HAS_XML
	tcase_add_test(tcase, test_config);
	tcase_add_loop_test(tcase, test_bad_config, 0, COUNT(bad_configs));
	tcase_add_test(tcase, test_damaged_config);
	tcase_add_test(tcase, test_too_many_types);
#endif
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
