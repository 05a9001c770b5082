// SPDX-License-Identifier: MIT
/* The mdev framework: its files on emulated hosts and in captured trees, and what is made of them. */
#include <stdlib.h>
#include "mdev/mdev.h"

int main(void)
{
	Suite *suite = suite_create("mdev");
	SRunner *runner;
	int failed;

	add_emu_cases(suite);
	add_framework_cases(suite);
	add_kept_cases(suite);
	add_tree_cases(suite);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
