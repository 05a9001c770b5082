// SPDX-License-Identifier: MIT
/* A host: the door to its machine, and the table of its GPUs. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "objects.h"

#define LOG_LINE_LEN 512

/* --------------------------------------------------------------------- logs */

/* Where log lines go; whoever is in its function holds a reference. */
struct log_sink {
	atomic_uint refs;
	nvvgpu_log_fn fn;
	nvvgpu_release_fn release;
	void *arg;
};

static int log_sink_new(nvvgpu_log_fn fn, void *arg, nvvgpu_release_fn release,
			struct log_sink **ret)
{
	struct log_sink *sink = malloc(sizeof(*sink));

	if (!sink)
		return error_nomem();
	*sink = (struct log_sink){ .refs = 1, .fn = fn, .arg = arg, .release = release };
	*ret = sink;
	return 0;
}

static void log_sink_unref(struct log_sink *sink)
{
	if (!sink || atomic_fetch_sub_explicit(&sink->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (sink->release)
		sink->release(sink->arg);
	free(sink);
}

static int set_log(struct nvvgpu *host, enum nvvgpu_log_level level, nvvgpu_log_fn fn, void *arg,
		   nvvgpu_release_fn release)
{
	struct log_sink *sink = NULL, *old;
	int err;

	if (fn && (level < NVVGPU_LOG_WARNING || level > NVVGPU_LOG_DEBUG))
		return error_setf(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, host->uri,
				  "give warning (1), info (2) or debug (3)",
				  "there is no log level %d", (int)level);
	err = fn ? log_sink_new(fn, arg, release, &sink) : 0;
	if (err)
		return err;
	pthread_mutex_lock(&host->log_lock);
	old = host->log;
	host->log = sink;
	atomic_store(&host->log_level, sink ? level : 0);
	pthread_mutex_unlock(&host->log_lock);
	log_sink_unref(old);
	return 0;
}

NVVGPU_EXPORT int nvvgpu_set_log(struct nvvgpu *host, enum nvvgpu_log_level level,
				 nvvgpu_log_fn fn, void *arg, nvvgpu_release_fn release)
{
	int err = set_log(host, level, fn, arg, release);

	if (release && (err || !fn))
		release(arg);
	return err;
}

static struct log_sink *log_sink_get(struct nvvgpu *host)
{
	struct log_sink *sink;

	pthread_mutex_lock(&host->log_lock);
	sink = host->log;
	if (sink)
		atomic_fetch_add_explicit(&sink->refs, 1, memory_order_relaxed);
	pthread_mutex_unlock(&host->log_lock);
	return sink;
}

void host_log(struct nvvgpu *host, enum nvvgpu_log_level level, const char *format, ...)
{
	/* what a log function does is not told: it would be told without end */
	static _Thread_local bool telling;
	struct log_sink *sink;
	char line[LOG_LINE_LEN];
	va_list args;

	if (telling || (int)level > atomic_load_explicit(&host->log_level, memory_order_relaxed))
		return;
	sink = log_sink_get(host);
	if (!sink)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	telling = true;
	sink->fn(sink->arg, level, line);
	telling = false;
	log_sink_unref(sink);
}

/* --------------------------------------------------------------------- open */

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
				 "give host:, tree:PATH or emu:BOARD");
	if (detail)
		return error_set(err, reason_from_errno(err), uri, detail,
				 "check what the uri names");
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
	log_sink_unref(host->log);
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

/*
 * The search itself runs without the lock: it asks drivers, and it calls the
 * log function.  Of several at once the one that began last is kept.
 */
NVVGPU_EXPORT int nvvgpu_refresh(struct nvvgpu *host)
{
	uint64_t number = atomic_fetch_add(&host->searches, 1) + 1;
	struct gpu_table *table;
	int err = gpu_table_search(host, NVVGPU_LOG_WARNING, &table);

	if (err)
		return err;
	pthread_mutex_lock(&host->lock);
	if (number > host->gpus_number) {
		struct gpu_table *old = host->gpus;

		host->gpus = table;
		host->gpus_number = number;
		table = old;
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
		err = nvvgpu_refresh(host);
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

/* ------------------------------------------------------------------ library */

NVVGPU_EXPORT const char *nvvgpu_version(void)
{
	return NVVGPU_VERSION;
}

NVVGPU_EXPORT void nvvgpu_free(void *memory)
{
	free(memory);
}
