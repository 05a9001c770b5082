/* SPDX-License-Identifier: MIT */
/*
 * The Go side of the generated layer: package internal/swig, one function for
 * each one of the C library, without state and without a decision.  What Go
 * programs use is the package above it.
 *
 *   struct T *		a named integer (handle.go), not SWIG's interface: types cannot be mixed
 *			up, and nothing is allocated
 *   T **ret, T *ret	a Go pointer
 *   const char *	string: NUL added on the way in, copied once on the way out, "" for NULL
 *   int, ssize_t	int64: 0, or a copy of what went wrong (an Error as a number), taken in the
 *			same call, since the goroutine may go on in another thread; negative:
 *			-errno, there was no memory for the copy
 *   enum		int32: the constants are the package's, a test compares them
 *   callbacks		a runtime/cgo.Handle; the functions that C calls are in callback.go
 */
%module swig

%insert(cgo_comment_typedefs) %{
#cgo pkg-config: nvvgpu
#include "facts.h"
%}

%{
#include <stdint.h>
#include <nvvgpu/nvvgpu.h>
#include "facts.h"

/* callback.go */
extern int nvvgpuGoProgress(uintptr_t handle, uint64_t bytes, uint64_t estimate_bytes,
			    uint64_t bytes_per_second);
extern void nvvgpuGoLog(uintptr_t handle, int level, char *line);
extern void nvvgpuGoRelease(uintptr_t handle);

static int64_t copy_error(ssize_t err)
{
	struct nvvgpu_error *copy;

	if (err >= 0)
		return 0;
	return nvvgpu_error_copy(nvvgpu_last_error(), &copy) ? err : (intptr_t)copy;
}

static int progress(void *arg, const struct nvvgpu_progress *progress)
{
	return nvvgpuGoProgress((uintptr_t)arg, nvvgpu_progress_get_bytes(progress),
				nvvgpu_progress_get_estimate_bytes(progress),
				nvvgpu_progress_get_bytes_per_second(progress));
}

static void log_line(void *arg, enum nvvgpu_log_level level, const char *line)
{
	nvvgpuGoLog((uintptr_t)arg, level, (char *)line);
}

static void release(void *arg)
{
	nvvgpuGoRelease((uintptr_t)arg);
}
%}

/* ------------------------------------------------------------------- handles */

%define HANDLE(CTYPE, GOTYPE)
%typemap(gotype) CTYPE *, const CTYPE * "GOTYPE"
%typemap(imtype) CTYPE *, const CTYPE * "uintptr"
%typemap(goin) CTYPE *, const CTYPE * "$result = uintptr($input)"
%typemap(goout) CTYPE *, const CTYPE * "$result = GOTYPE($1)"
%typemap(gotype) CTYPE **ret "*GOTYPE"
%enddef

HANDLE(struct nvvgpu, Host)
HANDLE(struct nvvgpu_gpu, GPU)
HANDLE(struct nvvgpu_gpu_list, GPUList)
HANDLE(struct nvvgpu_type, Type)
HANDLE(struct nvvgpu_type_list, TypeList)
HANDLE(struct nvvgpu_spec, Spec)
HANDLE(struct nvvgpu_vgpu, VGPU)
HANDLE(struct nvvgpu_vgpu_list, VGPUList)
HANDLE(struct nvvgpu_device, Device)
HANDLE(struct nvvgpu_migrate_options, MigrateOptions)
HANDLE(struct nvvgpu_stream_info, StreamInfo)
HANDLE(struct nvvgpu_monitor, Monitor)
HANDLE(struct nvvgpu_event, Event)
HANDLE(struct nvvgpu_finding, Finding)
HANDLE(struct nvvgpu_finding_list, FindingList)
HANDLE(struct nvvgpu_error, Error)

/* ------------------------------------------------------------------- results */

%typemap(gotype) int, ssize_t "int64"
%typemap(out) int, ssize_t "$result = copy_error($1);"

%typemap(gotype) int VALUE, int fd "int"
%typemap(out) int VALUE "$result = $1;"

/* ------------------------------------------------------------------- numbers */

/* By their width, so that they have the same in a Go pointer. */
%typemap(gotype) uint16_t "uint16"
%typemap(gotype) uint32_t "uint32"
%typemap(gotype) uint64_t "uint64"
%typemap(gotype) int64_t "int64"
%typemap(gotype) size_t "uint64"
%typemap(gotype) uint32_t *ret, uint32_t *ret_length "*uint32"
%typemap(gotype) uint64_t *ret "*uint64"
%typemap(gotype) size_t *ret_count "*uint64"
%typemap(gotype) enum SWIGTYPE "int32"
%typemap(gotype) enum SWIGTYPE *ret "*int32"

/* ------------------------------------------------------------------- strings */

%typemap(gotype) const char * "string"
%typemap(imtype) const char * "*byte"
%typemap(goin) const char * "$result = cString($input)"
%typemap(goout) const char * "$result = goString($1)"
%typemap(in) const char * "$1 = ($1_ltype)$input;"
%typemap(out) const char * "$result = (char *)$1;"
%typemap(freearg) const char * ""

%typemap(gotype) char **ret "**byte"
%typemap(gotype) void *memory "*byte"

%typemap(gotype) (void *buf, size_t len), (const void *buf, size_t len) "[]byte"
%typemap(in) (void *buf, size_t len), (const void *buf, size_t len) %{
	$1 = $input.array;
	$2 = $input.len;
%}

%typemap(gotype) (uint32_t *ids, size_t capacity) "[]uint32"
%typemap(in) (uint32_t *ids, size_t capacity) %{
	$1 = $input.array;
	$2 = $input.len;
%}

/* ----------------------------------------------------------------- callbacks */

%typemap(gotype) (nvvgpu_progress_fn fn, void *arg) "cgo.Handle"
%typemap(imtype) (nvvgpu_progress_fn fn, void *arg) "uintptr"
%typemap(goin) (nvvgpu_progress_fn fn, void *arg) "$result = uintptr($input)"
%typemap(in) (nvvgpu_progress_fn fn, void *arg) %{
	$1 = progress;
	$2 = (void *)$input;
%}

%typemap(gotype) (nvvgpu_log_fn fn, void *arg, nvvgpu_release_fn release) "cgo.Handle"
%typemap(imtype) (nvvgpu_log_fn fn, void *arg, nvvgpu_release_fn release) "uintptr"
%typemap(goin) (nvvgpu_log_fn fn, void *arg, nvvgpu_release_fn release) "$result = uintptr($input)"
%typemap(in) (nvvgpu_log_fn fn, void *arg, nvvgpu_release_fn release) %{
	$1 = $input ? log_line : NULL;
	$2 = (void *)$input;
	$3 = $input ? release : NULL;
%}
%go_import("runtime/cgo")

/* copy_error() and progress() above use these. */
%ignore nvvgpu_last_error;
%ignore nvvgpu_error_copy;
%ignore nvvgpu_progress_get_bytes;
%ignore nvvgpu_progress_get_estimate_bytes;
%ignore nvvgpu_progress_get_bytes_per_second;

/* Objects of a list live by the list. */
%ignore nvvgpu_type_ref;
%ignore nvvgpu_vgpu_ref;
%ignore nvvgpu_finding_ref;
%ignore nvvgpu_finding_unref;

/* A slice has no place for why it is empty: Host.Doctor finds that too. */
%ignore nvvgpu_gpu_list_get_reason;
%ignore nvvgpu_gpu_list_get_reason_text;
%ignore nvvgpu_type_list_get_reason;
%ignore nvvgpu_type_list_get_reason_text;
%ignore nvvgpu_vgpu_list_get_reason;
%ignore nvvgpu_vgpu_list_get_reason_text;

/* Findings.Well sees it from the findings, also of some of them. */
%ignore nvvgpu_finding_list_is_well;

/* Error.Error puts it together, for errors that a program has made too. */
%ignore nvvgpu_error_get_message;

/* vgpu_facts() and vgpu_list_facts() below use these. */
%ignore nvvgpu_vgpu_get_uuid;
%ignore nvvgpu_vgpu_get_type_id;
%ignore nvvgpu_vgpu_get_type_name;
%ignore nvvgpu_vgpu_get_framebuffer_bytes;
%ignore nvvgpu_vgpu_get_vf;
%ignore nvvgpu_vgpu_get_placement;
%ignore nvvgpu_vgpu_get_owner;
%ignore nvvgpu_vgpu_get_vfio;
%ignore nvvgpu_vgpu_was_created;
%ignore nvvgpu_vgpu_list_get;

/* The package has typed constants, known when compiling; a test compares them with the headers. */
%rename("$ignore", %$isenum) "";
%rename("$ignore", %$isenumitem) "";
%ignore NVVGPU_TYPE_ALL;
%ignore NVVGPU_TYPE_CREATABLE;
%ignore NVVGPU_DESTROY_FOREIGN;
%ignore NVVGPU_DOCTOR_NO_OPEN;

%include "nvvgpu_common.i"

/* --------------------------------------------------------------- all at once */

%typemap(gotype) struct vgpu_facts * "*C.struct_vgpu_facts"
%typemap(gotype) (struct vgpu_facts *facts, size_t count) "[]C.struct_vgpu_facts"
%typemap(in) (struct vgpu_facts *facts, size_t count) %{
	$1 = $input.array;
	$2 = $input.len;
%}

%inline %{
static void vgpu_facts(struct nvvgpu_vgpu *vgpu, struct vgpu_facts *ret)
{
	*ret = (struct vgpu_facts){
		.vgpu = vgpu,
		.uuid = nvvgpu_vgpu_get_uuid(vgpu),
		.type_name = nvvgpu_vgpu_get_type_name(vgpu),
		.gpu_address = nvvgpu_gpu_get_address(nvvgpu_vgpu_get_gpu(vgpu)),
		.vf = nvvgpu_vgpu_get_vf(vgpu),
		.owner = nvvgpu_vgpu_get_owner(vgpu),
		.vfio = nvvgpu_vgpu_get_vfio(vgpu),
		.framebuffer_bytes = nvvgpu_vgpu_get_framebuffer_bytes(vgpu),
		.type_id = nvvgpu_vgpu_get_type_id(vgpu),
		.created = nvvgpu_vgpu_was_created(vgpu),
	};
	ret->has_placement = !nvvgpu_vgpu_get_placement(vgpu, &ret->placement);
}

static void vgpu_list_facts(struct nvvgpu_vgpu_list *list, struct vgpu_facts *facts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		vgpu_facts(nvvgpu_vgpu_list_get(list, i), &facts[i]);
}
%}
