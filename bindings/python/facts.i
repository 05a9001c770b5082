/* SPDX-License-Identifier: MIT */
/*
 * Objects that are mostly facts come as tuples: a handle, then what does not
 * change, in one crossing.  Unknown is None.  nvvgpu/_swig.pyi names the items.
 */
%{
static PyObject *none_or_unsigned(bool known, uint64_t value)
{
	if (!known)
		Py_RETURN_NONE;
	return PyLong_FromUnsignedLongLong(value);
}

static PyObject *drm_nodes(struct nvvgpu_gpu *gpu)
{
	PyObject *nodes, *node;
	Py_ssize_t count = 0;

	while (nvvgpu_gpu_get_drm_node(gpu, (size_t)count))
		count++;
	nodes = PyTuple_New(count);
	for (Py_ssize_t i = 0; nodes && i < count; i++) {
		node = text_new(nvvgpu_gpu_get_drm_node(gpu, (size_t)i));
		if (node)
			PyTuple_SET_ITEM(nodes, i, node);
		else
			Py_CLEAR(nodes);
	}
	return nodes;
}

/* All of these take the reference over, also when they fail. */

static PyObject *gpu_facts(struct nvvgpu_gpu *gpu)
{
	PyObject *handle = handle_new(&gpu_kind, gpu);
	uint64_t bytes;
	int node;

	if (!handle)
		return NULL;
	bytes = nvvgpu_gpu_get_framebuffer_bytes(gpu);
	node = nvvgpu_gpu_get_numa_node(gpu);
	return Py_BuildValue("NNNHHHHNNNiNNNINiN", handle,
			     text_new(nvvgpu_gpu_get_address(gpu)),
			     text_new(nvvgpu_gpu_get_name(gpu)),
			     nvvgpu_gpu_get_vendor_id(gpu),
			     nvvgpu_gpu_get_device_id(gpu),
			     nvvgpu_gpu_get_subsystem_vendor_id(gpu),
			     nvvgpu_gpu_get_subsystem_device_id(gpu),
			     text_new(nvvgpu_gpu_get_driver(gpu)),
			     text_new(nvvgpu_gpu_get_driver_version(gpu)),
			     text_new(nvvgpu_gpu_get_firmware_version(gpu)),
			     (int)nvvgpu_gpu_get_framework(gpu),
			     text_new(nvvgpu_gpu_get_evidence(gpu)),
			     none_or_unsigned(node >= 0, (uint64_t)node),
			     none_or_unsigned(bytes != 0, bytes),
			     nvvgpu_gpu_get_vfs_total(gpu),
			     drm_nodes(gpu),
			     (int)nvvgpu_gpu_get_reason(gpu),
			     text_new(nvvgpu_gpu_get_reason_text(gpu)));
}

static PyObject *type_facts(struct nvvgpu_type *type)
{
	PyObject *handle = handle_new(&type_kind, type);
	uint32_t available = 0;
	bool known;

	if (!handle)
		return NULL;
	known = !nvvgpu_type_get_available(type, &available);
	return Py_BuildValue("NINNNKIIIIINNiN", handle,
			     nvvgpu_type_get_id(type),
			     text_new(nvvgpu_type_get_name(type)),
			     text_new(nvvgpu_type_get_class(type)),
			     text_new(nvvgpu_gpu_get_address(nvvgpu_type_get_gpu(type))),
			     (unsigned long long)nvvgpu_type_get_framebuffer_bytes(type),
			     nvvgpu_type_get_heads(type),
			     nvvgpu_type_get_max_width(type),
			     nvvgpu_type_get_max_height(type),
			     nvvgpu_type_get_frame_rate_limit(type),
			     nvvgpu_type_get_max_instances(type),
			     none_or_unsigned(known, available),
			     PyBool_FromLong(nvvgpu_type_is_creatable(type)),
			     (int)nvvgpu_type_get_reason(type),
			     text_new(nvvgpu_type_get_reason_text(type)));
}

static PyObject *vgpu_facts(struct nvvgpu_vgpu *vgpu)
{
	PyObject *handle = handle_new(&vgpu_kind, vgpu);
	uint32_t placement = 0;
	bool placed;

	if (!handle)
		return NULL;
	placed = !nvvgpu_vgpu_get_placement(vgpu, &placement);
	return Py_BuildValue("NNINKNNNNNN", handle,
			     text_new(nvvgpu_vgpu_get_uuid(vgpu)),
			     nvvgpu_vgpu_get_type_id(vgpu),
			     text_new(nvvgpu_vgpu_get_type_name(vgpu)),
			     (unsigned long long)nvvgpu_vgpu_get_framebuffer_bytes(vgpu),
			     text_new(nvvgpu_gpu_get_address(nvvgpu_vgpu_get_gpu(vgpu))),
			     text_new(nvvgpu_vgpu_get_vf(vgpu)),
			     none_or_unsigned(placed, placement),
			     text_new(nvvgpu_vgpu_get_owner(vgpu)),
			     text_new(nvvgpu_vgpu_get_vfio(vgpu)),
			     PyBool_FromLong(nvvgpu_vgpu_was_created(vgpu)));
}

static PyObject *event_facts(struct nvvgpu_event *event)
{
	PyObject *handle = handle_new(&event_kind, event);
	const char *uuid;

	if (!handle)
		return NULL;
	uuid = nvvgpu_event_get_uuid(event);
	return Py_BuildValue("NiNNNNKKK", handle,
			     (int)nvvgpu_event_get_kind(event),
			     text_new(nvvgpu_event_get_gpu_address(event)),
			     text_new(nvvgpu_event_get_vf(event)),
			     text_new(uuid),
			     none_or_unsigned(uuid, nvvgpu_event_get_type_id(event)),
			     (unsigned long long)nvvgpu_event_get_sequence(event),
			     (unsigned long long)nvvgpu_event_get_time_ns(event),
			     (unsigned long long)nvvgpu_event_get_value(event));
}

static PyObject *stream_info_facts(struct nvvgpu_stream_info *info)
{
	PyObject *handle = handle_new(&stream_info_kind, info);
	bool verified;

	if (!handle)
		return NULL;
	/* only who has read the whole stream knows its totals */
	verified = nvvgpu_stream_info_is_verified(info);
	return Py_BuildValue("NIINNINNHKNNNNKNNNN", handle,
			     nvvgpu_stream_info_get_format_major(info),
			     nvvgpu_stream_info_get_format_minor(info),
			     text_new(nvvgpu_stream_info_get_stream_uuid(info)),
			     text_new(nvvgpu_stream_info_get_vgpu_uuid(info)),
			     nvvgpu_stream_info_get_type_id(info),
			     text_new(nvvgpu_stream_info_get_type_name(info)),
			     text_new(nvvgpu_stream_info_get_board_name(info)),
			     nvvgpu_stream_info_get_device_id(info),
			     (unsigned long long)nvvgpu_stream_info_get_framebuffer_bytes(info),
			     text_new(nvvgpu_stream_info_get_driver_version(info)),
			     text_new(nvvgpu_stream_info_get_firmware_version(info)),
			     text_new(nvvgpu_stream_info_get_library_version(info)),
			     text_new(nvvgpu_stream_info_get_source_gpu(info)),
			     (unsigned long long)nvvgpu_stream_info_get_time_ns(info),
			     PyBool_FromLong(nvvgpu_stream_info_has_checksums(info)),
			     PyBool_FromLong(verified),
			     none_or_unsigned(verified, nvvgpu_stream_info_get_data_bytes(info)),
			     none_or_unsigned(verified, nvvgpu_stream_info_get_chunks(info)));
}

static PyObject *finding_facts(struct nvvgpu_finding *finding)
{
	PyObject *handle = handle_new(&finding_kind, finding);

	if (!handle)
		return NULL;
	return Py_BuildValue("NiiiNNNN", handle,
			     (int)nvvgpu_finding_get_check(finding),
			     (int)nvvgpu_finding_get_verdict(finding),
			     (int)nvvgpu_finding_get_reason(finding),
			     text_new(nvvgpu_finding_get_object(finding)),
			     text_new(nvvgpu_finding_get_text(finding)),
			     text_new(nvvgpu_finding_get_evidence(finding)),
			     text_new(nvvgpu_finding_get_next_step(finding)));
}

/* The lists differ in their types alone; what is no good for a tuple is an exception. */
#define LIST_FACTS(kind, why)								\
static PyObject *kind##_list_facts(struct nvvgpu_##kind##_list *list)			\
{											\
	Py_ssize_t size = (Py_ssize_t)nvvgpu_##kind##_list_size(list);			\
	PyObject *all = PyList_New(size), *one;						\
	struct nvvgpu_##kind *item;							\
											\
	for (Py_ssize_t i = 0; all && i < size; i++) {					\
		item = nvvgpu_##kind##_list_get(list, (size_t)i);			\
		one = kind##_facts(nvvgpu_##kind##_ref(item));				\
		if (one)								\
			PyList_SET_ITEM(all, i, one);					\
		else									\
			Py_CLEAR(all);							\
	}										\
	all = why(kind, all, list);							\
	nvvgpu_##kind##_list_unref(list);						\
	return all;									\
}
/* with the reason why it is empty, or as it is */
#define WITH_REASON(kind, all, list)							\
	((all) ? Py_BuildValue("(NiN)", all, (int)nvvgpu_##kind##_list_get_reason(list),	\
			       text_new(nvvgpu_##kind##_list_get_reason_text(list))) : NULL)
#define ALONE(kind, all, list) (all)
LIST_FACTS(gpu, WITH_REASON)
LIST_FACTS(type, WITH_REASON)
LIST_FACTS(vgpu, WITH_REASON)
LIST_FACTS(finding, ALONE)
%}

%define %facts(KIND)
%typemap(argout) struct nvvgpu_##KIND **ret {
	if (*$1) {
		Py_DECREF($result);
		$result = KIND##_facts(*$1);
		if (!$result)
			SWIG_fail;
	}
}
%enddef
%facts(gpu)
%facts(type)
%facts(vgpu)
%facts(event)
%facts(stream_info)

%define %list(KIND)
%typemap(in, numinputs=0) struct nvvgpu_##KIND##_list **ret (struct nvvgpu_##KIND##_list *list) {
	$1 = &list;
}
%typemap(argout) struct nvvgpu_##KIND##_list **ret {
	Py_DECREF($result);
	$result = KIND##_list_facts(*$1);
	if (!$result)
		SWIG_fail;
}
%enddef
%list(gpu)
%list(type)
%list(vgpu)
%list(finding)

/* Lent by the object that is asked. */
%typemap(out) struct nvvgpu_gpu * {
	$result = gpu_facts(nvvgpu_gpu_ref($1));
	if (!$result)
		SWIG_fail;
}

/* Room for as many placement ids as the caller says -> ((id, ...), how many there are, length) */
%{
static PyObject *placements(const uint32_t *ids, size_t room, size_t count, uint32_t length)
{
	size_t given = count < room ? count : room;
	PyObject *all = PyTuple_New((Py_ssize_t)given), *id;

	for (size_t i = 0; all && i < given; i++) {
		id = PyLong_FromUnsignedLong(ids[i]);
		if (id)
			PyTuple_SET_ITEM(all, (Py_ssize_t)i, id);
		else
			Py_CLEAR(all);
	}
	return Py_BuildValue("NKI", all, (unsigned long long)count, length);
}
%}
%typemap(in) (uint32_t *ids, size_t capacity, size_t *ret_count, uint32_t *ret_length)
	     (uint64_t room, size_t count = 0, uint32_t length = 0) {
	if (!unsigned_of($input, PY_SSIZE_T_MAX / sizeof(uint32_t), &room))
		SWIG_fail;
	$1 = (uint32_t *)PyMem_Calloc(room, sizeof(uint32_t));
	if (!$1) {
		PyErr_NoMemory();
		SWIG_fail;
	}
	$2 = room;
	$3 = &count;
	$4 = &length;
}
%typemap(argout) (uint32_t *ids, size_t capacity, size_t *ret_count, uint32_t *ret_length) {
	Py_DECREF($result);
	$result = placements($1, $2, *$3, *$4);
	if (!$result)
		SWIG_fail;
}
%typemap(freearg) (uint32_t *ids, size_t capacity, size_t *ret_count, uint32_t *ret_length) {
	PyMem_Free($1);
}
