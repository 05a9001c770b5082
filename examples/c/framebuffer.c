// SPDX-License-Identifier: MIT
/*
 * What a guest's driver would do: fill the framebuffer of a vGPU through its VFIO device, or check
 * that it holds what was filled in.
 *
 *	framebuffer URI VGPU fill|check MIB
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <nvvgpu/nvvgpu.h>

#define MIB (1u << 20)

/* The same bytes for the same place, different ones for every other. */
static void pattern(unsigned char *buffer, uint32_t mib)
{
	uint32_t x = mib * 2654435761u + 1;

	for (size_t i = 0; i < MIB; i++) {
		x = x * 1664525u + 1013904223u;
		buffer[i] = (unsigned char)(x >> 24);
	}
}

static int work(struct nvvgpu_device *device, int fill, uint32_t mibs)
{
	static unsigned char wanted[MIB], found[MIB];

	for (uint32_t mib = 0; mib < mibs; mib++) {
		uint64_t offset = (uint64_t)mib * MIB;
		ssize_t n;

		pattern(wanted, mib);
		n = fill ? nvvgpu_device_write(device, NVVGPU_REGION_BAR1, offset, wanted, MIB) :
			   nvvgpu_device_read(device, NVVGPU_REGION_BAR1, offset, found, MIB);
		if (n < 0)
			return -1;
		if (!fill && memcmp(found, wanted, MIB)) {
			fprintf(stderr, "different in MiB %u\n", mib);
			exit(1);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct nvvgpu_device *device = NULL;
	struct nvvgpu_vgpu *vgpu = NULL;
	struct nvvgpu *host = NULL;
	int err;

	if (argc != 5 || (strcmp(argv[3], "fill") && strcmp(argv[3], "check"))) {
		fprintf(stderr, "usage: framebuffer URI VGPU fill|check MIB\n");
		return 2;
	}
	err = nvvgpu_open(argv[1], &host);
	if (!err)
		err = nvvgpu_vgpu_lookup(host, argv[2], &vgpu);
	if (!err)
		err = nvvgpu_device_open(vgpu, &device);
	if (!err)
		err = work(device, !strcmp(argv[3], "fill"), (uint32_t)atoi(argv[4]));
	if (err)
		fprintf(stderr, "%s\n", nvvgpu_error_get_message(nvvgpu_last_error()));
	else
		printf("%s: %s MiB\n", argv[3], argv[4]);
	nvvgpu_device_unref(device);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_unref(host);
	return err ? 1 : 0;
}
