// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Types, each a directory below mdev_supported_types of the board or of a virtual function.
 *
 * The mdev framework uses struct mdev_parent and the types in it until the last kobject of a type
 * is released, which may be long after mdev_unregister_parent(): each mdev holds the kobject of
 * its type, and somebody may hold the mdev.  It has no callback for that end, and holds nothing
 * but the function.  So the types' kobjects get a release function of ours, which lets
 * go of the memory after the framework's own has run.
 */
#include <linux/kmemleak.h>
#include <linux/slab.h>
#include "device.h"

static void free_parent(struct kref *ref)
{
	kvfree(container_of(ref, struct nvvgpu_mdev_parent, ref));
	nvvgpu_mdev_drop();
}

static void put_parent(struct nvvgpu_mdev_parent *parent)
{
	kref_put(&parent->ref, free_parent);
}

static void release_type(struct kobject *kobj)
{
	struct mdev_type *type = container_of(kobj, struct mdev_type, kobj);
	struct nvvgpu_mdev_parent *parent = to_nvvgpu_mdev_parent(type);

	parent->release_type(kobj);
	put_parent(parent);
}

/* From now on each type holds the parent.  They are all alive: nobody has unregistered them. */
static void hold_by_types(struct nvvgpu_mdev_parent *parent)
{
	u32 i;

	if (!parent->count)
		return;
	parent->ktype = *parent->types[0].mdev.kobj.ktype;
	parent->release_type = parent->ktype.release;
	parent->ktype.release = release_type;
	for (i = 0; i < parent->count; i++) {
		kref_get(&parent->ref);
		WRITE_ONCE(parent->types[i].mdev.kobj.ktype, &parent->ktype);
	}
}

static int describe_type(struct nvvgpu_mdev_parent *parent, u32 id, struct nvvgpu_mdev_type *type)
{
	type->id = id;
	snprintf(type->sysfs_name, sizeof(type->sysfs_name), "%u", id);
	type->mdev.sysfs_name = type->sysfs_name;
	type->mdev.pretty_name = type->name;
	return nvvgpu_mdev_back.get_name(parent->manager, id, type->name);
}

static int describe_types(struct nvvgpu_mdev_parent *parent)
{
	u32 ids[NVVGPU_MAX_TYPES];
	int count, err = 0;

	count = nvvgpu_mdev_back.get_types(parent->manager, ids);
	if (count < 0)
		return count;
	while (parent->count < count && !err) {
		struct nvvgpu_mdev_type *type = &parent->types[parent->count];

		parent->list[parent->count] = &type->mdev;
		err = describe_type(parent, ids[parent->count++], type);
	}
	return err;
}

static int new_parent(const struct nvvgpu_mgr_parent *manager, struct nvvgpu_mdev_parent **ret)
{
	struct nvvgpu_mdev_parent *parent;
	int err;

	parent = kvzalloc(sizeof(*parent), GFP_KERNEL);
	if (!parent)
		return -ENOMEM;
	parent->manager = manager;
	err = describe_types(parent);
	if (err) {
		kvfree(parent);
		return err;
	}
	kref_init(&parent->ref);
	nvvgpu_mdev_hold();
	*ret = parent;
	return 0;
}

/*
 * Where the framework took back the types that it had already, nothing tells when it lets go of
 * them.  So their memory is given up: for want of a little, somewhere else, it came to this.
 */
static void forget_unregistered(struct nvvgpu_mdev_parent *parent)
{
	if (!parent->types[0].mdev.kobj.state_initialized) {
		put_parent(parent);
		return;
	}
	kmemleak_not_leak(parent);
	nvvgpu_mdev_drop();
}

int nvvgpu_mdev_parent_add(const struct nvvgpu_mgr_parent *manager, struct mdev_driver *driver,
			   struct nvvgpu_mdev_parent **ret)
{
	struct nvvgpu_mdev_parent *parent;
	int err;

	err = new_parent(manager, &parent);
	if (err)
		return err;
	err = mdev_register_parent(&parent->mdev, &manager->pdev->dev, driver, parent->list,
				   parent->count);
	if (err) {
		forget_unregistered(parent);
		return err;
	}
	hold_by_types(parent);
	*ret = parent;
	return 0;
}

void nvvgpu_mdev_parent_remove(struct nvvgpu_mdev_parent *parent)
{
	mdev_unregister_parent(&parent->mdev);
	put_parent(parent);
}
