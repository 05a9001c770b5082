// SPDX-License-Identifier: MIT
/* Names and capabilities by libpci: the one file that calls it. */
#include <errno.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"
#include "os/pci.h"
#include "util/text.h"

#define SRIOV_TOTAL_VFS 0x0e	/* in the SR-IOV capability (PCIe base specification) */

/*
 * libpci ends the process on errors, unless its error callback does not return.
 * The callback is told nothing but a message, so where to jump to has to stand
 * somewhere: per thread, and only while a call is under way.
 */
static _Thread_local jmp_buf *escape;

static void on_error(char *message, ...) __attribute__((noreturn));

static void on_error(char *message, ...)
{
	longjmp(*escape, 1);
}

static void on_remark(char *message, ...)
{
}

/* Runs @body with @arg and a libpci that cannot end the process.  -EIO: libpci gave up. */
static int guarded(struct pci_access *access, int (*body)(struct pci_access *access, void *arg),
		   void *arg)
{
	jmp_buf *outer = escape;
	jmp_buf here;
	volatile int err = -EIO;

	access->error = on_error;
	access->warning = on_remark;
	access->debug = on_remark;
	access->id_lookup_mode = 0;	/* no cache in a home directory */
	escape = &here;
	if (!setjmp(here))
		err = body(access, arg);
	escape = outer;
	return err;
}

/* -------------------------------------------------------------------- names */

struct names_query {
	const struct os_pci_name *names;
	size_t count;
};

/* The board's name stands in brackets behind the chip's: "AD102GL [L40]". */
static void board_of(const char *entry, char *buf, size_t size)
{
	const char *open = strchr(entry, '[');
	const char *close = open ? strrchr(open, ']') : NULL;

	if (close)
		snprintf(buf, size, "NVIDIA %.*s", (int)(close - open - 1), open + 1);
	else
		snprintf(buf, size, "NVIDIA %s", entry);
	text_sanitize(buf);
}

static int look_up_names(struct pci_access *access, void *arg)
{
	const struct names_query *query = arg;
	char entry[128];

	for (size_t i = 0; i < query->count; i++) {
		const struct os_pci_name *name = &query->names[i];

		if (pci_lookup_name(access, entry, sizeof(entry),
				    PCI_LOOKUP_DEVICE | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB,
				    name->vendor_id, name->device_id))
			board_of(entry, name->buf, name->size);
	}
	return 0;
}

/* Needs no access method: nothing is initialised but the list of names. */
void os_pci_names(const struct os_pci_name *names, size_t count)
{
	struct names_query query = { names, count };
	struct pci_access *access = pci_alloc();

	guarded(access, look_up_names, &query);
	pci_cleanup(access);
}

/* ------------------------------------------------------------- capabilities */

struct vfs_query {
	unsigned int method;
	const char *param, *value;
	int domain, bus, device, function;
	struct pci_dev *owned;	/* what pci_get_dev() made; a list's functions are its own */
	uint16_t total_vfs;
};

/* A dump has its functions in a list; sysfs is asked for the one function alone. */
static struct pci_dev *find_function(struct pci_access *access, struct vfs_query *query)
{
	if (query->method != PCI_ACCESS_DUMP) {
		query->owned = pci_get_dev(access, query->domain, query->bus, query->device,
					   query->function);
		return query->owned;
	}
	for (struct pci_dev *dev = access->devices; dev; dev = dev->next)
		if (dev->domain == query->domain && dev->bus == query->bus &&
		    dev->dev == query->device && dev->func == query->function)
			return dev;
	return NULL;
}

static int read_total_vfs(struct pci_access *access, void *arg)
{
	struct vfs_query *query = arg;
	struct pci_cap *cap;
	struct pci_dev *dev;

	access->method = query->method;
	if (query->param && pci_set_param(access, (char *)query->param, (char *)query->value))
		return -ENOENT;
	pci_init(access);
	dev = find_function(access, query);
	if (!dev)
		return -ENOENT;
	pci_fill_info(dev, PCI_FILL_IDENT | PCI_FILL_CAPS | PCI_FILL_EXT_CAPS);
	cap = pci_find_cap(dev, PCI_EXT_CAP_ID_SRIOV, PCI_CAP_EXTENDED);
	if (!cap)
		return -ENOENT;
	query->total_vfs = pci_read_word(dev, cap->addr + SRIOV_TOTAL_VFS);
	return 0;
}

/* Also behind a query that libpci gave up. */
static int clean_up(struct pci_access *access, void *arg)
{
	struct vfs_query *query = arg;

	if (query->owned)
		pci_free_dev(query->owned);
	pci_cleanup(access);
	return 0;
}

int os_pci_total_vfs(struct os *os, const char *address, uint16_t *ret)
{
	struct vfs_query query = { 0 };
	struct pci_access *access;
	int err;

	if (sscanf(address, "%x:%x:%x.%x", (unsigned int *)&query.domain,
		   (unsigned int *)&query.bus, (unsigned int *)&query.device,
		   (unsigned int *)&query.function) != 4)
		return -EINVAL;
	err = os->ops->pci_access(os, &query.method, &query.param, &query.value);
	if (err)
		return err;
	access = pci_alloc();
	err = guarded(access, read_total_vfs, &query);
	guarded(access, clean_up, &query);
	if (!err)
		*ret = query.total_vfs;
	return err;
}
