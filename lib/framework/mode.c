// SPDX-License-Identifier: MIT
#include "framework/mode.h"

int mode_read(struct framework *fw, enum nvvgpu_mode *ret)
{
	bool mixed;
	int err = fw->os->ops->mixed_size_get(fw->os, fw->address, &mixed);

	if (err && err != -EOPNOTSUPP && err != -ENODEV)
		return error_errno(err, fw->address, "asking the driver for the mode");
	*ret = err ? NVVGPU_GPU_MODE_UNKNOWN : mode_of(mixed);
	return 0;
}

int mode_write(struct framework *fw, enum nvvgpu_mode wanted)
{
	enum nvvgpu_mode now;
	int err = fw->os->ops->mixed_size_set(fw->os, fw->address,
					      wanted == NVVGPU_GPU_MODE_MIXED_SIZE);

	if (err == -EOPNOTSUPP)
		return mode_fail_none(fw);
	if (err)
		return error_errno(err, fw->address, "changing the mode");
	err = mode_read(fw, &now);
	if (!err && now != wanted)
		return error_setf(EIO, NVVGPU_REASON_IO, fw->address, "look into the kernel log",
				  "changing the mode: the driver took it, but is in mode %s",
				  nvvgpu_mode_name(now));
	return err;
}

int mode_fail_none(struct framework *fw)
{
	return error_set(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, fw->address,
			 "the board or its driver has no mixed-size mode",
			 "create types of one size");
}
