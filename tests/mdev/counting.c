// SPDX-License-Identifier: MIT
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "counting.h"

static struct counting *counting_of(struct os *os)
{
	return (struct counting *)os;
}

static struct os *note(struct os *os, char kind, const char *path)
{
	struct counting *c = counting_of(os);

	if (c->count == c->room) {
		c->room = c->room ? c->room * 2 : 1024;
		c->paths = realloc(c->paths, c->room * sizeof(*c->paths));
		ck_assert_ptr_nonnull(c->paths);
	}
	ck_assert_int_gt(asprintf(&c->paths[c->count++], "%c %s", kind, path), 0);
	return c->real;
}

static int count_attr(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	struct os *real = note(os, 'a', path);

	return real->ops->attr_read(real, path, buf, size, ret_len);
}

static int count_link(struct os *os, const char *path, char *buf, size_t size)
{
	struct os *real = note(os, 'l', path);

	return real->ops->link_read(real, path, buf, size);
}

static int count_parent(struct os *os, const char *path, char *buf, size_t size)
{
	struct os *real = note(os, 'l', path);

	return real->ops->link_parent(real, path, buf, size);
}

static int count_list(struct os *os, const char *path, int (*each)(const char *name, void *arg),
		      void *arg)
{
	struct os *real = note(os, 'd', path);

	return real->ops->list(real, path, each, arg);
}

/* The rest goes to the real one, which is asked for itself. */
static int pass_control(struct os *os, const char *address, bool write, struct os_file **ret)
{
	struct os *real = counting_of(os)->real;

	return real->ops->control_open(real, address, write, ret);
}

static int pass_pci(struct os *os, unsigned int *method, const char **param, const char **value)
{
	struct os *real = counting_of(os)->real;

	return real->ops->pci_access(real, method, param, value);
}

static struct run *pass_run(struct os *os)
{
	struct os *real = counting_of(os)->real;

	return real->ops->run(real);
}

static int pass_changes(struct os *os, uint64_t *ret)
{
	struct os *real = counting_of(os)->real;

	return real->ops->changes(real, ret);
}

void counting_begin(struct counting *counting, struct nvvgpu *host)
{
	struct os *real = host->os;

	*counting = (struct counting){
		.ops = {
			.scheme = real->ops->scheme,
			.attr_read = count_attr,
			.attr_write = real->ops->attr_write,
			.link_read = count_link,
			.link_parent = count_parent,
			.list = count_list,
			.control_open = pass_control,
			.run = pass_run,
			.changes = pass_changes,
			.pci_access = pass_pci,
		},
		.real = real,
		.host = host,
	};
	counting->os.ops = &counting->ops;
	counting->os.mdevs = real->mdevs;
	host->os = &counting->os;
}

void counting_forget(struct counting *counting)
{
	while (counting->count)
		free(counting->paths[--counting->count]);
}

void counting_end(struct counting *counting)
{
	counting->host->os = counting->real;
	counting_forget(counting);
	free(counting->paths);
}

size_t counting_reads(const struct counting *counting, char kind)
{
	size_t reads = 0;

	for (size_t i = 0; i < counting->count; i++)
		reads += counting->paths[i][0] == kind;
	return reads;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *counting_twice(struct counting *counting, char kind)
{
	qsort(counting->paths, counting->count, sizeof(*counting->paths), compare);
	for (size_t i = 1; i < counting->count; i++)
		if (counting->paths[i][0] == kind &&
		    !strcmp(counting->paths[i - 1], counting->paths[i]))
			return counting->paths[i];
	return NULL;
}
