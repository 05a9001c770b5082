/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the core driver's module gives to the manager's: one auxiliary device per physical
 * function.  The ops table stays nvvgpu_core_get_ops(); here is what belongs to PCI.
 */
#ifndef NVVGPU_CORE_DEVICE_H
#define NVVGPU_CORE_DEVICE_H

#include <linux/auxiliary_bus.h>
#include <linux/pci.h>
#include "../board_framework.h"
#include "../core.h"

/* auxiliary device "nvvgpu_core.mgr" */
#define NVVGPU_CORE_AUX_NAME	"mgr"

/* What the manager is told of SR-IOV, one call at a time. */
struct nvvgpu_core_listener {
	/*
	 * The number of VFs is about to change: -EBUSY keeps it.  Not asked when the physical
	 * function goes away.
	 */
	int (*vfs_may_change)(void *priv, unsigned int vfs);
	/* the VFs there are now are about to go */
	void (*vfs_going)(void *priv);
	/* so many VFs are there now */
	void (*vfs_changed)(void *priv, unsigned int vfs);
};

struct nvvgpu_core_device {
	struct auxiliary_device aux;
	struct pci_dev *pdev;
	struct nvvgpu_core *core;	/* valid while a driver is bound to aux, but while suspended */

	/* what came with the board */
	bool mixed_size, placement;
	enum nvvgpu_board_framework framework;
	u32 instances;			/* slots of a board without SR-IOV */
	u32 placement_units;
	const struct nvvgpu_type_desc *types;
	u32 type_count;
};

static inline struct nvvgpu_core_device *nvvgpu_core_device(struct auxiliary_device *aux)
{
	return container_of(aux, struct nvvgpu_core_device, aux);
}

/*
 * From the manager's probe to its remove.  When VFs are there already, vfs_changed() is called
 * from within.
 */
void nvvgpu_core_listen(struct nvvgpu_core_device *device,
			const struct nvvgpu_core_listener *listener, void *priv);
void nvvgpu_core_unlisten(struct nvvgpu_core_device *device);

/*
 * The PCI driver's own functions, for a driver of another name: programs know mdev types by the
 * name of their parent's driver.
 */
int nvvgpu_core_probe(struct pci_dev *pdev, const struct pci_device_id *id);
void nvvgpu_core_remove(struct pci_dev *pdev);
int nvvgpu_core_sriov_configure(struct pci_dev *pdev, int vfs);
/* Before that driver is unregistered: the VFs of its boards go. */
void nvvgpu_core_end_vfs(struct pci_driver *driver);
extern const struct dev_pm_ops nvvgpu_core_pm_ops;

#endif
