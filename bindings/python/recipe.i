/* SPDX-License-Identifier: MIT */
/*
 * What lives for one call only is a tuple of Python, built anew by each:
 *
 *   spec	(type, uuid, vf, placement, params, owner, force_params): str or None, int or
 *		None for the placement, a tuple of (key, value) for params, bool
 *   options	(progress, checksum, timeout_ns, verify_first, spec): callable or None,
 *		bool, int (0: never), bool, spec or None
 */
%{
/* ----------------------------------------------------------------- one item */

typedef int (*spec_text_setter)(struct nvvgpu_spec *spec, const char *text);

/* All of these: false with an exception. */

static bool is_tuple(PyObject *object)
{
	if (PyTuple_Check(object))
		return true;
	PyErr_Format(PyExc_TypeError, "tuple expected, not %.200s", Py_TYPE(object)->tp_name);
	return false;
}

static bool set_text(struct nvvgpu_spec *spec, spec_text_setter set, PyObject *object)
{
	PyObject *keep;
	const char *text;
	int err;

	if (object == Py_None)
		return true;
	text = text_of(object, &keep);
	if (!text)
		return false;
	err = set(spec, text);
	Py_DECREF(keep);
	return !raised(err);
}

static bool set_placement(struct nvvgpu_spec *spec, PyObject *object)
{
	uint64_t placement;

	if (object == Py_None)
		return true;
	if (!unsigned_of(object, UINT32_MAX, &placement))
		return false;
	return !raised(nvvgpu_spec_set_placement(spec, (uint32_t)placement));
}

static bool add_param(struct nvvgpu_spec *spec, PyObject *param)
{
	PyObject *items[2], *keep[2] = { NULL, NULL };
	const char *key, *value = NULL;
	bool good = false;

	if (!is_tuple(param) || !PyArg_ParseTuple(param, "OO", &items[0], &items[1]))
		return false;
	key = text_of(items[0], &keep[0]);
	if (key)
		value = text_of(items[1], &keep[1]);
	if (value)
		good = !raised(nvvgpu_spec_add_param(spec, key, value));
	Py_XDECREF(keep[0]);
	Py_XDECREF(keep[1]);
	return good;
}

static bool add_params(struct nvvgpu_spec *spec, PyObject *params)
{
	for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(params); i++)
		if (!add_param(spec, PyTuple_GET_ITEM(params, i)))
			return false;
	return true;
}

/* -------------------------------------------------------------- the recipes */

static bool fill_spec(struct nvvgpu_spec *spec, PyObject *recipe)
{
	PyObject *type, *uuid, *vf, *placement, *params, *owner;
	int force;

	if (!PyArg_ParseTuple(recipe, "OOOOO!Op", &type, &uuid, &vf, &placement, &PyTuple_Type,
			      &params, &owner, &force))
		return false;
	nvvgpu_spec_set_force_params(spec, force);
	return set_text(spec, nvvgpu_spec_set_type, type) &&
	       set_text(spec, nvvgpu_spec_set_uuid, uuid) &&
	       set_text(spec, nvvgpu_spec_set_vf, vf) &&
	       set_placement(spec, placement) &&
	       add_params(spec, params) &&
	       set_text(spec, nvvgpu_spec_set_owner, owner);
}

/* Both: NULL with an exception. */

static struct nvvgpu_spec *spec_of(PyObject *recipe)
{
	struct nvvgpu_spec *spec = NULL;

	if (!is_tuple(recipe) || raised(nvvgpu_spec_new(&spec)))
		return NULL;
	if (fill_spec(spec, recipe))
		return spec;
	nvvgpu_spec_free(spec);
	return NULL;
}

static bool fill_options(struct nvvgpu_migrate_options *options, PyObject *recipe)
{
	PyObject *progress, *timeout, *spec_recipe;
	struct nvvgpu_spec *spec;
	int checksum, verify, err;
	uint64_t timeout_ns;

	if (!PyArg_ParseTuple(recipe, "OpOpO", &progress, &checksum, &timeout, &verify,
			      &spec_recipe) ||
	    !unsigned_of(timeout, UINT64_MAX, &timeout_ns))
		return false;
	/* the caller's tuple has the function as long as the call runs */
	nvvgpu_migrate_options_set_progress(options, progress_call,
					    progress == Py_None ? NULL : progress);
	nvvgpu_migrate_options_set_checksum(options, checksum);
	nvvgpu_migrate_options_set_deadline(options, timeout_ns);
	nvvgpu_migrate_options_set_verify_first(options, verify);
	if (spec_recipe == Py_None)
		return true;
	spec = spec_of(spec_recipe);
	if (!spec)
		return false;
	err = nvvgpu_migrate_options_set_spec(options, spec);
	nvvgpu_spec_free(spec);
	return !raised(err);
}

static struct nvvgpu_migrate_options *options_of(PyObject *recipe)
{
	struct nvvgpu_migrate_options *options = NULL;

	if (!is_tuple(recipe) || raised(nvvgpu_migrate_options_new(&options)))
		return NULL;
	if (fill_options(options, recipe))
		return options;
	nvvgpu_migrate_options_free(options);
	return NULL;
}
%}

%define %recipe(TYPE, MAKE, FREE)
%typemap(in) struct TYPE * {
	$1 = MAKE($input);
	if (!$1)
		SWIG_fail;
}
%typemap(freearg) struct TYPE * {
	FREE($1);
}
%enddef
%recipe(nvvgpu_spec, spec_of, nvvgpu_spec_free)
%recipe(nvvgpu_migrate_options, options_of, nvvgpu_migrate_options_free)

/* Takes it apart and back together: what is wrong with it raises. */
%inline %{
static int check_spec(struct nvvgpu_spec *spec)
{
	return 0;
}
%}
