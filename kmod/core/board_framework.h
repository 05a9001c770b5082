/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* By what programs are to see the vGPUs of a board. */
#ifndef NVVGPU_BOARD_FRAMEWORK_H
#define NVVGPU_BOARD_FRAMEWORK_H

enum nvvgpu_board_framework {
	/* /dev/nvvgpu/<address>; beside it nvidia/ of each VF, or mdevs where there is no SR-IOV */
	NVVGPU_BOARD_NVVGPU,
	/* as with the vendor's driver: nvidia/ of each VF and nothing else */
	NVVGPU_BOARD_VENDOR_VFIO,
	/* as with the vendor's driver before that: mdevs of each VF, or of the board, nothing else */
	NVVGPU_BOARD_MDEV,
	NVVGPU_BOARD_FRAMEWORKS
};

#endif
