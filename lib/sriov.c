// SPDX-License-Identifier: MIT
/*
 * How many virtual functions a GPU has.  What did not happen is found by looking, not by
 * what a tool or a driver answers; what takes time is waited for, with an end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "framework/holder.h"
#include "framework/lock.h"
#include "framework/vfs.h"
#include "objects.h"
#include "util/clock.h"
#include "util/text.h"

#define DEFAULT_TIMEOUT_NS	60000000000u
#define PAUSE_MIN_NS		5000000u
#define PAUSE_MAX_NS		200000000u
#define RETRY_NS		500000000u
#define TRANSIENT		"Cannot obtain unbindLock"	/* of NVIDIA's tool: for a moment */

struct change {
	struct nvvgpu_gpu *gpu;
	struct os *os;
	const char *address;
	bool nvidia;		/* NVIDIA's driver has the GPU */
	bool ours;
	uint64_t deadline_ns;	/* of all waiting */
	char said[256];		/* by the tool: its last line */
};

static int read_numvfs(struct change *c, uint32_t *ret)
{
	int err = function_read_u32(c->os, c->address, "sriov_numvfs", ret);

	return err ? error_errno(err, c->address, "reading sriov_numvfs") : 0;
}

/* --------------------------------------------------------------- may it be done */

/* 0: nobody; what may not be looked at is left to the driver to refuse */
static int check_unused(struct change *c)
{
	__cleanup_free struct vf *vfs = NULL;
	size_t count = 0;
	int err;

	err = vfs_read(c->os, c->address, &vfs, &count);
	if (err)
		return error_errno(err, c->address, "listing its virtual functions");
	for (size_t i = 0; !err && i < count; i++)
		err = holder_check(c->os, vfs[i].address, vfs[i].address);
	return err;
}

static int check_no_vgpus(struct change *c)
{
	__cleanup_free struct framework_vgpu *vgpus = NULL;
	struct framework *fw = c->gpu->framework;
	size_t count = 0;
	int err;

	if (!gpu_is_shared(c->gpu))
		return 0;
	err = fw->ops.vgpu_list(fw, &vgpus, &count);
	if (err || !count)
		return err;
	return framework_fail_live(c->address, count, "changing the number of VFs");
}

/* ------------------------------------------------------------------ is it done */

/* Whoever drives the VF has shown what it can do with it. */
static bool is_ready(struct change *c, const char *vf)
{
	char path[VFS_PATH_LEN], driver[64];
	bool bound = !c->os->ops->link_read(c->os, function_path(path, vf, "driver"), driver,
					    sizeof(driver));
	bool offers = function_has(c->os, vf, "nvidia") ||
		      function_has(c->os, vf, "mdev_supported_types");

	if (c->nvidia)
		return bound && offers;
	return !c->ours || offers || bound;
}

/* "": all is as it shall be; else what is not yet */
static int find_missing(struct change *c, uint32_t wanted, char *missing, size_t size)
{
	__cleanup_free struct vf *vfs = NULL;
	uint32_t numvfs = 0;
	size_t count = 0;
	int err = read_numvfs(c, &numvfs);

	missing[0] = '\0';
	if (err)
		return err;
	if (numvfs != wanted) {
		snprintf(missing, size, "%u VFs are enabled instead of %u", numvfs, wanted);
		return 0;
	}
	err = vfs_read(c->os, c->address, &vfs, &count);
	if (err)
		return error_errno(err, c->address, "listing its virtual functions");
	if (count != wanted)
		snprintf(missing, size, "%zu of %u VFs are there", count, wanted);
	for (size_t i = 0; !missing[0] && i < count; i++)
		if (!is_ready(c, vfs[i].address))
			snprintf(missing, size, "the VF %s has no %s", vfs[i].address, c->nvidia ?
				 "driver, or neither a nvidia directory nor mdev types" :
				 "nvidia directory");
	return 0;
}

/* -ETIMEDOUT with a last error that says what is missing, and who may be in the way */
static int fail_missing(struct change *c, const char *missing)
{
	struct holder holder;
	char who[96] = "";

	if (holder_find(c->os, c->address, &holder) > 0)
		snprintf(who, sizeof(who), "; process %d (%s) has the GPU open", holder.pid,
			 holder.program);
	return error_setf(ETIMEDOUT, NVVGPU_REASON_DEADLINE, c->address,
			  *who ? "end that process, and try again" :
				 "look into the kernel log, and try again",
			  "changing the number of VFs: %s%s%s%s", missing,
			  *c->said ? "; sriov-manage: " : "", c->said, who);
}

static int wait_done(struct change *c, uint32_t wanted)
{
	uint64_t pause_ns = PAUSE_MIN_NS;
	char missing[160];

	for (;;) {
		int err = find_missing(c, wanted, missing, sizeof(missing));

		if (err || !missing[0])
			return err;
		if (!clock_left_ns(c->deadline_ns))
			return fail_missing(c, missing);
		clock_pause_ns(pause_ns);
		pause_ns = pause_ns * 2 > PAUSE_MAX_NS ? PAUSE_MAX_NS : pause_ns * 2;
	}
}

/* ----------------------------------------------------------------------- do it */

static void keep_last_line(struct change *c, char *output)
{
	char *end = output + strlen(output);

	while (end > output && (end[-1] == '\n' || end[-1] == ' '))
		*--end = '\0';
	end = strrchr(output, '\n');
	text_copy(c->said, sizeof(c->said), end ? end + 1 : output);
}

/* -ENOENT, without a last error: there is no such tool */
static int use_tool(struct change *c, bool enable)
{
	char output[4096];

	for (;;) {
		bool transient;
		int err;

		if (!clock_left_ns(c->deadline_ns))
			return fail_missing(c, "there is no time left for sriov-manage");
		err = c->os->ops->sriov_manage(c->os, c->address, enable,
					       clock_left_ns(c->deadline_ns), output,
					       sizeof(output));
		if (err == -ENOENT)
			return err;
		if (err && err != -ETIMEDOUT)
			return error_errno(err, c->address, "running sriov-manage");
		transient = strstr(output, TRANSIENT);
		keep_last_line(c, output);
		if (err)
			return fail_missing(c, "sriov-manage did not end");
		if (!transient || clock_left_ns(c->deadline_ns) <= RETRY_NS)
			return 0;
		clock_pause_ns(RETRY_NS);
	}
}

static int write_numvfs(struct change *c, uint32_t count)
{
	char text[16];
	int err;

	snprintf(text, sizeof(text), "%u\n", count);
	err = function_write(c->os, c->address, "sriov_numvfs", text);
	if (err == -EBUSY)
		return error_set(err, NVVGPU_REASON_IN_USE, c->address, "changing the number of VFs: "
				 "the driver says that one is in use",
				 "stop what uses the VFs of this GPU");
	if (err == -ENOENT || err == -EOPNOTSUPP || err == -ENOSYS)
		return error_set(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, c->address,
				 "its driver does not switch VFs by sriov_numvfs", c->nvidia ?
				 "install NVIDIA's sriov-manage, or name it in the uri of the host" :
				 "use the driver's own tool");
	return err ? error_errno(err, c->address, "writing sriov_numvfs") : 0;
}

/* NVIDIA's tool knows all or none; its driver alone may take another number. */
static int change_to(struct change *c, uint32_t count)
{
	int err = -ENOENT;

	if (c->nvidia && c->os->ops->sriov_manage && (!count || count == c->gpu->vfs_total))
		err = use_tool(c, count);
	if (err == -ENOENT)
		err = write_numvfs(c, count);
	return err ? err : wait_done(c, count);
}

static int set_locked(struct change *c, uint32_t count)
{
	uint32_t now = 0;
	int err = read_numvfs(c, &now);

	if (err)
		return err;
	if (now == count)
		return wait_done(c, count);
	err = check_no_vgpus(c);
	if (!err)
		err = check_unused(c);
	if (!err && now && count)	/* from one number to another by way of none */
		err = change_to(c, 0);
	return err ? err : change_to(c, count);
}

/* NVIDIA's driver forgets the mode when VFs are switched. */
static int restore_mode(struct change *c, uint32_t count, bool mixed)
{
	struct framework *fw = c->gpu->framework;

	return mixed && count ? fw->ops.set_mixed_size(fw, true) : 0;
}

static void look_at_driver(struct change *c)
{
	const char *driver = c->gpu->driver ? c->gpu->driver : "";

	c->nvidia = !strcmp(driver, "nvidia");
	c->ours = !strncmp(driver, "nvvgpu", 6);
}

static int set_vfs(struct nvvgpu_gpu *gpu, uint32_t count, uint64_t timeout_ns)
{
	struct change change = {
		.gpu = gpu,
		.os = gpu->host->os,
		.address = gpu->address,
		.deadline_ns = clock_deadline_ns(timeout_ns ? timeout_ns : DEFAULT_TIMEOUT_NS),
	};
	struct os_file *lock = NULL;
	enum nvvgpu_mode mode = NVVGPU_GPU_MODE_UNKNOWN;
	int err;

	look_at_driver(&change);
	if (gpu_is_shared(gpu) && gpu->framework->ops.get_mode(gpu->framework, &mode))
		mode = NVVGPU_GPU_MODE_UNKNOWN;
	err = framework_lock(change.os, gpu->address, &lock);
	if (err)
		return err;
	err = set_locked(&change, count);
	os_file_close(lock);
	return err ? err : restore_mode(&change, count, mode == NVVGPU_GPU_MODE_MIXED_SIZE);
}

NVVGPU_EXPORT int nvvgpu_gpu_set_vfs(struct nvvgpu_gpu *gpu, uint32_t count, uint64_t timeout_ns)
{
	int err;

	if (host_is_read_only(gpu->host))
		return error_errno(EROFS, gpu->address, "changing the number of VFs");
	if (!gpu->vfs_total)
		return error_set(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, gpu->address,
				 "the board has no SR-IOV", "");
	if (count > gpu->vfs_total)
		return error_setf(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, gpu->address,
				  "give a smaller number", "it can have at most %u VFs",
				  gpu->vfs_total);
	err = set_vfs(gpu, count, timeout_ns);
	if (err)
		return err;
	/* with its VFs its framework may have come or gone */
	if (nvvgpu_refresh(gpu->host))
		host_log(gpu->host, NVVGPU_LOG_WARNING, "%s: not searched again: %s", gpu->address,
			 nvvgpu_error_get_message(nvvgpu_last_error()));
	return 0;
}
