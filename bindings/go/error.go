// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"nvvgpu/internal/swig"
)

// Error is what the library says about a call that failed.
//
// errors.Is compares it with a [Reason], with a [syscall.Errno], and, where the reason is the
// same, with [fs.ErrNotExist], [fs.ErrExist], [fs.ErrPermission], [os.ErrDeadlineExceeded],
// [errors.ErrUnsupported], [context.DeadlineExceeded] and [context.Canceled].
type Error struct {
	Reason Reason        // stable code
	Errno  syscall.Errno // the errno of the C library
	Object string        // what it is about, "0000:41:00.0"; perhaps ""
	Cause  string        // one sentence without a full stop
	Next   string        // what to do about it; perhaps ""

	ended error // why the context ended that ended the call; nil: none did
	copy  *owner[swig.Error]
}

// Error returns "object: cause (reason)".
func (e *Error) Error() string {
	text := e.Cause + " (" + e.Reason.String() + ")"
	if e.Object == "" {
		return text
	}
	return e.Object + ": " + text
}

// Unwrap returns the Errno.
func (e *Error) Unwrap() error {
	if e.Errno == 0 {
		return nil
	}
	return e.Errno
}

// Is reports whether target says the same; see [Error].
func (e *Error) Is(target error) bool {
	if reason, ok := target.(Reason); ok {
		return reason == e.Reason
	}
	switch target {
	case fs.ErrNotExist:
		return e.Reason == ReasonNotFound
	case fs.ErrExist:
		return e.Reason == ReasonExists
	case fs.ErrPermission:
		return e.Reason == ReasonPermission
	case errors.ErrUnsupported:
		return e.Reason == ReasonNotSupported
	case os.ErrDeadlineExceeded:
		return e.Reason == ReasonDeadline
	}
	if e.ended != nil {
		return errors.Is(e.ended, target)
	}
	switch target {
	case context.DeadlineExceeded:
		return e.Reason == ReasonDeadline
	case context.Canceled:
		return e.Reason == ReasonCancelled
	}
	return false
}

// MarshalJSON renders the error as the library does, with the keys of doc/json.md.
func (e *Error) MarshalJSON() ([]byte, error) {
	return marshalOwned(e.copy, swig.Error_to_json)
}

// newError is nil for 0; another result of package swig is an error that is taken over.
func newError(result int64) error {
	if result == 0 {
		return nil
	}
	return takeError(result)
}

func takeError(result int64) *Error {
	if result < 0 { // there was no memory to keep more than the errno
		return &Error{Reason: ReasonOutOfMemory, Errno: syscall.Errno(-result),
			Cause: "there is not enough memory"}
	}
	c := swig.Error(result)
	return &Error{
		Reason: Reason(swig.Error_get_reason(c)),
		Errno:  syscall.Errno(swig.Error_get_errno(c)),
		Object: swig.Error_get_object(c),
		Cause:  swig.Error_get_cause(c),
		Next:   swig.Error_get_next_step(c),
		copy:   own(c, swig.Error_free),
	}
}

// known says whether a call succeeded whose failure means that there is no such value.
func known(result int64) bool {
	if result > 0 {
		swig.Error_free(swig.Error(result))
	}
	return result == 0
}

// checkStrings refuses what C would read only in part.
func checkStrings(texts ...string) error {
	for _, text := range texts {
		if strings.ContainsRune(text, 0) {
			return fmt.Errorf("nvvgpu: %q has a NUL byte: %w", text, syscall.EINVAL)
		}
	}
	return nil
}
