// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * PCI driver of the physical function.  It binds where driver_override names it and nowhere
 * else: an emulated board does that for itself, for a physical one only the administrator can,
 * and is told then that its boot is not implemented.  No module alias, so that the kernel
 * never loads it for somebody's card.
 */
#include <linux/interrupt.h>
#include "outstanding.h"
#include "glue.h"

#define VENDOR_NVIDIA 0x10de

/* ---------------------------------------------------------------- interrupt */

static irqreturn_t interrupt(int irq, void *priv)
{
	struct core_pci *pf = priv;

	nvvgpu_core_interrupt(pf->device.core);
	core_guest_interrupt(pf);
	return IRQ_HANDLED;
}

static int start_interrupt(struct core_pci *pf)
{
	int err;

	err = pci_alloc_irq_vectors(pf->pdev, 1, 1, PCI_IRQ_MSIX);
	if (err < 0)
		return err;
	pf->irq = pci_irq_vector(pf->pdev, 0);
	err = request_threaded_irq(pf->irq, NULL, interrupt, IRQF_ONESHOT, "nvvgpu_core", pf);
	if (err) {
		pci_free_irq_vectors(pf->pdev);
		return err;
	}
	/* what came before there was a handler */
	nvvgpu_core_interrupt(pf->device.core);
	return 0;
}

static void stop_interrupt(struct core_pci *pf)
{
	free_irq(pf->irq, pf);
	pci_free_irq_vectors(pf->pdev);
}

static int start_core(struct core_pci *pf)
{
	int err;

	core_hw_restart(pf);
	err = nvvgpu_core_start(&pf->hw, &pf->device.core);
	if (err)
		return err;
	err = start_interrupt(pf);
	if (err) {
		nvvgpu_core_stop(pf->device.core);
		pf->device.core = NULL;
	}
	return err;
}

static void stop_core(struct core_pci *pf)
{
	if (!pf->device.core)
		return;
	stop_interrupt(pf);
	nvvgpu_core_stop(pf->device.core);
	pf->device.core = NULL;
}

/* -------------------------------------------------------------------- reset */

/*
 * A reset ends the firmware, and with it every vGPU, behind the back of all who use one.  So there
 * is none while the driver is bound: unbind it, reset, bind it again.
 */
static void forbid_reset(struct core_pci *pf)
{
	memcpy(pf->reset_methods, pf->pdev->reset_methods, sizeof(pf->reset_methods));
	memset(pf->pdev->reset_methods, 0, sizeof(pf->pdev->reset_methods));
}

static void allow_reset(struct core_pci *pf)
{
	memcpy(pf->pdev->reset_methods, pf->reset_methods, sizeof(pf->reset_methods));
}

/* --------------------------------------------------------------------- life */

static atomic_t devices = ATOMIC_INIT(0);

static void release_aux(struct device *dev)
{
	kfree(to_core_pci(nvvgpu_core_device(to_auxiliary_dev(dev))));
	outstanding_drop(&devices);
}

/* From here on the auxiliary device owns the memory. */
static int init_aux(struct core_pci *pf)
{
	struct auxiliary_device *aux = &pf->device.aux;
	int err;

	aux->name = NVVGPU_CORE_AUX_NAME;
	aux->id = pf->hw.domain_bdf;
	aux->dev.parent = &pf->pdev->dev;
	aux->dev.release = release_aux;
	err = auxiliary_device_init(aux);
	if (!err)
		outstanding_add(&devices);
	return err;
}

static int start(struct core_pci *pf)
{
	int err;

	err = init_aux(pf);
	if (err) {
		kfree(pf);
		return err;
	}
	err = start_core(pf);
	if (err) {
		dev_err(&pf->pdev->dev, "the firmware did not start: %d\n", err);
		goto err_aux;
	}
	pci_set_drvdata(pf->pdev, pf);
	forbid_reset(pf);
	err = auxiliary_device_add(&pf->device.aux);
	if (err)
		goto err_core;
	return 0;

err_core:
	allow_reset(pf);
	stop_core(pf);
err_aux:
	core_hw_fini(pf);
	auxiliary_device_uninit(&pf->device.aux);
	return err;
}

int nvvgpu_core_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct core_pci *pf;
	int err;

	if (pdev->is_virtfn)
		return -ENODEV;
	err = pci_enable_device(pdev);
	if (err)
		return err;
	err = pci_request_mem_regions(pdev, "nvvgpu_core");
	if (err)
		goto err_disable;
	pci_set_master(pdev);
	pf = kzalloc(sizeof(*pf), GFP_KERNEL);
	if (!pf) {
		err = -ENOMEM;
		goto err_regions;
	}
	pf->pdev = pf->device.pdev = pdev;
	mutex_init(&pf->sriov_lock);
	err = core_hw_init(pf);
	if (err) {
		kfree(pf);
		goto err_regions;
	}
	err = start(pf);	/* takes pf */
	if (err)
		goto err_regions;
	return 0;

err_regions:
	pci_clear_master(pdev);
	pci_release_mem_regions(pdev);
err_disable:
	pci_disable_device(pdev);
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_core_probe);

void nvvgpu_core_remove(struct pci_dev *pdev)
{
	struct core_pci *pf = pci_get_drvdata(pdev);

	core_sriov_end(pf);
	auxiliary_device_delete(&pf->device.aux);
	stop_core(pf);
	core_hw_fini(pf);
	allow_reset(pf);
	auxiliary_device_uninit(&pf->device.aux);
	pci_clear_master(pdev);
	pci_release_mem_regions(pdev);
	pci_disable_device(pdev);
}
EXPORT_SYMBOL_GPL(nvvgpu_core_remove);

/* ------------------------------------------------------------------ suspend */

/* The manager, which is a child, has put its state aside already, or refused. */
static int core_suspend(struct device *dev)
{
	stop_core(pci_get_drvdata(to_pci_dev(dev)));
	return 0;
}

static int core_resume(struct device *dev)
{
	struct core_pci *pf = pci_get_drvdata(to_pci_dev(dev));
	int err;

	err = start_core(pf);
	if (err)
		dev_err(dev, "the firmware did not start again: %d\n", err);
	return err;
}

const struct dev_pm_ops nvvgpu_core_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(core_suspend, core_resume)
};
EXPORT_SYMBOL_GPL(nvvgpu_core_pm_ops);

/* ------------------------------------------------------------------- module */

static const struct pci_device_id core_ids[] = {
	{
		PCI_DEVICE_DRIVER_OVERRIDE(VENDOR_NVIDIA, PCI_ANY_ID, 1),
		.class = PCI_BASE_CLASS_DISPLAY << 16, .class_mask = 0xff0000,
	},
	{ }
};

static struct pci_driver core_driver = {
	.name = "nvvgpu_core",
	.id_table = core_ids,
	.probe = nvvgpu_core_probe,
	.remove = nvvgpu_core_remove,
	.sriov_configure = nvvgpu_core_sriov_configure,
	.driver.pm = pm_sleep_ptr(&nvvgpu_core_pm_ops),
};

static int __init core_init(void)
{
	return pci_register_driver(&core_driver);
}

static void __exit core_exit(void)
{
	nvvgpu_core_end_vfs(&core_driver);
	pci_unregister_driver(&core_driver);
	outstanding_wait(&devices);
}

module_init(core_init);
module_exit(core_exit);
MODULE_DESCRIPTION("NVIDIA GPU core driver for vGPU");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION(NVVGPU_VERSION);
