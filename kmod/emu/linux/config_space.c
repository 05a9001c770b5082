// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Configuration space of the functions: the image that both kinds of emulated host share, and
 * behind it what a register does.  Root can write anything here: what comes out is at worst a
 * function that does not work until its next reset.
 *
 * A BAR can be moved by whoever insists; it reads as written, and its memory stays where it is.
 *
 * The accessors run in any context and under raw locks of the PCI core, so theirs is one too.
 */
#include <linux/io.h>
#include <linux/slab.h>
#include "glue.h"

#define MSIX_ENTRY_BYTES	PCI_MSIX_ENTRY_SIZE
#define CAP_MSIX_BYTES		12
#define CAPS_MAX		48	/* more do not fit, a longer chain is a loop */
#define HDA_ENABLE		0x488	/* a quirk of the kernel sets it otherwise, and says so */
#define HDA_ENABLE_BIT		BIT(25)

#define PF_COMMAND (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | \
		    PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE)
#define PF_DEVCTL (PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | \
		   PCI_EXP_DEVCTL_URRE | PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD | \
		   PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ)
#define PF_LNKCTL (PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES)
#define SRIOV_CTRL (PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE | PCI_SRIOV_CTRL_ARI)

static u16 get16(const u8 *at)
{
	return get_unaligned_le16(at);
}

static u32 get32(const u8 *at)
{
	return get_unaligned_le32(at);
}

static void put16(u8 *at, u16 val)
{
	put_unaligned_le16(val, at);
}

static void put32(u8 *at, u32 val)
{
	put_unaligned_le32(val, at);
}

/* ------------------------------------------------------------------ images */

static u8 find_cap(const u8 *image, u8 id)
{
	u8 at = image[PCI_CAPABILITY_LIST];
	int i;

	for (i = 0; at && i < CAPS_MAX; i++, at = image[at + PCI_CAP_LIST_NEXT])
		if (image[at] == id)
			return at;
	return 0;
}

static u8 last_cap(const u8 *image)
{
	u8 at = image[PCI_CAPABILITY_LIST];
	int i;

	for (i = 0; image[at + PCI_CAP_LIST_NEXT] && i < CAPS_MAX; i++)
		at = image[at + PCI_CAP_LIST_NEXT];
	return at;
}

/* Offset of an extended capability and of the one before it; 0: not there. */
static u16 find_ext_cap(const u8 *image, u16 id, u16 *before)
{
	u16 at = PCI_CFG_SPACE_SIZE;
	u32 header;

	*before = 0;
	while (at) {
		header = get32(image + at);
		if (PCI_EXT_CAP_ID(header) == id)
			return at;
		*before = at;
		at = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

static void find_layout(struct emu_config_kind *kind)
{
	struct emu_config_layout *layout = &kind->layout;
	const u8 *image = kind->image;
	u16 before;

	layout->pm = find_cap(image, PCI_CAP_ID_PM);
	layout->pcie = find_cap(image, PCI_CAP_ID_EXP);
	layout->msix = find_cap(image, PCI_CAP_ID_MSIX);
	layout->vendor = find_cap(image, PCI_CAP_ID_VNDR);
	layout->sriov = find_ext_cap(image, PCI_EXT_CAP_ID_SRIOV, &before);
	layout->vectors = (get16(image + layout->msix + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) + 1;
	layout->msix_table = get32(image + layout->msix + PCI_MSIX_TABLE) & PCI_MSIX_TABLE_OFFSET;
	layout->msix_pba = get32(image + layout->msix + PCI_MSIX_PBA) & PCI_MSIX_PBA_OFFSET;
}

/* ../pv.h, behind the last capability. */
static void add_vendor_cap(struct emu_config_kind *kind)
{
	u8 *image = kind->image;
	u8 at = ALIGN(find_cap(image, PCI_CAP_ID_MSIX) + CAP_MSIX_BYTES, 16);

	image[last_cap(image) + PCI_CAP_LIST_NEXT] = at;
	image[at] = PCI_CAP_ID_VNDR;
	image[at + PCI_CAP_FLAGS] = NVVGPU_PV_CAP_BYTES;
	image[at + PCI_CAP_FLAGS + 1] = NVVGPU_PV_VERSION;
	put32(image + at + NVVGPU_PV_CAP_MAGIC, NVVGPU_PV_MAGIC);
	put32(kind->writable + at + NVVGPU_PV_CAP_ADDRESS, U32_MAX);
}

/* No resizable BARs: their place is fixed. */
static void drop_ext_cap(u8 *image, u16 id)
{
	u16 before, at = find_ext_cap(image, id, &before);
	u32 next;

	if (!at || !before)
		return;
	next = get32(image + at) & ~GENMASK(19, 0);
	put32(image + before, (get32(image + before) & GENMASK(19, 0)) | next);
	memset(image + at, 0, 12);
}

static void put_bar(struct emu_config_kind *kind, u16 at, u64 address, u64 bytes)
{
	u32 flags = get32(kind->image + at);

	put32(kind->image + at, flags | lower_32_bits(address));
	put32(kind->writable + at, ~(lower_32_bits(bytes) - 1));
	if (!(flags & PCI_BASE_ADDRESS_MEM_TYPE_64))
		return;
	put32(kind->image + at + 4, upper_32_bits(address));
	put32(kind->writable + at, lower_32_bits(~(bytes - 1)));
	put32(kind->writable + at + 4, upper_32_bits(~(bytes - 1)));
}

static void put_sriov(struct emu_config_kind *kind, struct emu_gpu *gpu)
{
	u16 at = kind->layout.sriov;
	u16 bars = at + PCI_SRIOV_BAR;

	if (!at)
		return;
	/* without VFs, whoever drives the PF turns them on */
	put16(kind->image + at + PCI_SRIOV_CTRL, 0);
	put16(kind->image + at + PCI_SRIOV_NUM_VF, 0);
	put16(kind->writable + at + PCI_SRIOV_CTRL, SRIOV_CTRL);
	put16(kind->writable + at + PCI_SRIOV_NUM_VF, U16_MAX);
	put32(kind->writable + at + PCI_SRIOV_SYS_PGSIZE,
	      get32(kind->image + at + PCI_SRIOV_SUP_PGSIZE));
	put_bar(kind, bars, gpu->bars.vf_bar0, gpu->data->vf_bar_bytes[0]);
	put_bar(kind, bars + 4, gpu->bars.vf_bar1, gpu->data->vf_bar_bytes[1]);
	put_bar(kind, bars + 12, gpu->bars.vf_bar3, gpu->data->vf_bar_bytes[2]);
}

/* What PF and VFs have in common. */
static void put_common(struct emu_config_kind *kind)
{
	const struct emu_config_layout *layout = &kind->layout;
	u8 *image = kind->image, *writable = kind->writable;

	put16(image + PCI_COMMAND, 0);
	image[PCI_INTERRUPT_PIN] = 0;	/* MSI-X or nothing */
	put32(image + HDA_ENABLE, HDA_ENABLE_BIT);
	put16(image + layout->pm + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
	put16(writable + layout->pm + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
	put16(writable + layout->msix + PCI_MSIX_FLAGS,
	      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

static void make_pf(struct emu_gpu *gpu)
{
	struct emu_config_kind *kind = gpu->pf_kind;
	u8 *writable = kind->writable;
	u16 pcie;

	nvvgpu_emu_config_image(gpu->data, -1, kind->image);
	drop_ext_cap(kind->image, PCI_EXT_CAP_ID_REBAR);
	add_vendor_cap(kind);
	find_layout(kind);
	put_common(kind);
	pcie = kind->layout.pcie;
	put16(writable + PCI_COMMAND, PF_COMMAND);
	writable[PCI_CACHE_LINE_SIZE] = U8_MAX;
	writable[PCI_INTERRUPT_LINE] = U8_MAX;
	put16(writable + pcie + PCI_EXP_DEVCTL, PF_DEVCTL);
	put16(writable + pcie + PCI_EXP_DEVCTL2, PCI_EXP_DEVCTL2_COMP_TIMEOUT);
	put16(writable + pcie + PCI_EXP_LNKCTL, PF_LNKCTL);
	put16(writable + pcie + PCI_EXP_LNKCTL2, PCI_EXP_LNKCTL2_TLS);
	put_bar(kind, PCI_BASE_ADDRESS_0, gpu->bars.bar0, EMU_PF_BAR0_BYTES);
	put_bar(kind, PCI_BASE_ADDRESS_1, gpu->bars.bar1, gpu->data->bar1_bytes);
	put_bar(kind, PCI_BASE_ADDRESS_3, gpu->bars.bar3, EMU_BAR3_BYTES);
	put_sriov(kind, gpu);
}

/* SR-IOV 1.1, 3.4.1: a VF's ids read as ones, its memory is enabled in the PF. */
static void make_vf(struct emu_gpu *gpu)
{
	struct emu_config_kind *kind = gpu->vf_kind;

	nvvgpu_emu_config_image(gpu->data, 0, kind->image);
	find_layout(kind);
	put_common(kind);
	put16(kind->image + PCI_VENDOR_ID, U16_MAX);
	put16(kind->image + PCI_DEVICE_ID, U16_MAX);
	/* its reset is over when the write returns: nobody has to wait 100 ms */
	put16(kind->image + PCI_STATUS, get16(kind->image + PCI_STATUS) | PCI_STATUS_IMM_READY);
	put16(kind->writable + PCI_COMMAND, PCI_COMMAND_MASTER);
}

static bool msix_fits(const struct emu_config_layout *layout, u64 bar_bytes)
{
	return layout->msix && layout->pcie && layout->pm && layout->vectors <= EMU_IRQ_SLOTS &&
	       layout->msix_table + layout->vectors * MSIX_ENTRY_BYTES <= bar_bytes &&
	       layout->msix_pba + sizeof(u64) <= bar_bytes;
}

int emu_config_init(struct emu_gpu *gpu)
{
	unsigned int i;

	raw_spin_lock_init(&gpu->config_lock);
	gpu->pf_kind = kvzalloc(sizeof(*gpu->pf_kind), GFP_KERNEL);
	gpu->vf_kind = kvzalloc(sizeof(*gpu->vf_kind), GFP_KERNEL);
	if (!gpu->pf_kind || !gpu->vf_kind) {
		emu_config_fini(gpu);
		return -ENOMEM;
	}
	make_pf(gpu);
	make_vf(gpu);
	if (WARN_ON(!msix_fits(&gpu->pf_kind->layout, EMU_PF_BAR0_BYTES)) ||
	    WARN_ON(gpu->data->vfs_total &&
		    !msix_fits(&gpu->vf_kind->layout, gpu->data->vf_bar_bytes[0]))) {
		emu_config_fini(gpu);
		return -EINVAL;
	}
	for (i = 0; i < gpu->function_count; i++)
		memcpy(gpu->functions[i].config, emu_function_kind(&gpu->functions[i])->image,
		       EMU_CONFIG_BYTES);
	return 0;
}

void emu_config_fini(struct emu_gpu *gpu)
{
	kvfree(gpu->vf_kind);
	kvfree(gpu->pf_kind);
	gpu->pf_kind = NULL;
	gpu->vf_kind = NULL;
}

/* ------------------------------------------------- all below under the lock */

static u8 *sriov_reg(struct emu_gpu *gpu, u16 reg)
{
	return gpu->functions[0].config + gpu->pf_kind->layout.sriov + reg;
}

static bool vfs_enabled(struct emu_gpu *gpu)
{
	return gpu->pf_kind->layout.sriov && !gpu->resetting &&
	       (get16(sriov_reg(gpu, PCI_SRIOV_CTRL)) & PCI_SRIOV_CTRL_VFE);
}

static bool answers(struct emu_function *fn)
{
	struct emu_gpu *gpu = fn->gpu;

	if (emu_function_is_pf(fn))
		return !gpu->resetting;
	return vfs_enabled(gpu) && fn->index <= get16(sriov_reg(gpu, PCI_SRIOV_NUM_VF));
}

static void reset_config(struct emu_function *fn)
{
	memcpy(fn->config, emu_function_kind(fn)->image, EMU_CONFIG_BYTES);
}

static void reset_vf_configs(struct emu_gpu *gpu)
{
	unsigned int i;

	for (i = 1; i < gpu->function_count; i++)
		reset_config(&gpu->functions[i]);
}

/* Takes VFs and writes under way with it; what the model has follows in its own thread. */
static void reset_pf(struct emu_gpu *gpu)
{
	reset_config(&gpu->functions[0]);
	reset_vf_configs(gpu);
	gpu->writes_count = 0;
	gpu->resetting = true;
}

static void announce(struct emu_gpu *gpu, u32 address, u32 value)
{
	struct emu_write *write;

	if (gpu->writes_count == ARRAY_SIZE(gpu->writes)) {
		gpu->writes_lost++;
		return;
	}
	write = &gpu->writes[(gpu->writes_head + gpu->writes_count) % ARRAY_SIZE(gpu->writes)];
	write->address = address;
	write->value = value;
	gpu->writes_count++;
}

/* ------------------------------------------------------------------- reads */

static bool touches(int where, int size, int reg, int bytes)
{
	return where < reg + bytes && reg < where + size;
}

static u32 load(struct emu_function *fn, int where, int size)
{
	const struct emu_config_layout *layout = &emu_function_kind(fn)->layout;
	u8 raw[sizeof(u32)] = { 0 };
	int room = layout->vendor + NVVGPU_PV_CAP_DATA;

	if (layout->vendor && touches(where, size, room, sizeof(u32)))
		put32(fn->config + room, NVVGPU_PV_QUEUE - fn->gpu->writes_count);
	memcpy(raw, fn->config + where, size);
	return get32(raw);
}

int emu_config_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	struct emu_gpu *gpu = container_of(bus->sysdata, struct emu_gpu, sysdata);
	struct emu_function *fn = emu_gpu_function(gpu, devfn);
	unsigned long flags;

	PCI_SET_ERROR_RESPONSE(val);
	if (!fn || where < 0 || size > sizeof(u32) || where > EMU_CONFIG_BYTES - size)
		return PCIBIOS_DEVICE_NOT_FOUND;
	raw_spin_lock_irqsave(&gpu->config_lock, flags);
	if (answers(fn))
		*val = load(fn, where, size);
	raw_spin_unlock_irqrestore(&gpu->config_lock, flags);
	return PCIBIOS_SUCCESSFUL;
}

/* ------------------------------------------------------------------ writes */

/* What has to follow a write once the lock is free, before it returns. */
struct after {
	bool kick;			/* the model's thread has something to do */
	unsigned int clear_first;	/* functions whose BAR0 is to be cleared */
	unsigned int clear_count;
};

static void store(struct emu_function *fn, int where, int size, u32 val)
{
	const u8 *writable = emu_function_kind(fn)->writable;
	u8 raw[sizeof(u32)], *at;
	int i;

	put32(raw, val);
	for (i = 0; i < size; i++) {
		at = fn->config + where + i;
		*at = (*at & ~writable[where + i]) | (raw[i] & writable[where + i]);
	}
}

/* The bits that a write sets in the register at reg. */
static u16 written16(int where, int size, u32 val, int reg)
{
	u16 bits = 0;
	int i;

	for (i = 0; i < sizeof(bits); i++)
		if (reg + i >= where && reg + i < where + size)
			bits |= (val >> 8 * (reg + i - where) & 0xff) << 8 * i;
	return bits;
}

static void write_sriov(struct emu_gpu *gpu, int where, int size, u32 val, struct after *after)
{
	u16 num_vfs = get16(sriov_reg(gpu, PCI_SRIOV_NUM_VF));
	bool enabled = vfs_enabled(gpu);

	store(&gpu->functions[0], where, size, val);
	if (enabled)			/* the number is fixed while there are VFs */
		put16(sriov_reg(gpu, PCI_SRIOV_NUM_VF), num_vfs);
	if (enabled && !vfs_enabled(gpu)) {
		reset_vf_configs(gpu);
		after->clear_first = 1;
		after->clear_count = min_t(unsigned int, num_vfs, gpu->function_count - 1);
	}
}

static void write_pf(struct emu_function *fn, int where, int size, u32 val, struct after *after)
{
	const struct emu_config_layout *layout = &emu_function_kind(fn)->layout;
	int data = layout->vendor + NVVGPU_PV_CAP_DATA;

	if (where == data && size == sizeof(u32)) {
		announce(fn->gpu, get32(fn->config + layout->vendor + NVVGPU_PV_CAP_ADDRESS), val);
		after->kick = true;
	} else if (layout->sriov &&
		   touches(where, size, layout->sriov, PCI_EXT_CAP_SRIOV_SIZEOF)) {
		write_sriov(fn->gpu, where, size, val, after);
	} else {
		store(fn, where, size, val);
	}
}

static void write(struct emu_function *fn, int where, int size, u32 val, struct after *after)
{
	const struct emu_config_layout *layout = &emu_function_kind(fn)->layout;
	int devctl = layout->pcie + PCI_EXP_DEVCTL;

	if (emu_function_is_pf(fn))
		write_pf(fn, where, size, val, after);
	else
		store(fn, where, size, val);

	/* interrupts may have become possible */
	if (touches(where, size, layout->msix + PCI_MSIX_FLAGS, sizeof(u16)) ||
	    touches(where, size, PCI_COMMAND, sizeof(u16)))
		after->kick = true;

	if (!(written16(where, size, val, devctl) & PCI_EXP_DEVCTL_BCR_FLR))
		return;
	if (emu_function_is_pf(fn)) {
		reset_pf(fn->gpu);
		after->kick = true;
	} else {
		reset_config(fn);
		after->clear_first = fn->index;
		after->clear_count = 1;
	}
}

int emu_config_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	struct emu_gpu *gpu = container_of(bus->sysdata, struct emu_gpu, sysdata);
	struct emu_function *fn = emu_gpu_function(gpu, devfn);
	struct after after = { 0 };
	unsigned long flags;

	if (!fn || where < 0 || size > sizeof(u32) || where > EMU_CONFIG_BYTES - size)
		return PCIBIOS_DEVICE_NOT_FOUND;
	raw_spin_lock_irqsave(&gpu->config_lock, flags);
	if (answers(fn))
		write(fn, where, size, val, &after);
	raw_spin_unlock_irqrestore(&gpu->config_lock, flags);

	for (; after.clear_count; after.clear_count--, after.clear_first++)
		emu_function_clear(&gpu->functions[after.clear_first]);
	if (after.kick)
		emu_model_kick(gpu);
	return PCIBIOS_SUCCESSFUL;
}

/* ----------------------------------------------------- for the other files */

static u16 config16(struct emu_function *fn, u16 reg)
{
	unsigned long flags;
	u16 val = 0;

	raw_spin_lock_irqsave(&fn->gpu->config_lock, flags);
	if (answers(fn))
		val = get16(fn->config + reg);
	raw_spin_unlock_irqrestore(&fn->gpu->config_lock, flags);
	return val;
}

bool emu_config_bus_master(struct emu_function *fn)
{
	return config16(fn, PCI_COMMAND) & PCI_COMMAND_MASTER;
}

u16 emu_config_msix_control(struct emu_function *fn)
{
	if (!emu_config_bus_master(fn))
		return 0;
	return config16(fn, emu_function_kind(fn)->layout.msix + PCI_MSIX_FLAGS);
}

bool emu_config_take_write(struct emu_gpu *gpu, struct emu_write *write)
{
	unsigned long flags;
	bool any;

	raw_spin_lock_irqsave(&gpu->config_lock, flags);
	any = gpu->writes_count;
	if (any) {
		*write = gpu->writes[gpu->writes_head];
		gpu->writes_head = (gpu->writes_head + 1) % ARRAY_SIZE(gpu->writes);
		gpu->writes_count--;
	}
	raw_spin_unlock_irqrestore(&gpu->config_lock, flags);
	return any;
}

u64 emu_config_writes_lost(struct emu_gpu *gpu)
{
	unsigned long flags;
	u64 lost;

	raw_spin_lock_irqsave(&gpu->config_lock, flags);
	lost = gpu->writes_lost;
	raw_spin_unlock_irqrestore(&gpu->config_lock, flags);
	return lost;
}

bool emu_config_resetting(struct emu_gpu *gpu)
{
	unsigned long flags;
	bool resetting;

	raw_spin_lock_irqsave(&gpu->config_lock, flags);
	resetting = gpu->resetting;
	raw_spin_unlock_irqrestore(&gpu->config_lock, flags);
	return resetting;
}

void emu_config_reset_done(struct emu_gpu *gpu)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&gpu->config_lock, flags);
	gpu->resetting = false;
	raw_spin_unlock_irqrestore(&gpu->config_lock, flags);
}
