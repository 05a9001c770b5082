# SPDX-License-Identifier: GPL-2.0-only OR MIT
# What this kernel has, for compat_mdev.h; ../vfio/linux/features.mk asks for the rest.
ccflags-y += $(call has,vfio.h,vfio_iommufd_emulated_bind,NVVGPU_HAVE_VFIO_EMULATED)
ccflags-y += $(call has,vfio.h,vfio_iommufd_emulated_detach_ioas,NVVGPU_HAVE_VFIO_EMULATED_DETACH)
ccflags-y += $(call has,eventfd.h,void eventfd_signal.struct,NVVGPU_HAVE_EVENTFD_SIGNAL_ONE)
