# SPDX-License-Identifier: GPL-2.0-only OR MIT
# What this kernel's VFIO has, for compat_vfio.h.
ccflags-y += $(call has,vfio.h,vfio_iommufd_physical_bind,NVVGPU_HAVE_VFIO_IOMMUFD)
ccflags-y += $(call has,vfio.h,vfio_iommufd_physical_detach_ioas,NVVGPU_HAVE_VFIO_DETACH_IOAS)
ccflags-y += $(call has,vfio.h,migration_get_data_size,NVVGPU_HAVE_VFIO_DATA_SIZE)
ccflags-y += $(call has,vfio.h,get_region_info_caps,NVVGPU_HAVE_VFIO_REGION_INFO_CAPS)
ccflags-y += $(call has,vfio.h,match_token_uuid,NVVGPU_HAVE_VFIO_MATCH_TOKEN_UUID)
