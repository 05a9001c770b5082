// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "framework/parse.h"
#include "framework/vfs.h"

const char *function_path(char path[VFS_PATH_LEN], const char *address, const char *attribute)
{
	snprintf(path, VFS_PATH_LEN, "bus/pci/devices/%s/%s", address, attribute);
	return path;
}

int function_read_u32(struct os *os, const char *address, const char *attribute, uint32_t *ret)
{
	char path[VFS_PATH_LEN], text[32];
	int err;

	err = os->ops->attr_read(os, function_path(path, address, attribute), text, sizeof(text),
				 NULL);
	return err ? err : parse_u32(text, ret);
}

int function_write(struct os *os, const char *address, const char *attribute, const char *value)
{
	char path[VFS_PATH_LEN];

	return os->ops->attr_write(os, function_path(path, address, attribute), value);
}

static int any_entry(const char *name, void *arg)
{
	return 1;
}

bool function_has(struct os *os, const char *address, const char *directory)
{
	char path[VFS_PATH_LEN];

	return os->ops->list(os, function_path(path, address, directory), any_entry, NULL) > 0;
}

/* --------------------------------------------------------------------- VFs */

struct reading {
	uint32_t indices[VFS_MAX];
	size_t count;
};

static int take_index(const char *name, void *arg)
{
	struct reading *reading = arg;
	uint32_t index;

	if (strncmp(name, "virtfn", 6) || parse_u32(name + 6, &index))
		return 0;
	if (reading->count == VFS_MAX)
		return -E2BIG;
	reading->indices[reading->count++] = index;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int vf_read(struct os *os, const char *gpu, uint32_t index, struct vf *ret)
{
	char path[VFS_PATH_LEN], name[24], target[64];
	int err;

	snprintf(name, sizeof(name), "virtfn%u", index);
	err = os->ops->link_read(os, function_path(path, gpu, name), target, sizeof(target));
	if (err)
		return err;
	ret->index = index;
	return pci_address_canonical(target, ret->address) ? -EIO : 0;
}

int vfs_read(struct os *os, const char *gpu, struct vf **ret, size_t *ret_count)
{
	__cleanup_free struct vf *vfs = NULL;
	struct reading reading = { .count = 0 };
	char path[VFS_PATH_LEN];
	size_t count = 0;
	int err;

	snprintf(path, sizeof(path), "bus/pci/devices/%s", gpu);
	err = os->ops->list(os, path, take_index, &reading);
	if (err)
		return err;
	qsort(reading.indices, reading.count, sizeof(reading.indices[0]), compare);
	vfs = calloc(reading.count + 1, sizeof(*vfs));
	if (!vfs)
		return -ENOMEM;
	for (size_t i = 0; i < reading.count; i++) {
		err = vf_read(os, gpu, reading.indices[i], &vfs[count]);
		if (err && err != -ENOENT)	/* it went away meanwhile */
			return err;
		count += !err;
	}
	*ret_count = count;
	*ret = count ? take_ptr(vfs) : NULL;
	return 0;
}

/* -------------------------------------------------------------------- cache */

/* The candidate's list becomes the cache's. */
void vfs_cache_init(struct vfs_cache *cache, struct candidate *candidate)
{
	pthread_mutex_init(&cache->lock, NULL);
	cache->stamp = candidate->stamp;
	cache->count = candidate->vf_count;
	cache->vfs = take_ptr(candidate->vfs);
	candidate->vf_count = 0;
}

void vfs_cache_fini(struct vfs_cache *cache)
{
	free(cache->vfs);
	pthread_mutex_destroy(&cache->lock);
}

/* With the lock. */
static int refresh(struct vfs_cache *cache, struct os *os, const char *gpu)
{
	struct vf *vfs = NULL;
	struct os_stamp stamp;
	size_t count = 0;
	int err;

	if (os_stamp_holds(os, &cache->stamp))
		return 0;
	os_stamp_take(os, &stamp);
	err = vfs_read(os, gpu, &vfs, &count);
	if (err)
		return err;
	free(cache->vfs);
	cache->vfs = vfs;
	cache->count = count;
	cache->stamp = stamp;
	return 0;
}

static struct vf *copy_of(const struct vfs_cache *cache)
{
	struct vf *copy = calloc(cache->count, sizeof(*copy));

	if (copy)
		memcpy(copy, cache->vfs, cache->count * sizeof(*copy));
	return copy;
}

bool vfs_cache_lasts(struct vfs_cache *cache)
{
	bool lasts;

	pthread_mutex_lock(&cache->lock);
	lasts = os_stamp_lasts(&cache->stamp);
	pthread_mutex_unlock(&cache->lock);
	return lasts;
}

int vfs_cache_read(struct vfs_cache *cache, struct os *os, const char *gpu, struct vf **ret,
		   size_t *ret_count)
{
	struct vf *copy = NULL;
	size_t count = 0;
	int err;

	pthread_mutex_lock(&cache->lock);
	err = refresh(cache, os, gpu);
	if (!err && cache->count) {
		count = cache->count;
		copy = copy_of(cache);
		err = copy ? 0 : -ENOMEM;
	}
	pthread_mutex_unlock(&cache->lock);
	if (err)
		return err;
	*ret = copy;
	*ret_count = count;
	return 0;
}
