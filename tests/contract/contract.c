/* SPDX-License-Identifier: MIT */
/*
 * One list of cases for every board.
 *
 * usage: contract [--state] TYPES.TXT [URI]...
 *
 * Without a URI: every emulated board, under each framework that it can have.  --state gives each
 * emulated board a state directory, so that every call goes through it.  The board must be empty;
 * it is empty again afterwards.  Exits 0 when all cases pass.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fixture.h"

static const char *const all_boards[] = {
	"emu:l40", "emu:l40s", "emu:a40", "emu:rtx6000-ada", "emu:l4", "emu:a16", "emu:t4",
	"emu:l40?framework=vendor-vfio", "emu:l40s?framework=vendor-vfio",
	"emu:a40?framework=vendor-vfio", "emu:rtx6000-ada?framework=vendor-vfio",
	"emu:l4?framework=vendor-vfio", "emu:a16?framework=vendor-vfio",
	"emu:l40?framework=mdev", "emu:l40s?framework=mdev", "emu:a40?framework=mdev",
	"emu:rtx6000-ada?framework=mdev", "emu:l4?framework=mdev", "emu:a16?framework=mdev",
	"emu:t4?framework=mdev", NULL,
};

static int run_cases(void)
{
	Suite *suite = suite_create(board.uri);
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, discovery_cases());
	suite_add_tcase(suite, lifecycle_cases());
	suite_add_tcase(suite, placement_cases());
	suite_add_tcase(suite, device_cases());
	suite_add_tcase(suite, event_cases());
	suite_add_tcase(suite, order_cases());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed;
}

static int run_with_state(const char *uri)
{
	char directory[] = "/tmp/nvvgpu-contract-XXXXXX", command[128], *with_state;
	int failed;

	if (!mkdtemp(directory) ||
	    asprintf(&with_state, "%s%cstate=%s", uri, strchr(uri, '?') ? '&' : '?', directory) < 0)
		return 1;
	board.uri = with_state;
	failed = run_cases();
	free(with_state);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command) ? 1 : failed;
}

int main(int argc, char **argv)
{
	const char *const *uris = all_boards;
	bool state = false;
	int failed = 0;

	if (argc > 1 && strcmp(argv[1], "--state") == 0) {
		state = true;
		argv++;
		argc--;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: contract [--state] TYPES.TXT [URI]...\n");
		return 2;
	}
	board.types_path = argv[1];
	if (argc > 2)
		uris = (const char *const *)argv + 2;
	for (; *uris; uris++) {
		board.uri = *uris;
		failed += state ? run_with_state(*uris) : run_cases();
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
