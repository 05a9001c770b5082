// SPDX-License-Identifier: MIT
/*
 * Plays the first RFC's vGPU manager on whatever offers the RFC's interface: takes the board of
 * each virtual function it finds, uploads type 869, makes two vGPUs, speaks to their plugin
 * tasks by loads and stores in BAR1 and by the doorbell in the function's BAR0, ends all and
 * gives all back.  It does as that manager is known to do, its omissions included: no type and
 * no PCI domain at boot, no payload in the first message.
 *
 * Written from the published numbers and offsets, without our own headers.  Its results go into
 * the kernel log, and it fails to load when one is bad.  With keep=1 the vGPUs stay booted until
 * it is unloaded.
 */
#include <linux/bitmap.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <drm/nvkm_vgpu_mgr_vfio.h>

#define NAME "rfc_client: "

/* controls */
#define CTRL_VMMU_SEGMENT	0x2080017e
#define CTRL_BOOTLOAD		0x20804001
#define CTRL_SHUTDOWN		0x20804002
#define CTRL_ADD_TYPE		0x20804003
#define CTRL_CLEANUP		0x20804008

/* upload of types: discard, count, then the types */
#define UPLOAD_BYTES		316936
#define UPLOAD_DISCARD		0
#define UPLOAD_COUNT		4
#define UPLOAD_TYPE		8
#define TYPE_ID			0
#define TYPE_NAME		4
#define TYPE_CLASS		36
#define TYPE_STRING		32
#define TYPE_MAX_INSTANCE	324
#define TYPE_HEADS		328
#define TYPE_MAX_X		332
#define TYPE_MAX_Y		336
#define TYPE_MAX_PIXELS		340
#define TYPE_FRL_CONFIG		344
#define TYPE_VDEV_ID		368
#define TYPE_PDEV_ID		376
#define TYPE_PROFILE_SIZE	384
#define TYPE_FB_LENGTH		392
#define TYPE_HEAP_SIZE		400
#define TYPE_MAPPABLE_VIDEO	416
#define TYPE_ENCODER		424
#define TYPE_BAR1_LENGTH	432
#define TYPE_FRL_ENABLE		440
#define TYPE_EXCLUSIVE		4936

/* bootload */
#define BOOT_BYTES		6496
#define BOOT_DBDF		0
#define BOOT_GFID		4
#define BOOT_CHANNELS		20
#define BOOT_CHID_OFFSET	28
#define BOOT_SEGMENTS		280
#define BOOT_FB_ADDRESS		288
#define BOOT_FB_LENGTH		3360
#define BOOT_HEAP_ADDRESS	6432
#define BOOT_HEAP_LENGTH	6440
#define BOOT_INIT_LOG		6456
#define BOOT_VGPU_LOG		6472
#define MAX_ENGINES		0x3e

/* the management heap */
#define HEAP_CTRL		0x0000
#define CTRL_VERSION		0
#define CTRL_TYPE		4
#define CTRL_SEQ		8
#define CTRL_RESP_OFFSET	16
#define CTRL_MSG_OFFSET		24
#define CTRL_MIG_OFFSET		32
#define CTRL_ERR_OFFSET		40
#define CTRL_MIG_CPU		48
#define CTRL_MIG_RUNS		52
#define HEAP_RESP		0x1000
#define RESP_SEQ		0
#define RESP_RESULT		4
#define RESP_MIG_GSP		12
#define HEAP_MSG		0x2000
#define HEAP_MIG		0x3000
#define HEAP_ERR		0x203000
#define HEAP_LOG		0x204000
#define LOG_BYTES		0x20000
#define MAGIC			0x4e654a6f
#define DOORBELL		(0xb80000 + 0x2200)

/* messages */
#define MSG_VERSION		1
#define MSG_CONFIG		2
#define MSG_STOP		4
#define MSG_SAVE		6
#define MSG_RESUME		10
#define MSG_CONSOLE		11
#define MSG_BUS_MASTER		13
#define CFG_BYTES		88
#define CFG_DBDF		16
#define CFG_INSTANCE		24
#define CFG_TYPE		28
#define CFG_CHANNELS		40
#define CFG_MIGRATION	52
#define CFG_HYPERVISOR	56
#define CFG_ARCH		60
#define CFG_PAGE		64
#define CFG_MIG_SUPPORTED	76
#define CFG_VNC		78
#define CFG_NONSTALL		79

#define TYPE			869
#define FB_BYTES		SZ_1G
#define HEAP_BYTES		SZ_32M
#define CHANNELS		512
#define VGPUS			2
#define START_US		(10 * USEC_PER_SEC)
#define CALL_US			(120 * USEC_PER_SEC)

struct vgpu {
	u32 gfid, dbdf;
	struct nvidia_vgpu_mem *fb, *heap;
	int chid;
	struct nvidia_vgpu_gsp_client client;
	u32 seq;
	bool booted;
};

static bool keep;
module_param(keep, bool, 0444);

static struct pci_dev *pf;
static void *handle;
static const struct nvkm_vgpu_mgr_vfio_ops *ops;
static struct nvidia_vgpu_gsp_client manager;
static void __iomem *bar0;
static struct vgpu vgpus[VGPUS];
static unsigned int results, failures;

static bool result(bool good, const char *what)
{
	results++;
	failures += !good;
	pr_info(NAME "%s %u - %s\n", good ? "ok" : "not ok", results, what);
	return good;
}

static int none(const char *what, int err)
{
	if (!result(!err, what))
		pr_info(NAME "# errno %d\n", err);
	return err;
}

static void set32(void *at, u32 offset, u32 val)
{
	*(__le32 *)(at + offset) = cpu_to_le32(val);
}

static void set64(void *at, u32 offset, u64 val)
{
	*(__le64 *)(at + offset) = cpu_to_le64(val);
}

/* ------------------------------------------------------------------- handle */

static struct pci_dev *find_pf(void)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev) {
		if (!pdev->is_virtfn || !pdev->physfn->driver ||
		    strcmp(pdev->physfn->driver->name, "nvkm"))
			continue;
		pf = pci_dev_get(pdev->physfn);
		pci_dev_put(pdev);
		return pf;
	}
	return NULL;
}

static int attach(void)
{
	struct nvidia_vgpu_vfio_handle_data mine = { .priv = &ops }, found = {};
	int err;

	handle = pci_get_drvdata(pf);
	ops = nvkm_vgpu_mgr_get_vfio_ops(handle);
	if (!result(ops, "there is a table"))
		return -ENODEV;
	result(!ops->vgpu_mgr_is_enabled(&results), "no vGPUs where there is no board");
	if (!result(ops->vgpu_mgr_is_enabled(handle), "vGPUs are enabled on the board"))
		return -ENODEV;
	ops->get_handle(handle, &found);
	result(!found.priv, "nobody has attached");
	err = none("attach", ops->attach_handle(handle, &mine));
	if (err)
		return err;
	result(ops->attach_handle(handle, &mine) == -EEXIST, "attached once only");
	ops->get_handle(handle, &found);
	result(found.priv == &ops, "who has attached is told");
	return 0;
}

/* ----------------------------------------------------------------- controls */

static int write_control(struct nvidia_vgpu_gsp_client *client, u32 cmd, const void *params,
			 u32 size)
{
	void *buffer = ops->rm_ctrl_get(client, cmd, size);

	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	memcpy(buffer, params, size);
	return ops->rm_ctrl_wr(client, buffer);
}

static void read_control(void)
{
	void *reply = ops->rm_ctrl_rd(&manager, CTRL_VMMU_SEGMENT, 8);
	u64 bytes;

	if (!result(!IS_ERR(reply), "a control is read"))
		return;
	bytes = le64_to_cpup(reply);
	result(bytes >= SZ_32M && bytes <= SZ_512M && is_power_of_2(bytes),
	       "the VMMU's segments have a size");
	ops->rm_ctrl_done(&manager, reply);
	reply = ops->rm_ctrl_rd(&manager, 0x20804fff, 8);
	result(IS_ERR(reply), "a control that is none is refused");
}

static void fill_type(void *type)
{
	set32(type, TYPE_ID, TYPE);
	strscpy(type + TYPE_NAME, "NVIDIA L40-1B", TYPE_STRING);
	strscpy(type + TYPE_CLASS, "NVS", TYPE_STRING);
	set32(type, TYPE_MAX_INSTANCE, 32);
	set32(type, TYPE_HEADS, 4);
	set32(type, TYPE_MAX_X, 5120);
	set32(type, TYPE_MAX_Y, 2880);
	set32(type, TYPE_MAX_PIXELS, 16384000);
	set32(type, TYPE_FRL_CONFIG, 45);
	set64(type, TYPE_VDEV_ID, 0x26b5176d);
	set64(type, TYPE_PDEV_ID, 0x26b5);
	set64(type, TYPE_PROFILE_SIZE, FB_BYTES);
	set64(type, TYPE_FB_LENGTH, FB_BYTES);
	set64(type, TYPE_HEAP_SIZE, HEAP_BYTES);
	set64(type, TYPE_MAPPABLE_VIDEO, SZ_4M);
	set32(type, TYPE_ENCODER, 100);
	set64(type, TYPE_BAR1_LENGTH, 256);
	set32(type, TYPE_FRL_ENABLE, 1);
	set32(type, TYPE_EXCLUSIVE, 1);
}

static int upload_types(void)
{
	void *upload = kvzalloc(UPLOAD_BYTES, GFP_KERNEL);
	int err;

	if (!upload)
		return -ENOMEM;
	*(u8 *)(upload + UPLOAD_DISCARD) = 1;
	set32(upload, UPLOAD_COUNT, 1);
	fill_type(upload + UPLOAD_TYPE);
	err = write_control(&manager, CTRL_ADD_TYPE, upload, UPLOAD_BYTES);
	kvfree(upload);
	return err;
}

static int control_gfid(struct vgpu *vgpu, u32 cmd)
{
	__le32 gfid = cpu_to_le32(vgpu->gfid);

	return write_control(&vgpu->client, cmd, &gfid, sizeof(gfid));
}

static void fill_boot(struct vgpu *vgpu, void *boot)
{
	DECLARE_BITMAP(engines, MAX_ENGINES) = {};
	u32 engine;

	ops->get_engine_bitmap(handle, engines);
	set32(boot, BOOT_DBDF, vgpu->dbdf);
	set32(boot, BOOT_GFID, vgpu->gfid);
	set32(boot, BOOT_CHANNELS, CHANNELS);
	for_each_set_bit(engine, engines, MAX_ENGINES)
		set32(boot, BOOT_CHID_OFFSET + 4 * engine, vgpu->chid);
	set32(boot, BOOT_SEGMENTS, 1);
	set64(boot, BOOT_FB_ADDRESS, vgpu->fb->addr);
	set64(boot, BOOT_FB_LENGTH, vgpu->fb->size);
	set64(boot, BOOT_HEAP_ADDRESS, vgpu->heap->addr);
	set64(boot, BOOT_HEAP_LENGTH, vgpu->heap->size);
	set64(boot, BOOT_INIT_LOG, vgpu->heap->addr + HEAP_LOG);
	set64(boot, BOOT_INIT_LOG + 8, LOG_BYTES);
	set64(boot, BOOT_VGPU_LOG, vgpu->heap->addr + HEAP_LOG + LOG_BYTES);
	set64(boot, BOOT_VGPU_LOG + 8, LOG_BYTES);
}

static int bootload(struct vgpu *vgpu)
{
	void *boot = kvzalloc(BOOT_BYTES, GFP_KERNEL);
	int err;

	if (!boot)
		return -ENOMEM;
	fill_boot(vgpu, boot);
	err = write_control(&vgpu->client, CTRL_BOOTLOAD, boot, BOOT_BYTES);
	kvfree(boot);
	return err;
}

/* -------------------------------------------------------------- the channel */

static void __iomem *heap_at(struct vgpu *vgpu, u32 offset)
{
	return (void __iomem *)vgpu->heap->bar1_vaddr + offset;
}

static int wait_for_task(struct vgpu *vgpu)
{
	static const struct {
		u32 field, offset;
	} buffers[] = {
		{ CTRL_RESP_OFFSET, HEAP_RESP }, { CTRL_MSG_OFFSET, HEAP_MSG },
		{ CTRL_MIG_OFFSET, HEAP_MIG }, { CTRL_ERR_OFFSET, HEAP_ERR },
	};
	u32 i, seen;

	vgpu->seq = 0;
	writel(1, heap_at(vgpu, CTRL_VERSION));
	for (i = 0; i < ARRAY_SIZE(buffers); i++) {
		writel(buffers[i].offset, heap_at(vgpu, buffers[i].field));
		writel(0, heap_at(vgpu, buffers[i].field + 4));
	}
	return readl_poll_timeout(heap_at(vgpu, CTRL_SEQ), seen, seen == MAGIC, 2, START_US);
}

static void ring(struct vgpu *vgpu)
{
	writel(vgpu->gfid * 32 + 17, bar0 + DOORBELL);
	readl(bar0 + DOORBELL);
}

static void send(struct vgpu *vgpu, u32 type, const void *payload, size_t len)
{
	if (len)
		memcpy_toio(heap_at(vgpu, HEAP_MSG), payload, len);
	writel(type, heap_at(vgpu, CTRL_TYPE));
	writel(++vgpu->seq, heap_at(vgpu, CTRL_SEQ));
	ring(vgpu);
}

static int receive(struct vgpu *vgpu)
{
	u32 seen;
	int err;

	err = readl_poll_timeout(heap_at(vgpu, HEAP_RESP + RESP_SEQ), seen, seen == vgpu->seq, 2,
				 CALL_US);
	if (!err && readl(heap_at(vgpu, HEAP_RESP + RESP_RESULT)))
		err = -EINVAL;
	return err;
}

static int call(struct vgpu *vgpu, u32 type, const void *payload, size_t len)
{
	send(vgpu, type, payload, len);
	return receive(vgpu);
}

static int configure(struct vgpu *vgpu)
{
	u8 config[CFG_BYTES] __aligned(8) = { 0x24, 0xef, vgpu->gfid };	/* a uuid */

	set32(config, CFG_DBDF, vgpu->dbdf);
	set32(config, CFG_INSTANCE, ops->get_gsp_client_handle(&vgpu->client));
	set32(config, CFG_TYPE, TYPE);
	set32(config, CFG_CHANNELS, CHANNELS);
	set32(config, CFG_MIGRATION, 0x4000);
	set32(config, CFG_HYPERVISOR, 4);
	set32(config, CFG_ARCH, 2);
	set64(config, CFG_PAGE, SZ_4K);
	config[CFG_MIG_SUPPORTED] = 1;
	config[CFG_VNC] = 1;
	config[CFG_NONSTALL] = 1;
	return call(vgpu, MSG_CONFIG, config, sizeof(config));
}

/* --------------------------------------------------------------- one vGPU */

static int alloc(struct vgpu *vgpu)
{
	int err;

	vgpu->fb = ops->alloc_fbmem(handle, FB_BYTES, true);
	if (IS_ERR(vgpu->fb))
		return PTR_ERR(vgpu->fb);
	vgpu->chid = ops->alloc_chids(handle, CHANNELS);
	if (vgpu->chid < 0) {
		err = vgpu->chid;
		goto err_fb;
	}
	vgpu->heap = ops->alloc_fbmem(handle, HEAP_BYTES, false);
	if (IS_ERR(vgpu->heap)) {
		err = PTR_ERR(vgpu->heap);
		goto err_chid;
	}
	err = ops->bar1_map_mem(vgpu->heap);
	if (err)
		goto err_heap;
	err = ops->alloc_gsp_client(handle, &vgpu->client);
	if (err)
		goto err_map;
	return 0;

err_map:
	ops->bar1_unmap_mem(vgpu->heap);
err_heap:
	ops->free_fbmem(vgpu->heap);
err_chid:
	ops->free_chids(handle, vgpu->chid, CHANNELS);
err_fb:
	ops->free_fbmem(vgpu->fb);
	return err;
}

static void free_all(struct vgpu *vgpu)
{
	ops->free_gsp_client(&vgpu->client);
	ops->bar1_unmap_mem(vgpu->heap);
	ops->free_fbmem(vgpu->heap);
	ops->free_chids(handle, vgpu->chid, CHANNELS);
	ops->free_fbmem(vgpu->fb);
}

/* Without the domain, as it is done there. */
static u32 find_vf(int id)
{
	struct pci_dev *pdev = NULL;
	u32 dbdf;

	for_each_pci_dev(pdev) {
		if (!pdev->is_virtfn || pdev->physfn != pf || pci_iov_vf_id(pdev) != id)
			continue;
		dbdf = pci_dev_id(pdev);
		pci_dev_put(pdev);
		return dbdf;
	}
	return 0;
}

static int create(struct vgpu *vgpu, u32 slot)
{
	int err;

	vgpu->gfid = slot + 1;
	vgpu->dbdf = find_vf(slot);
	if (!result(vgpu->dbdf, "a virtual function"))
		return -ENODEV;
	err = none("framebuffer, channel ids, heap, client", alloc(vgpu));
	if (err)
		return err;
	result(ops->bar1_map_mem(vgpu->heap) == -EEXIST, "a heap is mapped once only");
	err = none("bootload", bootload(vgpu));
	if (err) {
		free_all(vgpu);
		return err;
	}
	vgpu->booted = true;
	return 0;
}

static void destroy(struct vgpu *vgpu)
{
	if (!vgpu->booted)
		return;
	none("shutdown", control_gfid(vgpu, CTRL_SHUTDOWN));
	none("cleanup", control_gfid(vgpu, CTRL_CLEANUP));
	result(control_gfid(vgpu, CTRL_CLEANUP), "nothing is left to clean up");
	free_all(vgpu);
	vgpu->booted = false;
}

static void greet(struct vgpu *vgpu)
{
	static const __le32 bus_master[] = { cpu_to_le32(1), cpu_to_le32(1) };

	if (none("the plugin task is there", wait_for_task(vgpu)))
		return;
	none("message 1", call(vgpu, MSG_VERSION, NULL, 0));
	none("message 2", configure(vgpu));
	none("message 13", call(vgpu, MSG_BUS_MASTER, bus_master, sizeof(bus_master)));
	result(call(vgpu, MSG_CONSOLE, NULL, 0) == -EINVAL, "a message it does not know");
	none("the next one again", call(vgpu, MSG_BUS_MASTER, bus_master, sizeof(bus_master)));
}

/* Two doorbells in one word: neither message may be lost. */
static void speak_together(struct vgpu *a, struct vgpu *b)
{
	static const __le32 bus_master[] = { cpu_to_le32(1), cpu_to_le32(1) };
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < 20; i++) {
		send(a, MSG_BUS_MASTER, bus_master, sizeof(bus_master));
		send(b, MSG_BUS_MASTER, bus_master, sizeof(bus_master));
		err = receive(b);
		if (!err)
			err = receive(a);
	}
	none("messages to two tasks at once", err);
}

/* The other way the large buffer is used: state out of the task. */
static void save(struct vgpu *vgpu)
{
	u32 want = 0x1000, got;
	u8 stop[8] = { 0 };
	int err;

	writeb(1, heap_at(vgpu, CTRL_MIG_RUNS));
	err = call(vgpu, MSG_STOP, stop, sizeof(stop));
	if (none("message 4", err))
		return;
	writel(want, heap_at(vgpu, CTRL_MIG_CPU));
	writel(0, heap_at(vgpu, HEAP_MIG));
	err = none("message 6", call(vgpu, MSG_SAVE, NULL, 0));
	got = readl(heap_at(vgpu, HEAP_RESP + RESP_MIG_GSP));
	if (!err)
		result(got && got <= want && readl(heap_at(vgpu, HEAP_MIG)),
		       "its state is in the migration buffer");
	none("message 10", call(vgpu, MSG_RESUME, NULL, 0));
	writeb(0, heap_at(vgpu, CTRL_MIG_RUNS));
}

/* ---------------------------------------------------------------- the whole */

static void memory(void)
{
	struct nvidia_vgpu_mem *mem = ops->alloc_fbmem(handle, SZ_2M, false);

	if (!result(!IS_ERR(mem), "a piece of framebuffer"))
		return;
	none("mapped", ops->bar1_map_mem(mem));
	writel(0x600df00d, (void __iomem *)mem->bar1_vaddr + SZ_1M);
	ops->bar1_unmap_mem(mem);
	none("and again", ops->bar1_map_mem(mem));
	result(readl((void __iomem *)mem->bar1_vaddr + SZ_1M) == 0x600df00d,
	       "what was stored in BAR1 is in framebuffer");
	ops->free_fbmem(mem);
	mem = ops->alloc_fbmem(handle, 1ULL << 50, true);
	result(IS_ERR(mem), "more than there is, is refused");
}

static void run_vgpus(void)
{
	unsigned int i;

	for (i = 0; i < VGPUS; i++)
		if (create(&vgpus[i], i))
			return;
	for (i = 0; i < VGPUS; i++)
		greet(&vgpus[i]);
	speak_together(&vgpus[0], &vgpus[1]);
	save(&vgpus[0]);
}

static void destroy_vgpus(void)
{
	unsigned int i;

	for (i = VGPUS; i--;)
		destroy(&vgpus[i]);
}

static void run(void)
{
	read_control();
	if (none("types", upload_types()))
		return;
	memory();
	run_vgpus();
	destroy_vgpus();
	/* all of it is free again */
	run_vgpus();
	if (!keep)
		destroy_vgpus();
}

static void detach(void)
{
	destroy_vgpus();
	ops->free_gsp_client(&manager);
	ops->detach_handle(handle);
	iounmap(bar0);
	pci_dev_put(pf);
}

static int prepare(void)
{
	int err;

	if (!find_pf())
		return -ENODEV;
	bar0 = ioremap(pci_resource_start(pf, 0), pci_resource_len(pf, 0));
	if (!bar0) {
		err = -ENOMEM;
		goto err_pf;
	}
	err = attach();
	if (err)
		goto err_unmap;
	err = none("a client", ops->alloc_gsp_client(handle, &manager));
	if (err)
		goto err_detach;
	result(ops->get_gsp_client_handle(&manager), "it has a handle");
	return 0;

err_detach:
	ops->detach_handle(handle);
err_unmap:
	iounmap(bar0);
err_pf:
	pci_dev_put(pf);
	return err;
}

static int __init client_init(void)
{
	int err;

	err = prepare();
	if (err)
		return failures ? -EIO : err;	/* modprobe is content with EEXIST */
	run();
	pr_info(NAME "1..%u\n", results);
	if (!failures)
		return 0;
	detach();
	return -EIO;
}

static void __exit client_exit(void)
{
	detach();
}

module_init(client_init);
module_exit(client_exit);
MODULE_DESCRIPTION("Test: the first vGPU RFC's manager");
MODULE_LICENSE("Dual MIT/GPL");
