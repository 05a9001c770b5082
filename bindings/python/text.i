/* SPDX-License-Identifier: MIT */
/* Strings and numbers, in and out: what does not fit raises, nothing is cut off. */
%{
/* Bytes that are no UTF-8 survive the way out and back. */
static PyObject *text_new(const char *text)
{
	if (!text)
		Py_RETURN_NONE;
	return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "surrogateescape");
}

/* NULL with an exception; else *keep has what the text is of. */
static const char *text_of(PyObject *object, PyObject **keep)
{
	const char *text;

	if (!PyUnicode_Check(object)) {
		PyErr_Format(PyExc_TypeError, "str expected, not %.200s",
			     Py_TYPE(object)->tp_name);
		return NULL;
	}
	*keep = PyUnicode_AsEncodedString(object, "utf-8", "surrogateescape");
	if (!*keep)
		return NULL;
	text = PyBytes_AS_STRING(*keep);
	if (strlen(text) == (size_t)PyBytes_GET_SIZE(*keep))
		return text;
	Py_CLEAR(*keep);
	PyErr_SetString(PyExc_ValueError, "embedded null character");
	return NULL;
}

/* Anything that is an integer to Python, in the range; false with an exception. */
static bool unsigned_of(PyObject *object, uint64_t max, uint64_t *ret)
{
	PyObject *number = PyNumber_Index(object);
	unsigned long long value;

	if (!number)
		return false;
	value = PyLong_AsUnsignedLongLong(number);
	Py_DECREF(number);
	if (PyErr_Occurred())
		return false;
	if (value > max) {
		PyErr_Format(PyExc_OverflowError, "%llu is more than %llu", value,
			     (unsigned long long)max);
		return false;
	}
	*ret = value;
	return true;
}

static bool signed_of(PyObject *object, int64_t min, int64_t max, int64_t *ret)
{
	PyObject *number = PyNumber_Index(object);
	long long value;

	if (!number)
		return false;
	value = PyLong_AsLongLong(number);
	Py_DECREF(number);
	if (value == -1 && PyErr_Occurred())
		return false;
	if (value < min || value > max) {
		PyErr_Format(PyExc_OverflowError, "%lld is not in the range from %lld to %lld",
			     value, (long long)min, (long long)max);
		return false;
	}
	*ret = value;
	return true;
}
%}

%typemap(in) const char * (PyObject *keep = NULL) {
	$1 = (char *)text_of($input, &keep);
	if (!$1)
		SWIG_fail;
}
%typemap(in) const char *uri (PyObject *keep = NULL),
	     const char *owner (PyObject *keep = NULL) {
	$1 = $input == Py_None ? NULL : (char *)text_of($input, &keep);
	if (!$1 && $input != Py_None)
		SWIG_fail;
}
%typemap(freearg) const char * {
	Py_XDECREF(keep$argnum);
}
%typemap(out) const char * {
	$result = text_new($1);
	if (!$result)
		SWIG_fail;
}
%typemap(in, numinputs=0) char **ret (char *text = NULL) {
	$1 = &text;
}
%typemap(argout) char **ret {
	Py_DECREF($result);
	$result = text_new(*$1);
	nvvgpu_free(*$1);
	if (!$result)
		SWIG_fail;
}

%define %unsigned(TYPE, MAX)
%typemap(in) TYPE (uint64_t number) {
	if (!unsigned_of($input, MAX, &number))
		SWIG_fail;
	$1 = (TYPE)number;
}
%typemap(in, numinputs=0) TYPE *ret (TYPE value) {
	$1 = &value;
}
%typemap(argout) TYPE *ret {
	Py_DECREF($result);
	$result = PyLong_FromUnsignedLongLong(*$1);
	if (!$result)
		SWIG_fail;
}
%enddef
%unsigned(unsigned int, UINT_MAX)
%unsigned(uint32_t, UINT32_MAX)
%unsigned(uint64_t, UINT64_MAX)
%unsigned(size_t, SIZE_MAX)

%typemap(in, numinputs=0) bool *ret_destroyed (bool value) {
	$1 = &value;
}
%typemap(argout) bool *ret_destroyed {
	Py_DECREF($result);
	$result = PyBool_FromLong(*$1);
}

%define %signed(TYPE, MIN, MAX)
%typemap(in) TYPE (int64_t number) {
	if (!signed_of($input, MIN, MAX, &number))
		SWIG_fail;
	$1 = ($1_ltype)number;
}
%enddef
%signed(int, INT_MIN, INT_MAX)
%signed(int64_t, INT64_MIN, INT64_MAX)
%signed(enum SWIGTYPE, INT_MIN, INT_MAX)

%typemap(in, numinputs=0) enum SWIGTYPE *ret ($*1_ltype value) {
	$1 = &value;
}
%typemap(argout) enum SWIGTYPE *ret {
	Py_DECREF($result);
	$result = PyLong_FromLong((long)*$1);
	if (!$result)
		SWIG_fail;
}
