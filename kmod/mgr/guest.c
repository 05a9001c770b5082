// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Interrupts and DMA of vGPUs that have no function to do either: whoever has the vGPU open does
 * it for them.
 */
#include "internal.h"

void nvvgpu_mgr_set_guest(struct nvvgpu_mgr_vgpu *vgpu, const struct nvvgpu_mgr_guest_ops *ops,
			  void *guest)
{
	mutex_lock(&vgpu->mgr->lock);
	vgpu->guest_ops = ops;
	vgpu->guest = guest;
	mutex_unlock(&vgpu->mgr->lock);
}

/* "lock" held; NULL: nobody is there */
static struct nvvgpu_mgr_vgpu *find(struct nvvgpu_mgr *mgr, u32 gfid)
{
	struct nvvgpu_mgr_vgpu *vgpu = NULL;

	if (gfid && gfid <= NVVGPU_MAX_VGPUS)
		vgpu = mgr->vgpus[gfid - 1];
	return vgpu && vgpu->guest_ops ? vgpu : NULL;
}

/* Under "lock", so that nobody is called who has closed it. */
static void interrupt(void *priv, u32 gfid, u32 vector)
{
	struct nvvgpu_mgr *mgr = priv;
	struct nvvgpu_mgr_vgpu *vgpu;

	mutex_lock(&mgr->lock);
	vgpu = find(mgr, gfid);
	if (vgpu)
		vgpu->guest_ops->inject_interrupt(vgpu->guest, vector);
	mutex_unlock(&mgr->lock);
}

/* It may take long; but it began with a write by who has the vGPU open, and is over before that. */
static int dma(void *priv, u32 gfid, u64 bus, void *buf, size_t len, bool to_guest)
{
	const struct nvvgpu_mgr_guest_ops *ops = NULL;
	struct nvvgpu_mgr *mgr = priv;
	struct nvvgpu_mgr_vgpu *vgpu;
	void *guest = NULL;

	mutex_lock(&mgr->lock);
	vgpu = find(mgr, gfid);
	if (vgpu) {
		ops = vgpu->guest_ops;
		guest = vgpu->guest;
	}
	mutex_unlock(&mgr->lock);
	return ops ? ops->dma_rw(guest, bus, buf, len, to_guest) : -EFAULT;
}

const struct nvvgpu_guest_ops mgr_guest_ops = {
	.interrupt = interrupt,
	.dma = dma,
};
