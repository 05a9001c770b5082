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
#include "internal.h"
#include "../run.h"

static struct emu_host *to_host(struct os *os)
{
	return container_of(os, struct emu_host, os);
}

/* Nothing is in both: what one part does not have is asked of the other. */
static int host_attr_read(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	int err = emu_mdev_read(to_host(os), path, buf, size, ret_len);

	return err == -ENOENT ? emu_sysfs_read(to_host(os), path, buf, size, ret_len) : err;
}

static int host_attr_write(struct os *os, const char *path, const char *value)
{
	int err = emu_mdev_write(to_host(os), path, value);

	return err == -ENOENT ? emu_sysfs_write(to_host(os), path, value) : err;
}

static int host_link_read(struct os *os, const char *path, char *buf, size_t size)
{
	int err = emu_mdev_link(to_host(os), path, false, buf, size);

	return err == -ENOENT ? emu_sysfs_link(to_host(os), path, buf, size) : err;
}

static int host_link_parent(struct os *os, const char *path, char *buf, size_t size)
{
	return emu_mdev_link(to_host(os), path, true, buf, size);
}

static int host_list(struct os *os, const char *path, int (*each)(const char *name, void *arg),
		     void *arg)
{
	int err = emu_mdev_list(to_host(os), path, each, arg);

	return err == -ENOENT ? emu_sysfs_list(to_host(os), path, each, arg) : err;
}

/* It has no kernel of its own, and nothing but its boards. */
static int host_root_read(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	return -ENOENT;
}

static int host_root_list(struct os *os, const char *path, int (*each)(const char *name, void *arg),
			  void *arg)
{
	return -ENOENT;
}

static int host_node_get(struct os *os, const char *path, struct os_node *ret)
{
	return -ENOENT;
}

static int host_control_open(struct os *os, const char *gpu_address, bool write,
			     struct os_file **ret)
{
	struct emu_gpu *gpu = emu_host_find(to_host(os), gpu_address);

	if (to_host(os)->framework != EMU_NVVGPU)
		return -ENOENT;
	return gpu ? emu_control_open(gpu, write, ret) : -ENOENT;
}

/*
 * The GPU and slot of what a VFIO device is named after: an mdev by its uuid where mdevs are, else
 * a function or a slot of a GPU.  NULL: there is none.
 */
static struct emu_gpu *find_device(struct emu_host *host, const char *name, uint8_t *uuid,
				   unsigned int *ret_slot)
{
	struct nvvgpu_vgpu_info info;
	struct emu_gpu *gpu;

	if (host->framework != EMU_MDEV)
		return emu_host_find_slot(host, name, ret_slot);
	if (uuid_parse_text(name, uuid) || emu_mdev_find(host, uuid, &gpu, &info))
		return NULL;
	*ret_slot = info.slot;
	return gpu;
}

static int host_vfio_open(struct os *os, const char *name, struct os_file **ret)
{
	struct emu_host *host = to_host(os);
	struct emu_gpu *gpu;
	unsigned int slot;
	uint8_t uuid[16];

	gpu = find_device(host, name, uuid, &slot);
	if (!gpu)
		return -ENODEV;
	return emu_vfio_open(gpu, slot, host->framework == EMU_MDEV ? uuid : NULL, ret);
}

static int host_data_adopt(struct os *os, struct os_file *vfio, int data_fd, struct os_file **ret)
{
	return emu_vfio_adopt(vfio, data_fd, ret);
}

static struct run *host_run(struct os *os)
{
	return to_host(os)->run;
}

/* Nobody but a VFIO device holds an emulated board. */
static int host_holders(struct os *os, const char *name,
			int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	unsigned int slot;
	uint8_t uuid[16];
	struct emu_gpu *gpu = find_device(to_host(os), name, uuid, &slot);
	pid_t pid = gpu ? emu_vfio_holder(gpu, slot) : 0;
	char program[32] = "unknown", path[32];
	FILE *comm;

	if (!pid)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	comm = fopen(path, "re");
	if (comm) {
		if (fgets(program, sizeof(program), comm))
			program[strcspn(program, "\n")] = '\0';
		fclose(comm);
	}
	return each(pid, program, arg);
}

static int host_mixed_size_get(struct os *os, const char *name, bool *ret)
{
	struct emu_gpu *gpu = emu_host_find(to_host(os), name);

	return gpu ? emu_gpu_get_mixed(gpu, ret) : -ENODEV;
}

static int host_mixed_size_set(struct os *os, const char *name, bool mixed)
{
	struct emu_gpu *gpu = emu_host_find(to_host(os), name);

	return gpu ? emu_gpu_set_mixed(gpu, mixed) : -ENODEV;
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

static int host_notices_open(struct os *os, struct os_file **ret)
{
	return emu_notices_open(to_host(os), ret);
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
	run_free(host->run);
	free(host->gpus);
	free(host);
}

static const struct os_ops emu_os_ops = {
	.scheme = "emu",
	.close = host_close,
	.attr_read = host_attr_read,
	.attr_write = host_attr_write,
	.link_read = host_link_read,
	.link_parent = host_link_parent,
	.list = host_list,
	.root_read = host_root_read,
	.root_list = host_root_list,
	.node_get = host_node_get,
	.control_open = host_control_open,
	.vfio_open = host_vfio_open,
	.data_adopt = host_data_adopt,
	.run = host_run,
	.holders = host_holders,
	.mixed_size_get = host_mixed_size_get,
	.mixed_size_set = host_mixed_size_set,
	.notices_open = host_notices_open,
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
	host->framework = uri->framework;
	host->state_fd = host->dump_fd = -1;
	host->gpus = calloc(uri->count, sizeof(*host->gpus));
	if (!host->gpus)
		err = -ENOMEM;
	if (!err && uri->state_dir)
		err = open_state_dir(host, uri->state_dir, ret_detail);
	if (!err)
		err = run_new(host->state_fd, "run", 0700, &host->run);
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
