/* SPDX-License-Identifier: MIT */
/* What the files of lib/ share.  Nothing here is exported. */
#ifndef NVVGPU_LIB_INTERNAL_H
#define NVVGPU_LIB_INTERNAL_H

#include <errno.h>
#include <nvvgpu/nvvgpu.h>
#include "os/os.h"
#include "util/cleanup.h"

/* On the definition of every exported function; the symbol map says the same, a test compares. */
#define NVVGPU_EXPORT __attribute__((visibility("default")))

/* ------------------------------------------------------------------ errors */

struct nvvgpu_error {
	int err;		/* positive, 0: nothing failed */
	enum nvvgpu_reason reason;
	char object[128];
	char cause[512];
	char next_step[320];
	char message[720];	/* object, cause and reason in one line */
};

/*
 * Every failing public call ends in one of these: records the thread's last
 * error and returns -err.  err is positive or negative, zero is a bug.
 * error_set takes plain sentences, error_setf formats the cause:
 *
 *	return error_set(EBUSY, NVVGPU_REASON_IN_USE, vgpu->uuid,
 *			 "its VFIO device is open", "close it, or stop the VM that uses it");
 */
int error_set(int err, enum nvvgpu_reason reason, const char *object, const char *cause, const char *next);
int error_setf(int err, enum nvvgpu_reason reason, const char *object, const char *next,
	       const char *cause_fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* From an errno alone: reason and a plain cause are derived from it. */
int error_errno(int err, const char *object, const char *doing);
enum nvvgpu_reason reason_from_errno(int err);	/* either sign */
int error_nomem(void);
/* Says an error again that was kept while cleaning up after it. */
int error_restore(const struct nvvgpu_error *error);
/* uapi enum nvvgpu_why -> enum nvvgpu_reason */
enum nvvgpu_reason reason_from_why(uint32_t why);

/* ----------------------------------------------------------------- objects */

struct nvvgpu_spec {		/* lib/spec.c */
	char *type;		/* id or name; NULL: unset */
	bool has_uuid;
	uint8_t uuid[16];
	char *vf;		/* canonical address; NULL: the first free one */
	bool has_placement;
	uint32_t placement;
	char *params;		/* "k=v,k=v"; NULL: none */
	bool force_params;
	char *owner;		/* NULL: none */
};

int spec_copy(const struct nvvgpu_spec *from, struct nvvgpu_spec **ret);

/* lib/vgpu.c: what device.c and migrate.c need of a vGPU */
struct os *vgpu_os(struct nvvgpu_vgpu *vgpu);
/* opens its VFIO device through the framework; sets the last error */
int vgpu_open_vfio(struct nvvgpu_vgpu *vgpu, struct os_file **ret);

/* lib/device.c: what migrate.c needs of an open device */
struct nvvgpu_vgpu *device_vgpu(struct nvvgpu_device *device);
/* VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE SET; *ret_data (may be NULL) is the data session, if any */
int device_set_migration_state(struct nvvgpu_device *device, uint32_t state,
			       struct os_file **ret_data);
int device_get_migration_state(struct nvvgpu_device *device, uint32_t *ret);
/* VFIO_DEVICE_FEATURE_MIG_DATA_SIZE; -ENOTTY where the kernel has no such call */
int device_get_data_size(struct nvvgpu_device *device, uint64_t *ret);
/* What the device answered, as the last error; doing is a phrase: "stopping the vGPU" */
int device_error(struct nvvgpu_device *device, int err, const char *doing);
/* For one save or restore at a time, of a migratable device that runs; sets the last error */
int device_claim(struct nvvgpu_device *device);
void device_release(struct nvvgpu_device *device);

/* lib/util/uuid.c */
int uuid_parse_text(const char *text, uint8_t uuid[16]);	/* -EINVAL */
void uuid_format(const uint8_t uuid[16], char text[37]);
int uuid_random(uint8_t uuid[16]);
bool uuid_is_null(const uint8_t uuid[16]);

/* lib/util/pci_address.c: "0000:41:00.0" from any spelling; -EINVAL */
#define PCI_ADDRESS_LEN 24
int pci_address_canonical(const char *text, char out[PCI_ADDRESS_LEN]);
int pci_address_compare(const char *a, const char *b);	/* numeric order */

#endif
