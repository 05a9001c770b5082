// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"maps"
	"slices"
	"strings"

	"nvvgpu/internal/swig"
)

// VGPUState says what a vGPU does.
type VGPUState int32

const (
	VGPUUnknown  VGPUState = 0
	VGPUAssigned VGPUState = 1 // created; nobody has its VFIO device open
	VGPURunning  VGPUState = 2
	VGPUStopped  VGPUState = 3 // open, stopped by migration
	VGPUFailed   VGPUState = 4 // needs a reset
)

// String returns "assigned", "running", "stopped", "failed" or "unknown".
func (s VGPUState) String() string { return swig.Vgpu_state_name(int32(s)) }

// MarshalText returns the same as String.
func (s VGPUState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// NVVGPU_DESTROY_FOREIGN
const destroyForeign = 1

// VGPUInfo is what does not change while a vGPU lives.
type VGPUInfo struct {
	UUID             string
	TypeID           uint32
	TypeName         string // "NVIDIA L40-1B"
	FramebufferBytes uint64
	GPUAddress       string // PCI address of the GPU
	VF               string // PCI address of its SR-IOV function; "" on a board without SR-IOV
	Owner            string // "": none was given; "foreign": another program made it
	VFIO             string // what a VMM opens, "/sys/bus/pci/devices/0000:41:00.4"
	Created          bool   // false: GPU.Create or GPU.Restore found it existing, or it was looked up

	placement    uint32
	hasPlacement bool
}

// Placement returns the placement id, and whether the GPU uses placements.
func (i *VGPUInfo) Placement() (id uint32, ok bool) {
	return i.placement, i.hasPlacement
}

// VGPU is a vGPU.  What changes while it lives is asked of the driver by each call.
//
// All its methods can be called from several goroutines at once.  It must not be copied.
type VGPU struct {
	VGPUInfo
	obj object[swig.VGPU]
}

// newVGPU takes over a reference.
func newVGPU(c swig.VGPU) *VGPU {
	return makeVGPU(swig.FactsOf(c), own(c, func(c swig.VGPU) { swig.Vgpu_unref(c) }))
}

// takeVGPUs takes over the reference to a list.
func takeVGPUs(list swig.VGPUList) []*VGPU {
	owner := own(list, func(list swig.VGPUList) { swig.Vgpu_list_unref(list) })
	facts := swig.FactsOfList(list)
	vgpus := make([]*VGPU, len(facts))
	for i := range vgpus {
		vgpus[i] = makeVGPU(&facts[i], owner)
	}
	return vgpus
}

// makeVGPU copies the facts of f.VGPU, which lives by owner.
func makeVGPU[R ~uintptr](f *swig.VGPUFacts, owner *owner[R]) *VGPU {
	v := &VGPU{VGPUInfo: VGPUInfo{
		UUID:             f.UUID,
		TypeID:           f.TypeID,
		TypeName:         f.TypeName,
		FramebufferBytes: f.FramebufferBytes,
		GPUAddress:       f.GPUAddress,
		VF:               f.VF,
		Owner:            f.Owner,
		VFIO:             f.VFIO,
		Created:          f.Created,
		placement:        f.Placement,
		hasPlacement:     f.HasPlacement,
	}}
	hold(&v.obj, f.VGPU, owner, "vGPU", v.UUID)
	return v
}

// Close lets go of the vGPU; it does not destroy it.  Its VGPUInfo can still be read.  Close
// always returns nil, also the second time.
func (v *VGPU) Close() error {
	v.obj.close()
	return nil
}

// String returns the uuid.
func (v *VGPU) String() string { return v.UUID }

// MarshalJSON renders the vGPU as the library does, with the keys of doc/json.md.
func (v *VGPU) MarshalJSON() ([]byte, error) {
	return marshalObject(&v.obj, swig.Vgpu_to_json)
}

// LibvirtXML returns the <hostdev> element that gives the vGPU to a domain of libvirt.
func (v *VGPU) LibvirtXML() (string, error) {
	var text *byte
	err := v.obj.call(func(c swig.VGPU) int64 { return swig.Vgpu_to_libvirt_xml(c, &text) })
	if err != nil {
		return "", err
	}
	return swig.TakeString(text), nil
}

// QEMUArgs returns the arguments that give the vGPU to a QEMU: "-device" and
// "vfio-pci,host=0000:41:00.4".
func (v *VGPU) QEMUArgs() ([]string, error) {
	var text *byte
	err := v.obj.call(func(c swig.VGPU) int64 { return swig.Vgpu_to_qemu_args(c, &text) })
	if err != nil {
		return nil, err
	}
	return strings.Split(swig.TakeString(text), " "), nil
}

// NeedsVMUUID reports whether QEMU also has to be started with -uuid and the uuid of the virtual
// machine, as NVIDIA's mdev driver demands.
func (v *VGPU) NeedsVMUUID() (needs bool, err error) {
	err = v.obj.with(func(c swig.VGPU) error {
		needs = swig.Vgpu_needs_vm_uuid(c)
		return nil
	})
	return needs, err
}

// GPU returns the GPU of the vGPU, as it was when the vGPU was found.
func (v *VGPU) GPU() (*GPU, error) {
	var gpu *GPU
	err := v.obj.with(func(c swig.VGPU) error {
		gpu = newGPU(swig.Gpu_ref(swig.Vgpu_get_gpu(c)))
		return nil
	})
	return gpu, err
}

// State returns what the vGPU does now.
func (v *VGPU) State() (VGPUState, error) {
	var state int32
	err := v.obj.call(func(c swig.VGPU) int64 { return swig.Vgpu_get_state(c, &state) })
	return VGPUState(state), err
}

// Params returns the plugin parameters.
func (v *VGPU) Params() (map[string]string, error) {
	var text *byte
	err := v.obj.call(func(c swig.VGPU) int64 { return swig.Vgpu_get_params(c, &text) })
	if err != nil {
		return nil, err
	}
	params := make(map[string]string)
	for param := range strings.SplitSeq(swig.TakeString(text), ",") {
		if key, value, ok := strings.Cut(param, "="); ok {
			params[key] = value
		}
	}
	return params, nil
}

// SetParams replaces all plugin parameters.  The device of the vGPU must not be open.
func (v *VGPU) SetParams(params map[string]string) error {
	// One text for all cannot say where a key or a value ends that has a separator in it.
	check := Spec{Params: params}
	c, err := check.build()
	if err != nil {
		return err
	}
	swig.Spec_free(c)
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(params)) {
		parts = append(parts, key+"="+params[key])
	}
	text := strings.Join(parts, ",")
	return v.obj.call(func(c swig.VGPU) int64 { return swig.Vgpu_set_params(c, text) })
}

// Destroy destroys a vGPU that has no owner, or that was created with this VGPU; nil also when it
// is gone already.  Close remains to be called.
func (v *VGPU) Destroy() error {
	return v.obj.call(swig.Destroy)
}

// DestroyAs destroys a vGPU of that owner, or with foreign one of any owner and of any program.
// False: it was gone already.
func (v *VGPU) DestroyAs(owner string, foreign bool) (destroyed bool, err error) {
	if err := checkStrings(owner); err != nil {
		return false, err
	}
	flags := uint(0)
	if foreign {
		flags = destroyForeign
	}
	err = v.obj.call(func(c swig.VGPU) int64 { return swig.Destroy_as(c, owner, flags, &destroyed) })
	return destroyed, err
}

// Open opens the VFIO device of the vGPU, which starts its plugin task.
func (v *VGPU) Open() (*Device, error) {
	var device swig.Device
	err := v.obj.call(func(c swig.VGPU) int64 { return swig.Device_open(c, &device) })
	if err != nil {
		return nil, err
	}
	return newDevice(device, v.UUID), nil
}
