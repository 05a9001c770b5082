// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A PCI root bus per GPU.  There is nothing but the PF's and the VFs' functions on it, and no
 * firmware that assigned addresses: the BARs come up with theirs and are claimed.
 */
#include <linux/pci.h>
#include "glue.h"

#define PF_DRIVER "nvvgpu_core"
#define VF_DRIVER "nvvgpu_vfio"

static struct pci_ops emu_bus_ops = {
	.read = emu_config_read,
	.write = emu_config_write,
};

struct emu_function *emu_bus_function(struct device *dev)
{
	struct pci_bus *bus;

	if (!dev_is_pci(dev))
		return NULL;
	bus = to_pci_dev(dev)->bus;
	if (bus->ops != &emu_bus_ops)
		return NULL;
	return emu_gpu_function(container_of(bus->sysdata, struct emu_gpu, sysdata),
				to_pci_dev(dev)->devfn);
}

/* -------------------------------------------------- devices as they appear */

/*
 * Claimed one by one instead of with pci_bus_claim_resources(), so that a PF which was removed
 * and found again by a rescan gets its BARs, too: the PCI core does not assign what is reserved.
 */
static int claim_bars(struct pci_dev *pdev)
{
	struct resource *res;
	int i, err;

	for (i = 0; i < PCI_NUM_RESOURCES; i++) {
		res = &pdev->resource[i];
		if (!res->flags || res->parent)
			continue;
		err = pci_claim_resource(pdev, i);
		if (err)
			return err;
	}
	return 0;
}

/*
 * The functions are for our drivers, not for those that a real board of their ids would get: the
 * PF for good, its VFs until somebody wants them for another.
 */
static const char *driver_for(struct emu_function *fn)
{
	if (emu_board_has_mdevs(fn->gpu->board))
		return EMU_MDEV_DRIVER;
	return emu_function_is_pf(fn) ? PF_DRIVER : VF_DRIVER;
}

static int prepare(struct emu_function *fn, struct device *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	int err;

	err = emu_set_driver_override(pdev, driver_for(fn));
	if (!err && emu_function_is_pf(fn))
		err = claim_bars(pdev);
	return err ? err : emu_iommu_prepare(dev);
}

static int bus_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev = data;
	struct emu_function *fn;
	int err;

	if (action != BUS_NOTIFY_ADD_DEVICE)
		return NOTIFY_DONE;
	fn = emu_bus_function(dev);
	if (!fn)
		return NOTIFY_DONE;
	err = prepare(fn, dev);
	if (err)
		dev_warn(dev, "cannot be used: %d\n", err);
	fn->usable = !err;
	return NOTIFY_DONE;
}

static struct notifier_block bus_notifier = {
	.notifier_call = bus_notify,
	.priority = 100,	/* before the IOMMU core's own, which has 0 */
};

int emu_bus_init(void)
{
	return bus_register_notifier(&pci_bus_type, &bus_notifier);
}

void emu_bus_exit(void)
{
	bus_unregister_notifier(&pci_bus_type, &bus_notifier);
}

/* -------------------------------------------------------------------- life */

static void bridge_released(struct pci_host_bridge *bridge)
{
	struct emu_gpu *gpu = bridge->release_data;

	complete(&gpu->released);
}

static void free_bridge(struct emu_gpu *gpu)
{
	pci_free_host_bridge(gpu->bridge);
	/* the accessors and sysdata are used as long as anybody holds a device of the bus */
	wait_for_completion(&gpu->released);
}

static int alloc_bridge(struct emu_gpu *gpu)
{
	struct pci_host_bridge *bridge;

	bridge = pci_alloc_host_bridge(0);
	if (!bridge)
		return -ENOMEM;
	gpu->bridge = bridge;
	gpu->sysdata.domain = gpu->board->domain;
	gpu->sysdata.node = NUMA_NO_NODE;
	init_completion(&gpu->released);
	pci_set_host_bridge_release(bridge, bridge_released, gpu);
	bridge->sysdata = &gpu->sysdata;
	bridge->ops = &emu_bus_ops;
	bridge->busnr = gpu->bus_number;
	gpu->bus_numbers = (struct resource) {
		.name = gpu->name, .flags = IORESOURCE_BUS,
		.start = gpu->bus_number, .end = gpu->bus_number,
	};
	pci_add_resource(&bridge->windows, &gpu->bus_numbers);
	pci_add_resource(&bridge->windows, &gpu->memory);
	pci_add_resource(&bridge->windows, &gpu->space);
	/* the functions inherit it from their bus, and the bus from the bridge */
	dev_set_msi_domain(&bridge->dev, gpu->msi_domain);
	return 0;
}

static void remove_bus(struct pci_bus *bus)
{
	pci_stop_root_bus(bus);
	pci_remove_root_bus(bus);
}

/* The PCI and IOMMU cores go on without what they had no memory for; a board does not. */
static bool has_pf(struct emu_gpu *gpu)
{
	struct pci_dev *pdev = pci_get_slot(gpu->bridge->bus, 0);
	bool usable = pdev && gpu->functions[0].usable && device_iommu_mapped(&pdev->dev);

	pci_dev_put(pdev);
	return usable;
}

static int scan(struct emu_gpu *gpu)
{
	int err;

	err = pci_scan_root_bus_bridge(gpu->bridge);
	if (err)
		return err;
	if (!has_pf(gpu)) {
		remove_bus(gpu->bridge->bus);
		return -ENOMEM;
	}
	pci_bus_add_devices(gpu->bridge->bus);
	return 0;
}

int emu_bus_add(struct emu_gpu *gpu)
{
	int err;

	err = alloc_bridge(gpu);
	if (err)
		return err;
	pci_lock_rescan_remove();
	err = scan(gpu);
	pci_unlock_rescan_remove();
	if (err)
		free_bridge(gpu);
	return err;
}

/* Waits for users of functions which their drivers cannot take back, such as VFIO's. */
void emu_bus_remove(struct emu_gpu *gpu)
{
	pci_lock_rescan_remove();
	remove_bus(gpu->bridge->bus);
	pci_unlock_rescan_remove();
	free_bridge(gpu);
}
