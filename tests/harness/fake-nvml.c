// SPDX-License-Identifier: MIT
/*
 * The five functions of NVIDIA's management library that are used, for machines without a
 * GPU.  FAKE_NVML says what they answer: "init=9", "find=6", "get=3", or "mode=1", which
 * is the mode that is told, and the only one that is taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mode {
	unsigned int version, mode;
};

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetHandleByPciBusId_v2(const char *address, void **device);
int nvmlDeviceGetVgpuHeterogeneousMode(void *device, struct mode *mode);
int nvmlDeviceSetVgpuHeterogeneousMode(void *device, const struct mode *mode);

static int started;

static int answer(const char *what)
{
	const char *how = getenv("FAKE_NVML");
	size_t len = strlen(what);

	return how && !strncmp(how, what, len) && how[len] == '=' ? atoi(how + len + 1) : 0;
}

int nvmlInit_v2(void)
{
	if (!answer("init"))
		started++;
	return answer("init");
}

int nvmlShutdown(void)
{
	if (!started)
		abort();
	started--;
	return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *address, void **device)
{
	if (!started || strcmp(address, "0000:41:00.0"))
		return 2;
	*device = &started;
	return answer("find");
}

static int is_version_1(const struct mode *mode)
{
	return mode->version == (sizeof(*mode) | 1u << 24);
}

int nvmlDeviceGetVgpuHeterogeneousMode(void *device, struct mode *mode)
{
	if (device != &started || !is_version_1(mode))
		return 2;
	mode->mode = answer("mode");
	return answer("get");
}

int nvmlDeviceSetVgpuHeterogeneousMode(void *device, const struct mode *mode)
{
	if (device != &started || !is_version_1(mode) || (int)mode->mode != answer("mode"))
		return 2;
	return 0;
}
