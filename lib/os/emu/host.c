// SPDX-License-Identifier: MIT
/* The emulated host: its boards behind the same door as a running machine. */
#include <fcntl.h>
#include <pci/pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "emu.h"

static struct emu_host *to_host(struct os *os)
{
	return container_of(os, struct emu_host, os);
}

static int host_attr_read(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	return emu_sysfs_read(to_host(os), path, buf, size, ret_len);
}

static int host_attr_write(struct os *os, const char *path, const char *value)
{
	return -EACCES;	/* vGPUs are made through the control device; nothing else can be written */
}

static int host_link_read(struct os *os, const char *path, char *buf, size_t size)
{
	return emu_sysfs_link(to_host(os), path, buf, size);
}

static int host_list(struct os *os, const char *path, int (*each)(const char *name, void *arg),
		     void *arg)
{
	return emu_sysfs_list(to_host(os), path, each, arg);
}

static int host_control_open(struct os *os, const char *gpu_address, bool write,
			     struct os_file **ret)
{
	struct emu_gpu *gpu = emu_host_find(to_host(os), gpu_address);

	return gpu ? emu_control_open(gpu, write, ret) : -ENOENT;
}

static int host_vfio_open(struct os *os, const char *name, struct os_file **ret)
{
	unsigned int slot;
	struct emu_gpu *gpu = emu_host_find_slot(to_host(os), name, &slot);

	return gpu ? emu_vfio_open(gpu, slot, ret) : -ENODEV;
}

static int host_data_adopt(struct os *os, struct os_file *vfio, int data_fd, struct os_file **ret)
{
	return emu_vfio_adopt(vfio, data_fd, ret);
}

/* ------------------------------------------------- libpci, by its dump method */

static int dump_function(FILE *out, const struct emu_gpu *gpu)
{
	u8 image[4096];

	nvvgpu_emu_config_image(gpu->data, -1, image);
	fprintf(out, "%s %04x: %s\n", gpu->address, gpu->data->pci_class >> 8, gpu->data->name);
	for (unsigned int line = 0; line < sizeof(image); line += 16) {
		fprintf(out, "%02x:", line);
		for (unsigned int i = 0; i < 16; i++)
			fprintf(out, " %02x", image[line + i]);
		fputc('\n', out);
	}
	return fputc('\n', out) == EOF ? -EIO : 0;
}

static int dump_create(struct emu_host *host)
{
	FILE *out;
	int fd, err = 0;

	host->dump_fd = memfd_create("nvvgpu-lspci", MFD_CLOEXEC);
	if (host->dump_fd < 0)
		return -errno;
	snprintf(host->dump_path, sizeof(host->dump_path), "/proc/self/fd/%d", host->dump_fd);
	fd = fcntl(host->dump_fd, F_DUPFD_CLOEXEC, 0);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	for (size_t i = 0; !err && i < host->gpu_count; i++)
		err = dump_function(out, &host->gpus[i]);
	if (fclose(out) && !err)
		err = -errno;
	return err;
}

static int host_pci_access(struct os *os, unsigned int *ret_method, const char **ret_param,
			   const char **ret_value)
{
	*ret_method = PCI_ACCESS_DUMP;
	*ret_param = "dump.name";
	*ret_value = to_host(os)->dump_path;
	return 0;
}

/* --------------------------------------------------------------------- life */

static void host_close(struct os *os)
{
	struct emu_host *host = to_host(os);

	for (size_t i = 0; i < host->gpu_count; i++)
		emu_gpu_fini(&host->gpus[i]);
	if (host->state_fd >= 0)
		close(host->state_fd);
	if (host->dump_fd >= 0)
		close(host->dump_fd);
	free(host->gpus);
	free(host);
}

static const struct os_ops emu_os_ops = {
	.scheme = "emu",
	.close = host_close,
	.attr_read = host_attr_read,
	.attr_write = host_attr_write,
	.link_read = host_link_read,
	.list = host_list,
	.control_open = host_control_open,
	.vfio_open = host_vfio_open,
	.data_adopt = host_data_adopt,
	.pci_access = host_pci_access,
};

static int open_state_dir(struct emu_host *host, const char *path, const char **ret_detail)
{
	if (mkdir(path, 0700) && errno != EEXIST) {
		*ret_detail = "the state directory cannot be made";
		return -errno;
	}
	host->state_fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (host->state_fd < 0) {
		*ret_detail = "the state directory cannot be opened";
		return -errno;
	}
	return 0;
}

static int add_gpus(struct emu_host *host, const struct emu_uri *uri, const char **ret_detail)
{
	int err;

	for (size_t i = 0; i < uri->count; i++) {
		struct emu_gpu *gpu = &host->gpus[i];

		err = emu_gpu_init(gpu, uri->boards[i], i);
		if (err)
			return err;
		host->gpu_count++;
		if (host->state_fd >= 0)
			err = emu_state_init(gpu, host->state_fd);
		if (err) {
			*ret_detail = "the saved state of a GPU in the state directory cannot be loaded";
			return err;
		}
	}
	return 0;
}

static int host_new(const struct emu_uri *uri, struct os **ret, const char **ret_detail)
{
	struct emu_host *host = calloc(1, sizeof(*host));
	int err = 0;

	if (!host)
		return -ENOMEM;
	host->os.ops = &emu_os_ops;
	host->state_fd = host->dump_fd = -1;
	host->gpus = calloc(uri->count, sizeof(*host->gpus));
	if (!host->gpus)
		err = -ENOMEM;
	if (!err && uri->state_dir)
		err = open_state_dir(host, uri->state_dir, ret_detail);
	if (!err)
		err = add_gpus(host, uri, ret_detail);
	if (!err)
		err = dump_create(host);
	if (err) {
		host_close(&host->os);
		return err;
	}
	*ret = &host->os;
	return 0;
}

int os_emu_open(const char *rest, struct os **ret, const char **ret_detail)
{
	struct emu_uri uri;
	int err;

	err = emu_uri_parse(rest, &uri, ret_detail);
	if (err)
		return err;
	err = host_new(&uri, ret, ret_detail);
	emu_uri_fini(&uri);
	return err;
}
