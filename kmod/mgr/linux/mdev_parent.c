// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The back end of mediated devices: see mdev_ops.h. */
#include <linux/slab.h>
#include "../internal.h"
#include "glue.h"
#include "mdev_ops.h"

/* NULL: there is none.  What it has got it is asked to give back before it goes. */
static const struct nvvgpu_mdev_front_ops *front;

/* --------------------------------------------------------------------- types */

static int get_types(const struct nvvgpu_mgr_parent *parent, u32 *ids)
{
	struct nvvgpu_mgr *mgr;
	u32 i, count;
	int err;

	err = mgr_device_enter(parent->md);
	if (err)
		return err;
	mgr = parent->md->mgr;
	mutex_lock(&mgr->lock);
	count = mgr->types.count;
	for (i = 0; i < count; i++)
		ids[i] = mgr->types.desc[i].id;
	mutex_unlock(&mgr->lock);
	mgr_device_leave(parent->md);
	return count;
}

static int find_type(struct nvvgpu_mgr *mgr, u32 type_id, struct nvvgpu_type_desc *ret)
{
	const struct nvvgpu_type_desc *type;

	mutex_lock(&mgr->lock);
	type = mgr_types_find(&mgr->types, type_id);
	if (type)
		*ret = *type;
	mutex_unlock(&mgr->lock);
	return type ? 0 : -ENODEV;
}

static int get_type(const struct nvvgpu_mgr_parent *parent, u32 type_id,
		    struct nvvgpu_type_desc *ret)
{
	int err;

	err = mgr_device_enter(parent->md);
	if (err)
		return err;
	err = find_type(parent->md->mgr, type_id, ret);
	mgr_device_leave(parent->md);
	return err;
}

static int get_name(const struct nvvgpu_mgr_parent *parent, u32 type_id,
		    char name[NVVGPU_NAME_LEN])
{
	struct nvvgpu_type_desc type;
	int err;

	err = get_type(parent, type_id, &type);
	if (!err)
		strscpy(name, type.name, NVVGPU_NAME_LEN);
	return err;
}

static ssize_t get_description(const struct nvvgpu_mgr_parent *parent, u32 type_id, char *buf)
{
	struct nvvgpu_type_desc type;
	int err;

	err = get_type(parent, type_id, &type);
	return err ? err : nvvgpu_mgr_show_mdev_description(&type, buf);
}

static u32 get_instances(const struct nvvgpu_mgr_parent *parent, u32 type_id)
{
	u32 count;

	if (mgr_device_enter(parent->md))
		return 0;
	count = nvvgpu_mgr_mdev_available(parent->md->mgr, parent->slot, type_id);
	mgr_device_leave(parent->md);
	return count;
}

/* --------------------------------------------------------------------- vGPUs */

static int vgpu_create(const struct nvvgpu_mgr_parent *parent, u32 type_id, const u8 *uuid)
{
	int err;

	err = mgr_device_enter(parent->md);
	if (err)
		return err;
	err = nvvgpu_mgr_mdev_create(parent->md->mgr, parent->slot, type_id, uuid);
	mgr_device_leave(parent->md);
	return err;
}

/* Not mgr_device_enter(): what has to be given back is, also when the caller is being killed. */
static int vgpu_delete(const struct nvvgpu_mgr_parent *parent, const u8 *uuid)
{
	struct mgr_device *md = parent->md;
	int err = -ENODEV;

	down_read(&md->gate);
	if (md->mgr)
		err = nvvgpu_mgr_mdev_destroy(md->mgr, uuid);
	up_read(&md->gate);
	return err;
}

/* User space may destroy it in between, and give its slot to another. */
static int start_uuid(struct nvvgpu_mgr *mgr, const u8 *uuid, u32 vm_pid,
		      struct nvvgpu_mgr_vgpu **ret)
{
	struct nvvgpu_mgr_vgpu *vgpu;
	struct nvvgpu_vgpu_info info;
	int err;

	err = nvvgpu_mgr_mdev_find(mgr, uuid, &info);
	if (!err)
		err = nvvgpu_mgr_open(mgr, info.slot, vm_pid, &vgpu);
	if (err)
		return err;
	if (memcmp(vgpu->uuid, uuid, sizeof(vgpu->uuid))) {
		nvvgpu_mgr_close(vgpu);
		return -ENODEV;
	}
	*ret = vgpu;
	return 0;
}

static int vgpu_start(const struct nvvgpu_mgr_parent *parent, const u8 *uuid, u32 vm_pid,
		      void *ref, struct nvvgpu_mgr_vgpu **ret)
{
	int err;

	err = mgr_device_enter(parent->md);
	if (err)
		return err;
	err = start_uuid(parent->md->mgr, uuid, vm_pid, ret);
	mgr_device_leave(parent->md);
	if (!err)
		nvvgpu_mgr_set_guest(*ret, &parent->ops->vgpu, ref);
	return err;
}

/*
 * The BAR0 of a board is for the board's driver, and without virtual functions there is no other:
 * then no part of a vGPU is memory that a guest could have.
 */
static u32 get_sparse_mmap(const struct nvvgpu_mgr_parent *parent,
			   const struct nvvgpu_mgr_vgpu *vgpu,
			   struct nvvgpu_mgr_area areas[NVVGPU_MGR_AREAS])
{
	return parent->slot == NVVGPU_SLOT_ANY ? 0 : nvvgpu_mgr_sparse_mmap(vgpu, areas);
}

static ssize_t get_params(const struct nvvgpu_mgr_parent *parent, const u8 *uuid, char *buf)
{
	struct nvvgpu_vgpu_info info;
	ssize_t n;

	n = mgr_device_enter(parent->md);
	if (n)
		return n;
	n = nvvgpu_mgr_mdev_find(parent->md->mgr, uuid, &info);
	if (!n)
		n = nvvgpu_mgr_show_params(parent->md->mgr, info.slot, buf);
	mgr_device_leave(parent->md);
	return n;
}

static ssize_t update_request(const struct nvvgpu_mgr_parent *parent, const u8 *uuid,
			      const char *buf, size_t len)
{
	struct nvvgpu_vgpu_info info;
	ssize_t n;

	n = mgr_device_enter(parent->md);
	if (n)
		return n;
	n = nvvgpu_mgr_mdev_find(parent->md->mgr, uuid, &info);
	if (!n)
		n = nvvgpu_mgr_store_params(parent->md->mgr, info.slot, buf, len);
	mgr_device_leave(parent->md);
	return n;
}

/* ------------------------------------------------------------------- parents */

static int add_parent(struct mgr_device *md, struct pci_dev *pdev, u32 slot,
		      const struct nvvgpu_mdev_front_ops *ops, struct nvvgpu_mgr_parent **ret)
{
	struct nvvgpu_mgr_parent *parent;
	int err;

	parent = kzalloc(sizeof(*parent), GFP_KERNEL);
	if (!parent)
		return -ENOMEM;
	parent->ops = ops;
	parent->md = md;
	parent->pdev = pdev;
	parent->slot = slot;
	err = ops->probe(parent);
	if (err) {
		kfree(parent);
		return err;
	}
	*ret = parent;
	return 0;
}

/* The board's lock held.  One that the front end does not take has its manager all the same. */
static void meet_board(struct mgr_device *md, const struct nvvgpu_mdev_front_ops *ops)
{
	int err;

	if (!md->board_ready || md->board)
		return;
	err = add_parent(md, md->pdev, NVVGPU_SLOT_ANY, ops, &md->board);
	if (err)
		pci_err(md->pdev, "no mediated devices: %d\n", err);
}

/* The board's lock held. */
static void part_from_board(struct mgr_device *md)
{
	if (!md->board)
		return;
	md->board->ops->remove(md->board);
	kfree(md->board);
	md->board = NULL;
}

void mgr_mdev_add_board(struct mgr_device *md)
{
	const struct nvvgpu_mdev_front_ops *ops;

	if (md->sriov)
		return;
	mutex_lock(&md->board_lock);
	md->board_ready = true;
	ops = READ_ONCE(front);
	if (ops)
		meet_board(md, ops);
	mutex_unlock(&md->board_lock);
}

/* The front end stays until it has lost each board. */
void mgr_mdev_remove_board(struct mgr_device *md)
{
	mutex_lock(&md->board_lock);
	md->board_ready = false;
	part_from_board(md);
	mutex_unlock(&md->board_lock);
}

int nvvgpu_mgr_mdev_add_vf(struct pci_dev *vf, struct nvvgpu_mgr_parent **ret)
{
	struct mgr_device *md = mgr_device_get(pci_physfn(vf));
	int slot = pci_iov_vf_id(vf), err = -ENODEV;

	if (!md)
		return err;
	if (md->framework == NVVGPU_BOARD_MDEV && slot >= 0 && slot < md->slots)
		err = add_parent(md, vf, slot, front, ret);
	if (err)
		mgr_device_put(md);
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_mdev_add_vf);

void nvvgpu_mgr_mdev_remove_vf(struct nvvgpu_mgr_parent *parent)
{
	parent->ops->remove(parent);
	mgr_device_put(parent->md);
	kfree(parent);
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_mdev_remove_vf);

/* ---------------------------------------------------------------- the two tables */

static const struct nvvgpu_mdev_ops mdev_ops = {
	.version_string = NVVGPU_MDEV_OPS_VERSION,
	.get_types = get_types,
	.get_name = get_name,
	.get_description = get_description,
	.get_instances = get_instances,
	.vgpu_create = vgpu_create,
	.vgpu_delete = vgpu_delete,
	.get_params = get_params,
	.update_request = update_request,
	.vgpu_start = vgpu_start,
	.vgpu_bar_info = nvvgpu_mgr_bar_bytes,
	.get_sparse_mmap = get_sparse_mmap,
};

int nvvgpu_mgr_mdev_get_ops(struct nvvgpu_mdev_ops *ops)
{
	if (strncmp(ops->version_string, NVVGPU_MDEV_OPS_VERSION, sizeof(ops->version_string))) {
		strscpy(ops->version_string, NVVGPU_MDEV_OPS_VERSION, sizeof(ops->version_string));
		return -EPROTONOSUPPORT;
	}
	*ops = mdev_ops;
	return 0;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_mdev_get_ops);

static void meet_boards(const struct nvvgpu_mdev_front_ops *ops)
{
	struct mgr_device *md;
	unsigned int minor;

	for (minor = 0; minor < MGR_MINORS; minor++) {
		md = mgr_device_get_minor(minor);
		if (!md)
			continue;
		mutex_lock(&md->board_lock);
		meet_board(md, ops);
		mutex_unlock(&md->board_lock);
		mgr_device_put(md);
	}
}

static void part_from_boards(void)
{
	struct mgr_device *md;
	unsigned int minor;

	for (minor = 0; minor < MGR_MINORS; minor++) {
		md = mgr_device_get_minor(minor);
		if (!md)
			continue;
		mutex_lock(&md->board_lock);
		part_from_board(md);
		mutex_unlock(&md->board_lock);
		mgr_device_put(md);
	}
}

/* Whoever adds a board at this time sees the front end, or is seen in the list of boards. */
int nvvgpu_mgr_mdev_set_front(const struct nvvgpu_mdev_front_ops *ops)
{
	if (ops && cmpxchg(&front, NULL, ops))
		return -EBUSY;
	if (ops) {
		meet_boards(ops);
	} else {
		WRITE_ONCE(front, NULL);
		part_from_boards();
	}
	return 0;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_mdev_set_front);
