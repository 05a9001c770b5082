// SPDX-License-Identifier: MIT
/*
 * Writes a captured host: see hosts.h.
 *
 * usage: make-host DIRECTORY BOARD mdev|vendor-vfio [GPUS [VFS [VGPUS]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "hosts.h"

static unsigned int argument(int argc, char **argv, int index, unsigned int otherwise)
{
	return index < argc ? (unsigned int)strtoul(argv[index], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	struct host_spec spec;
	int err;

	if (argc < 4 || argc > 7 ||
	    (strcmp(argv[3], "mdev") != 0 && strcmp(argv[3], "vendor-vfio") != 0)) {
		fprintf(stderr, "usage: make-host DIRECTORY BOARD mdev|vendor-vfio "
				"[GPUS [VFS [VGPUS]]]\n");
		return 2;
	}
	spec = (struct host_spec){
		.board = argv[2],
		.mdev = strcmp(argv[3], "mdev") == 0,
		.gpus = argument(argc, argv, 4, 1),
		.vfs = argument(argc, argv, 5, strcmp(argv[2], "t4") ? 32 : 0),
		.vgpus = argument(argc, argv, 6, 0),
	};
	mkdir(argv[1], 0755);
	err = host_make(argv[1], &spec);
	if (err)
		fprintf(stderr, "make-host: %s: %s\n", argv[1], strerror(-err));
	return err ? 1 : 0;
}
