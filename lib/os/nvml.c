// SPDX-License-Identifier: MIT
/*
 * Mixed-size mode of NVIDIA's driver, which has no file in sysfs: through its management
 * library, which is loaded for one question and let go, since who holds it open keeps
 * others from switching VFs.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "os/kernel.h"

/* As NVIDIA documents them. */
struct nvml_mode {
	unsigned int version, mode;
};

#define NVML_MODE_VERSION	((unsigned int)sizeof(struct nvml_mode) | 1u << 24)

struct nvml {
	void *library;
	void *device;
	int (*init)(void);
	int (*shutdown)(void);
	int (*find)(const char *address, void **device);
	int (*get)(void *device, struct nvml_mode *mode);
	int (*set)(void *device, const struct nvml_mode *mode);
};

/* nvmlReturn_t */
static int to_errno(int ret)
{
	switch (ret) {
	case 0:
		return 0;
	case 2:		/* an argument */
		return -EINVAL;
	case 3:		/* not supported */
	case 12:	/* a library is missing */
	case 13:	/* a function of the driver is missing */
	case 25:	/* another version of the structure */
		return -EOPNOTSUPP;
	case 4:
		return -EACCES;
	case 6:		/* not found */
	case 9:		/* no driver */
		return -ENODEV;
	case 10:
		return -ETIMEDOUT;
	case 19:	/* in use */
		return -EBUSY;
	default:
		return -EIO;
	}
}

static bool find_function(struct nvml *nvml, const char *name, void *place)
{
	void *function = dlsym(nvml->library, name);

	memcpy(place, &function, sizeof(function));
	return function;
}

static int nvml_open(struct nvml *nvml, const char *path, const char *gpu)
{
	int err;

	nvml->library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!nvml->library)
		return -EOPNOTSUPP;
	if (!find_function(nvml, "nvmlInit_v2", &nvml->init) ||
	    !find_function(nvml, "nvmlShutdown", &nvml->shutdown) ||
	    !find_function(nvml, "nvmlDeviceGetHandleByPciBusId_v2", &nvml->find) ||
	    !find_function(nvml, "nvmlDeviceGetVgpuHeterogeneousMode", &nvml->get) ||
	    !find_function(nvml, "nvmlDeviceSetVgpuHeterogeneousMode", &nvml->set))
		err = -EOPNOTSUPP;
	else
		err = to_errno(nvml->init());
	if (err) {
		dlclose(nvml->library);
		return err;
	}
	err = to_errno(nvml->find(gpu, &nvml->device));
	if (err) {
		nvml->shutdown();
		dlclose(nvml->library);
	}
	return err;
}

static void nvml_close(struct nvml *nvml)
{
	nvml->shutdown();
	dlclose(nvml->library);
}

int kernel_mixed_size_get(struct os *os, const char *gpu, bool *ret)
{
	struct nvml_mode mode = { .version = NVML_MODE_VERSION };
	struct nvml nvml;
	int err;

	err = nvml_open(&nvml, ((struct kernel *)os)->paths.nvml, gpu);
	if (err)
		return err;
	err = to_errno(nvml.get(nvml.device, &mode));
	nvml_close(&nvml);
	if (!err)
		*ret = mode.mode == 1;
	return err;
}

int kernel_mixed_size_set(struct os *os, const char *gpu, bool mixed)
{
	struct nvml_mode mode = { .version = NVML_MODE_VERSION, .mode = mixed };
	struct nvml nvml;
	int err;

	err = nvml_open(&nvml, ((struct kernel *)os)->paths.nvml, gpu);
	if (err)
		return err;
	err = to_errno(nvml.set(nvml.device, &mode));
	nvml_close(&nvml);
	return err;
}
