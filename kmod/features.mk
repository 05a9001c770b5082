# SPDX-License-Identifier: GPL-2.0-only OR MIT
# What a kernel has is asked of its headers: distributions take changes back to older versions.
# include/compat.h makes one of it.
headers := $(srctree)/include/linux
has = $(shell grep -qs '$(2)' $(headers)/$(1) && echo -D$(3))

ccflags-y += $(call has,unaligned.h,.,NVVGPU_HAVE_LINUX_UNALIGNED)

ccflags-y += $(call has,device/class.h,class_create.const char,NVVGPU_HAVE_CLASS_CREATE_BY_NAME)
ccflags-y += $(call has,device/class.h,devnode..const struct device,NVVGPU_HAVE_CONST_DEVNODE)

ccflags-y += $(call has,iommu.h,domain_alloc_paging,NVVGPU_HAVE_IOMMU_ALLOC_PAGING)
ccflags-y += $(call has,iommu.h,IOMMU_CAP_INTR_REMAP,NVVGPU_HAVE_IOMMU_CAP_INTR_REMAP)
ccflags-y += $(call has,device/bus.h,iommu_ops;,NVVGPU_HAVE_BUS_IOMMU_OPS)
ccflags-y += $(call has,msi.h,struct msi_parent_ops {,NVVGPU_HAVE_MSI_PARENT)
ccflags-y += $(call has,device.h,device_set_driver_override,NVVGPU_HAVE_DEVICE_DRIVER_OVERRIDE)
ccflags-y += $(call has,shmem_fs.h,shmem_file_setup.*vma_flags_t,NVVGPU_HAVE_VMA_FLAGS)
# declarations of more than one line
ccflags-y += $(shell grep -A1 '(\*attach_dev)' $(headers)/iommu.h | grep -q old && \
	echo -DNVVGPU_HAVE_IOMMU_ATTACH_OLD)
ccflags-y += $(shell grep -A2 '^int iommu_fwspec_init' $(headers)/iommu.h | \
	grep -q iommu_ops && echo -DNVVGPU_HAVE_IOMMU_FWSPEC_OPS)

ccflags-y += $(call has,vfio.h,vfio_iommufd_physical_bind,NVVGPU_HAVE_VFIO_IOMMUFD)
ccflags-y += $(call has,vfio.h,vfio_iommufd_physical_detach_ioas,NVVGPU_HAVE_VFIO_DETACH_IOAS)
ccflags-y += $(call has,vfio.h,migration_get_data_size,NVVGPU_HAVE_VFIO_DATA_SIZE)
ccflags-y += $(call has,vfio.h,get_region_info_caps,NVVGPU_HAVE_VFIO_REGION_INFO_CAPS)
ccflags-y += $(call has,vfio.h,match_token_uuid,NVVGPU_HAVE_VFIO_MATCH_TOKEN_UUID)
ccflags-y += $(call has,vfio.h,vfio_iommufd_emulated_bind,NVVGPU_HAVE_VFIO_EMULATED)
ccflags-y += $(call has,vfio.h,vfio_iommufd_emulated_detach_ioas,NVVGPU_HAVE_VFIO_EMULATED_DETACH)
ccflags-y += $(call has,eventfd.h,void eventfd_signal.struct,NVVGPU_HAVE_EVENTFD_SIGNAL_ONE)
