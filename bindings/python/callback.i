/* SPDX-License-Identifier: MIT */
/* Functions of Python that the library calls, in the thread that called it, without the GIL. */
%{
/* Python ends: whoever asks for its lock now does not come back. */
static bool python_ends(void)
{
#if PY_VERSION_HEX >= 0x030d0000
	return !Py_IsInitialized() || Py_IsFinalizing();
#else
	return !Py_IsInitialized() || _Py_IsFinalizing();
#endif
}

/* ----------------------------------------------------------------- progress */

/* True: go on.  False cancels; an exception stays and comes out of the call that is running. */
static bool tell_progress(PyObject *function, const struct nvvgpu_progress *progress)
{
	PyObject *answer;
	bool go_on;

	/* Ctrl-C, also when nobody wants to see the progress */
	if (PyErr_Occurred() || PyErr_CheckSignals())
		return false;
	if (!function)
		return true;
	answer = PyObject_CallFunction(
		function, "KKK", (unsigned long long)nvvgpu_progress_get_bytes(progress),
		(unsigned long long)nvvgpu_progress_get_estimate_bytes(progress),
		(unsigned long long)nvvgpu_progress_get_bytes_per_second(progress));
	go_on = answer && answer != Py_False;
	Py_XDECREF(answer);
	return go_on;
}

static int progress_call(void *arg, const struct nvvgpu_progress *progress)
{
	PyGILState_STATE gil;
	bool go_on;

	if (python_ends())
		return -ECANCELED;
	gil = PyGILState_Ensure();
	go_on = tell_progress((PyObject *)arg, progress);
	PyGILState_Release(gil);
	return go_on ? 0 : -ECANCELED;
}

/* ---------------------------------------------------------------------- log */

/* Its exceptions have nowhere to go, but Ctrl-C must not be lost. */
static void report_log_exception(PyObject *function)
{
	if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
		PyErr_Clear();
		PyErr_SetInterrupt();
	} else {
		PyErr_WriteUnraisable(function);
	}
}

static void log_call(void *arg, enum nvvgpu_log_level level, const char *line)
{
	PyObject *type, *value, *traceback, *answer;
	PyGILState_STATE gil;

	if (python_ends())
		return;
	gil = PyGILState_Ensure();
	/* one that is on its way out of a progress function */
	PyErr_Fetch(&type, &value, &traceback);
	answer = PyObject_CallFunction((PyObject *)arg, "iN", (int)level, text_new(line));
	if (!answer)
		report_log_exception((PyObject *)arg);
	Py_XDECREF(answer);
	PyErr_Restore(type, value, traceback);
	PyGILState_Release(gil);
}

static void log_release(void *arg)
{
	PyGILState_STATE gil;

	if (python_ends())
		return;
	gil = PyGILState_Ensure();
	Py_DECREF((PyObject *)arg);
	PyGILState_Release(gil);
}
%}

/* The library has a reference to the function until it says that it is done with it. */
%typemap(in) (nvvgpu_log_fn fn, void *arg, nvvgpu_release_fn release) {
	$1 = NULL;
	$2 = NULL;
	$3 = NULL;
	if (PyCallable_Check($input)) {
		Py_INCREF($input);
		$1 = log_call;
		$2 = $input;
		$3 = log_release;
	} else if ($input != Py_None) {
		PyErr_Format(PyExc_TypeError, "callable or None expected, not %.200s",
			     Py_TYPE($input)->tp_name);
		SWIG_fail;
	}
}
