# SPDX-License-Identifier: GPL-2.0-only OR MIT
# What this kernel has, for compat_emu.h and the files that include it.
ccflags-y += $(call has,iommu.h,domain_alloc_paging,NVVGPU_HAVE_IOMMU_ALLOC_PAGING)
ccflags-y += $(call has,iommu.h,IOMMU_CAP_INTR_REMAP,NVVGPU_HAVE_IOMMU_CAP_INTR_REMAP)
ccflags-y += $(call has,device/bus.h,iommu_ops;,NVVGPU_HAVE_BUS_IOMMU_OPS)
ccflags-y += $(call has,msi.h,struct msi_parent_ops {,NVVGPU_HAVE_MSI_PARENT)
ccflags-y += $(call has,device.h,device_set_driver_override,NVVGPU_HAVE_DEVICE_DRIVER_OVERRIDE)
ccflags-y += $(call has,shmem_fs.h,shmem_file_setup.*vma_flags_t,NVVGPU_HAVE_VMA_FLAGS)
# declarations of more than one line
ccflags-y += $(shell grep -A1 '(\*attach_dev)' $(srctree)/include/linux/iommu.h | grep -q old && \
	echo -DNVVGPU_HAVE_IOMMU_ATTACH_OLD)
ccflags-y += $(shell grep -A2 '^int iommu_fwspec_init' $(srctree)/include/linux/iommu.h | \
	grep -q iommu_ops && echo -DNVVGPU_HAVE_IOMMU_FWSPEC_OPS)
