// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"maps"
	"slices"

	"nvvgpu/internal/swig"
)

// Spec says what a new vGPU shall be.  Only the type is required.
type Spec struct {
	Type      string            // id ("869") or exact name, "NVIDIA L40-1B" or "L40-1B"
	UUID      string            // "": a random one
	VF        string            // PCI address of the VF; "": the first free one
	Placement *uint32           // placement id; nil: the first free one
	Params    map[string]string // plugin parameters, "frame_rate_limiter": "0"
	Owner     string            // whose it is, at most 63 bytes

	ForceParams bool // take any value of parameters whose meaning is known
}

// build makes the C form, to be given back with Spec_free.
func (s *Spec) build() (swig.Spec, error) {
	if err := checkStrings(s.Type, s.UUID, s.VF, s.Owner); err != nil {
		return 0, err
	}
	var c swig.Spec
	if err := newError(swig.Spec_new(&c)); err != nil {
		return 0, err
	}
	if err := s.fill(c); err != nil {
		swig.Spec_free(c)
		return 0, err
	}
	return c, nil
}

func (s *Spec) fill(c swig.Spec) error {
	for _, field := range []struct {
		value string
		set   func(swig.Spec, string) int64
	}{
		{s.Type, swig.Spec_set_type},
		{s.UUID, swig.Spec_set_uuid},
		{s.VF, swig.Spec_set_vf},
		{s.Owner, swig.Spec_set_owner},
	} {
		if field.value == "" {
			continue
		}
		if err := newError(field.set(c, field.value)); err != nil {
			return err
		}
	}
	if s.Placement != nil {
		if err := newError(swig.Spec_set_placement(c, *s.Placement)); err != nil {
			return err
		}
	}
	swig.Spec_set_force_params(c, s.ForceParams)
	return addParams(c, s.Params)
}

// addParams adds in the order of the keys: the library compares parameters as one text.
func addParams(c swig.Spec, params map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(params)) {
		if err := checkStrings(key, params[key]); err != nil {
			return err
		}
		if err := newError(swig.Spec_add_param(c, key, params[key])); err != nil {
			return err
		}
	}
	return nil
}
