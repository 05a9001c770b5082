// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A board: one GPU, or several in one PCI domain.  As with hardware, what it is made of cannot
 * be unloaded while it is plugged in: a live board holds its module.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "glue.h"

DEFINE_MUTEX(emu_boards_lock);	/* the list, and which boards are live */
static LIST_HEAD(boards);

static bool domain_is_free(int domain)
{
	struct pci_bus *bus = NULL;
	struct emu_board *board;

	list_for_each_entry(board, &boards, node)
		if (board->domain == domain)
			return false;
	while ((bus = pci_find_next_bus(bus)))
		if (pci_domain_nr(bus) == domain)
			return false;
	return true;
}

static int choose_domain(int wanted)
{
	int domain;

	if (wanted)
		return domain_is_free(wanted) ? wanted : -EEXIST;
	for (domain = EMU_FIRST_DOMAIN; domain <= EMU_LAST_DOMAIN; domain++)
		if (domain_is_free(domain))
			return domain;
	return -ENOSPC;
}

static void free_gpus(struct emu_board *board)
{
	while (board->gpu_count)
		emu_gpu_free(board->gpus[--board->gpu_count]);
}

/*
 * A board with mdevs is for the driver called "nvidia", a name that their types need.  Where the
 * driver of real boards has it, that one would be given the emulated one.
 */
static int request_mdev_driver(void)
{
	struct device_driver *driver;

	request_module(EMU_MDEV_MODULE);
	driver = driver_find(EMU_MDEV_DRIVER, &pci_bus_type);
	if (driver && driver->owner && !strcmp(module_name(driver->owner), EMU_MDEV_MODULE))
		return 0;
	pr_err("a board with mediated devices needs " EMU_MDEV_MODULE
	       ", and no other driver called \"" EMU_MDEV_DRIVER "\"\n");
	return driver ? -EBUSY : -ENODEV;
}

static int make_gpus(struct emu_board *board)
{
	int err;

	while (board->gpu_count < board->data->gpus) {
		err = emu_gpu_new(board, board->gpu_count, &board->gpus[board->gpu_count]);
		if (err) {
			free_gpus(board);
			return err;
		}
		board->gpu_count++;
	}
	return 0;
}

static int make_board(struct emu_board *board)
{
	int err;

	if (board->framework == NVVGPU_BOARD_VENDOR_VFIO && !board->data->vfs_total) {
		pr_err("%s has no virtual functions for vendor-vfio\n", board->data->name);
		return -EINVAL;
	}
	if (emu_board_has_mdevs(board)) {
		err = request_mdev_driver();
		if (err)
			return err;
	}
	return make_gpus(board);
}

int emu_board_new(const struct nvvgpu_emu_board_data *data, enum nvvgpu_board_framework framework,
		  int domain, struct emu_board **ret)
{
	struct emu_board *board;
	int err;

	lockdep_assert_held(&emu_boards_lock);
	if (WARN_ON(data->gpus > EMU_BOARD_GPUS))
		return -EINVAL;
	domain = choose_domain(domain);
	if (domain < 0)
		return domain;
	board = kzalloc(sizeof(*board), GFP_KERNEL);
	if (!board)
		return -ENOMEM;
	board->data = data;
	board->framework = framework;
	board->domain = domain;
	err = make_board(board);
	if (err) {
		kfree(board);
		return err;
	}
	__module_get(THIS_MODULE);
	list_add_tail(&board->node, &boards);
	pr_info("%s: emulated %s\n", board->gpus[0]->name, data->name);
	*ret = board;
	return 0;
}

/*
 * Asked beforehand, because a removal waits for VFIO's users, with the PCI core's locks held and
 * without a way back.  From then on nobody new gets a function.
 */
static int leave(struct emu_board *board)
{
	unsigned int i;
	int err;

	for (i = 0; i < board->gpu_count; i++) {
		err = emu_gpu_leave(board->gpus[i]);
		if (err)
			goto err_stay;
	}
	return 0;

err_stay:
	while (i--)
		emu_iommu_stay(board->gpus[i]);
	return err;
}

int emu_board_remove(struct emu_board *board)
{
	int err;

	err = leave(board);
	if (!err)
		emu_board_free(board);
	return err;
}

void emu_board_free(struct emu_board *board)
{
	lockdep_assert_held(&emu_boards_lock);
	list_del(&board->node);
	free_gpus(board);
	kfree(board);
	module_put(THIS_MODULE);
}
