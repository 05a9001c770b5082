/* SPDX-License-Identifier: MIT */
/*
 * The flat module under the Python package: plain functions, no classes.
 *
 *   text.i	strings and numbers
 *   error.i	the error rule: what fails raises
 *   handle.i	the ownership rule: what is got is owned, whatever order it goes in
 *   facts.i	objects and lists as tuples of facts, in one crossing
 *   recipe.i	specs and options, which are arguments here and not objects
 *   callback.i	progress and log
 *   buffer.i	memory that is read and written in place
 *
 * Every call releases the GIL (swig -threads) but those that say why not.
 */
%module(package="nvvgpu") _swig

%begin %{
#define PY_SSIZE_T_CLEAN
%}
%{
#include <nvvgpu/nvvgpu.h>
%}

%include "docstrings.i"
%include "text.i"
%include "error.i"
%include "handle.i"
%include "facts.i"
%include "callback.i"
%include "recipe.i"
%include "buffer.i"

/* A handle gives its reference back when it goes: see handle.i. */
%ignore nvvgpu_unref;
%ignore nvvgpu_gpu_ref;
%ignore nvvgpu_gpu_unref;
%ignore nvvgpu_type_ref;
%ignore nvvgpu_type_unref;
%ignore nvvgpu_vgpu_ref;
%ignore nvvgpu_vgpu_unref;
%ignore nvvgpu_device_unref;
%ignore nvvgpu_monitor_close;
%ignore nvvgpu_event_free;
%ignore nvvgpu_stream_info_free;
%ignore nvvgpu_finding_ref;
%ignore nvvgpu_finding_unref;

/* Lists are lists of Python: see facts.i. */
%ignore nvvgpu_gpu_list_unref;
%ignore nvvgpu_gpu_list_size;
%ignore nvvgpu_gpu_list_get;
%ignore nvvgpu_type_list_unref;
%ignore nvvgpu_type_list_size;
%ignore nvvgpu_type_list_get;
%ignore nvvgpu_vgpu_list_unref;
%ignore nvvgpu_vgpu_list_size;
%ignore nvvgpu_vgpu_list_get;
%ignore nvvgpu_gpu_list_get_reason;
%ignore nvvgpu_gpu_list_get_reason_text;
%ignore nvvgpu_type_list_get_reason;
%ignore nvvgpu_type_list_get_reason_text;
%ignore nvvgpu_vgpu_list_get_reason;
%ignore nvvgpu_vgpu_list_get_reason_text;
%ignore nvvgpu_finding_list_unref;
%ignore nvvgpu_finding_list_size;
%ignore nvvgpu_finding_list_get;

/* What a finding is comes with it, and whether all is well is seen from them: see facts.i. */
%ignore nvvgpu_finding_get_check;
%ignore nvvgpu_finding_get_verdict;
%ignore nvvgpu_finding_get_reason;
%ignore nvvgpu_finding_get_object;
%ignore nvvgpu_finding_get_text;
%ignore nvvgpu_finding_get_evidence;
%ignore nvvgpu_finding_get_next_step;

/* Not used: any() over the findings says the same. */
%ignore nvvgpu_finding_list_is_well;

/* An error is an exception: see error.i. */
%ignore nvvgpu_last_error;
%ignore nvvgpu_error_copy;
%ignore nvvgpu_error_free;
%ignore nvvgpu_error_get_errno;
%ignore nvvgpu_error_get_reason;
%ignore nvvgpu_error_get_object;
%ignore nvvgpu_error_get_cause;
%ignore nvvgpu_error_get_next_step;
%ignore nvvgpu_error_get_message;

/* Recipes are tuples: see recipe.i.  So is what a progress function is told: see callback.i. */
%ignore nvvgpu_spec_new;
%ignore nvvgpu_spec_free;
%ignore nvvgpu_spec_set_type;
%ignore nvvgpu_spec_set_uuid;
%ignore nvvgpu_spec_set_vf;
%ignore nvvgpu_spec_set_placement;
%ignore nvvgpu_spec_add_param;
%ignore nvvgpu_spec_set_owner;
%ignore nvvgpu_spec_set_force_params;
%ignore nvvgpu_migrate_options_new;
%ignore nvvgpu_migrate_options_free;
%ignore nvvgpu_migrate_options_set_progress;
%ignore nvvgpu_migrate_options_set_checksum;
%ignore nvvgpu_migrate_options_set_deadline;
%ignore nvvgpu_migrate_options_set_verify_first;
%ignore nvvgpu_migrate_options_set_spec;
%ignore nvvgpu_progress_get_bytes;
%ignore nvvgpu_progress_get_estimate_bytes;
%ignore nvvgpu_progress_get_bytes_per_second;

/* Not used: a progress function cancels, and it is asked as often as the library looks. */
%ignore nvvgpu_migrate_options_cancel;

/* Not used: nvvgpu_destroy_as() does the same for any owner, and tells whether it was there. */
%ignore nvvgpu_destroy;

/* Strings are copied and freed on the way: see text.i. */
%ignore nvvgpu_free;

%include "../nvvgpu_common.i"
