// SPDX-License-Identifier: MIT
/* The last error: what it holds, whose it is, how its reasons are called. */
#include <check.h>
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/nvvgpu.h>
#include "objects.h"

static const struct nvvgpu_error *last(void)
{
	return nvvgpu_last_error();
}

START_TEST(test_nothing_yet)
{
	ck_assert_int_eq(nvvgpu_error_get_errno(last()), 0);
	ck_assert_int_eq(nvvgpu_error_get_reason(last()), NVVGPU_REASON_NONE);
	ck_assert_str_eq(nvvgpu_error_get_object(last()), "");
	ck_assert_str_eq(nvvgpu_error_get_cause(last()), "");
	ck_assert_str_eq(nvvgpu_error_get_next_step(last()), "");
}
END_TEST

START_TEST(test_set)
{
	ck_assert_int_eq(error_set(EBUSY, NVVGPU_REASON_IN_USE, "object", "cause", "next"), -EBUSY);
	ck_assert_int_eq(nvvgpu_error_get_errno(last()), EBUSY);
	ck_assert_int_eq(nvvgpu_error_get_reason(last()), NVVGPU_REASON_IN_USE);
	ck_assert_str_eq(nvvgpu_error_get_object(last()), "object");
	ck_assert_str_eq(nvvgpu_error_get_cause(last()), "cause");
	ck_assert_str_eq(nvvgpu_error_get_next_step(last()), "next");
	ck_assert_str_eq(nvvgpu_error_get_message(last()), "object: cause (in-use)");
	error_set(EBUSY, NVVGPU_REASON_IN_USE, NULL, "cause", "next");
	ck_assert_str_eq(nvvgpu_error_get_message(last()), "cause (in-use)");
}
END_TEST

START_TEST(test_copy)
{
	struct nvvgpu_error *copy;

	error_set(EBUSY, NVVGPU_REASON_IN_USE, "object", "cause", "next");
	ck_assert_int_eq(nvvgpu_error_copy(last(), &copy), 0);
	error_set(ENOENT, NVVGPU_REASON_NOT_FOUND, "", "", "");
	ck_assert_int_eq(nvvgpu_error_get_errno(copy), EBUSY);
	ck_assert_int_eq(nvvgpu_error_get_reason(copy), NVVGPU_REASON_IN_USE);
	ck_assert_str_eq(nvvgpu_error_get_object(copy), "object");
	ck_assert_str_eq(nvvgpu_error_get_cause(copy), "cause");
	ck_assert_str_eq(nvvgpu_error_get_next_step(copy), "next");
	ck_assert_int_eq(error_restore(copy), -EBUSY);
	ck_assert_str_eq(nvvgpu_error_get_cause(last()), "cause");
	nvvgpu_error_free(copy);
	nvvgpu_error_free(NULL);
}
END_TEST

START_TEST(test_both_signs)
{
	ck_assert_int_eq(error_set(-EBUSY, NVVGPU_REASON_IN_USE, NULL, NULL, NULL), -EBUSY);
	ck_assert_int_eq(nvvgpu_error_get_errno(last()), EBUSY);
	ck_assert_str_eq(nvvgpu_error_get_object(last()), "");
	ck_assert_int_eq(error_errno(-ENOSPC, "object", "doing it"), -ENOSPC);
	ck_assert_int_eq(error_errno(ENOSPC, "object", "doing it"), -ENOSPC);
}
END_TEST

START_TEST(test_formatted)
{
	ck_assert_int_eq(error_setf(EIO, NVVGPU_REASON_IO, "o", "n", "%d of %s", 3, "four"), -EIO);
	ck_assert_str_eq(nvvgpu_error_get_cause(last()), "3 of four");
	ck_assert_str_eq(nvvgpu_error_get_next_step(last()), "n");
}
END_TEST

START_TEST(test_long_texts_are_cut)
{
	char *text = malloc(100001);

	memset(text, 'x', 100000);
	text[100000] = '\0';
	error_set(EIO, NVVGPU_REASON_IO, text, text, text);
	ck_assert_uint_lt(strlen(nvvgpu_error_get_object(last())), 1000);
	ck_assert_uint_lt(strlen(nvvgpu_error_get_cause(last())), 1000);
	error_setf(EIO, NVVGPU_REASON_IO, text, text, "%s%s", text, text);
	ck_assert_uint_lt(strlen(nvvgpu_error_get_cause(last())), 1000);
	ck_assert_uint_gt(strlen(nvvgpu_error_get_next_step(last())), 100);
	free(text);
}
END_TEST

START_TEST(test_texts_are_printable)
{
	error_set(EIO, NVVGPU_REASON_IO, "a\x1b[2Jb", "\xff", "two\nlines");
	ck_assert_str_eq(nvvgpu_error_get_object(last()), "a?[2Jb");
	ck_assert_str_eq(nvvgpu_error_get_cause(last()), "?");
	ck_assert_str_eq(nvvgpu_error_get_next_step(last()), "two?lines");
}
END_TEST

START_TEST(test_own_texts)
{
	error_set(EIO, NVVGPU_REASON_IO, "object", "cause", "next");
	error_set(EBUSY, NVVGPU_REASON_BUSY, nvvgpu_error_get_cause(last()),
		  nvvgpu_error_get_object(last()), nvvgpu_error_get_next_step(last()));
	ck_assert_str_eq(nvvgpu_error_get_object(last()), "cause");
	ck_assert_str_eq(nvvgpu_error_get_cause(last()), "object");
	ck_assert_str_eq(nvvgpu_error_get_next_step(last()), "next");
}
END_TEST

static void *fail_elsewhere(void *arg)
{
	ck_assert_int_eq(nvvgpu_error_get_errno(last()), 0);
	error_nomem();
	ck_assert_int_eq(nvvgpu_error_get_errno(last()), ENOMEM);
	return NULL;
}

START_TEST(test_one_per_thread)
{
	pthread_t thread;

	error_set(EBUSY, NVVGPU_REASON_BUSY, "mine", "", "");
	ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(nvvgpu_error_get_errno(last()), EBUSY);
	ck_assert_str_eq(nvvgpu_error_get_object(last()), "mine");
}
END_TEST

static const struct {
	int err, reason;
} errnos[] = {
	{ EINVAL, NVVGPU_REASON_INVALID_ARGUMENT }, { ENOMEM, NVVGPU_REASON_OUT_OF_MEMORY },
	{ EACCES, NVVGPU_REASON_PERMISSION }, { EPERM, NVVGPU_REASON_PERMISSION },
	{ ENOENT, NVVGPU_REASON_NOT_FOUND }, { ENODEV, NVVGPU_REASON_NOT_FOUND },
	{ EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED }, { ENOTTY, NVVGPU_REASON_NOT_SUPPORTED },
	{ EROFS, NVVGPU_REASON_READ_ONLY }, { EIO, NVVGPU_REASON_IO }, { EPIPE, NVVGPU_REASON_IO },
	{ EBUSY, NVVGPU_REASON_BUSY }, { EEXIST, NVVGPU_REASON_EXISTS },
	{ ECANCELED, NVVGPU_REASON_CANCELLED }, { ETIMEDOUT, NVVGPU_REASON_DEADLINE },
	{ EBADMSG, NVVGPU_REASON_STATE_DAMAGED },
};

START_TEST(test_reason_of_errno)
{
	ck_assert_int_eq(error_errno(errnos[_i].err, "object", "doing it"), -errnos[_i].err);
	ck_assert_int_eq(nvvgpu_error_get_reason(last()), errnos[_i].reason);
	ck_assert_ptr_nonnull(strstr(nvvgpu_error_get_cause(last()), "doing it: "));
	ck_assert_ptr_nonnull(strstr(nvvgpu_error_get_cause(last()), strerror(errnos[_i].err)));
}
END_TEST

START_TEST(test_reason_names)
{
	ck_assert_str_eq(nvvgpu_reason_name(NVVGPU_REASON_NONE), "none");
	ck_assert_str_eq(nvvgpu_reason_name(NVVGPU_REASON_EQUAL_SIZE), "equal-size");
	ck_assert_str_eq(nvvgpu_reason_name(NVVGPU_REASON_VF_BUSY), "vf-busy");
	ck_assert_str_eq(nvvgpu_reason_name(NVVGPU_REASON_MISMATCH_TYPE), "mismatch-type");
	ck_assert_str_eq(nvvgpu_reason_name(NVVGPU_REASON_NOT_MIGRATABLE), "not-migratable");
	ck_assert_str_eq(nvvgpu_reason_name(-1), "unknown");
	ck_assert_str_eq(nvvgpu_reason_name(20), "unknown");
	ck_assert_str_eq(nvvgpu_reason_name(1 << 30), "unknown");
}
END_TEST

START_TEST(test_reason_names_are_distinct_words)
{
	for (int a = 0; a < 80; a++) {
		const char *name = nvvgpu_reason_name(a);

		ck_assert_uint_gt(strlen(name), 0);
		for (const char *p = name; *p; p++)
			ck_assert(islower((unsigned char)*p) || *p == '-');
		for (int b = 0; b < a; b++)
			ck_assert(strcmp(name, nvvgpu_reason_name(b)) || !strcmp(name, "unknown"));
	}
}
END_TEST

START_TEST(test_every_why_has_a_reason)
{
	char text[160];

	ck_assert_int_eq(reason_from_why(NVVGPU_WHY_NONE), NVVGPU_REASON_NONE);
	for (uint32_t why = 1; why <= NVVGPU_WHY_BAD_IMAGE; why++) {
		int reason = reason_from_why(why);

		ck_assert_int_ne(reason, NVVGPU_REASON_NONE);
		ck_assert_int_ne(reason, NVVGPU_REASON_UNKNOWN);
		for (uint64_t detail = 0; detail < 3; detail++) {
			reason_sentence(reason, detail, text, sizeof(text));
			ck_assert_uint_gt(strlen(text), 10);
			ck_assert_int_ne(text[strlen(text) - 1], '.');
		}
	}
	ck_assert_int_eq(reason_from_why(NVVGPU_WHY_BAD_IMAGE + 1), NVVGPU_REASON_UNKNOWN);
	ck_assert_int_eq(reason_from_why(UINT32_MAX), NVVGPU_REASON_UNKNOWN);
}
END_TEST

START_TEST(test_equal_size_names_the_size)
{
	char text[160];

	reason_sentence(NVVGPU_REASON_EQUAL_SIZE, 4ULL << 30, text, sizeof(text));
	ck_assert_str_eq(text, "only 4 GiB types can be created while 4 GiB vGPUs exist on this "
			       "GPU");
	reason_sentence(NVVGPU_REASON_EXHAUSTED, 32, text, sizeof(text));
	ck_assert_str_eq(text, "the largest number of instances, 32, exists");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("error");
	TCase *tcase = tcase_create("error");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, test_nothing_yet);
	tcase_add_test(tcase, test_set);
	tcase_add_test(tcase, test_copy);
	tcase_add_test(tcase, test_both_signs);
	tcase_add_test(tcase, test_formatted);
	tcase_add_test(tcase, test_long_texts_are_cut);
	tcase_add_test(tcase, test_texts_are_printable);
	tcase_add_test(tcase, test_own_texts);
	tcase_add_test(tcase, test_one_per_thread);
	tcase_add_loop_test(tcase, test_reason_of_errno, 0, sizeof(errnos) / sizeof(errnos[0]));
	tcase_add_test(tcase, test_reason_names);
	tcase_add_test(tcase, test_reason_names_are_distinct_words);
	tcase_add_test(tcase, test_every_why_has_a_reason);
	tcase_add_test(tcase, test_equal_size_names_the_size);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
