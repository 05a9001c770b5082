// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Configuration space.  A few registers of the header belong to the vGPU's type and not to the
 * function that carries it: ids, class, BARs, interrupt pin.  They are kept here, byte by byte
 * with the bits that can be written; everything else is vfio_pci_core's.
 */
#include "device.h"

#define BYTES(at, count)	((BIT_ULL(count) - 1) << (at))

/* Bit per byte of the header: ours. */
#define OWN_BYTES	(BYTES(PCI_VENDOR_ID, 4) | BYTES(PCI_CLASS_PROG, 3) |	\
			 BYTES(PCI_BASE_ADDRESS_0, 6 * 4) |			\
			 BYTES(PCI_SUBSYSTEM_VENDOR_ID, 4) |			\
			 BYTES(PCI_ROM_ADDRESS, 4) | BYTES(PCI_INTERRUPT_PIN, 1))

static_assert(PCI_STD_HEADER_SIZEOF == 64, "one bit per byte");

void nvvgpu_vfio_config_init(struct nvvgpu_vfio *nv)
{
	struct nvvgpu_vfio_config *config = &nv->config;

	mutex_lock(&config->lock);
	memset(config->value, 0, sizeof(config->value));
	memset(config->writable, 0, sizeof(config->writable));
	nvvgpu_header_init(config->value, config->writable, &nv->regions);
	mutex_unlock(&config->lock);
}

/* -------------------------------------------------------------------- accesses */

static bool is_own(u64 offset)
{
	return offset < PCI_STD_HEADER_SIZEOF && OWN_BYTES & BIT_ULL(offset);
}

/* Of the bytes from offset on, how many have the same owner. */
static size_t run_of(u64 offset, size_t count)
{
	size_t n = 1;

	while (n < count && is_own(offset + n) == is_own(offset))
		n++;
	return n;
}

static ssize_t own_read(struct nvvgpu_vfio_config *config, u64 offset, char __user *buf,
			size_t count)
{
	u8 bytes[PCI_STD_HEADER_SIZEOF];

	mutex_lock(&config->lock);
	memcpy(bytes, config->value + offset, count);
	mutex_unlock(&config->lock);
	return copy_to_user(buf, bytes, count) ? -EFAULT : count;
}

static ssize_t own_write(struct nvvgpu_vfio_config *config, u64 offset, const char __user *buf,
			 size_t count)
{
	u8 bytes[PCI_STD_HEADER_SIZEOF];

	if (copy_from_user(bytes, buf, count))
		return -EFAULT;
	mutex_lock(&config->lock);
	nvvgpu_header_store(config->value + offset, config->writable + offset, bytes, count);
	mutex_unlock(&config->lock);
	return count;
}

static ssize_t run_rw(struct nvvgpu_vfio *nv, u64 offset, char __user *buf, size_t count,
		      bool write)
{
	if (!is_own(offset))
		return nvvgpu_vfio_core_rw(nv, VFIO_PCI_CONFIG_REGION_INDEX, offset, buf, count,
					   write);
	return write ? own_write(&nv->config, offset, buf, count) :
		       own_read(&nv->config, offset, buf, count);
}

/* A write may have switched bus mastering, or have begun a function-level reset. */
static int after_write(struct nvvgpu_vfio *nv)
{
	flush_work(&nv->reset_work);
	return nvvgpu_vfio_sync_bus_master(nv);
}

ssize_t nvvgpu_vfio_config_rw(struct nvvgpu_vfio *nv, u64 offset, char __user *buf, size_t count,
			      bool write)
{
	size_t done = 0;
	ssize_t n = 0;
	int err = 0;

	while (done < count) {
		n = run_rw(nv, offset + done, buf + done, run_of(offset + done, count - done),
			   write);
		if (n <= 0)
			break;
		done += n;
	}
	if (write)
		err = after_write(nv);
	if (err)
		return err;
	return done ? done : n;
}
