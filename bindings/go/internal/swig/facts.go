// SPDX-License-Identifier: MIT

package swig

// #include "facts.h"
import "C"

import "unsafe"

// VGPUFacts is struct vgpu_facts in Go; of the struct itself SWIG would make a function for each
// member.  Hosts may have hundreds of vGPUs, and a call from Go to C for each fact of each would
// take about as long as the driver needs to list them.
type VGPUFacts struct {
	VGPU             VGPU
	UUID             string
	TypeName         string
	GPUAddress       string
	VF               string
	Owner            string
	VFIO             string
	FramebufferBytes uint64
	TypeID           uint32
	Placement        uint32
	HasPlacement     bool
	Created          bool
}

// FactsOf copies the facts of a vGPU.
func FactsOf(vgpu VGPU) *VGPUFacts {
	var c C.struct_vgpu_facts
	Vgpu_facts(vgpu, &c)
	facts := goFacts(&c)
	return &facts
}

// FactsOfList copies the facts of all vGPUs of a list.
func FactsOfList(list VGPUList) []VGPUFacts {
	c := make([]C.struct_vgpu_facts, Vgpu_list_size(list))
	Vgpu_list_facts(list, c)
	facts := make([]VGPUFacts, len(c))
	for i := range c {
		facts[i] = goFacts(&c[i])
	}
	return facts
}

func goFacts(c *C.struct_vgpu_facts) VGPUFacts {
	return VGPUFacts{
		VGPU:             VGPU(unsafe.Pointer(c.vgpu)),
		UUID:             C.GoString(c.uuid),
		TypeName:         C.GoString(c.type_name),
		GPUAddress:       C.GoString(c.gpu_address),
		VF:               C.GoString(c.vf),
		Owner:            C.GoString(c.owner),
		VFIO:             C.GoString(c.vfio),
		FramebufferBytes: uint64(c.framebuffer_bytes),
		TypeID:           uint32(c.type_id),
		Placement:        uint32(c.placement),
		HasPlacement:     bool(c.has_placement),
		Created:          bool(c.created),
	}
}
