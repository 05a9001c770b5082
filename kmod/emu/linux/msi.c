// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Interrupts: an MSI domain per GPU, of its own.
 *
 * On the bus a message is a write of a function; here the model's thread does what would happen
 * then.  It reads enable bit and masks of the function, takes the message from the function's
 * MSI-X table, and runs the handler.  Messages are isolated as with interrupt remapping: the
 * data is a number among the interrupts of the function that sends it, so that a function whose
 * table a guest can write reaches nobody else's.
 *
 * A masked vector is shown in the pending bits and sent once the mask is gone.  Nobody tells the
 * board of that, the table being plain memory: it looks after each write of a driver, and at
 * intervals while something is pending.
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/msi.h>
#include "glue.h"

#define MESSAGE_ADDRESS 0xfee00000

/* -------------------------------------------------------------- the domain */

static void chip_nop(struct irq_data *data)
{
}

static void chip_compose(struct irq_data *data, struct msi_msg *msg)
{
	msg->address_hi = 0;
	msg->address_lo = MESSAGE_ADDRESS;
	msg->data = data->hwirq % EMU_IRQ_SLOTS;
}

/* Handlers run where the model's thread runs; which CPU is meant is only kept. */
static int chip_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	irq_data_update_effective_affinity(data, mask);
	return IRQ_SET_MASK_OK_DONE;
}

/* What came while the interrupt was disabled is sent again when it is enabled. */
static int chip_retrigger(struct irq_data *data)
{
	struct emu_gpu *gpu = irq_data_get_irq_chip_data(data);

	set_bit(data->hwirq, gpu->retrigger);
	emu_model_kick(gpu);
	return 1;
}

static struct irq_chip chip = {
	.name = KBUILD_MODNAME,
	.irq_ack = chip_nop,
	.irq_mask = chip_nop,
	.irq_unmask = chip_nop,
	.irq_compose_msi_msg = chip_compose,
	.irq_set_affinity = chip_set_affinity,
	.irq_retrigger = chip_retrigger,
};

static int take_slot(struct emu_function *fn)
{
	int slot;

	do {
		slot = find_first_zero_bit(&fn->irq_slots, EMU_IRQ_SLOTS);
		if (slot >= EMU_IRQ_SLOTS)
			return -ENOSPC;
	} while (test_and_set_bit(slot, &fn->irq_slots));
	return slot;
}

static void give_slot(struct emu_gpu *gpu, irq_hw_number_t hwirq)
{
	clear_bit(hwirq % EMU_IRQ_SLOTS, &gpu->functions[hwirq / EMU_IRQ_SLOTS].irq_slots);
	clear_bit(hwirq, gpu->retrigger);
}

static void domain_free(struct irq_domain *domain, unsigned int virq, unsigned int count)
{
	struct irq_data *data;
	unsigned int i;

	for (i = 0; i < count; i++) {
		data = irq_domain_get_irq_data(domain, virq + i);
		give_slot(domain->host_data, data->hwirq);
		irq_domain_reset_irq_data(data);
	}
}

static int domain_alloc(struct irq_domain *domain, unsigned int virq, unsigned int count, void *arg)
{
	msi_alloc_info_t *info = arg;
	struct emu_function *fn;
	unsigned int i;
	int slot;

	fn = emu_bus_function(info->desc->dev);
	if (!fn)
		return -ENODEV;
	for (i = 0; i < count; i++) {
		slot = take_slot(fn);
		if (slot < 0) {
			domain_free(domain, virq, i);
			return slot;
		}
		irq_domain_set_info(domain, virq + i, fn->index * EMU_IRQ_SLOTS + slot, &chip,
				    fn->gpu, handle_edge_irq, NULL, NULL);
	}
	return 0;
}

static const struct irq_domain_ops domain_ops = {
	.alloc = domain_alloc,
	.free = domain_free,
};

static int fwnode_id(struct emu_gpu *gpu)
{
	return gpu->board->domain << 8 | gpu->bus_number;
}

#ifdef NVVGPU_HAVE_MSI_PARENT
#define SUPPORTED_FLAGS (MSI_GENERIC_FLAGS_MASK | MSI_FLAG_PCI_MSIX | MSI_FLAG_PCI_MSIX_ALLOC_DYN)

static bool init_dev_msi_info(struct device *dev, struct irq_domain *domain,
			      struct irq_domain *real_parent, struct msi_domain_info *info)
{
	if (info->bus_token != DOMAIN_BUS_PCI_DEVICE_MSIX)
		return false;
	info->flags &= SUPPORTED_FLAGS;
	info->flags |= MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_USE_DEF_CHIP_OPS;
	info->chip->irq_ack = irq_chip_ack_parent;
	return true;
}

static const struct msi_parent_ops parent_ops = {
	.supported_flags = SUPPORTED_FLAGS,
	.prefix = KBUILD_MODNAME "-",
	.init_dev_msi_info = init_dev_msi_info,
};

static int make_msi_domain(struct emu_gpu *gpu)
{
	gpu->irq_domain->flags |= IRQ_DOMAIN_FLAG_MSI_PARENT | IRQ_DOMAIN_FLAG_ISOLATED_MSI;
	gpu->irq_domain->msi_parent_ops = &parent_ops;
	gpu->msi_domain = gpu->irq_domain;
	return 0;
}

static void remove_msi_domain(struct emu_gpu *gpu)
{
}
#else
static struct irq_chip msi_chip = {
	.name = KBUILD_MODNAME "-MSI",
	.irq_ack = irq_chip_ack_parent,
	.irq_mask = pci_msi_mask_irq,
	.irq_unmask = pci_msi_unmask_irq,
};

static struct msi_domain_info msi_info = {
	.flags = MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_USE_DEF_CHIP_OPS | MSI_FLAG_PCI_MSIX,
	.chip = &msi_chip,
};

static int make_msi_domain(struct emu_gpu *gpu)
{
	gpu->msi_fwnode = irq_domain_alloc_named_id_fwnode(KBUILD_MODNAME "-msi", fwnode_id(gpu));
	if (!gpu->msi_fwnode)
		return -ENOMEM;
	gpu->msi_domain = pci_msi_create_irq_domain(gpu->msi_fwnode, &msi_info, gpu->irq_domain);
	if (!gpu->msi_domain) {
		irq_domain_free_fwnode(gpu->msi_fwnode);
		return -ENOMEM;
	}
	return 0;
}

static void remove_msi_domain(struct emu_gpu *gpu)
{
	irq_domain_remove(gpu->msi_domain);
	irq_domain_free_fwnode(gpu->msi_fwnode);
}
#endif

int emu_msi_init(struct emu_gpu *gpu)
{
	int err = -ENOMEM;

	gpu->irq_fwnode = irq_domain_alloc_named_id_fwnode(KBUILD_MODNAME, fwnode_id(gpu));
	if (!gpu->irq_fwnode)
		return err;
	gpu->irq_domain = irq_domain_create_linear(gpu->irq_fwnode,
						   gpu->function_count * EMU_IRQ_SLOTS,
						   &domain_ops, gpu);
	if (!gpu->irq_domain)
		goto err_fwnode;
	err = make_msi_domain(gpu);
	if (err)
		goto err_domain;
	return 0;

err_domain:
	irq_domain_remove(gpu->irq_domain);
err_fwnode:
	irq_domain_free_fwnode(gpu->irq_fwnode);
	return err;
}

void emu_msi_fini(struct emu_gpu *gpu)
{
	remove_msi_domain(gpu);
	irq_domain_remove(gpu->irq_domain);
	irq_domain_free_fwnode(gpu->irq_fwnode);
}

/* ---------------------------------------------------------------- delivery */

static void __iomem *table_entry(struct emu_function *fn, unsigned int vector)
{
	return fn->registers + emu_function_kind(fn)->layout.msix_table +
	       vector * PCI_MSIX_ENTRY_SIZE;
}

/* The message of a vector, as the function would write it; false: to nowhere. */
static bool message(struct emu_function *fn, unsigned int vector, irq_hw_number_t *hwirq)
{
	void __iomem *entry = table_entry(fn, vector);
	u32 slot = readl(entry + PCI_MSIX_ENTRY_DATA);

	if (readl(entry + PCI_MSIX_ENTRY_UPPER_ADDR) ||
	    readl(entry + PCI_MSIX_ENTRY_LOWER_ADDR) != MESSAGE_ADDRESS || slot >= EMU_IRQ_SLOTS)
		return false;
	*hwirq = fn->index * EMU_IRQ_SLOTS + slot;
	return true;
}

static bool masked(struct emu_function *fn, unsigned int vector)
{
	return readl(table_entry(fn, vector) + PCI_MSIX_ENTRY_VECTOR_CTRL) &
	       PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

static void deliver_vector(struct emu_function *fn, unsigned int vector)
{
	irq_hw_number_t hwirq;

	clear_bit(vector, &fn->raised);
	if (message(fn, vector, &hwirq))
		generic_handle_domain_irq_safe(fn->gpu->irq_domain, hwirq);
}

static void deliver_unmasked(struct emu_function *fn, unsigned long raised)
{
	unsigned int vector;

	for_each_set_bit(vector, &raised, EMU_IRQ_SLOTS)
		if (!masked(fn, vector))
			deliver_vector(fn, vector);
}

/* True: something has to wait.  Without MSI-X a function has no way to interrupt. */
static bool deliver_function(struct emu_function *fn)
{
	const struct emu_config_layout *layout = &emu_function_kind(fn)->layout;
	unsigned long raised = READ_ONCE(fn->raised);
	u16 control;

	if (!raised)
		return false;
	control = emu_config_msix_control(fn);
	if (!(control & PCI_MSIX_FLAGS_ENABLE))
		xchg(&fn->raised, 0);
	else if (!(control & PCI_MSIX_FLAGS_MASKALL))
		deliver_unmasked(fn, raised);
	raised = READ_ONCE(fn->raised);
	writel(raised, fn->registers + layout->msix_pba);
	return raised;
}

bool emu_msi_deliver(struct emu_gpu *gpu)
{
	unsigned int count = gpu->function_count * EMU_IRQ_SLOTS;
	bool pending = false;
	unsigned int i;

	for_each_set_bit(i, gpu->retrigger, count)
		if (test_and_clear_bit(i, gpu->retrigger))
			generic_handle_domain_irq_safe(gpu->irq_domain, i);
	for (i = 0; i < gpu->function_count; i++)
		pending |= deliver_function(&gpu->functions[i]);
	return pending;
}
