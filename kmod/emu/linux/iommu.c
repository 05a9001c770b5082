// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A software IOMMU for the boards' functions and nothing else: each is a group of its own, so
 * that any of them can be given to a guest.  A page table is an xarray of page numbers.  A
 * function reaches what its current table maps, by copying, with the table locked: once an unmap
 * has returned the device no longer touches the page.
 *
 * The kernel's own DMA goes through such a table, too, so that a driver which uses memory that
 * it did not map is found out.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device/bus.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include "glue.h"

#define APERTURE_BITS	48
#define PROT_BITS	2	/* IOMMU_READ and IOMMU_WRITE, below the page number */

struct emu_domain {
	struct iommu_domain domain;
	struct xarray pages;	/* irq-safe lock: the DMA API maps in any context */
};

/*
 * The IOMMU core knows one instance, and counts page tables per driver, not per device.
 * fwnode: ties functions to the instance where another IOMMU serves the rest of the bus.
 */
static struct iommu_device instance;
static struct fwnode_handle *fwnode;
static atomic_t domains = ATOMIC_INIT(0);

static struct emu_domain *to_emu(struct iommu_domain *domain)
{
	return container_of(domain, struct emu_domain, domain);
}

unsigned int emu_iommu_domains(void)
{
	return atomic_read(&domains);
}

/* -------------------------------------------------------------- page table */

static int insert(struct xarray *pages, unsigned long index, void *entry, gfp_t gfp)
{
	unsigned long flags;
	int err;

	xa_lock_irqsave(pages, flags);
	err = __xa_insert(pages, index, entry, (gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_NOWARN);
	xa_unlock_irqrestore(pages, flags);
	if (err == -ENOMEM && gfpflags_allow_blocking(gfp))	/* interrupts are on, then */
		err = xa_insert_irq(pages, index, entry, gfp);
	return err == -EBUSY ? -EEXIST : err;
}

static int domain_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
		      size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	struct xarray *pages = &to_emu(domain)->pages;
	int err;

	for (; pgcount; pgcount--, iova += pgsize, paddr += pgsize) {
		err = insert(pages, iova >> PAGE_SHIFT,
			     xa_mk_value((paddr >> PAGE_SHIFT) << PROT_BITS |
					 (prot & (IOMMU_READ | IOMMU_WRITE))), gfp);
		if (err)
			return err;
		*mapped += pgsize;
	}
	return 0;
}

static size_t domain_unmap(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
			   size_t pgcount, struct iommu_iotlb_gather *gather)
{
	struct xarray *pages = &to_emu(domain)->pages;
	unsigned long flags;
	size_t i;

	for (i = 0; i < pgcount; i++) {
		xa_lock_irqsave(pages, flags);
		__xa_erase(pages, (iova >> PAGE_SHIFT) + i);
		xa_unlock_irqrestore(pages, flags);
	}
	return pgcount * pgsize;
}

static phys_addr_t domain_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	void *entry = xa_load(&to_emu(domain)->pages, iova >> PAGE_SHIFT);

	if (!entry)
		return 0;
	return PFN_PHYS(xa_to_value(entry) >> PROT_BITS) | offset_in_page(iova);
}

/* ------------------------------------------------------------------ domains */

/*
 * Whoever takes a function away from the kernel, VFIO as a rule, attaches a domain of its own,
 * or one that blocks.  A board about to go gives no function to anybody.
 */
static int attach(struct device *dev, struct emu_domain *domain, bool held)
{
	struct emu_function *fn = dev_iommu_priv_get(dev);
	int err = 0;

	spin_lock(&fn->gpu->iommu_lock);
	if (fn->gpu->leaving && held && domain) {
		err = -ENODEV;
	} else {
		fn->domain = domain;
		fn->held = held;
	}
	spin_unlock(&fn->gpu->iommu_lock);
	return err;
}

static int domain_attach(EMU_ATTACH_ARGS)
{
	return attach(dev, domain->type == IOMMU_DOMAIN_BLOCKED ? NULL : to_emu(domain),
		      !(domain->type & __IOMMU_DOMAIN_DMA_API));
}

static void domain_free(struct iommu_domain *domain)
{
	xa_destroy(&to_emu(domain)->pages);
	kfree(to_emu(domain));
	atomic_dec(&domains);
	module_put(THIS_MODULE);
}

static const struct iommu_domain_ops domain_ops = {
	.attach_dev = domain_attach,
	.map_pages = domain_map,
	.unmap_pages = domain_unmap,
	.iova_to_phys = domain_iova_to_phys,
	.free = domain_free,
};

/* A domain may outlive its device, in iommufd for one: it needs this module until it is freed. */
static struct iommu_domain *make_domain(void)
{
	struct emu_domain *domain;

	if (!try_module_get(THIS_MODULE))
		return NULL;
	domain = kzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);
	if (!domain) {
		module_put(THIS_MODULE);
		return NULL;
	}
	xa_init_flags(&domain->pages, XA_FLAGS_LOCK_IRQ);
	domain->domain.ops = &domain_ops;
	domain->domain.pgsize_bitmap = PAGE_SIZE;
	domain->domain.geometry.aperture_end = DMA_BIT_MASK(APERTURE_BITS);
	domain->domain.geometry.force_aperture = true;
	atomic_inc(&domains);
	return &domain->domain;
}

#ifdef NVVGPU_HAVE_IOMMU_ALLOC_PAGING
static struct iommu_domain *ops_alloc_paging(struct device *dev)
{
	return make_domain();
}

static int blocked_attach(EMU_ATTACH_ARGS)
{
	return attach(dev, NULL, true);
}

static const struct iommu_domain_ops blocked_ops = {
	.attach_dev = blocked_attach,
};

static struct iommu_domain blocked = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &blocked_ops,
};
#else
/* A blocked domain is one without mappings. */
static struct iommu_domain *ops_alloc(unsigned int type)
{
	switch (type) {
	case IOMMU_DOMAIN_BLOCKED:
	case IOMMU_DOMAIN_UNMANAGED:
	case IOMMU_DOMAIN_DMA:
	case IOMMU_DOMAIN_DMA_FQ:
		return make_domain();
	default:
		return NULL;
	}
}

static void ops_probe_finalize(struct device *dev)
{
	iommu_setup_dma_ops(dev, 0, U64_MAX);	/* later kernels do it themselves */
}
#endif

/* ---------------------------------------------------------------- instance */

static bool ops_capable(struct device *dev, enum iommu_cap cap)
{
#ifdef NVVGPU_HAVE_IOMMU_CAP_INTR_REMAP
	if (cap == IOMMU_CAP_INTR_REMAP)	/* asked of the irq domain later, see msi.c */
		return true;
#endif
	return cap == IOMMU_CAP_CACHE_COHERENCY;
}

static int ops_def_domain_type(struct device *dev)
{
	return IOMMU_DOMAIN_DMA;
}

static struct iommu_device *ops_probe_device(struct device *dev)
{
	struct emu_function *fn = emu_bus_function(dev);

	if (!fn)
		return ERR_PTR(-ENODEV);
	dev_iommu_priv_set(dev, fn);
	return &instance;
}

static void ops_release_device(struct device *dev)
{
	attach(dev, NULL, false);
}

static const struct iommu_ops ops = {
	.capable = ops_capable,
	.def_domain_type = ops_def_domain_type,
	.probe_device = ops_probe_device,
	.release_device = ops_release_device,
	.device_group = generic_device_group,
	.default_domain_ops = &domain_ops,
	.owner = THIS_MODULE,
#ifdef NVVGPU_HAVE_IOMMU_ALLOC_PAGING
	.domain_alloc_paging = ops_alloc_paging,
	.blocked_domain = &blocked,
	.release_domain = &blocked,
#else
	.domain_alloc = ops_alloc,
	.probe_finalize = ops_probe_finalize,
	.pgsize_bitmap = PAGE_SIZE,
#endif
};

/*
 * Up to 6.6 the registration leaves the ops in the buses and nobody takes them out: the next
 * device of such a bus would call into an unloaded module.
 */
static void forget_bus_ops(void)
{
#ifdef NVVGPU_HAVE_BUS_IOMMU_OPS
	if (pci_bus_type.iommu_ops == &ops)
		pci_bus_type.iommu_ops = NULL;
	if (platform_bus_type.iommu_ops == &ops)
		platform_bus_type.iommu_ops = NULL;
#endif
}

static int has_iommu(struct device *dev, void *data)
{
	struct iommu_group *group = iommu_group_get(dev);

	iommu_group_put(group);
	return !!group;
}

int emu_iommu_init(void)
{
	int err;

	if (bus_for_each_dev(&pci_bus_type, NULL, NULL, has_iommu)) {
		fwnode = fwnode_create_software_node(NULL, NULL);
		if (IS_ERR(fwnode)) {
			err = PTR_ERR(fwnode);
			fwnode = NULL;
			return err;
		}
		instance.fwnode = fwnode;
	}
	err = iommu_device_sysfs_add(&instance, NULL, NULL, KBUILD_MODNAME);
	if (err)
		goto err_fwnode;
	err = iommu_device_register(&instance, &ops, NULL);
	if (err)
		goto err_sysfs;
	return 0;

err_sysfs:
	if (err == -EBUSY)
		pr_err("this kernel takes one kind of IOMMU only: boot with intel_iommu=off or amd_iommu=off\n");
	forget_bus_ops();
	iommu_device_sysfs_remove(&instance);
err_fwnode:
	fwnode_remove_software_node(fwnode);
	return err;
}

void emu_iommu_exit(void)
{
	iommu_device_unregister(&instance);
	forget_bus_ops();
	iommu_device_sysfs_remove(&instance);
	fwnode_remove_software_node(fwnode);
}

/*
 * Beside another IOMMU the core has to be told that this one is meant.  It is not done without
 * need: on kernels with lock debugging it warns of a lock of the core's that nobody else can take.
 */
int emu_iommu_prepare(struct device *dev)
{
	if (!fwnode)
		return 0;
#ifdef NVVGPU_HAVE_IOMMU_FWSPEC_OPS
	return iommu_fwspec_init(dev, fwnode, &ops);
#else
	return iommu_fwspec_init(dev, fwnode);
#endif
}

/* ------------------------------------------------------------------ leaving */

int emu_iommu_leave(struct emu_gpu *gpu)
{
	unsigned int i;
	int err = 0;

	spin_lock(&gpu->iommu_lock);
	for (i = 0; i < gpu->function_count; i++)
		if (gpu->functions[i].held)
			err = -EBUSY;
	gpu->leaving = !err;
	spin_unlock(&gpu->iommu_lock);
	return err;
}

void emu_iommu_stay(struct emu_gpu *gpu)
{
	spin_lock(&gpu->iommu_lock);
	gpu->leaving = false;
	spin_unlock(&gpu->iommu_lock);
}

/* ---------------------------------------------------------------------- DMA */

/* xa_load() takes no lock: what it finds may be gone by the time it is used. */
static void *find_entry(struct emu_function *fn, u64 bus)
{
	void *entry = NULL;

	spin_lock(&fn->gpu->iommu_lock);
	if (fn->domain)
		entry = xa_load(&fn->domain->pages, bus >> PAGE_SHIFT);
	spin_unlock(&fn->gpu->iommu_lock);
	return entry;
}

static void copy(unsigned long pfn, unsigned int offset, void *buf, size_t len, bool write)
{
	void *page = kmap_local_page(pfn_to_page(pfn));

	if (write)
		memcpy(page + offset, buf, len);
	else
		memcpy(buf, page + offset, len);
	kunmap_local(page);
}

/* -EAGAIN: the mapping is another one by now. */
static int copy_if(struct emu_function *fn, void *entry, u64 bus, void *buf, size_t len,
		   bool write)
{
	struct xarray *pages;
	unsigned long flags;
	int err = -EAGAIN;

	spin_lock(&fn->gpu->iommu_lock);
	if (fn->domain) {
		pages = &fn->domain->pages;
		xa_lock_irqsave(pages, flags);
		if (xa_load(pages, bus >> PAGE_SHIFT) == entry) {
			copy(xa_to_value(entry) >> PROT_BITS, offset_in_page(bus), buf, len, write);
			err = 0;
		}
		xa_unlock_irqrestore(pages, flags);
	}
	spin_unlock(&fn->gpu->iommu_lock);
	return err;
}

/*
 * Within one page.  Only the machine's memory can be reached, not another device's BAR: whether
 * a page is that takes a lock which must not be taken with the table's.
 */
static int access_page(struct emu_function *fn, u64 bus, void *buf, size_t len, bool write)
{
	void *entry;
	int err;

	do {
		entry = find_entry(fn, bus);
		if (!entry || !(xa_to_value(entry) & (write ? IOMMU_WRITE : IOMMU_READ)) ||
		    !page_is_ram(xa_to_value(entry) >> PROT_BITS))
			return -EFAULT;
		err = copy_if(fn, entry, bus, buf, len, write);
	} while (err == -EAGAIN);
	return err;
}

static int access(struct emu_function *fn, u64 bus, void *buf, size_t len, bool write)
{
	size_t part;
	int err;

	if (!emu_config_bus_master(fn) || bus + len < bus)
		return -EFAULT;
	for (; len; len -= part, bus += part, buf += part) {
		part = min_t(size_t, len, PAGE_SIZE - offset_in_page(bus));
		err = access_page(fn, bus, buf, part, write);
		if (err)
			return err;
	}
	return 0;
}

int emu_iommu_read(struct emu_function *fn, u64 bus, void *buf, size_t len)
{
	return access(fn, bus, buf, len, false);
}

int emu_iommu_write(struct emu_function *fn, u64 bus, const void *buf, size_t len)
{
	return access(fn, bus, (void *)buf, len, true);
}
