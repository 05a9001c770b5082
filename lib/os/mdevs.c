// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "os/mdevs.h"
#include "util/text.h"

#define DEVICES "bus/mdev/devices"

struct os_mdevs_cache {
	pthread_mutex_t lock;
	struct os_stamp stamp;
	struct os_mdevs *mdevs;		/* NULL: nobody has asked yet */
};

/* ------------------------------------------------------------------ reading */

struct walk {
	struct os *os;
	struct os_mdevs *mdevs;
	size_t room;
};

static int grow(struct walk *walk)
{
	size_t room = walk->room ? walk->room * 2 : 32;
	struct os_mdevs *mdevs;

	if (walk->mdevs && walk->mdevs->count == OS_MDEVS_MAX)
		return -E2BIG;
	mdevs = realloc(walk->mdevs, sizeof(*mdevs) + room * sizeof(mdevs->mdevs[0]));
	if (!mdevs)
		return -ENOMEM;
	if (!walk->mdevs)
		mdevs->count = 0;
	walk->mdevs = mdevs;
	walk->room = room;
	return 0;
}

/* What is no link, or none of a type, is taken as none; one that cannot be read may be one. */
static int read_type(struct os *os, const char *name, char *type, size_t size)
{
	char path[128];
	int err;

	snprintf(path, sizeof(path), DEVICES "/%s/mdev_type", name);
	err = os->ops->link_read(os, path, type, size);
	if (err)
		type[0] = '\0';
	return os_is_gone(err) || err == -EINVAL || err == -EMSGSIZE ? 0 : err;
}

/* -ENOENT: it is gone, or not on a PCI function. */
static int read_mdev(struct os *os, const char *name, struct os_mdev *mdev)
{
	char path[128], parent[64];
	int err;

	snprintf(path, sizeof(path), DEVICES "/%s", name);
	err = os->ops->link_parent(os, path, parent, sizeof(parent));
	if (os_is_gone(err) || err == -EINVAL || err == -EMSGSIZE)
		return -ENOENT;
	if (err)
		return err;
	if (pci_address_canonical(parent, mdev->parent))
		return -ENOENT;
	text_copy(mdev->name, sizeof(mdev->name), name);
	return read_type(os, name, mdev->type, sizeof(mdev->type));
}

static int take_mdev(const char *name, void *arg)
{
	struct walk *walk = arg;
	uint8_t uuid[16];
	int err = 0;

	if (uuid_parse_text(name, uuid))
		return 0;
	if (walk->mdevs->count == walk->room)
		err = grow(walk);
	if (!err)
		err = read_mdev(walk->os, name, &walk->mdevs->mdevs[walk->mdevs->count]);
	if (err)
		return err == -ENOENT ? 0 : err;
	walk->mdevs->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct os_mdev *)a)->name, ((const struct os_mdev *)b)->name);
}

/* The kernel adds the link to its type a moment behind an mdev, and tells nobody. */
static bool is_whole(const struct os_mdevs *mdevs)
{
	for (size_t i = 0; i < mdevs->count; i++)
		if (!mdevs->mdevs[i].type[0])
			return false;
	return true;
}

static int read_all(struct os *os, struct os_mdevs **ret)
{
	struct walk walk = { .os = os };
	int err = grow(&walk);

	if (!err)
		err = os->ops->list(os, DEVICES, take_mdev, &walk);
	if (err && err != -ENOENT) {
		free(walk.mdevs);
		return err;
	}
	atomic_init(&walk.mdevs->refs, 1);
	qsort(walk.mdevs->mdevs, walk.mdevs->count, sizeof(walk.mdevs->mdevs[0]), compare);
	*ret = walk.mdevs;
	return 0;
}

/* ------------------------------------------------------------------ keeping */

static struct os_mdevs *ref(struct os_mdevs *mdevs)
{
	atomic_fetch_add_explicit(&mdevs->refs, 1, memory_order_relaxed);
	return mdevs;
}

void os_mdevs_unref(struct os_mdevs *mdevs)
{
	if (mdevs && atomic_fetch_sub_explicit(&mdevs->refs, 1, memory_order_acq_rel) == 1)
		free(mdevs);
}

/* Who asks at the same time waits for the one walk. */
int os_mdevs_get(struct os *os, struct os_mdevs **ret)
{
	struct os_mdevs_cache *cache = os->mdevs;
	struct os_mdevs *fresh = NULL;
	struct os_stamp stamp;
	int err = 0;

	if (!cache)
		return read_all(os, ret);
	pthread_mutex_lock(&cache->lock);
	if (!cache->mdevs || !os_stamp_holds(os, &cache->stamp)) {
		os_stamp_take(os, &stamp);
		err = read_all(os, &fresh);
		if (!err) {
			os_mdevs_unref(cache->mdevs);
			cache->mdevs = fresh;
			cache->stamp = stamp;
			cache->stamp.known &= is_whole(fresh) || os_stamp_lasts(&stamp);
		}
	}
	if (!err)
		*ret = ref(cache->mdevs);
	pthread_mutex_unlock(&cache->lock);
	return err;
}

void os_mdevs_init(struct os *os)
{
	os->mdevs = calloc(1, sizeof(*os->mdevs));
	if (os->mdevs)
		pthread_mutex_init(&os->mdevs->lock, NULL);
}

void os_mdevs_fini(struct os *os)
{
	if (!os->mdevs)
		return;
	os_mdevs_unref(os->mdevs->mdevs);
	pthread_mutex_destroy(&os->mdevs->lock);
	free(os->mdevs);
}
