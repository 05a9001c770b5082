/* SPDX-License-Identifier: MIT */
/*
 * usage: nvkm-life PF: a vGPU's life on a board that came without types, as nvkm's do.
 * Adds one small type, creates a vGPU of it, boots, resets and closes it, and destroys it.
 */
#include <errno.h>
#include <fcntl.h>
#include <nvvgpu/nvvgpu.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <uapi/nvvgpu.h>
#include <unistd.h>

#define MIB (1ULL << 20)

static int failed(const char *doing)
{
	fprintf(stderr, "nvkm-life: %s: %s\n", doing,
		nvvgpu_error_get_cause(nvvgpu_last_error()));
	return 1;
}

/* One VMMU segment of an L40: scrubbing it takes seconds on the emulated board. */
static int add_type(const char *pf)
{
	struct nvvgpu_ioctl_type type = {
		.size = sizeof(type), .id = 4242, .max_instances = 2, .heads = 1,
		.max_width = 1280, .max_height = 1024, .max_pixels = 1280 * 1024,
		.frame_rate_limit = 45, .profile_bytes = 128 * MIB,
		.framebuffer_bytes = 128 * MIB, .gsp_heap_bytes = 4 * MIB,
		.mappable_video_bytes = 4 * MIB, .bar1_mib = 256, .encoder_capacity = 100,
		.vdev_id = 0x26b51111, .pdev_id = 0x26b5,
		.name = "TEST-128M", .class_name = "NVS",
	};
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "/dev/nvvgpu/%s", pf);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	err = ioctl(fd, NVVGPU_IOCTL_TYPE_ADD, &type);
	if (err)
		perror("adding a type");
	close(fd);
	return err != 0;
}

static int boot(struct nvvgpu_vgpu *vgpu)
{
	struct nvvgpu_device *device;
	int status = 0;

	if (nvvgpu_device_open(vgpu, &device))
		return failed("open");
	if (nvvgpu_device_reset(device))
		status = failed("reset");
	nvvgpu_device_unref(device);
	return status;
}

static int live(struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_spec *spec;
	struct nvvgpu_vgpu *vgpu;
	int err, status;

	if (nvvgpu_spec_new(&spec))
		return failed("spec");
	err = nvvgpu_spec_set_type(spec, "TEST-128M");
	if (!err)
		err = nvvgpu_create(gpu, spec, &vgpu);
	nvvgpu_spec_free(spec);
	if (err)
		return failed("create");
	status = boot(vgpu);
	if (nvvgpu_destroy(vgpu))
		status = failed("destroy");
	nvvgpu_vgpu_unref(vgpu);
	return status;
}

int main(int argc, char **argv)
{
	struct nvvgpu_gpu_list *gpus;
	struct nvvgpu *host;
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: nvkm-life PF\n");
		return 2;
	}
	if (add_type(argv[1]))
		return 1;
	if (nvvgpu_open("host:", &host))
		return failed("open");
	if (nvvgpu_gpu_list(host, &gpus) || !nvvgpu_gpu_list_size(gpus))
		return failed("no GPU");
	status = live(nvvgpu_gpu_list_get(gpus, 0));
	nvvgpu_gpu_list_unref(gpus);
	nvvgpu_unref(host);
	return status;
}
