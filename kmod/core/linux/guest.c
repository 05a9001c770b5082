// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What an emulated board leaves to its driver where vGPUs are had as mediated devices: their
 * interrupts and their DMA.  How it asks for either is in ../../emu/pv.h.
 */
#include <linux/io.h>
#include <linux/slab.h>
#include "glue.h"

static struct core_pci *to_pf(struct nvvgpu_hw *hw)
{
	return container_of(hw, struct core_pci, hw);
}

/* --------------------------------------------------------------- interrupts */

/* guest_lock held.  Several at once are one, as they are where a vector is pending already. */
static void tell(struct core_pci *pf, u32 gfid, u32 vector)
{
	u32 count = readl(pf->bar0 + NVVGPU_PV_RAISED_BY(gfid, vector));

	if (count == pf->raised_by[gfid][vector])
		return;
	pf->raised_by[gfid][vector] = count;
	if (pf->guest_ops)
		pf->guest_ops->interrupt(pf->guest_priv, gfid, vector);
}

void core_guest_interrupt(struct core_pci *pf)
{
	u32 gfid, vector, sum;

	mutex_lock(&pf->guest_lock);
	/* first: what is counted from here on interrupts again */
	sum = readl(pf->bar0 + NVVGPU_PV_RAISED);
	if (sum != pf->raised_seen)
		for (gfid = 1; gfid < NVVGPU_PV_GFIDS; gfid++)
			for (vector = 0; vector < NVVGPU_PV_VECTORS; vector++)
				tell(pf, gfid, vector);
	pf->raised_seen = sum;
	mutex_unlock(&pf->guest_lock);
}

/* What was raised before is nobody's. */
void core_guest_restart(struct core_pci *pf)
{
	mutex_lock(&pf->guest_lock);
	pf->raised_seen = readl(pf->bar0 + NVVGPU_PV_RAISED);
	memcpy_fromio(pf->raised_by, pf->bar0 + NVVGPU_PV_RAISED_BY(0, 0), sizeof(pf->raised_by));
	mutex_unlock(&pf->guest_lock);
}

/* ---------------------------------------------------------------------- DMA */

static int move_data(struct core_pci *pf, u32 gfid, const struct nvvgpu_pv_copy *copy, void *buf)
{
	int err = 0;

	if (copy->to_guest)
		err = core_hw_bar_read(pf, gfid, NVVGPU_PV_BAR_COPY, NVVGPU_PV_COPY_DATA, buf,
				       copy->bytes);
	if (!err)
		err = pf->guest_ops->dma(pf->guest_priv, gfid, copy->bus, buf, copy->bytes,
					 copy->to_guest);
	if (!err && !copy->to_guest)
		err = core_hw_bar_write(pf, gfid, NVVGPU_PV_BAR_COPY, NVVGPU_PV_COPY_DATA, buf,
					copy->bytes);
	return err;
}

static int do_copy(struct core_pci *pf, u32 gfid, const struct nvvgpu_pv_copy *copy)
{
	void *buf;
	int err;

	if (!pf->guest_ops || !copy->bytes || copy->bytes > NVVGPU_PV_COPY_MAX)
		return -EFAULT;
	buf = kvmalloc(copy->bytes, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	err = move_data(pf, gfid, copy, buf);
	kvfree(buf);
	return err;
}

/*
 * Without guest_lock: who gave guest_ops takes them away when no vGPU is open, and then nothing
 * is written to one.
 */
int core_guest_copy(struct core_pci *pf, u32 gfid)
{
	struct nvvgpu_pv_copy copy;
	u32 status;
	int err;

	err = core_hw_bar_read(pf, gfid, NVVGPU_PV_BAR_COPY, 0, &copy, sizeof(copy));
	if (err)
		return err;
	status = -do_copy(pf, gfid, &copy);
	return core_hw_bar_write(pf, gfid, NVVGPU_PV_BAR_COPY, 0, &status, sizeof(status));
}

/* --------------------------------------------------------------------- life */

void core_guest_set_ops(struct nvvgpu_hw *hw, const struct nvvgpu_guest_ops *ops, void *priv)
{
	struct core_pci *pf = to_pf(hw);

	mutex_lock(&pf->guest_lock);
	pf->guest_ops = ops;
	pf->guest_priv = priv;
	mutex_unlock(&pf->guest_lock);
}

void core_guest_init(struct core_pci *pf)
{
	mutex_init(&pf->guest_lock);
}

void core_guest_fini(struct core_pci *pf)
{
	mutex_destroy(&pf->guest_lock);
}
