/* SPDX-License-Identifier: MIT */
/*
 * What both language bindings wrap, and under which names: every function of
 * the public headers without its prefix, on opaque pointers.  A language's own
 * file includes this one after its typemaps, which turn
 *
 *   int				0 or -errno into an error of the language
 *   T **ret			into a result that owns one reference
 *   char **ret			into a string, given back with nvvgpu_free()
 *   const char *		into a string, or nothing for NULL
 *
 * What is not wrapped is ignored here, each with its reason; a test compares
 * the rest with lib/libnvvgpu.map.
 */
%{
#include <nvvgpu/nvvgpu.h>
%}

%include <stdint.i>

%rename("%(strip:[nvvgpu_])s", %$isfunction) "";
%rename("%(strip:[NVVGPU_])s", %$isenumitem) "";
%rename("%(strip:[NVVGPU_])s", %$isconstant) "";

/* The plain ints: everything else that returns int returns 0 or -errno. */
%apply int VALUE {
	int nvvgpu_gpu_get_numa_node,
	int nvvgpu_error_get_errno,
	int nvvgpu_monitor_get_fd
};

/* A proxy holds one reference from birth to death; lists are copied at once. */
%ignore nvvgpu_ref;
%ignore nvvgpu_gpu_list_ref;
%ignore nvvgpu_type_list_ref;
%ignore nvvgpu_vgpu_list_ref;
%ignore nvvgpu_device_ref;
%ignore nvvgpu_finding_list_ref;

%include <nvvgpu/error.h>
%include <nvvgpu/host.h>
%include <nvvgpu/gpu.h>
%include <nvvgpu/type.h>
%include <nvvgpu/vgpu.h>
%include <nvvgpu/device.h>
%include <nvvgpu/migrate.h>
%include <nvvgpu/collect.h>
%include <nvvgpu/doctor.h>
%include <nvvgpu/event.h>
%include <nvvgpu/json.h>
