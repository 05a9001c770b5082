/* SPDX-License-Identifier: MIT */
/*
 * The error rule: int is 0 or a negative errno, and the latter raises what the
 * thread's last error says.  It is read right after the call, before anything
 * else can run in this thread.  An exception that a callback left behind comes
 * first: it is why the call ended.
 */
%{
/* Makes an exception of what raise_last_error() gives it: set by the package. */
static PyObject *error_factory;

static PyObject *error_handle(const struct nvvgpu_error *error);

static void raise_last_error(int err)
{
	const struct nvvgpu_error *error = nvvgpu_last_error();
	PyObject *facts, *exception;

	if (!error_factory) {
		PyErr_SetString(PyExc_RuntimeError, nvvgpu_error_get_message(error));
		return;
	}
	facts = Py_BuildValue("(iiNNNNN)", (int)nvvgpu_error_get_reason(error),
			      nvvgpu_error_get_errno(error),
			      text_new(nvvgpu_error_get_object(error)),
			      text_new(nvvgpu_error_get_cause(error)),
			      text_new(nvvgpu_error_get_next_step(error)),
			      text_new(nvvgpu_error_get_message(error)), error_handle(error));
	/* a signal, perhaps Ctrl-C, ended the call: what its handler raises is the reason */
	if (!facts || (err == -EINTR && PyErr_CheckSignals())) {
		Py_XDECREF(facts);
		return;
	}
	exception = PyObject_CallObject(error_factory, facts);
	Py_DECREF(facts);
	if (!exception)
		return;
	PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
	Py_DECREF(exception);
}

static bool raised(long err)
{
	if (PyErr_Occurred())
		return true;
	if (err < 0)
		raise_last_error((int)err);
	return err < 0;
}
%}

%typemap(out) int {
	if (raised($1))
		SWIG_fail;
	$result = SWIG_Py_Void();
}
%typemap(out) int VALUE {
	$result = PyLong_FromLong($1);
}
%typemap(out) ssize_t {
	if (raised($1))
		SWIG_fail;
	$result = PyLong_FromSsize_t($1);
}
/* Nothing happened within the time: no event, and no exception either. */
%typemap(out) int nvvgpu_monitor_next {
	if ($1 != -EAGAIN && raised($1))
		SWIG_fail;
	$result = SWIG_Py_Void();
}

/* It touches a Python object. */
%nothread set_error_factory;
%inline %{
static void set_error_factory(PyObject *factory)
{
	Py_INCREF(factory);
	Py_XSETREF(error_factory, factory);
}
%}
