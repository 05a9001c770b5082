/* SPDX-License-Identifier: MIT */
/*
 * The ownership rule: what comes through T **ret is a handle, a capsule that
 * owns one reference and gives it back when Python drops it.  Nothing can be
 * asked of a handle, and it cannot go while a call uses it; the C objects hold
 * what they need, so handles may go in any order.
 *
 * None stands for the handle of an object that was closed.
 */
%{
struct handle_kind {
	const char *name;
	void (*release)(void *object);
	bool waits;	/* giving back the last reference may take a while */
};

#define HANDLE_KIND(kind, type, give_back, waits)		\
static void kind##_release(void *object)			\
{								\
	give_back((type *)object);				\
}								\
static const struct handle_kind kind##_kind = { "nvvgpu." #kind, kind##_release, waits };

HANDLE_KIND(host, struct nvvgpu, nvvgpu_unref, true)
HANDLE_KIND(gpu, struct nvvgpu_gpu, nvvgpu_gpu_unref, false)
HANDLE_KIND(type, struct nvvgpu_type, nvvgpu_type_unref, false)
HANDLE_KIND(vgpu, struct nvvgpu_vgpu, nvvgpu_vgpu_unref, false)
HANDLE_KIND(device, struct nvvgpu_device, nvvgpu_device_unref, true)
HANDLE_KIND(monitor, struct nvvgpu_monitor, nvvgpu_monitor_close, true)
HANDLE_KIND(event, struct nvvgpu_event, nvvgpu_event_free, false)
HANDLE_KIND(stream_info, struct nvvgpu_stream_info, nvvgpu_stream_info_free, false)
HANDLE_KIND(finding, struct nvvgpu_finding, nvvgpu_finding_unref, false)
HANDLE_KIND(error, struct nvvgpu_error, nvvgpu_error_free, false)

static void handle_destroy(PyObject *handle)
{
	const struct handle_kind *kind =
		(const struct handle_kind *)PyCapsule_GetContext(handle);
	void *object = PyCapsule_GetPointer(handle, kind->name);

	if (kind->waits) {
		Py_BEGIN_ALLOW_THREADS
		kind->release(object);
		Py_END_ALLOW_THREADS
	} else {
		kind->release(object);
	}
}

/* Takes the reference over, also when it fails. */
static PyObject *handle_new(const struct handle_kind *kind, void *object)
{
	PyObject *handle = PyCapsule_New(object, kind->name, handle_destroy);

	if (!handle) {
		kind->release(object);
		return NULL;
	}
	PyCapsule_SetContext(handle, (void *)kind);
	return handle;
}

/* NULL with an exception */
static void *handle_object(PyObject *handle, const struct handle_kind *kind)
{
	if (PyCapsule_IsValid(handle, kind->name))
		return PyCapsule_GetPointer(handle, kind->name);
	if (handle == Py_None)
		PyErr_Format(PyExc_ValueError, "the %s is closed", strchr(kind->name, '.') + 1);
	else
		PyErr_Format(PyExc_TypeError, "handle %s expected, not %.200s", kind->name,
			     Py_TYPE(handle)->tp_name);
	return NULL;
}

static PyObject *error_handle(const struct nvvgpu_error *error)
{
	struct nvvgpu_error *copy;

	if (nvvgpu_error_copy(error, &copy))
		return PyErr_NoMemory();
	return handle_new(&error_kind, copy);
}
%}

%define %handle(TYPE, KIND)
%typemap(in) TYPE * {
	$1 = (TYPE *)handle_object($input, &KIND##_kind);
	if (!$1)
		SWIG_fail;
}
%typemap(in) const TYPE * = TYPE *;
%typemap(in, numinputs=0) TYPE **ret (TYPE *object = NULL) {
	$1 = &object;
}
%typemap(argout) TYPE **ret {
	Py_DECREF($result);
	$result = handle_new(&KIND##_kind, *$1);
	if (!$result)
		SWIG_fail;
}
%enddef
%handle(struct nvvgpu, host)
%handle(struct nvvgpu_gpu, gpu)
%handle(struct nvvgpu_type, type)
%handle(struct nvvgpu_vgpu, vgpu)
%handle(struct nvvgpu_device, device)
%handle(struct nvvgpu_monitor, monitor)
%handle(struct nvvgpu_event, event)
%handle(struct nvvgpu_stream_info, stream_info)
%handle(struct nvvgpu_finding, finding)
%handle(struct nvvgpu_error, error)

/* None is no closed one here, but all of them. */
%typemap(in) struct nvvgpu_gpu *one {
	$1 = $input == Py_None ? NULL :
				 (struct nvvgpu_gpu *)handle_object($input, &gpu_kind);
	if (!$1 && $input != Py_None)
		SWIG_fail;
}
