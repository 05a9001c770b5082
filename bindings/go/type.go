// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"runtime"

	"nvvgpu/internal/swig"
)

// TypeFilter says which types [GPU.Types] returns.
type TypeFilter uint32

const (
	TypesAll       TypeFilter = 0 // what the board supports
	TypesCreatable TypeFilter = 1 // what can be created now
)

// Type is a vGPU type of a GPU as it was when it was asked for.
type Type struct {
	ID               uint32 // as the drivers number it
	Name             string // "NVIDIA L40-1B"
	Class            string // "NVS", "Quadro", "Compute", "vApps"
	GPUAddress       string // PCI address of the GPU
	FramebufferBytes uint64 // the nominal size: 4 GiB for a -4Q
	Heads            uint32 // displays at most
	MaxWidth         uint32
	MaxHeight        uint32
	FrameRateLimit   uint32 // frames per second
	MaxInstances     uint32 // the most that fit on one GPU, equal-size
	Creatable        bool   // at least one could be created
	Reason           Reason // why none could be created, or why that is not known
	ReasonText       string // the same as one sentence; "" for ReasonNone

	available      uint32
	availableKnown bool

	c     swig.Type
	owner any // keeps c alive
}

// newType copies the facts of c, which lives by owner.
func newType(c swig.Type, owner any) Type {
	var available uint32
	availableKnown := known(swig.Type_get_available(c, &available))
	return Type{
		ID:               swig.Type_get_id(c),
		Name:             swig.Type_get_name(c),
		Class:            swig.Type_get_class(c),
		GPUAddress:       swig.Gpu_get_address(swig.Type_get_gpu(c)),
		FramebufferBytes: swig.Type_get_framebuffer_bytes(c),
		Heads:            swig.Type_get_heads(c),
		MaxWidth:         swig.Type_get_max_width(c),
		MaxHeight:        swig.Type_get_max_height(c),
		FrameRateLimit:   swig.Type_get_frame_rate_limit(c),
		MaxInstances:     swig.Type_get_max_instances(c),
		Creatable:        swig.Type_is_creatable(c),
		Reason:           Reason(swig.Type_get_reason(c)),
		ReasonText:       swig.Type_get_reason_text(c),
		available:        available,
		availableKnown:   availableKnown,
		c:                c,
		owner:            owner,
	}
}

// takeTypes takes over the reference to a list, which its types keep.
func takeTypes(list swig.TypeList) []Type {
	owner := own(list, func(list swig.TypeList) { swig.Type_list_unref(list) })
	types := make([]Type, swig.Type_list_size(list))
	for i := range types {
		types[i] = newType(swig.Type_list_get(list, uint64(i)), owner)
	}
	return types
}

// Available returns how many could be created, and whether that is known.
func (t Type) Available() (count uint32, known bool) {
	return t.available, t.availableKnown
}

// String returns the name.
func (t Type) String() string { return t.Name }

// MarshalJSON renders the type as the library does, with the keys of doc/json.md.
func (t Type) MarshalJSON() ([]byte, error) {
	if t.owner == nil {
		return nil, errNotOfLibrary
	}
	defer runtime.KeepAlive(t.owner)
	return render(t.c, swig.Type_to_json)
}

// PlacementSet says which placements [Type.Placements] returns.
type PlacementSet int32

const (
	PlacementsSupported PlacementSet = 0 // what the board can
	PlacementsCreatable PlacementSet = 1 // what is free now
)

// Placements are the places on a GPU where a vGPU of one type can be.
type Placements struct {
	IDs    []uint32 // ascending
	Length uint32   // units that one vGPU covers
}

// Placements returns the placements of this type on its GPU.  Unlike the fields of the type,
// those that are creatable are asked of the driver by each call.
func (t Type) Placements(set PlacementSet) (Placements, error) {
	if t.owner == nil {
		return Placements{}, errNotOfLibrary
	}
	defer runtime.KeepAlive(t.owner)
	ids := make([]uint32, 32)
	for {
		var count uint64
		var length uint32
		err := newError(swig.Type_get_placements(t.c, int32(set), ids, &count, &length))
		if err != nil {
			return Placements{}, err
		}
		if count <= uint64(len(ids)) {
			return Placements{ids[:count:count], length}, nil
		}
		ids = make([]uint32, count)
	}
}
