// SPDX-License-Identifier: MIT
/* UUIDs, PCI addresses, text and time. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"
#include "util/clock.h"
#include "util/text.h"

START_TEST(test_uuid_text)
{
	static const char text[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
	uint8_t uuid[16], again[16];
	char out[37];

	ck_assert_int_eq(uuid_parse_text(text, uuid), 0);
	ck_assert_uint_eq(uuid[0], 0x6b);
	ck_assert_uint_eq(uuid[15], 0xc8);
	uuid_format(uuid, out);
	ck_assert_str_eq(out, text);
	ck_assert_int_eq(uuid_parse_text("6BA7B810-9DAD-11D1-80B4-00C04FD430C8", again), 0);
	ck_assert_mem_eq(uuid, again, 16);
}
END_TEST

static const char *const bad_uuids[] = {
	"", "6ba7b810",
	"6ba7b810-9dad-11d1-80b4-00c04fd430c", "6ba7b810-9dad-11d1-80b4-00c04fd430c8 ",
	"6ba7b8109-dad-11d1-80b4-00c04fd430c8", "6ba7b81g-9dad-11d1-80b4-00c04fd430c8",
	"{6ba7b810-9dad-11d1-80b4-00c04fd430}", "6ba7b810-9dad-11d1-80b4-00c04fd430\xc3\xa9",
};

START_TEST(test_uuid_bad)
{
	uint8_t uuid[16] = { 7 };

	ck_assert_int_eq(uuid_parse_text(bad_uuids[_i], uuid), -EINVAL);
	ck_assert_int_eq(uuid_parse_text(NULL, uuid), -EINVAL);
	ck_assert_uint_eq(uuid[0], 7);
}
END_TEST

START_TEST(test_uuid_random)
{
	uint8_t a[16], b[16], null[16] = { 0 };

	ck_assert_int_eq(uuid_random(a), 0);
	ck_assert_int_eq(uuid_random(b), 0);
	ck_assert_mem_ne(a, b, 16);
	ck_assert_uint_eq(a[6] >> 4, 4);
	ck_assert_uint_eq(a[8] >> 6, 2);
	ck_assert(!uuid_is_null(a));
	ck_assert(uuid_is_null(null));
}
END_TEST

static const struct {
	const char *text, *canonical;
} addresses[] = {
	{ "0000:41:00.0", "0000:41:00.0" },
	{ "41:00.0", "0000:41:00.0" },
	{ "00000000:41:00.0", "0000:41:00.0" },
	{ "00000000:C1:1F.7", "0000:c1:1f.7" },
	{ "1:2.3", "0000:01:02.3" },
	{ "10000:01:00.0", "10000:01:00.0" },
	{ "ffffffff:ff:1f.7", "ffffffff:ff:1f.7" },
};

START_TEST(test_address)
{
	char out[PCI_ADDRESS_LEN];

	ck_assert_int_eq(pci_address_canonical(addresses[_i].text, out), 0);
	ck_assert_str_eq(out, addresses[_i].canonical);
}
END_TEST

static const char *const bad_addresses[] = {
	"", ":", "41", "41:00", "41:00.", "41:00.8", "41:20.0", "141:00.0", "41:00.0 ", " 41:00.0",
	"0000:0000:41:00.0", "g1:00.0", "100000000:41:00.0", "41:00.00", "0x41:00.0", "-1:00.0",
};

START_TEST(test_address_bad)
{
	char out[PCI_ADDRESS_LEN] = "untouched";

	ck_assert_int_eq(pci_address_canonical(bad_addresses[_i], out), -EINVAL);
	ck_assert_int_eq(pci_address_canonical(NULL, out), -EINVAL);
	ck_assert_str_eq(out, "untouched");
}
END_TEST

START_TEST(test_address_order)
{
	static const char *const order[] = {
		"0000:02:03.0", "0000:02:1f.0", "0000:0f:00.0", "0000:0f:00.1", "0000:c1:00.0",
		"0001:0a:00.0", "10000:01:00.0", "a", "b",
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (size_t j = 0; j < sizeof(order) / sizeof(order[0]); j++) {
			int diff = pci_address_compare(order[i], order[j]);

			ck_assert_int_eq((diff > 0) - (diff < 0), (i > j) - (i < j));
		}
}
END_TEST

static const struct {
	const char *text, *sanitized;
} texts[] = {
	{ "plain", "plain" },
	{ "", "" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },			/* two bytes each */
	{ "\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80" },	/* three, four */
	{ "a\tb\nc\x1b[0m", "a?b?c?[0m" },
	{ "\x7f", "?" },
	{ "\xc2\x9b" "31m", "??31m" },			/* a control character of Latin-1 */
	{ "\xc3", "?" },				/* cut off */
	{ "\xe2\x82", "??" },
	{ "\xc0\xaf", "??" },				/* longer than it need be */
	{ "\xed\xa0\x80", "???" },			/* half of a surrogate pair */
	{ "\xf4\x90\x80\x80", "????" },			/* beyond the last character */
	{ "\xff\xfe", "??" },
};

START_TEST(test_sanitize)
{
	char *text = strdup(texts[_i].text);

	ck_assert_int_eq(text_is_clean(text), !strcmp(text, texts[_i].sanitized));
	text_sanitize(text);
	ck_assert_str_eq(text, texts[_i].sanitized);
	ck_assert(text_is_clean(text));
	free(text);
}
END_TEST

START_TEST(test_copy)
{
	char small[5];

	text_copy(small, sizeof(small), "abc");
	ck_assert_str_eq(small, "abc");
	text_copy(small, sizeof(small), "abcdef");
	ck_assert_str_eq(small, "abcd");
	text_copy(small, sizeof(small), "abc\xc3\xbc");		/* not half of the last one */
	ck_assert_str_eq(small, "abc");
	text_copy(small, sizeof(small), "ab\xc3\xbc");
	ck_assert_str_eq(small, "ab\xc3\xbc");
}
END_TEST

START_TEST(test_from_array)
{
	const char full[4] = { 'a', 'b', 'c', 'd' };
	char out[8], small[3];

	text_from_array(out, sizeof(out), full, sizeof(full));
	ck_assert_str_eq(out, "abcd");
	text_from_array(small, sizeof(small), full, sizeof(full));
	ck_assert_str_eq(small, "ab");
	text_from_array(out, sizeof(out), "x\0y\n", 4);
	ck_assert_str_eq(out, "x");
}
END_TEST

START_TEST(test_distance)
{
	ck_assert_uint_eq(text_distance("L40-1B", "L40-1B", 9), 0);
	ck_assert_uint_eq(text_distance("L40-1B", "l40-1b", 9), 0);
	ck_assert_uint_eq(text_distance("L40-1B", "L40-1Q", 9), 1);
	ck_assert_uint_eq(text_distance("L40-1B", "L4-1B", 9), 1);
	ck_assert_uint_eq(text_distance("", "abc", 9), 3);
	ck_assert_uint_eq(text_distance("abc", "xyz", 2), 2);
}
END_TEST

START_TEST(test_bytes)
{
	char text[32];

	text_bytes(text, sizeof(text), 4ULL << 30);
	ck_assert_str_eq(text, "4 GiB");
	text_bytes(text, sizeof(text), 512ULL << 20);
	ck_assert_str_eq(text, "512 MiB");
	text_bytes(text, sizeof(text), (1ULL << 30) + 1);
	ck_assert_str_eq(text, "1073741825 bytes");
	text_bytes(text, sizeof(text), 0);
	ck_assert_str_eq(text, "0 bytes");
}
END_TEST

START_TEST(test_deadline)
{
	uint64_t start = clock_now_ns(), deadline = clock_deadline_ns(NS_PER_SECOND * 3600);

	ck_assert_uint_ge(deadline, start + NS_PER_SECOND * 3600);
	ck_assert_uint_le(clock_left_ns(deadline), NS_PER_SECOND * 3600);
	ck_assert_uint_gt(clock_left_ns(deadline), 0);
	ck_assert_uint_eq(clock_left_ns(start), 0);
	ck_assert_uint_eq(clock_left_ns(0), 0);
	ck_assert_uint_eq(clock_deadline_ns(UINT64_MAX), CLOCK_NEVER);
	ck_assert_uint_eq(clock_deadline_ns(UINT64_MAX - start + 1), CLOCK_NEVER);
	ck_assert_uint_gt(clock_left_ns(CLOCK_NEVER), NS_PER_SECOND * 3600);
}
END_TEST

START_TEST(test_pause)
{
	uint64_t deadline = clock_deadline_ns(NS_PER_SECOND + NS_PER_MS);

	clock_pause_ns(NS_PER_SECOND + NS_PER_MS);
	ck_assert_uint_eq(clock_left_ns(deadline), 0);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
	Suite *suite = suite_create("util");
	TCase *tcase = tcase_create("util");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, test_uuid_text);
	tcase_add_loop_test(tcase, test_uuid_bad, 0, COUNT(bad_uuids));
	tcase_add_test(tcase, test_uuid_random);
	tcase_add_loop_test(tcase, test_address, 0, COUNT(addresses));
	tcase_add_loop_test(tcase, test_address_bad, 0, COUNT(bad_addresses));
	tcase_add_test(tcase, test_address_order);
	tcase_add_loop_test(tcase, test_sanitize, 0, COUNT(texts));
	tcase_add_test(tcase, test_copy);
	tcase_add_test(tcase, test_from_array);
	tcase_add_test(tcase, test_distance);
	tcase_add_test(tcase, test_bytes);
	tcase_add_test(tcase, test_deadline);
	tcase_add_test(tcase, test_pause);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
