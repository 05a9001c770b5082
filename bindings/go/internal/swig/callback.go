// SPDX-License-Identifier: MIT

package swig

// SWIG makes functions that Go calls, but none that C calls (its directors are for C++ classes).
// These are called by the C functions at the top of nvvgpu_go.i.

// #include <stdint.h>
import "C"

import "runtime/cgo"

// ProgressFunc is what a handle for Migrate_options_set_progress holds.  The operation goes on
// as long as it returns true.
type ProgressFunc func(bytes, estimateBytes, bytesPerSecond uint64) bool

// LogFunc is what a handle for Set_log holds.  The library deletes the handle.
type LogFunc func(level int32, line string)

//export nvvgpuGoProgress
func nvvgpuGoProgress(handle C.uintptr_t, bytes, estimateBytes, bytesPerSecond C.uint64_t) C.int {
	progress := cgo.Handle(handle).Value().(ProgressFunc)
	if progress(uint64(bytes), uint64(estimateBytes), uint64(bytesPerSecond)) {
		return 0
	}
	return 1
}

//export nvvgpuGoLog
func nvvgpuGoLog(handle C.uintptr_t, level C.int, line *C.char) {
	cgo.Handle(handle).Value().(LogFunc)(int32(level), C.GoString(line))
}

//export nvvgpuGoRelease
func nvvgpuGoRelease(handle C.uintptr_t) {
	cgo.Handle(handle).Delete()
}
