// SPDX-License-Identifier: MIT
/* A host: the door to its machine, and the table of its GPUs. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "objects.h"

#define LOG_LINE_LEN 512

static int open_os(const char *uri, struct os **ret)
{
	const char *detail = NULL;
	int err = os_open(uri, ret, &detail);

	if (!err)
		return 0;
	if (err == -ENOMEM)
		return error_nomem();
	if (detail && err == -EINVAL)
		return error_set(err, NVVGPU_REASON_INVALID_ARGUMENT, uri, detail,
				 "give host:, tree:DIR or emu:BOARD");
	if (detail)
		return error_set(err, reason_from_errno(err), uri, detail,
				 "check the directory that the uri names");
	return error_errno(err, uri, "opening the host");
}

NVVGPU_EXPORT int nvvgpu_open(const char *uri, struct nvvgpu **ret)
{
	struct nvvgpu *host;
	int err;

	if (!uri)
		uri = "host:";
	host = calloc(1, sizeof(*host));
	if (!host)
		return error_nomem();
	host->uri = strdup(uri);
	err = host->uri ? open_os(uri, &host->os) : error_nomem();
	if (err) {
		free(host->uri);
		free(host);
		return err;
	}
	atomic_init(&host->refs, 1);
	pthread_mutex_init(&host->lock, NULL);
	pthread_mutex_init(&host->name_lock, NULL);
	pthread_mutex_init(&host->log_lock, NULL);
	*ret = host;
	return 0;
}

NVVGPU_EXPORT struct nvvgpu *nvvgpu_ref(struct nvvgpu *host)
{
	atomic_fetch_add_explicit(&host->refs, 1, memory_order_relaxed);
	return host;
}

NVVGPU_EXPORT struct nvvgpu *nvvgpu_unref(struct nvvgpu *host)
{
	if (!host || atomic_fetch_sub_explicit(&host->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	gpu_table_unref(host->gpus);
	os_close(host->os);
	pthread_mutex_destroy(&host->lock);
	pthread_mutex_destroy(&host->name_lock);
	pthread_mutex_destroy(&host->log_lock);
	free(host->uri);
	free(host);
	return NULL;
}

NVVGPU_EXPORT const char *nvvgpu_get_uri(struct nvvgpu *host)
{
	return host->uri;
}

/* ---------------------------------------------------------------- discovery */

static struct gpu_table *current_gpus(struct nvvgpu *host)
{
	struct gpu_table *table;

	pthread_mutex_lock(&host->lock);
	table = host->gpus;
	if (table)
		atomic_fetch_add_explicit(&table->refs, 1, memory_order_relaxed);
	pthread_mutex_unlock(&host->lock);
	return table;
}

/* With the lock held; what becomes of the table that was there is the caller's. */
static void install(struct nvvgpu *host, struct gpu_table *table)
{
	uint64_t generation = atomic_load(&host->generation) + 1;

	for (size_t i = 0; i < table->count; i++)
		table->gpus[i]->generation = generation;
	host->gpus = table;
	atomic_store_explicit(&host->generation, generation, memory_order_release);
}

/* The search itself runs without the lock: it asks drivers, and it calls the log function. */
NVVGPU_EXPORT int nvvgpu_refresh(struct nvvgpu *host)
{
	struct gpu_table *table, *old;
	int err = gpu_table_search(host, &table);

	if (err)
		return err;
	pthread_mutex_lock(&host->lock);
	old = host->gpus;
	install(host, table);
	pthread_mutex_unlock(&host->lock);
	gpu_table_unref(old);
	return 0;
}

/* The first search of several threads wins, so that what it lent out stays valid. */
static int search_once(struct nvvgpu *host)
{
	struct gpu_table *table;
	int err = gpu_table_search(host, &table);

	if (err)
		return err;
	pthread_mutex_lock(&host->lock);
	if (!host->gpus) {
		install(host, table);
		table = NULL;
	}
	pthread_mutex_unlock(&host->lock);
	gpu_table_unref(table);
	return 0;
}

int host_gpus(struct nvvgpu *host, struct gpu_table **ret)
{
	struct gpu_table *table = current_gpus(host);
	int err;

	if (!table) {
		err = search_once(host);
		if (err)
			return err;
		table = current_gpus(host);
	}
	*ret = table;
	return 0;
}

bool host_is_read_only(struct nvvgpu *host)
{
	return !strcmp(host->os->ops->scheme, "tree");
}

/* --------------------------------------------------------------------- logs */

NVVGPU_EXPORT void nvvgpu_set_log(struct nvvgpu *host, int level, nvvgpu_log_fn fn, void *arg)
{
	pthread_mutex_lock(&host->log_lock);
	host->log_fn = fn;
	host->log_arg = arg;
	atomic_store(&host->log_level, fn ? level : 0);
	pthread_mutex_unlock(&host->log_lock);
}

void host_log(struct nvvgpu *host, int level, const char *format, ...)
{
	char line[LOG_LINE_LEN];
	nvvgpu_log_fn fn;
	va_list args;
	void *arg;

	if (level > atomic_load_explicit(&host->log_level, memory_order_relaxed))
		return;
	pthread_mutex_lock(&host->log_lock);
	fn = host->log_fn;
	arg = host->log_arg;
	pthread_mutex_unlock(&host->log_lock);
	if (!fn)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fn(arg, level, line);
}

/* ------------------------------------------------------------------ library */

NVVGPU_EXPORT const char *nvvgpu_version(void)
{
	return NVVGPU_VERSION;
}

NVVGPU_EXPORT void nvvgpu_free(void *memory)
{
	free(memory);
}
