/* SPDX-License-Identifier: MIT */
/*
 * <linux/vfio.h>, with what younger kernels than the header's know.  Debian 12
 * ships the header of 6.1; MIG_DATA_SIZE came with 6.2.
 */
#ifndef NVVGPU_LIB_OS_VFIO_UAPI_H
#define NVVGPU_LIB_OS_VFIO_UAPI_H

#include <linux/vfio.h>

#ifndef VFIO_DEVICE_FEATURE_MIG_DATA_SIZE
#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE 9
struct vfio_device_feature_mig_data_size {
	__aligned_u64 stop_copy_length;
};
#endif

#ifndef VFIO_DEVICE_BIND_IOMMUFD	/* 6.6 */
#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)
struct vfio_device_bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};
#endif

#endif
