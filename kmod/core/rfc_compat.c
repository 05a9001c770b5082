// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Our core under the getter and the table of the first RFC (rfc.h), so that the RFC's manager
 * and variant driver, built unchanged by whoever has them, run on the emulated board.  Module
 * nvvgpu_rfc_compat; nothing loads it but the administrator.
 *
 * It takes the place of our manager: a driver of "nvvgpu_core.mgr", which only one can have.
 * The RFC's manager wants a physical function whose driver is called "nvkm", with the handle as
 * its driver data; so there is a PCI driver of that name here, which is nvvgpu_core's in
 * everything else.  A board is moved over by its driver_override.
 *
 * BAR1.  The RFC's manager speaks to a plugin task by loads and stores in BAR1, and by a store
 * into the doorbell.  The BARs of an emulated board are no place for that (emu/pv.h): there is
 * no memory behind BAR1, and a store that is not announced is not noticed.  So a mapping is
 * memory of this module, a shadow: filled when it is mapped, written back when it is unmapped
 * if no task was booted in it.  While a task is booted there, and only then, a work item looks
 * at the shadow's control buffer at each clock tick.  A new number in it is what the doorbell
 * would have told; then the message is copied into framebuffer, the doorbell is rung as our core
 * rings it, and the answer is copied back.  This polling is for the RFC's manager alone; our
 * own needs none.  Of a booted heap it keeps control, response, message and migration buffer
 * in step; logs and error buffer stay as they were when the heap was mapped.
 *
 * Some fields the RFC leaves at zero that the firmware model insists on.  They are filled in
 * on their way: the type to boot, the PCI domain, the version to negotiate (complete_*()).
 */
#include <linux/vmalloc.h>
#include "linux/glue.h"
#include "rfc.h"

#define POLL_JIFFIES		1
#define LEAST_VERSION		1
#define CHANNEL_BYTES		NV_PLUGIN_MIG_OFFSET	/* what a task starts with zeroed */
#define DOMAIN_MASK		0xffff0000

struct compat_pf {
	struct nvvgpu_core_device *device;
	struct nvvgpu_core_ops ops;
	void *handle;			/* constant: driver data of the physical function */
	struct list_head node;
	u32 users;			/* under pfs_lock: calls, objects and who is attached */
	bool going;			/* takes nobody any more */

	struct mutex owner_lock;	/* held while the owner is told, so that it stays */
	struct nvidia_vgpu_vfio_handle_data owner;

	struct mutex lock;		/* one control or mapping at a time */
	struct list_head mems;
	u32 booted;
	u32 type_id;			/* of the only type that was uploaded, or 0 */
};

enum compat_stage {
	COMPAT_STARTING,		/* the task's magic is awaited */
	COMPAT_READY,
	COMPAT_BUSY,			/* a message's answer is awaited */
};

struct compat_mem {
	struct nvidia_vgpu_mem mem;
	struct compat_pf *pf;
	struct list_head node;		/* under pf->lock, like what follows */
	struct nvvgpu_fb *fb;
	u8 *shadow;			/* NULL: not mapped */
	bool was_booted;		/* since it was mapped: the task wrote, too */
	u32 gfid;			/* whose task is booted in it, 0 none */

	/* the work's own while gfid is set */
	struct delayed_work work;
	enum compat_stage stage;
	u32 seq;			/* of the last message taken */
};

struct compat_control {
	u32 cmd, size;
	u8 params[] __aligned(8);
};

static LIST_HEAD(pfs);
static DEFINE_SPINLOCK(pfs_lock);
static DECLARE_WAIT_QUEUE_HEAD(pf_unused);
static struct workqueue_struct *compat_wq;

static struct compat_mem *to_mem(struct nvidia_vgpu_mem *mem)
{
	return container_of(mem, struct compat_mem, mem);
}

static struct nvvgpu_core *core_of(struct compat_pf *pf)
{
	return pf->device->core;
}

/* NULL: not a board that this module has. */
static struct compat_pf *pf_get(void *handle)
{
	struct compat_pf *pf, *found = NULL;

	spin_lock(&pfs_lock);
	list_for_each_entry(pf, &pfs, node)
		if (pf->handle == handle)
			found = pf;
	if (found)
		found->users++;
	spin_unlock(&pfs_lock);
	return found;
}

static void pf_put(struct compat_pf *pf)
{
	spin_lock(&pfs_lock);
	if (!--pf->users)
		wake_up_all(&pf_unused);
	spin_unlock(&pfs_lock);
}

static void pf_add(struct compat_pf *pf)
{
	spin_lock(&pfs_lock);
	list_add(&pf->node, &pfs);
	spin_unlock(&pfs_lock);
}

/* True: it was unused, and nobody finds it any more. */
static bool pf_remove(struct compat_pf *pf)
{
	bool unused;

	spin_lock(&pfs_lock);
	unused = !pf->users;
	if (unused)
		list_del(&pf->node);
	spin_unlock(&pfs_lock);
	return unused;
}

/* --------------------------------------------------------------------- owner */

static bool compat_is_enabled(void *handle)
{
	struct compat_pf *pf = pf_get(handle);

	if (!pf)
		return false;
	pf_put(pf);
	return true;
}

static void compat_get_handle(void *handle, struct nvidia_vgpu_vfio_handle_data *ret)
{
	struct compat_pf *pf = pf_get(handle);

	if (!pf)
		return;
	mutex_lock(&pf->owner_lock);
	if (pf->owner.priv)
		*ret = pf->owner;
	mutex_unlock(&pf->owner_lock);
	pf_put(pf);
}

/* From here to detach_handle() the owner holds the board. */
static int compat_attach_handle(void *handle, struct nvidia_vgpu_vfio_handle_data *who)
{
	struct compat_pf *pf = pf_get(handle);
	int err = 0;

	if (!pf)
		return -ENODEV;
	mutex_lock(&pf->owner_lock);
	if (pf->going)
		err = -ENODEV;
	else if (pf->owner.priv)
		err = -EEXIST;
	else
		pf->owner = *who;
	mutex_unlock(&pf->owner_lock);
	if (err)
		pf_put(pf);
	return err;
}

static void compat_detach_handle(void *handle)
{
	struct compat_pf *pf = pf_get(handle);
	bool taken;

	if (!pf)
		return;
	mutex_lock(&pf->owner_lock);
	taken = pf->owner.priv;
	pf->owner.priv = NULL;
	mutex_unlock(&pf->owner_lock);
	pf_put(pf);
	if (taken)
		pf_put(pf);
}

/* ------------------------------------------------------------------- clients */

static int compat_alloc_gsp_client(void *handle, struct nvidia_vgpu_gsp_client *ret)
{
	struct compat_pf *pf = pf_get(handle);
	struct nvvgpu_client *client;
	int err;

	if (!pf)
		return -ENODEV;
	err = pf->ops.client_alloc(core_of(pf), &client);
	if (err) {
		pf_put(pf);
		return err;
	}
	ret->gsp_client = client;
	ret->gsp_device = pf;
	return 0;
}

static void compat_free_gsp_client(struct nvidia_vgpu_gsp_client *client)
{
	struct compat_pf *pf = client->gsp_device;

	pf->ops.client_free(core_of(pf), client->gsp_client);
	client->gsp_client = NULL;
	client->gsp_device = NULL;
	pf_put(pf);
}

static u32 compat_client_handle(struct nvidia_vgpu_gsp_client *client)
{
	struct compat_pf *pf = client->gsp_device;

	return pf->ops.client_handle(client->gsp_client);
}

/* -------------------------------------------------------- the channel, in step */

static int fb_read(struct compat_mem *m, u64 offset, void *buf, size_t len)
{
	struct nvvgpu_hw *hw = core_of(m->pf)->hw;

	return hw->ops->bar1_read(hw, m->fb->bar1_offset + offset, buf, len);
}

static int fb_write(struct compat_mem *m, u64 offset, const void *buf, size_t len)
{
	struct nvvgpu_hw *hw = core_of(m->pf)->hw;

	return hw->ops->bar1_write(hw, m->fb->bar1_offset + offset, buf, len);
}

static struct nv_plugin_ctrl *shadow_ctrl(struct compat_mem *m)
{
	return (struct nv_plugin_ctrl *)(m->shadow + NV_PLUGIN_CTRL_OFFSET);
}

static struct nv_plugin_resp *shadow_resp(struct compat_mem *m)
{
	return (struct nv_plugin_resp *)(m->shadow + NV_PLUGIN_RESP_OFFSET);
}

/* The number that says "done" goes last. */
static void publish_answer(struct compat_mem *m, const struct nv_plugin_resp *resp)
{
	struct nv_plugin_resp *to = shadow_resp(m);
	struct nv_plugin_resp answer = *resp;

	answer.processed_seq = to->processed_seq;
	*to = answer;
	wmb();	/* all of it is there when the host sees its number */
	WRITE_ONCE(to->processed_seq, cpu_to_le32(m->seq));
	m->stage = COMPAT_READY;
}

/* Nothing will answer: the host need not wait its two minutes. */
static void answer_failed(struct compat_mem *m)
{
	struct nv_plugin_resp resp = { .result = cpu_to_le32(NV_ERR_GENERIC) };

	publish_answer(m, &resp);
}

/* The RFC sends no payload with the first message, and knows domain 0 alone. */
static void complete_message(struct compat_mem *m, u32 type)
{
	struct nv_plugin_version *version = (void *)(m->shadow + NV_PLUGIN_MSG_OFFSET);
	struct nv_plugin_config *config = (void *)(m->shadow + NV_PLUGIN_MSG_OFFSET);
	u32 domain = core_of(m->pf)->info.domain_bdf & DOMAIN_MASK;

	if (type == NV_PLUGIN_VERSION_NEGOTIATION && !version->version_cpu)
		version->version_cpu = cpu_to_le32(LEAST_VERSION);
	if (type == NV_PLUGIN_SETUP_CONFIG && !(le32_to_cpu(config->dbdf) & DOMAIN_MASK))
		config->dbdf |= cpu_to_le32(domain);
}

static u32 migration_bytes(__le32 raw)
{
	return min_t(u32, le32_to_cpu(raw), NV_PLUGIN_MIG_SIZE);
}

static int copy_message_out(struct compat_mem *m, const struct nv_plugin_ctrl *ctrl)
{
	u32 type = le32_to_cpu(ctrl->message_type);
	u32 state = migration_bytes(ctrl->mig_cpu_offset);
	int err = 0;

	complete_message(m, type);
	if (type == NV_PLUGIN_MIGRATION_RESTORE_STATE && state)
		err = fb_write(m, NV_PLUGIN_MIG_OFFSET, m->shadow + NV_PLUGIN_MIG_OFFSET, state);
	if (!err)
		err = fb_write(m, NV_PLUGIN_MSG_OFFSET, m->shadow + NV_PLUGIN_MSG_OFFSET,
			       NV_PLUGIN_BUFFER_SIZE);
	if (!err)
		err = fb_write(m, NV_PLUGIN_CTRL_OFFSET, ctrl, sizeof(*ctrl));
	return err;
}

static void look_for_message(struct compat_mem *m)
{
	struct nvvgpu_core *core = core_of(m->pf);
	struct nv_plugin_ctrl ctrl;
	u32 seq = le32_to_cpu(READ_ONCE(shadow_ctrl(m)->message_seq));

	if (seq == m->seq)
		return;
	rmb();	/* the host writes the number behind all else */
	ctrl = *shadow_ctrl(m);
	ctrl.message_seq = cpu_to_le32(seq);
	m->seq = seq;
	if (copy_message_out(m, &ctrl)) {
		answer_failed(m);
		return;
	}
	m->stage = COMPAT_BUSY;
	core_wr32(core, NV_VF_DOORBELL, NV_VF_DOORBELL_VECTOR(m->gfid));
}

static int copy_answer_in(struct compat_mem *m, const struct nv_plugin_resp *resp)
{
	u32 type = le32_to_cpu(shadow_ctrl(m)->message_type);
	u32 state = migration_bytes(resp->mig_gsp_offset);
	int err;

	err = fb_read(m, NV_PLUGIN_MSG_OFFSET, m->shadow + NV_PLUGIN_MSG_OFFSET,
		      NV_PLUGIN_BUFFER_SIZE);
	if (!err && type == NV_PLUGIN_MIGRATION_SAVE_STATE && state)
		err = fb_read(m, NV_PLUGIN_MIG_OFFSET, m->shadow + NV_PLUGIN_MIG_OFFSET, state);
	return err;
}

static void look_for_answer(struct compat_mem *m)
{
	struct nv_plugin_resp resp;

	if (fb_read(m, NV_PLUGIN_RESP_OFFSET, &resp, sizeof(resp))) {
		answer_failed(m);
	} else if (le32_to_cpu(resp.processed_seq) == m->seq) {
		if (copy_answer_in(m, &resp))
			answer_failed(m);
		else
			publish_answer(m, &resp);
	} else if (test_bit(m->gfid, core_of(m->pf)->crashed)) {
		answer_failed(m);
	}
}

static void look_for_magic(struct compat_mem *m)
{
	__le32 magic;

	if (fb_read(m, NV_PLUGIN_CTRL_OFFSET + offsetof(struct nv_plugin_ctrl, message_seq),
		    &magic, sizeof(magic)) || le32_to_cpu(magic) != NV_PLUGIN_MAGIC)
		return;
	WRITE_ONCE(shadow_ctrl(m)->message_seq, magic);
	m->seq = NV_PLUGIN_MAGIC;
	m->stage = COMPAT_READY;
}

static void watch(struct work_struct *work)
{
	struct compat_mem *m = container_of(to_delayed_work(work), struct compat_mem, work);

	switch (m->stage) {
	case COMPAT_STARTING:
		look_for_magic(m);
		break;
	case COMPAT_READY:
		look_for_message(m);
		break;
	case COMPAT_BUSY:
		look_for_answer(m);
		break;
	}
	queue_delayed_work(compat_wq, &m->work, POLL_JIFFIES);
}

/* pf->lock held, as for the next one */
static void start_watch(struct compat_mem *m, u32 gfid)
{
	memset(m->shadow, 0, CHANNEL_BYTES);
	m->was_booted = true;
	m->gfid = gfid;
	m->seq = 0;
	m->stage = COMPAT_STARTING;
	m->pf->booted++;
	queue_delayed_work(compat_wq, &m->work, 0);
}

static void stop_watch(struct compat_mem *m)
{
	if (!m->gfid)
		return;
	cancel_delayed_work_sync(&m->work);
	m->gfid = 0;
	m->pf->booted--;
}

/* ------------------------------------------------------------------ controls */

/* pf->lock held: the mapped heap at this address */
static struct compat_mem *find_heap(struct compat_pf *pf, u64 address)
{
	struct compat_mem *m;

	list_for_each_entry(m, &pf->mems, node)
		if (m->shadow && m->mem.addr == address && m->mem.size >= NV_PLUGIN_HEAP_MIN)
			return m;
	return NULL;
}

static struct compat_mem *find_gfid(struct compat_pf *pf, u32 gfid)
{
	struct compat_mem *m;

	list_for_each_entry(m, &pf->mems, node)
		if (m->gfid == gfid)
			return m;
	return NULL;
}

/* The RFC names no type at boot, and knows domain 0 alone. */
static void complete_bootload(struct compat_pf *pf, struct nv_vgpu_bootload *boot)
{
	u32 domain = core_of(pf)->info.domain_bdf & DOMAIN_MASK;

	if (!boot->vgpu_type)
		boot->vgpu_type = cpu_to_le32(pf->type_id);
	if (!(le32_to_cpu(boot->dbdf) & DOMAIN_MASK))
		boot->dbdf |= cpu_to_le32(domain);
}

static int bootload(struct compat_pf *pf, struct nvvgpu_client *client,
		    struct nv_vgpu_bootload *boot)
{
	u32 gfid = le32_to_cpu(boot->gfid);
	struct compat_mem *heap = find_heap(pf, le64_to_cpu(boot->heap_phys_addr));
	int err;

	/* a task that nobody could speak to */
	if (!heap || heap->gfid || !gfid || gfid >= CORE_MAX_GFIDS)
		return -EINVAL;
	complete_bootload(pf, boot);
	clear_bit(gfid, core_of(pf)->crashed);
	err = nvvgpu_core_control(core_of(pf), client, NV2080_CTRL_VGPU_BOOTLOAD, boot,
				  sizeof(*boot));
	if (!err)
		start_watch(heap, gfid);
	return err;
}

static int end_task(struct compat_pf *pf, struct nvvgpu_client *client, u32 cmd,
		    struct nv_vgpu_gfid *params)
{
	u32 gfid = le32_to_cpu(params->gfid);
	struct compat_mem *heap = gfid ? find_gfid(pf, gfid) : NULL;
	int err;

	err = nvvgpu_core_control(core_of(pf), client, cmd, params, sizeof(*params));
	if (!err && heap)
		stop_watch(heap);
	return err;
}

static int add_types(struct compat_pf *pf, struct nvvgpu_client *client,
		     struct nv_vgpu_add_types *upload)
{
	bool one = upload->discard && le32_to_cpu(upload->count) == 1;
	u32 type_id = one ? le32_to_cpu(upload->infos[0].type) : 0;
	int err;

	err = nvvgpu_core_control(core_of(pf), client, NV2080_CTRL_VGPU_ADD_TYPE, upload,
				  sizeof(*upload));
	if (!err)
		pf->type_id = type_id;
	return err;
}

/* pf->lock held.  Parameters of another size than theirs are the firmware's to refuse. */
static int run_control(struct compat_pf *pf, struct nvvgpu_client *client,
		       struct compat_control *control)
{
	u32 size = control->size;

	if (control->cmd == NV2080_CTRL_VGPU_ADD_TYPE && size == sizeof(struct nv_vgpu_add_types))
		return add_types(pf, client, (void *)control->params);
	if (control->cmd == NV2080_CTRL_VGPU_BOOTLOAD && size == sizeof(struct nv_vgpu_bootload))
		return bootload(pf, client, (void *)control->params);
	if ((control->cmd == NV2080_CTRL_VGPU_SHUTDOWN ||
	     control->cmd == NV2080_CTRL_VGPU_CLEANUP) && size == sizeof(struct nv_vgpu_gfid))
		return end_task(pf, client, control->cmd, (void *)control->params);
	return nvvgpu_core_control(core_of(pf), client, control->cmd, control->params, size);
}

static int send_control(struct nvidia_vgpu_gsp_client *client, struct compat_control *control)
{
	struct compat_pf *pf = client->gsp_device;
	int err;

	mutex_lock(&pf->lock);
	err = run_control(pf, client->gsp_client, control);
	mutex_unlock(&pf->lock);
	return err;
}

static struct compat_control *to_control(void *params)
{
	return container_of(params, struct compat_control, params);
}

static void *compat_rm_ctrl_get(struct nvidia_vgpu_gsp_client *client, u32 cmd, u32 size)
{
	struct compat_control *control;

	control = kvzalloc(struct_size(control, params, size), GFP_KERNEL);
	if (!control)
		return ERR_PTR(-ENOMEM);
	control->cmd = cmd;
	control->size = size;
	return control->params;
}

static void compat_rm_ctrl_done(struct nvidia_vgpu_gsp_client *client, void *params)
{
	kvfree(to_control(params));
}

static int compat_rm_ctrl_wr(struct nvidia_vgpu_gsp_client *client, void *params)
{
	int err;

	err = send_control(client, to_control(params));
	compat_rm_ctrl_done(client, params);
	return err;
}

static void *compat_rm_ctrl_rd(struct nvidia_vgpu_gsp_client *client, u32 cmd, u32 size)
{
	void *params;
	int err;

	params = compat_rm_ctrl_get(client, cmd, size);
	if (IS_ERR(params))
		return params;
	err = send_control(client, to_control(params));
	if (err) {
		compat_rm_ctrl_done(client, params);
		return ERR_PTR(err);
	}
	return params;
}

/* ------------------------------------------------- channel ids, framebuffer */

static int compat_alloc_chids(void *handle, int count)
{
	struct compat_pf *pf = pf_get(handle);
	u32 first = 0;
	int err;

	if (!pf)
		return -ENODEV;
	err = count > 0 ? pf->ops.channels_alloc(core_of(pf), NVVGPU_CORE_ANY, count, &first) :
			  -EINVAL;
	pf_put(pf);
	return err ? err : first;
}

static void compat_free_chids(void *handle, int first, int count)
{
	struct compat_pf *pf = pf_get(handle);

	if (!pf)
		return;
	pf->ops.channels_free(core_of(pf), first, count);
	pf_put(pf);
}

static void compat_get_engine_bitmap(void *handle, unsigned long *bitmap)
{
	struct compat_pf *pf = pf_get(handle);
	struct nvvgpu_core_info info = {};

	if (!pf)
		return;
	pf->ops.get_info(core_of(pf), &info);
	bitmap_from_arr64(bitmap, &info.engine_bitmap, NV2080_MAX_ENGINES);
	pf_put(pf);
}

static struct nvidia_vgpu_mem *compat_alloc_fbmem(void *handle, u64 size, bool vmmu_aligned)
{
	struct compat_pf *pf = pf_get(handle);
	struct compat_mem *m;
	int err = -ENOMEM;

	if (!pf)
		return ERR_PTR(-ENODEV);
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		goto err_put;
	err = pf->ops.fb_alloc(core_of(pf), vmmu_aligned ? NVVGPU_FB_GUEST : NVVGPU_FB_HEAP, size,
			       NVVGPU_CORE_ANY64, &m->fb);
	if (err)
		goto err_free;
	m->pf = pf;
	m->mem.addr = m->fb->address;
	m->mem.size = m->fb->size;
	INIT_DELAYED_WORK(&m->work, watch);
	mutex_lock(&pf->lock);
	list_add(&m->node, &pf->mems);
	mutex_unlock(&pf->lock);
	return &m->mem;

err_free:
	kfree(m);
err_put:
	pf_put(pf);
	return ERR_PTR(err);
}

/* pf->lock held */
static int map(struct compat_mem *m)
{
	struct compat_pf *pf = m->pf;
	u8 *shadow;
	int err;

	if (m->shadow)
		return -EEXIST;
	shadow = vzalloc(m->fb->size);
	if (!shadow)
		return -ENOMEM;
	err = pf->ops.bar1_map(core_of(pf), m->fb);
	if (err)
		goto err_free;
	err = fb_read(m, 0, shadow, m->fb->size);
	if (err)
		goto err_unmap;
	m->shadow = shadow;
	m->was_booted = false;
	m->mem.bar1_vaddr = (void __force __iomem *)shadow;
	return 0;

err_unmap:
	pf->ops.bar1_unmap(core_of(pf), m->fb);
err_free:
	vfree(shadow);
	return err;
}

/* A heap with a task in it was the task's to write; the rest of the host's copy is old. */
static void unmap(struct compat_mem *m)
{
	struct compat_pf *pf = m->pf;

	if (!m->shadow)
		return;
	stop_watch(m);
	if (!m->was_booted && fb_write(m, 0, m->shadow, m->fb->size))
		dev_warn(&pf->device->aux.dev, "framebuffer at 0x%llx not written\n", m->mem.addr);
	m->mem.bar1_vaddr = NULL;
	pf->ops.bar1_unmap(core_of(pf), m->fb);
	vfree(m->shadow);
	m->shadow = NULL;
}

static int compat_bar1_map_mem(struct nvidia_vgpu_mem *mem)
{
	struct compat_mem *m = to_mem(mem);
	int err;

	mutex_lock(&m->pf->lock);
	err = map(m);
	mutex_unlock(&m->pf->lock);
	return err;
}

static void compat_bar1_unmap_mem(struct nvidia_vgpu_mem *mem)
{
	struct compat_mem *m = to_mem(mem);

	mutex_lock(&m->pf->lock);
	unmap(m);
	mutex_unlock(&m->pf->lock);
}

static void compat_free_fbmem(struct nvidia_vgpu_mem *mem)
{
	struct compat_mem *m = to_mem(mem);
	struct compat_pf *pf = m->pf;

	mutex_lock(&pf->lock);
	unmap(m);
	list_del(&m->node);
	mutex_unlock(&pf->lock);
	pf->ops.fb_free(core_of(pf), m->fb);
	kfree(m);
	pf_put(pf);
}

static struct nvkm_vgpu_mgr_vfio_ops compat_ops = {
	.vgpu_mgr_is_enabled = compat_is_enabled,
	.get_handle = compat_get_handle,
	.attach_handle = compat_attach_handle,
	.detach_handle = compat_detach_handle,
	.alloc_gsp_client = compat_alloc_gsp_client,
	.free_gsp_client = compat_free_gsp_client,
	.get_gsp_client_handle = compat_client_handle,
	.rm_ctrl_get = compat_rm_ctrl_get,
	.rm_ctrl_wr = compat_rm_ctrl_wr,
	.rm_ctrl_rd = compat_rm_ctrl_rd,
	.rm_ctrl_done = compat_rm_ctrl_done,
	.alloc_chids = compat_alloc_chids,
	.free_chids = compat_free_chids,
	.alloc_fbmem = compat_alloc_fbmem,
	.free_fbmem = compat_free_fbmem,
	.bar1_map_mem = compat_bar1_map_mem,
	.bar1_unmap_mem = compat_bar1_unmap_mem,
	.get_engine_bitmap = compat_get_engine_bitmap,
};

/* The RFC's manager calls through what it gets here unseen; a handle is checked by each call. */
struct nvkm_vgpu_mgr_vfio_ops *nvkm_vgpu_mgr_get_vfio_ops(void *handle)
{
	return &compat_ops;
}
EXPORT_SYMBOL_GPL(nvkm_vgpu_mgr_get_vfio_ops);

/* ------------------------------------------------- driver of the auxiliary device */

static int vfs_may_change(void *priv, unsigned int vfs)
{
	struct compat_pf *pf = priv;
	int err;

	mutex_lock(&pf->lock);
	err = pf->booted ? -EBUSY : 0;
	mutex_unlock(&pf->lock);
	return err;
}

/* The RFC has no word for this; who drives a VF is told by the PCI core. */
static void vfs_going(void *priv)
{
}

static void vfs_changed(void *priv, unsigned int vfs)
{
	struct compat_pf *pf = priv;
	struct notifier_block *nb = &pf->owner.notifier;

	mutex_lock(&pf->owner_lock);
	if (pf->owner.priv && nb->notifier_call)
		nb->notifier_call(nb, NVIDIA_VGPU_EVENT_PCI_SRIOV_CONFIGURE, &vfs);
	mutex_unlock(&pf->owner_lock);
}

static const struct nvvgpu_core_listener listener = {
	.vfs_may_change = vfs_may_change,
	.vfs_going = vfs_going,
	.vfs_changed = vfs_changed,
};

static bool is_moved_over(struct pci_dev *pdev)
{
	return !strcmp(pdev->dev.driver->name, RFC_PF_DRIVER);
}

static int compat_probe(struct auxiliary_device *aux, const struct auxiliary_device_id *id)
{
	struct compat_pf *pf;
	int err;

	/* a core that did not come back from suspend leaves its device behind */
	if (!is_moved_over(nvvgpu_core_device(aux)->pdev) || !nvvgpu_core_device(aux)->core)
		return -ENODEV;
	pf = kzalloc(sizeof(*pf), GFP_KERNEL);
	if (!pf)
		return -ENOMEM;
	pf->device = nvvgpu_core_device(aux);
	pf->handle = pci_get_drvdata(pf->device->pdev);
	mutex_init(&pf->owner_lock);
	mutex_init(&pf->lock);
	INIT_LIST_HEAD(&pf->mems);
	strscpy(pf->ops.version_string, NVVGPU_CORE_OPS_VERSION, sizeof(pf->ops.version_string));
	err = nvvgpu_core_get_ops(core_of(pf), &pf->ops);
	if (err) {
		kfree(pf);
		return err;
	}
	auxiliary_set_drvdata(aux, pf);
	pf_add(pf);
	nvvgpu_core_listen(pf->device, &listener, pf);
	return 0;
}

/*
 * The RFC's manager is not asked to let go, and cannot be: it leaves when the drivers of the
 * VFs do, which go first when the board does.  Unbound before, this waits for them.
 */
static void compat_remove(struct auxiliary_device *aux)
{
	struct compat_pf *pf = auxiliary_get_drvdata(aux);

	nvvgpu_core_unlisten(pf->device);
	mutex_lock(&pf->owner_lock);
	pf->going = true;
	mutex_unlock(&pf->owner_lock);
	if (!pf_remove(pf)) {
		dev_warn(&aux->dev, "waiting for the vGPU manager to let the board go\n");
		wait_event(pf_unused, pf_remove(pf));
	}
	mutex_destroy(&pf->lock);
	mutex_destroy(&pf->owner_lock);
	kfree(pf);
}

/* The firmware ends with a suspend, and with it what its users have there. */
static int compat_suspend(struct device *dev)
{
	struct compat_pf *pf = dev_get_drvdata(dev);

	return READ_ONCE(pf->users) ? -EBUSY : 0;
}

static int compat_resume(struct device *dev)
{
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(compat_pm_ops, compat_suspend, compat_resume);

/* Not for the module's aliases: it is not to be loaded because there is a board. */
static const struct auxiliary_device_id compat_ids[] = {
	{ .name = "nvvgpu_core." NVVGPU_CORE_AUX_NAME },
	{ }
};

static struct auxiliary_driver compat_driver = {
	.name = "rfc_compat",
	.id_table = compat_ids,
	.probe = compat_probe,
	.remove = compat_remove,
	.driver.pm = pm_sleep_ptr(&compat_pm_ops),
};

/* ---------------------------------------------------- the PCI driver called nvkm */

static const struct pci_device_id nvkm_ids[] = {
	{
		PCI_DEVICE_DRIVER_OVERRIDE(PCI_VENDOR_ID_NVIDIA, PCI_ANY_ID, 1),
		.class = PCI_BASE_CLASS_DISPLAY << 16, .class_mask = 0xff0000,
	},
	{ }
};

static struct pci_driver *core_driver;	/* stays: this module depends on that one */

/* Our manager may have been quicker. */
static int claim(struct device *aux)
{
	if (aux->driver == &compat_driver.driver)
		return 0;
	device_release_driver(aux);
	return device_driver_attach(&compat_driver.driver, aux);
}

static int nvkm_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct core_pci *pf;
	int err;

	err = core_driver->probe(pdev, id);
	if (err)
		return err;
	pf = pci_get_drvdata(pdev);
	err = claim(&pf->device.aux.dev);
	if (err)
		core_driver->remove(pdev);
	return err;
}

static struct pci_driver nvkm_driver = {
	.name = RFC_PF_DRIVER,
	.id_table = nvkm_ids,
	.probe = nvkm_probe,
};

static int register_nvkm(void)
{
	struct device_driver *core = driver_find("nvvgpu_core", &pci_bus_type);

	if (!core)
		return -ENODEV;
	core_driver = to_pci_driver(core);
	nvkm_driver.remove = core_driver->remove;
	nvkm_driver.sriov_configure = core_driver->sriov_configure;
	nvkm_driver.driver.pm = core->pm;
	return pci_register_driver(&nvkm_driver);
}

/* As nvvgpu_core's own exit does: VFs leave the bus under the rescan lock. */
static int end_vfs(struct device *dev, void *unused)
{
	if (!device_trylock(dev))
		return 0;
	if (dev_get_drvdata(dev) && pci_num_vf(to_pci_dev(dev)))
		nvkm_driver.sriov_configure(to_pci_dev(dev), 0);
	device_unlock(dev);
	return 0;
}

static void unregister_nvkm(void)
{
	pci_lock_rescan_remove();
	if (driver_for_each_device(&nvkm_driver.driver, NULL, NULL, end_vfs))
		pr_warn("nvvgpu: virtual functions stay\n");
	pci_unlock_rescan_remove();
	pci_unregister_driver(&nvkm_driver);
}

static int __init compat_init(void)
{
	int err;

	compat_wq = alloc_workqueue("nvvgpu_rfc_compat", WQ_UNBOUND, 0);
	if (!compat_wq)
		return -ENOMEM;
	err = auxiliary_driver_register(&compat_driver);
	if (err)
		goto err_wq;
	err = register_nvkm();
	if (err)
		goto err_aux;
	return 0;

err_aux:
	auxiliary_driver_unregister(&compat_driver);
err_wq:
	destroy_workqueue(compat_wq);
	return err;
}

static void __exit compat_exit(void)
{
	unregister_nvkm();
	auxiliary_driver_unregister(&compat_driver);
	destroy_workqueue(compat_wq);
}

module_init(compat_init);
module_exit(compat_exit);
MODULE_DESCRIPTION("The first vGPU RFC's core interface, over nvvgpu_core");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION(NVVGPU_VERSION);
