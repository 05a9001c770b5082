// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"errors"
	"runtime"

	"nvvgpu/internal/swig"
)

// The library renders its objects itself; a struct that a program has filled is none of them.
var errNotOfLibrary = errors.New("nvvgpu: this value does not come from the library")

func render[T ~uintptr](handle T, toJSON func(T, **byte) int64) ([]byte, error) {
	var json *byte
	if err := newError(toJSON(handle, &json)); err != nil {
		return nil, err
	}
	return []byte(swig.TakeString(json)), nil
}

func marshalObject[T ~uintptr](o *object[T], toJSON func(T, **byte) int64) (json []byte, err error) {
	err = o.with(func(handle T) error {
		json, err = render(handle, toJSON)
		return err
	})
	return json, err
}

func marshalOwned[T ~uintptr](o *owner[T], toJSON func(T, **byte) int64) ([]byte, error) {
	if o == nil {
		return nil, errNotOfLibrary
	}
	defer runtime.KeepAlive(o)
	return render(o.ref, toJSON)
}
