// SPDX-License-Identifier: MIT
/*
 * No framework: says why a GPU cannot be shared, and answers every operation
 * with that.  Its table also fills what other frameworks leave out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "framework/framework.h"
#include "objects.h"
#include "util/text.h"

#define PATH_LEN 128

struct evidence {
	char driver[64];	/* "": none is bound */
	uint64_t vfs_total, vfs_enabled;
};

static uint64_t read_number(struct os *os, const char *address, const char *attribute)
{
	char path[PATH_LEN];
	uint64_t value;

	snprintf(path, sizeof(path), "bus/pci/devices/%s/%s", address, attribute);
	return os_attr_u64(os, path, &value) ? 0 : value;
}

static void gather(struct os *os, const char *address, struct evidence *evidence)
{
	char path[PATH_LEN];

	*evidence = (struct evidence){ .vfs_total = 0 };
	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver", address);
	if (os->ops->link_read(os, path, evidence->driver, sizeof(evidence->driver)))
		evidence->driver[0] = '\0';
	evidence->vfs_total = read_number(os, address, "sriov_totalvfs");
	evidence->vfs_enabled = read_number(os, address, "sriov_numvfs");
}

static bool is_passthrough(const char *driver)
{
	return !strcmp(driver, "pci-stub") || !strcmp(driver, "pciback") || strstr(driver, "vfio");
}

/* Drivers that offer vGPUs on their VFs alone. */
static bool needs_vfs(const struct evidence *e)
{
	return (!strcmp(e->driver, "nvidia") || !strncmp(e->driver, "nvvgpu", 6)) &&
	       e->vfs_total && !e->vfs_enabled;
}

static enum nvvgpu_reason judge(const struct evidence *e, char *text, size_t size)
{
	if (!e->driver[0]) {
		snprintf(text, size, "no kernel driver is bound to it");
		return NVVGPU_REASON_NO_DRIVER;
	}
	if (is_passthrough(e->driver)) {
		snprintf(text, size, "it is bound to %s, to be given to a guest as a whole",
			 e->driver);
		return NVVGPU_REASON_PASSTHROUGH;
	}
	if (needs_vfs(e)) {
		snprintf(text, size, "its driver %s shows no vGPU types, and none of its %llu VFs "
			 "is enabled", e->driver, (unsigned long long)e->vfs_total);
		return NVVGPU_REASON_VFS_DISABLED;
	}
	if (!strncmp(e->driver, "nvvgpu", 6))
		snprintf(text, size, "its driver %s is bound, but its vGPU manager has no control "
			 "device for it", e->driver);
	else
		snprintf(text, size, "its driver %s offers no vGPUs: there are neither mdev types "
			 "nor VFs with a nvidia directory", e->driver);
	return NVVGPU_REASON_NOT_CAPABLE;
}

static void tell(struct framework *fw, const struct evidence *e)
{
	framework_evidence(fw, "driver %s, %llu of %llu VFs enabled, no control device, no VF with "
			   "a nvidia directory, no mdev types", e->driver[0] ? e->driver : "none",
			   (unsigned long long)e->vfs_enabled, (unsigned long long)e->vfs_total);
}

int framework_none_open(struct os *os, const char *address, enum nvvgpu_reason reason,
			const char *text, struct framework **ret)
{
	struct framework *fw = calloc(1, sizeof(*fw));

	if (!fw)
		return error_nomem();
	framework_init(fw, &framework_none, os, address);
	fw->reason = reason;
	text_copy(fw->reason_text, sizeof(fw->reason_text), text);
	text_sanitize(fw->reason_text);	/* it may quote the name of a driver */
	framework_evidence(fw, "%s", fw->reason_text);
	*ret = fw;
	return 0;
}

static int none_probe(struct candidate *candidate, struct framework **ret)
{
	struct evidence evidence;
	enum nvvgpu_reason reason;
	char text[256];
	int err;

	gather(candidate->os, candidate->address, &evidence);
	reason = judge(&evidence, text, sizeof(text));
	err = framework_none_open(candidate->os, candidate->address, reason, text, ret);
	if (!err)
		tell(*ret, &evidence);
	return err;
}

static void none_close(struct framework *fw)
{
	free(fw);
}

/* The GPU cannot be shared; or it can, but its framework has no such operation. */
static int refuse(struct framework *fw)
{
	if (fw->reason != NVVGPU_REASON_NONE)
		return error_set(EOPNOTSUPP, fw->reason, fw->address, fw->reason_text,
				 reason_next_step(fw->reason));
	return error_setf(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, fw->address, "",
			  "the framework %s cannot do this", fw->ops.name);
}

static int none_control_open(struct framework *fw, struct os_file **ret)
{
	return refuse(fw);
}

static int none_create(struct framework *fw, const struct framework_request *request,
		       struct framework_vgpu *ret)
{
	return refuse(fw);
}

static int none_destroy(struct framework *fw, const struct framework_vgpu *vgpu,
			bool *ret_destroyed)
{
	return refuse(fw);
}

static int none_get_mode(struct framework *fw, enum nvvgpu_mode *ret)
{
	return refuse(fw);
}

static int none_get_params(struct framework *fw, const struct framework_vgpu *vgpu, char **ret)
{
	return refuse(fw);
}

static int none_get_state(struct framework *fw, const struct framework_vgpu *vgpu,
			  enum nvvgpu_vgpu_state *ret)
{
	return refuse(fw);
}

static int none_info(struct framework *fw, struct framework_info *ret)
{
	return refuse(fw);
}

/* Nothing is on it, and nothing can be; unless that is not known. */
static int none_look(struct framework *fw, bool vgpus, struct framework_look *ret)
{
	if (fw->broken)
		return refuse(fw);
	*ret = (struct framework_look){ .vgpus = NULL };
	return 0;
}

static int none_placements(struct framework *fw, const struct framework_type *type,
			   enum nvvgpu_placement_set which, uint32_t *ids, size_t capacity,
			   size_t *ret_count, uint32_t *ret_length)
{
	return refuse(fw);
}

static int none_set_mixed_size(struct framework *fw, bool mixed)
{
	return refuse(fw);
}

static int none_set_params(struct framework *fw, const struct framework_vgpu *vgpu,
			   const char *params)
{
	return refuse(fw);
}

static int none_statistic(struct framework *fw, enum nvvgpu_statistic statistic, uint64_t *ret)
{
	return refuse(fw);
}

static int none_type_states(struct framework *fw, struct framework_state *states, uint32_t room,
			    uint32_t *ret_count, struct framework_types **ret_types)
{
	return refuse(fw);
}

static int none_types(struct framework *fw, struct framework_types **ret)
{
	return refuse(fw);
}

static int none_vfio_name(struct framework *fw, const struct framework_vgpu *vgpu, char *buf,
			  size_t size)
{
	return refuse(fw);
}

static int none_vfio_open(struct framework *fw, const struct framework_vgpu *vgpu,
			  struct os_file **ret)
{
	return refuse(fw);
}

static int none_vgpu_list(struct framework *fw, struct framework_vgpu **ret, size_t *ret_count)
{
	return refuse(fw);
}

const struct framework_ops framework_none = {
	.id = NVVGPU_FRAMEWORK_NONE,
	.name = "none",
	.help = "a GPU that cannot be shared, with the reason",
	.probe = none_probe,
	.close = none_close,
	.control_open = none_control_open,
	.create = none_create,
	.destroy = none_destroy,
	.get_mode = none_get_mode,
	.get_params = none_get_params,
	.get_state = none_get_state,
	.info = none_info,
	.look = none_look,
	.placements = none_placements,
	.set_mixed_size = none_set_mixed_size,
	.set_params = none_set_params,
	.statistic = none_statistic,
	.type_states = none_type_states,
	.types = none_types,
	.vfio_name = none_vfio_name,
	.vfio_open = none_vfio_open,
	.vgpu_list = none_vgpu_list,
};
