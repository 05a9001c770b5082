// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"io/fs"
	"runtime"
	"sync/atomic"
)

// owner holds a reference of the C library: to one object, or to a list of them, which costs less
// than a reference to each.  The reference is given back when all objects that live by it are
// closed, or when the garbage collector finds that they have been forgotten.
type owner[R ~uintptr] struct {
	ref     R
	unref   func(R)
	open    atomic.Int64 // objects that are not closed
	cleanup runtime.Cleanup
}

// own takes over ref.
func own[R ~uintptr](ref R, unref func(R)) *owner[R] {
	o := &owner[R]{ref: ref, unref: unref}
	o.cleanup = runtime.AddCleanup(o, unref, ref)
	return o
}

func (o *owner[R]) retain() { o.open.Add(1) }

func (o *owner[R]) release() {
	if o.open.Add(-1) == 0 {
		o.cleanup.Stop()
		o.unref(o.ref)
	}
	runtime.KeepAlive(o) // until the cleanup is stopped
}

// object is an object of the C library that can be closed.
//
// Calls count themselves in and out, so that Close can come at any time: who is last, Close or
// a call that still runs, lets go of the owner.
type object[T ~uintptr] struct {
	handle T
	owner  interface{ release() }
	state  atomic.Int64 // calls that run, and closed
	kind   string       // "GPU"
	name   string       // "0000:41:00.0"
}

const closed = 1 << 62

// hold makes o stand for handle, which lives by owner.  o may be part of a larger struct; it
// must not be copied.
func hold[T, R ~uintptr](o *object[T], handle T, owner *owner[R], kind, name string) {
	owner.retain()
	o.handle, o.owner, o.kind, o.name = handle, owner, kind, name
}

func (o *object[T]) enter() bool {
	for o.owner != nil { // nil: the zero value, which nobody has opened
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
		o.owner.release()
	}
}

// close returns at once, also when a call runs.
func (o *object[T]) close() {
	for o.owner != nil {
		state := o.state.Load()
		if state >= closed {
			break
		}
		if o.state.CompareAndSwap(state, state+closed) {
			if state == 0 {
				o.owner.release()
			}
			break
		}
	}
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
