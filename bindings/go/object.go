// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"io/fs"
	"runtime"
	"sync/atomic"
)

// object is a reference to an object of the C library that Close gives back.
//
// Calls count themselves in and out, so that Close can come at any time: who is last, Close or
// a call that still runs, gives the reference back.  A cleanup does it when an object was
// forgotten.
type object[T ~uintptr] struct {
	handle  T
	state   atomic.Int64 // calls that run, and closed
	unref   func(T)
	cleanup runtime.Cleanup
	kind    string // "GPU"
	name    string // "0000:41:00.0"
}

const closed = 1 << 62

// hold takes over a reference.  o may be part of a larger struct; it must not be copied.
func (o *object[T]) hold(handle T, unref func(T), kind, name string) {
	o.handle, o.unref, o.kind, o.name = handle, unref, kind, name
	o.cleanup = runtime.AddCleanup(o, unref, handle)
}

func (o *object[T]) enter() bool {
	for o.unref != nil { // nil: the zero value, which nobody has opened
		state := o.state.Load()
		if state >= closed {
			break
		}
		if o.state.CompareAndSwap(state, state+1) {
			return true
		}
	}
	return false
}

func (o *object[T]) leave() {
	if o.state.Add(-1) == closed {
		o.unref(o.handle)
	}
}

// close returns at once, also when a call runs.
func (o *object[T]) close() {
	for o.unref != nil {
		state := o.state.Load()
		if state >= closed {
			break
		}
		if o.state.CompareAndSwap(state, state+closed) {
			o.cleanup.Stop()
			if state == 0 {
				o.unref(o.handle)
			}
			break
		}
	}
	runtime.KeepAlive(o) // until the cleanup is stopped
}

// with runs fn on the object, which lives until fn has returned.
func (o *object[T]) with(fn func(T) error) error {
	if !o.enter() {
		return o.closedError()
	}
	defer o.leave()
	return fn(o.handle)
}

// call does the same with a function of package swig.
func (o *object[T]) call(fn func(T) int64) error {
	if !o.enter() {
		return o.closedError()
	}
	defer o.leave()
	return newError(fn(o.handle))
}

func (o *object[T]) closedError() error {
	return &closedError{o.kind, o.name}
}

// snapshot is an object of the C library that does not change and cannot be closed.  It ends
// with the last Go value that refers to it.
type snapshot[T ~uintptr] struct {
	handle T
	free   func(T)
}

func newSnapshot[T ~uintptr](handle T, free func(T)) *snapshot[T] {
	s := &snapshot[T]{handle, free}
	runtime.AddCleanup(s, free, handle)
	return s
}

// closedError is the error of a call on an object after its Close.
type closedError struct {
	kind, name string
}

func (e *closedError) Error() string {
	if e.kind == "" {
		return "nvvgpu: used without having been opened"
	}
	return e.kind + " " + e.name + ": used after Close"
}

func (e *closedError) Is(target error) bool {
	return target == fs.ErrClosed
}
