// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Boards as directories of /sys/kernel/config/nvvgpu_emu/, described first and plugged in then,
 * in the manner of gpio-sim:
 *
 *   board	"l40", any of ../boards.c; can be written while the board is not live
 *   framework	by what its vGPUs are seen (../../core/board_framework.h): "nvvgpu", "vendor-vfio" or
 *		"mdev"; can be written while the board is not live
 *   domain	its PCI domain, "auto" for the lowest free one; the real one while live
 *   live	1 plugs it in, 0 takes it out: -EBUSY while one of its functions is in use
 *   address	addresses of its PFs, while live
 *
 * The directory of a live board cannot be removed (-EBUSY).  Boards of the module's parameter
 * are directories from the beginning: live like the others, but their directories stay.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "glue.h"

#define DEFAULT_BOARD "l40"

/* What may be written is under emu_boards_lock, as is the life of the board. */
struct item {
	struct config_group group;
	const struct nvvgpu_emu_board_data *data;
	enum nvvgpu_board_framework framework;
	int domain;			/* wanted; 0: any */
	struct emu_board *board;	/* NULL: not live */
	bool pinned;			/* a live board's directory */
};

static struct item *to_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct item, group);
}

/* -------------------------------------------------------------- attributes */

static ssize_t item_board_show(struct config_item *config, char *page)
{
	struct item *item = to_item(config);
	ssize_t n;

	mutex_lock(&emu_boards_lock);
	n = sysfs_emit(page, "%s\n", item->data->id);
	mutex_unlock(&emu_boards_lock);
	return n;
}

static ssize_t item_board_store(struct config_item *config, const char *page, size_t count)
{
	const struct nvvgpu_emu_board_data *data;
	struct item *item = to_item(config);
	int err = 0;

	data = nvvgpu_emu_board_find(page, strcspn(page, "\n"));
	if (!data)
		return -EINVAL;
	mutex_lock(&emu_boards_lock);
	if (item->board)
		err = -EBUSY;
	else
		item->data = data;
	mutex_unlock(&emu_boards_lock);
	return err ? err : count;
}
CONFIGFS_ATTR(item_, board);

static const char *const frameworks[NVVGPU_BOARD_FRAMEWORKS] = {
	[NVVGPU_BOARD_NVVGPU] = "nvvgpu",
	[NVVGPU_BOARD_VENDOR_VFIO] = "vendor-vfio",
	[NVVGPU_BOARD_MDEV] = "mdev",
};

static ssize_t item_framework_show(struct config_item *config, char *page)
{
	struct item *item = to_item(config);
	ssize_t n;

	mutex_lock(&emu_boards_lock);
	n = sysfs_emit(page, "%s\n", frameworks[item->framework]);
	mutex_unlock(&emu_boards_lock);
	return n;
}

static ssize_t item_framework_store(struct config_item *config, const char *page, size_t count)
{
	int framework = sysfs_match_string(frameworks, page), err = 0;
	struct item *item = to_item(config);

	if (framework < 0)
		return framework;
	mutex_lock(&emu_boards_lock);
	if (item->board)
		err = -EBUSY;
	else
		item->framework = framework;
	mutex_unlock(&emu_boards_lock);
	return err ? err : count;
}
CONFIGFS_ATTR(item_, framework);

static ssize_t item_domain_show(struct config_item *config, char *page)
{
	struct item *item = to_item(config);
	int domain;

	mutex_lock(&emu_boards_lock);
	domain = item->board ? item->board->domain : item->domain;
	mutex_unlock(&emu_boards_lock);
	return domain ? sysfs_emit(page, "0x%04x\n", domain) : sysfs_emit(page, "auto\n");
}

static int parse_domain(const char *page, int *domain)
{
	int err;

	if (sysfs_streq(page, "auto")) {
		*domain = 0;
		return 0;
	}
	err = kstrtoint(page, 0, domain);
	if (err)
		return err;
	return *domain >= EMU_FIRST_DOMAIN && *domain <= EMU_LAST_DOMAIN ? 0 : -ERANGE;
}

static ssize_t item_domain_store(struct config_item *config, const char *page, size_t count)
{
	struct item *item = to_item(config);
	int domain, err;

	err = parse_domain(page, &domain);
	if (err)
		return err;
	mutex_lock(&emu_boards_lock);
	if (item->board)
		err = -EBUSY;
	else
		item->domain = domain;
	mutex_unlock(&emu_boards_lock);
	return err ? err : count;
}
CONFIGFS_ATTR(item_, domain);

static ssize_t item_address_show(struct config_item *config, char *page)
{
	struct item *item = to_item(config);
	ssize_t n = 0;
	unsigned int i;

	mutex_lock(&emu_boards_lock);
	for (i = 0; item->board && i < item->board->gpu_count; i++)
		n += sysfs_emit_at(page, n, "%s%s", i ? " " : "", item->board->gpus[i]->name);
	if (n)
		n += sysfs_emit_at(page, n, "\n");
	mutex_unlock(&emu_boards_lock);
	return n;
}
CONFIGFS_ATTR_RO(item_, address);

static ssize_t item_live_show(struct config_item *config, char *page)
{
	struct item *item = to_item(config);
	bool live;

	mutex_lock(&emu_boards_lock);
	live = item->board;
	mutex_unlock(&emu_boards_lock);
	return sysfs_emit(page, "%d\n", live);
}

/* configfs refuses to remove a directory on which something depends. */
static int pin(struct item *item)
{
	int err;

	err = configfs_depend_item_unlocked(item->group.cg_subsys, &item->group.cg_item);
	item->pinned = !err;
	return err;
}

static void unpin(struct item *item)
{
	if (item->pinned)
		configfs_undepend_item_unlocked(&item->group.cg_item);
	item->pinned = false;
}

static int go_live(struct item *item)
{
	int err;

	err = pin(item);
	if (err)
		return err;
	err = emu_board_new(item->data, item->framework, item->domain, &item->board);
	if (err)
		unpin(item);
	return err;
}

static int go_away(struct item *item)
{
	int err;

	err = emu_board_remove(item->board);
	if (err)
		return err;
	item->board = NULL;
	unpin(item);
	return 0;
}

static ssize_t item_live_store(struct config_item *config, const char *page, size_t count)
{
	struct item *item = to_item(config);
	bool live;
	int err;

	err = kstrtobool(page, &live);
	if (err)
		return err;
	mutex_lock(&emu_boards_lock);
	if (live && !item->board)
		err = go_live(item);
	else if (!live && item->board)
		err = go_away(item);
	mutex_unlock(&emu_boards_lock);
	return err ? err : count;
}
CONFIGFS_ATTR(item_, live);

static struct configfs_attribute *item_attrs[] = {
	&item_attr_board,
	&item_attr_framework,
	&item_attr_domain,
	&item_attr_live,
	&item_attr_address,
	NULL
};

/* ------------------------------------------------------------- directories */

static void item_release(struct config_item *config)
{
	struct item *item = to_item(config);

	WARN_ON(item->board);
	kfree(item);
}

static struct configfs_item_operations item_ops = {
	.release = item_release,
};

static const struct config_item_type item_type = {
	.ct_item_ops = &item_ops,
	.ct_attrs = item_attrs,
	.ct_owner = THIS_MODULE,
};

static struct item *make_item(const char *name, const struct nvvgpu_emu_board_data *data)
{
	struct item *item = kzalloc(sizeof(*item), GFP_KERNEL);

	if (!item)
		return NULL;
	item->data = data;
	config_group_init_type_name(&item->group, name, &item_type);
	return item;
}

static struct config_group *root_make_group(struct config_group *root, const char *name)
{
	const struct nvvgpu_emu_board_data *data;
	struct item *item;

	data = nvvgpu_emu_board_find(DEFAULT_BOARD, strlen(DEFAULT_BOARD));
	item = make_item(name, data);
	return item ? &item->group : ERR_PTR(-ENOMEM);
}

static struct configfs_group_operations root_ops = {
	.make_group = root_make_group,
};

static const struct config_item_type root_type = {
	.ct_group_ops = &root_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = KBUILD_MODNAME,
			.ci_type = &root_type,
		},
	},
	.su_mutex = __MUTEX_INITIALIZER(subsystem.su_mutex),
};

/* --------------------------------------------- boards named by the parameter */

static struct item *default_item(const char *name)
{
	struct config_group *group;

	list_for_each_entry(group, &subsystem.su_group.default_groups, group_entry)
		if (!strcmp(config_item_name(&group->cg_item), name))
			return container_of(group, struct item, group);
	return NULL;
}

/* "l40:mdev": its directory is "l40", and "l40-2" for the second of its kind. */
static int make_default(char *words)
{
	const char *id = strim(strsep(&words, ":"));
	const struct nvvgpu_emu_board_data *data;
	int n, framework = NVVGPU_BOARD_NVVGPU, err;
	struct item *item;
	char name[32];

	data = nvvgpu_emu_board_find(id, strlen(id));
	if (words)
		framework = sysfs_match_string(frameworks, strim(words));
	if (!data || framework < 0) {
		pr_err("no board \"%s\" to emulate%s%s\n", id, words ? " by " : "", words ?: "");
		return -EINVAL;
	}
	strscpy(name, id, sizeof(name));
	for (n = 2; default_item(name); n++)
		snprintf(name, sizeof(name), "%s-%d", id, n);
	item = make_item(name, data);
	if (!item)
		return -ENOMEM;
	item->framework = framework;
	mutex_lock(&emu_boards_lock);
	err = emu_board_new(data, framework, 0, &item->board);
	mutex_unlock(&emu_boards_lock);
	if (err) {
		pr_err("board \"%s\" could not be made: %d\n", id, err);
		config_item_put(&item->group.cg_item);
		return err;
	}
	configfs_add_default_group(&item->group, &subsystem.su_group);
	return 0;
}

static int make_defaults(const char *boards)
{
	char *list, *rest, *id;
	int err = 0;

	if (!boards || !*boards)
		return 0;
	list = kstrdup(boards, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	rest = list;
	while (!err && (id = strsep(&rest, ",")))
		err = make_default(id);
	kfree(list);
	return err;
}

/* They are live only when the module fails to load: a live board holds it. */
static void remove_defaults(void)
{
	struct config_group *group;
	struct item *item;

	mutex_lock(&emu_boards_lock);
	list_for_each_entry(group, &subsystem.su_group.default_groups, group_entry) {
		item = container_of(group, struct item, group);
		if (item->board)
			emu_board_free(item->board);
		item->board = NULL;
	}
	mutex_unlock(&emu_boards_lock);
	configfs_remove_default_groups(&subsystem.su_group);
}

/*
 * The directories come last: once they are there anybody can make boards, and a failing init
 * could not take those back.
 */
int emu_configfs_init(const char *boards)
{
	int err;

	config_group_init(&subsystem.su_group);
	err = make_defaults(boards);
	if (!err)
		err = configfs_register_subsystem(&subsystem);
	if (err)
		remove_defaults();
	return err;
}

void emu_configfs_exit(void)
{
	configfs_unregister_subsystem(&subsystem);
	remove_defaults();
}
