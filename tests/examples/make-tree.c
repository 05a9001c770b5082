// SPDX-License-Identifier: MIT
/*
 * Makes a captured machine out of tests/data/NAME.tree in $TMPDIR, and prints where: make-tree NAME
 *
 * In a case of Check, as the harness asserts.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include "../harness/tree.h"

static const char *name;
static struct tree tree;

START_TEST(make)
{
	tree_make(&tree, name);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("make-tree");
	TCase *tcase = tcase_create("make-tree");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (argc != 2) {
		fprintf(stderr, "usage: make-tree NAME\n");
		return 2;
	}
	name = argv[1];
	tcase_add_test(tcase, make);
	suite_add_tcase(suite, tcase);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	if (failed)
		srunner_print(runner, CK_VERBOSE);
	else
		puts(tree.dir);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
