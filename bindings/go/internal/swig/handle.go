// SPDX-License-Identifier: MIT

// Package swig is the generated layer under package nvvgpu: the functions of the C library by
// their names, made by SWIG from the public headers.  It keeps no state, and nothing in it knows
// when an object ends: that is the business of the package above.
package swig

// #include <stdlib.h>
import "C"

import "unsafe"

// Objects of the C library are opaque addresses, a type of its own for each.  They point to C
// memory, so they are numbers to Go's garbage collector.
type (
	Host           uintptr
	GPU            uintptr
	GPUList        uintptr
	Type           uintptr
	TypeList       uintptr
	Spec           uintptr
	VGPU           uintptr
	VGPUList       uintptr
	Device         uintptr
	MigrateOptions uintptr
	StreamInfo     uintptr
	Monitor        uintptr
	Event          uintptr
	Finding        uintptr
	FindingList    uintptr
	Error          uintptr
)

// cString ends s as C wants it; what follows a NUL within s is lost, which callers rule out.
func cString(s string) *byte {
	b := make([]byte, len(s)+1)
	copy(b, s)
	return &b[0]
}

// goString copies a string of C; nil is "".
func goString(p *byte) string {
	return C.GoString((*C.char)(unsafe.Pointer(p)))
}

// TakeString copies a string that the library has allocated, and frees it.
func TakeString(p *byte) string {
	s := goString(p)
	Free(p)
	return s
}
