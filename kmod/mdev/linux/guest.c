// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What the vGPU does to its guest.  Interrupts: MSI-X, and VFIO's request to release the device.
 * Each is an eventfd that the VMM gave; the MSI-X table itself is the VMM's.  DMA: by VFIO, in
 * what memory the VMM has mapped; nothing of it is kept pinned.
 */
#include "compat.h"
#include "device.h"

/* ------------------------------------------------------------------- interrupts */

u32 nvvgpu_mdev_irq_count(u32 index)
{
	switch (index) {
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return NVVGPU_MDEV_VECTORS;
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	default:
		return 0;
	}
}

static void replace(struct eventfd_ctx **irq, struct eventfd_ctx *by)
{
	if (*irq)
		eventfd_ctx_put(*irq);
	*irq = by;
}

static void raise(struct eventfd_ctx *irq)
{
	if (irq)
		nvvgpu_eventfd_signal(irq);
}

/* fd -1: nobody listens any more.  All of a set or none of it. */
static int listen(struct eventfd_ctx **irqs, u32 count, const s32 *fds)
{
	struct eventfd_ctx *by[NVVGPU_MDEV_VECTORS];
	int err = 0;
	u32 i;

	for (i = 0; i < count; i++) {
		by[i] = fds[i] == -1 ? NULL :
			fds[i] < -1 ? ERR_PTR(-EINVAL) : eventfd_ctx_fdget(fds[i]);
		if (IS_ERR(by[i])) {
			err = PTR_ERR(by[i]);
			break;
		}
	}
	if (err) {
		while (i--)
			replace(&by[i], NULL);
		return err;
	}
	for (i = 0; i < count; i++)
		replace(&irqs[i], by[i]);
	return 0;
}

/* irqs.lock held; start and count are within the index */
static int set_index(struct eventfd_ctx **irqs, u32 count, const struct vfio_irq_set *set,
		     const void *data)
{
	u32 i;

	irqs += set->start;
	switch (set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return listen(irqs, set->count, data);
	case VFIO_IRQ_SET_DATA_BOOL:
		for (i = 0; i < set->count; i++)
			if (((const u8 *)data)[i])
				raise(irqs[i]);
		return 0;
	default:
		for (i = 0; i < set->count; i++)
			raise(irqs[i]);
		/* how all of an index are switched off */
		if (!set->count)
			for (i = 0; i < count; i++)
				replace(&irqs[i], NULL);
		return 0;
	}
}

int nvvgpu_mdev_set_irqs(struct nvvgpu_mdev *nm, const struct vfio_irq_set *set, const void *data)
{
	struct nvvgpu_mdev_irqs *irqs = &nm->irqs;
	int err;

	/* the VMM masks vectors, in the table that it keeps */
	if ((set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTTY;
	mutex_lock(&irqs->lock);
	if (set->index == VFIO_PCI_MSIX_IRQ_INDEX)
		err = set_index(irqs->vectors, NVVGPU_MDEV_VECTORS, set, data);
	else
		err = set_index(&irqs->request, 1, set, data);
	mutex_unlock(&irqs->lock);
	return err;
}

void nvvgpu_mdev_irqs_clear(struct nvvgpu_mdev *nm)
{
	u32 i;

	mutex_lock(&nm->irqs.lock);
	for (i = 0; i < NVVGPU_MDEV_VECTORS; i++)
		replace(&nm->irqs.vectors[i], NULL);
	replace(&nm->irqs.request, NULL);
	mutex_unlock(&nm->irqs.lock);
}

/* Again and again, until who has the device open gives it back. */
void nvvgpu_mdev_request(struct vfio_device *vdev, unsigned int count)
{
	struct nvvgpu_mdev *nm = to_nvvgpu_mdev(vdev);

	mutex_lock(&nm->irqs.lock);
	if (!nm->irqs.request && !count)
		dev_notice(vdev->dev, "waiting for the release of the device\n");
	raise(nm->irqs.request);
	mutex_unlock(&nm->irqs.lock);
}

void nvvgpu_mdev_inject_interrupt(void *ref, u32 vector)
{
	struct nvvgpu_mdev *nm = ref;

	if (vector >= NVVGPU_MDEV_VECTORS)
		return;
	mutex_lock(&nm->irqs.lock);
	raise(nm->irqs.vectors[vector]);
	mutex_unlock(&nm->irqs.lock);
}

/* -------------------------------------------------------------------------- DMA */

/* Comes in the thread that writes to the vGPU: of the VMM, whose memory it is. */
int nvvgpu_mdev_dma_rw(void *ref, u64 bus, void *buf, size_t len, bool to_guest)
{
	struct nvvgpu_mdev *nm = ref;

	return vfio_dma_rw(&nm->vdev, bus, buf, len, to_guest) ? -EFAULT : 0;
}
