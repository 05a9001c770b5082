# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of nvkm.c and rfc_compat.c share: the RFC's header, and a source tree of the
# modules with it.  Sourced; TOP is the source directory.

PATH=$PATH:/usr/sbin:/sbin

# write_header DIRECTORY: DIRECTORY/drm/nvkm_vgpu_mgr_vfio.h in the published shape (first RFC,
# September 2024): these names, in this order, with these types.  Written from the facts.
write_header() {
	mkdir -p "$1/drm"
	cat >"$1/drm/nvkm_vgpu_mgr_vfio.h" <<'END'
/* SPDX-License-Identifier: MIT */
/* Of libnvvgpu's tests: the shape of the interface, nothing else. */
#ifndef TEST_NVKM_VGPU_MGR_VFIO_H
#define TEST_NVKM_VGPU_MGR_VFIO_H

enum {
	NVIDIA_VGPU_EVENT_PCI_SRIOV_CONFIGURE = 0,
};

struct nvidia_vgpu_vfio_handle_data {
	void *priv;
	struct notifier_block notifier;
};

struct nvidia_vgpu_gsp_client {
	void *gsp_client;
	void *gsp_device;
};

struct nvidia_vgpu_mem {
	u64 addr;
	u64 size;
	void * __iomem bar1_vaddr;
};

#define OP(result, name, ...) result (*name)(__VA_ARGS__)

struct nvkm_vgpu_mgr_vfio_ops {
	OP(bool, vgpu_mgr_is_enabled, void *);
	OP(void, get_handle, void *, struct nvidia_vgpu_vfio_handle_data *);
	OP(int, attach_handle, void *, struct nvidia_vgpu_vfio_handle_data *);
	OP(void, detach_handle, void *);
	OP(int, alloc_gsp_client, void *, struct nvidia_vgpu_gsp_client *);
	OP(void, free_gsp_client, struct nvidia_vgpu_gsp_client *);
	OP(u32, get_gsp_client_handle, struct nvidia_vgpu_gsp_client *);
	OP(void *, rm_ctrl_get, struct nvidia_vgpu_gsp_client *, u32, u32);
	OP(int, rm_ctrl_wr, struct nvidia_vgpu_gsp_client *, void *);
	OP(void *, rm_ctrl_rd, struct nvidia_vgpu_gsp_client *, u32, u32);
	OP(void, rm_ctrl_done, struct nvidia_vgpu_gsp_client *, void *);
	OP(int, alloc_chids, void *, int);
	OP(void, free_chids, void *, int, int);
	OP(struct nvidia_vgpu_mem *, alloc_fbmem, void *, u64, bool);
	OP(void, free_fbmem, struct nvidia_vgpu_mem *);
	OP(int, bar1_map_mem, struct nvidia_vgpu_mem *);
	OP(void, bar1_unmap_mem, struct nvidia_vgpu_mem *);
	OP(void, get_engine_bitmap, void *, unsigned long *);
};

#undef OP

struct nvkm_vgpu_mgr_vfio_ops *nvkm_vgpu_mgr_get_vfio_ops(void *handle);

#endif
END
}

# make_tree DIRECTORY: DIRECTORY/kmod as in the source, with our test modules in it
make_tree() {
	mkdir -p "$1/include" && cp -r "$TOP/kmod" "$1/" && cp -r "$TOP/include/uapi" "$1/include/" &&
		mkdir "$1/kmod/test" && cp "$TOP"/tests/kmod/{rfc_client,shape}.c "$1/kmod/test/" &&
		cat "$TOP/tests/kmod/Kbuild" >>"$1/kmod/Kbuild" &&
		find "$1" '(' -name '*.o' -o -name '*.cmd' -o -name '*.ko' ')' -delete
}

# make_tree_with_header DIRECTORY: the same, and whoever builds it builds with the header
make_tree_with_header() {
	# shellcheck disable=SC2016 # a variable of make
	make_tree "$1" && write_header "$1/kmod/test/include" &&
		sed -i '1i NVVGPU_RFC_INCLUDE := $(src)/test/include' "$1/kmod/Kbuild"
}
