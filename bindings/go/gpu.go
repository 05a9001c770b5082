// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"errors"
	"strconv"
	"time"

	"nvvgpu/internal/swig"
)

// Framework says how a GPU's driver offers vGPUs.
type Framework int32

const (
	FrameworkNone       Framework = 0 // see GPUInfo.Reason
	FrameworkNVVGPU     Framework = 1 // this project's driver
	FrameworkVendorVFIO Framework = 2 // NVIDIA's vendor-specific VFIO, vGPU 17 and later
	FrameworkMdev       Framework = 3
)

// String returns "nvvgpu", "vendor-vfio", "mdev" or "none".
func (f Framework) String() string { return swig.Framework_name(int32(f)) }

// MarshalText returns the same as String.
func (f Framework) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// Mode says which sizes vGPUs on one GPU can have.
type Mode int32

const (
	ModeUnknown   Mode = 0
	ModeEqualSize Mode = 1
	ModeMixedSize Mode = 2
	ModeMIG       Mode = 3
)

// String returns "equal-size", "mixed-size", "mig" or "unknown".
func (m Mode) String() string { return swig.Mode_name(int32(m)) }

// MarshalText returns the same as String.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// Statistic is something that a GPU's driver may count.
type Statistic int32

const (
	StatVGPUs                 Statistic = 0
	StatFramebufferTotalBytes Statistic = 1
	StatFramebufferFreeBytes  Statistic = 2
	StatHeapTotalBytes        Statistic = 3
	StatHeapFreeBytes         Statistic = 4
	StatBAR1TotalBytes        Statistic = 5
	StatBAR1FreeBytes         Statistic = 6
	StatChannelsTotal         Statistic = 7
	StatChannelsFree          Statistic = 8
	StatRMClients             Statistic = 9
	StatCreated               Statistic = 10
	StatDestroyed             Statistic = 11
	StatCreateFailed          Statistic = 12
	StatBooted                Statistic = 13
	StatScrubbedBytes         Statistic = 14
	StatFirmwareCalls         Statistic = 15
)

// String returns the name, "framebuffer_free_bytes".
func (s Statistic) String() string {
	if name := swig.Statistic_name(int32(s)); name != "" {
		return name
	}
	return "statistic " + strconv.Itoa(int(s))
}

// MarshalText returns the same as String.
func (s Statistic) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// GPUInfo is what a search found out about a GPU.
type GPUInfo struct {
	Address           string // PCI address, "0000:41:00.0"
	Name              string // "NVIDIA L40"
	VendorID          uint16
	DeviceID          uint16
	SubsystemVendorID uint16
	SubsystemDeviceID uint16
	Driver            string // the bound kernel driver; "": none is bound
	DriverVersion     string // "": not known
	FirmwareVersion   string // "": not known
	Framework         Framework
	Evidence          string   // what was seen on the host that says this framework, or that there is none
	NUMANode          int      // -1: the machine does not say
	FramebufferBytes  uint64   // memory that vGPUs can share; 0: not known
	VFsTotal          uint32   // SR-IOV functions it can have; 0 without SR-IOV
	DRMNodes          []string // "/dev/dri/card0"
	Reason            Reason   // why it cannot hold vGPUs; ReasonNone: it can
	ReasonText        string   // the same as one sentence; "" for ReasonNone
}

// GPU is a physical GPU.  Its GPUInfo is what the search found that it comes from; what changes
// is asked of the driver by each call.
//
// All its methods can be called from several goroutines at once.  It must not be copied.
type GPU struct {
	GPUInfo
	obj object[swig.GPU]
}

// newGPU takes over a reference.
func newGPU(c swig.GPU) *GPU {
	return makeGPU(c, own(c, func(c swig.GPU) { swig.Gpu_unref(c) }))
}

// makeGPU copies the facts of c, which lives by owner.
func makeGPU[R ~uintptr](c swig.GPU, owner *owner[R]) *GPU {
	g := &GPU{GPUInfo: GPUInfo{
		Address:           swig.Gpu_get_address(c),
		Name:              swig.Gpu_get_name(c),
		VendorID:          swig.Gpu_get_vendor_id(c),
		DeviceID:          swig.Gpu_get_device_id(c),
		SubsystemVendorID: swig.Gpu_get_subsystem_vendor_id(c),
		SubsystemDeviceID: swig.Gpu_get_subsystem_device_id(c),
		Driver:            swig.Gpu_get_driver(c),
		DriverVersion:     swig.Gpu_get_driver_version(c),
		FirmwareVersion:   swig.Gpu_get_firmware_version(c),
		Framework:         Framework(swig.Gpu_get_framework(c)),
		Evidence:          swig.Gpu_get_evidence(c),
		NUMANode:          swig.Gpu_get_numa_node(c),
		FramebufferBytes:  swig.Gpu_get_framebuffer_bytes(c),
		VFsTotal:          swig.Gpu_get_vfs_total(c),
		Reason:            Reason(swig.Gpu_get_reason(c)),
		ReasonText:        swig.Gpu_get_reason_text(c),
	}}
	for {
		node := swig.Gpu_get_drm_node(c, uint64(len(g.DRMNodes)))
		if node == "" {
			break
		}
		g.DRMNodes = append(g.DRMNodes, node)
	}
	hold(&g.obj, c, owner, "GPU", g.Address)
	return g
}

// Close lets go of the GPU.  Its GPUInfo can still be read.  Close always returns nil, also the
// second time.
func (g *GPU) Close() error {
	g.obj.close()
	return nil
}

// String returns the PCI address.
func (g *GPU) String() string { return g.Address }

// MarshalJSON renders the GPU as the library does, with the keys of doc/json.md.
func (g *GPU) MarshalJSON() ([]byte, error) {
	return marshalObject(&g.obj, swig.Gpu_to_json)
}

// VFsEnabled returns how many SR-IOV functions there are now.
func (g *GPU) VFsEnabled() (uint32, error) {
	var n uint32
	err := g.obj.call(func(c swig.GPU) int64 { return swig.Gpu_get_vfs_enabled(c, &n) })
	return n, err
}

// Mode returns whether vGPUs of different sizes can be on this GPU now.
func (g *GPU) Mode() (Mode, error) {
	var mode int32
	err := g.obj.call(func(c swig.GPU) int64 { return swig.Gpu_get_mode(c, &mode) })
	return Mode(mode), err
}

// SetMixedSize allows vGPUs of different sizes on this GPU, or ends it.  It needs a GPU without
// vGPUs, unless it is so already.
func (g *GPU) SetMixedSize(mixed bool) error {
	return g.obj.call(func(c swig.GPU) int64 { return swig.Gpu_set_mixed_size(c, mixed) })
}

// SetVFs changes how many SR-IOV functions exist, at most VFsTotal, and waits until they can be
// used; 0 switches SR-IOV off.  timeout is the longest wait, 0 one minute.
//
// The host is searched again, since a framework may come and go with its VFs; this GPU goes on
// showing what was there before.
func (g *GPU) SetVFs(count uint32, timeout time.Duration) error {
	if timeout < 0 {
		return errors.New("nvvgpu: a timeout cannot be negative")
	}
	return g.obj.call(func(c swig.GPU) int64 { return swig.Gpu_set_vfs(c, count, uint64(timeout)) })
}

// Statistics returns all that the driver of this GPU counts.
func (g *GPU) Statistics() (map[Statistic]uint64, error) {
	counts := make(map[Statistic]uint64)
	for s := int32(0); swig.Statistic_name(s) != ""; s++ {
		var count uint64
		err := g.obj.call(func(c swig.GPU) int64 { return swig.Gpu_get_statistic(c, s, &count) })
		if err == nil {
			counts[Statistic(s)] = count
		} else if !errors.Is(err, ReasonNotSupported) { // this one is not counted
			return nil, err
		}
	}
	return counts, nil
}

// Types returns the vGPU types of this GPU, ordered by their ids.
func (g *GPU) Types(filter TypeFilter) ([]Type, error) {
	var list swig.TypeList
	err := g.obj.call(func(c swig.GPU) int64 { return swig.Type_list(c, uint(filter), &list) })
	if err != nil {
		return nil, err
	}
	return takeTypes(list), nil
}

// Type finds a type by its id ("869") or by its exact name, "NVIDIA L40-1B" or "L40-1B".
func (g *GPU) Type(idOrName string) (Type, error) {
	if err := checkStrings(idOrName); err != nil {
		return Type{}, err
	}
	var c swig.Type
	err := g.obj.call(func(gpu swig.GPU) int64 { return swig.Type_lookup(gpu, idOrName, &c) })
	if err != nil {
		return Type{}, err
	}
	return newType(c, own(c, func(c swig.Type) { swig.Type_unref(c) })), nil
}

// VGPUs returns the vGPUs of this GPU.
func (g *GPU) VGPUs() ([]*VGPU, error) {
	var list swig.VGPUList
	err := g.obj.call(func(c swig.GPU) int64 { return swig.Vgpu_list(c, &list) })
	if err != nil {
		return nil, err
	}
	return takeVGPUs(list), nil
}

// Create creates a vGPU.
//
// All or nothing.  When a vGPU with the uuid of the spec exists on this GPU that is all the
// spec asks for, Create returns that one; [VGPUInfo].Created tells the two apart.
func (g *GPU) Create(spec Spec) (*VGPU, error) {
	c, err := spec.build()
	if err != nil {
		return nil, err
	}
	defer swig.Spec_free(c)
	var vgpu swig.VGPU
	err = g.obj.call(func(gpu swig.GPU) int64 { return swig.Create(gpu, c, &vgpu) })
	if err != nil {
		return nil, err
	}
	return newVGPU(vgpu), nil
}
