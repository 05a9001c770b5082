# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The interface of the first RFC (rfc.h).  A kernel that has its header has a provider: nvkm.c
# uses that, and rfc_compat.c, which is another, is built instead with NVVGPU_RFC_COMPAT=1.  Any
# other kernel gets rfc_compat.c; with the header in the directory NVVGPU_RFC_INCLUDE also nvkm.c
# on top of it, which is good for tests.
nvvgpu_core-y += core/rfc.o
nvvgpu_core_nvkm-y := core/nvkm.o
nvvgpu_rfc_compat-y := core/rfc_compat.o

rfc-header := drm/nvkm_vgpu_mgr_vfio.h
ifneq ($(wildcard $(srctree)/include/$(rfc-header)),)
obj-m += $(if $(NVVGPU_RFC_COMPAT),nvvgpu_rfc_compat.o,nvvgpu_core_nvkm.o)
ccflags-y += -DNVVGPU_HAVE_RFC_HEADER
else
obj-m += nvvgpu_rfc_compat.o
ifneq ($(NVVGPU_RFC_INCLUDE),)
obj-m += nvvgpu_core_nvkm.o
ccflags-y += -DNVVGPU_HAVE_RFC_HEADER -I$(NVVGPU_RFC_INCLUDE)
endif
endif
