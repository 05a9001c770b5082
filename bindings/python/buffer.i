/* SPDX-License-Identifier: MIT */
/*
 * Memory that is filled and read in place while other threads of Python run:
 * the buffer is locked by its view, the new bytes object nobody else has seen.
 */
%{
/* Where a read goes: a buffer of the caller's, or a new bytes object. */
struct read_target {
	Py_buffer view;		/* .obj: NULL without a buffer */
	PyObject *bytes;
	void *start;
	size_t length;
};

static bool new_bytes(struct read_target *target, PyObject *length)
{
	uint64_t value;

	if (!unsigned_of(length, PY_SSIZE_T_MAX, &value))
		return false;
	target->bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)value);
	if (!target->bytes)
		return false;
	target->start = PyBytes_AS_STRING(target->bytes);
	target->length = value;
	return true;
}

/* A number is the length of a new object.  False with an exception. */
static bool read_target_open(struct read_target *target, PyObject *object)
{
	if (PyIndex_Check(object))
		return new_bytes(target, object);
	if (!PyArg_Parse(object, "w*", &target->view))
		return false;
	target->start = target->view.buf;
	target->length = (size_t)target->view.len;
	return true;
}

static void read_target_close(struct read_target *target)
{
	Py_XDECREF(target->bytes);
	PyBuffer_Release(&target->view);
}
%}

%typemap(in) (void *buf, size_t len) (struct read_target target = { .bytes = NULL }) {
	if (!read_target_open(&target, $input))
		SWIG_fail;
	$1 = target.start;
	$2 = target.length;
}
%typemap(freearg) (void *buf, size_t len) {
	read_target_close(&target$argnum);
}
%typemap(argout) (void *buf, size_t len) {
	if (target$argnum.bytes) {
		Py_DECREF($result);
		$result = target$argnum.bytes;
		target$argnum.bytes = NULL;
	}
}

%typemap(in) (const void *buf, size_t len) (Py_buffer view = { .obj = NULL }) {
	if (!PyArg_Parse($input, "y*", &view))
		SWIG_fail;
	$1 = view.buf;
	$2 = (size_t)view.len;
}
%typemap(freearg) (const void *buf, size_t len) {
	PyBuffer_Release(&view$argnum);
}
