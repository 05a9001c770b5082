/* SPDX-License-Identifier: MIT */
/* libnvvgpu: manage NVIDIA vGPUs on Linux/KVM hosts.  The one header to include. */
#ifndef NVVGPU_NVVGPU_H
#define NVVGPU_NVVGPU_H

#include <nvvgpu/error.h>
#include <nvvgpu/host.h>
#include <nvvgpu/gpu.h>
#include <nvvgpu/type.h>
#include <nvvgpu/vgpu.h>
#include <nvvgpu/device.h>
#include <nvvgpu/migrate.h>
#include <nvvgpu/collect.h>
#include <nvvgpu/doctor.h>
#include <nvvgpu/event.h>
#include <nvvgpu/json.h>

#endif
