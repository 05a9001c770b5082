// SPDX-License-Identifier: MIT

package main

import (
	"fmt"

	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/dynamic-resource-allocation/deviceattribute"
	"k8s.io/dynamic-resource-allocation/resourceslice"

	"kubernetes/k8s/node"
	"nvvgpu"
)

// names within a pool
const (
	counterSet         = "gpu"
	counterFramebuffer = "framebuffer"
	counterVFs         = "vfs"
)

// publisher turns GPUs into what the scheduler is told.
//
// Each GPU is a pool.  Its framebuffer and its enabled VFs are shared counters, which each of its
// devices, a possible vGPU, consumes.  What others have created is taken off the counters.
//
// Counters are sums: they cannot say that all vGPUs of a GPU have to be of one size.  That is said
// twice.  A size that the GPU does not offer now has a taint, which says why, so that no more of it
// is allocated; it comes as late as the first vGPU of another size is created.  And where the
// cluster has compatibility groups (DRADeviceCompatibilityGroups), each size is one, so that the
// scheduler itself knows the rule.  What neither can say is where in the framebuffer of a GPU in
// mixed-size mode there is room.
type publisher struct {
	driver string
	node   string
	groups bool // use compatibility groups
}

// pools are all GPUs that can have vGPUs; mine: the uuids of the vGPUs that claims have.
func (p *publisher) pools(gpus []node.GPU, mine map[string]bool) map[string]resourceslice.Pool {
	pools := make(map[string]resourceslice.Pool)
	for i := range gpus {
		gpu := &gpus[i]
		if len(gpu.Types) > 0 {
			pools[poolName(p.node, gpu.Address)] = p.pool(gpu, mine)
		}
	}
	return pools
}

func (p *publisher) pool(gpu *node.GPU, mine map[string]bool) resourceslice.Pool {
	costs := costsOf(gpu)
	slices := []resourceslice.Slice{{SharedCounters: []resourceapi.CounterSet{
		{Name: counterSet, Counters: left(gpu, costs, mine).counters()}}}}
	room := left(gpu, costs, nil)
	var devices []resourceapi.Device
	for _, t := range gpu.Types {
		for n := range t.MaxInstances {
			devices = append(devices, p.device(gpu, t, n, costs[t.ID], room))
		}
	}
	for len(devices) > 0 {
		n := min(len(devices), resourceapi.ResourceSliceMaxDevicesWithAdvancedFeatures)
		slices = append(slices, resourceslice.Slice{Devices: devices[:n:n]})
		devices = devices[n:]
	}
	return resourceslice.Pool{Slices: slices}
}

func (p *publisher) device(gpu *node.GPU, t nvvgpu.Type, n uint32,
	c, room cost) resourceapi.Device {
	device := resourceapi.Device{
		Name: partition{gpu.Address, t.ID, n}.String(),
		Attributes: map[resourceapi.QualifiedName]resourceapi.DeviceAttribute{
			"profile":        text(t.Name),
			"class":          text(t.Class),
			"heads":          number(int64(t.Heads)),
			"gpu":            text(gpu.Name),
			"parentPCIBusID": text(gpu.Address),
			"framework":      text(gpu.Framework.String()),
		},
		Capacity: map[resourceapi.QualifiedName]resourceapi.DeviceCapacity{
			counterFramebuffer: {Value: *bytes(int64(t.FramebufferBytes))},
		},
		ConsumesCounters: []resourceapi.DeviceCounterConsumption{
			{CounterSet: counterSet, Counters: c.counters()}},
	}
	if gpu.NUMANode >= 0 {
		device.Attributes[deviceattribute.StandardDeviceAttributeNUMANode] = number(int64(gpu.NUMANode))
	}
	if p.groups && gpu.Mode == nvvgpu.ModeEqualSize {
		device.ConsumesCounters[0].CompatibilityGroups = []string{group(t.FramebufferBytes)}
	}
	if reason, why := obstacle(gpu, t, room.covers(c)); reason != nvvgpu.ReasonNone {
		device.Taints = []resourceapi.DeviceTaint{{Key: p.driver + "/" + reason.String(), Value: why,
			Effect: resourceapi.DeviceTaintEffectNoSchedule}}
	}
	return device
}

// group is the name of a size: "8192mib".
func group(framebufferBytes uint64) string { return fmt.Sprintf("%dmib", framebufferBytes>>20) }

// obstacle returns why no more of a type can be created, unless counters say it already.  room: by
// what they count there is room for one more.
func obstacle(gpu *node.GPU, t nvvgpu.Type, room bool) (reason nvvgpu.Reason, value string) {
	if gpu.Err != nil {
		return nvvgpu.ReasonUnknown, ""
	}
	switch t.Reason {
	case nvvgpu.ReasonNone, nvvgpu.ReasonNoFramebuffer:
		return nvvgpu.ReasonNone, ""
	case nvvgpu.ReasonExhausted, nvvgpu.ReasonVFBusy: // perhaps of VFs that have no vGPU
		if !room {
			return nvvgpu.ReasonNone, ""
		}
	case nvvgpu.ReasonEqualSize:
		for _, vgpu := range gpu.VGPUs {
			return t.Reason, group(vgpu.FramebufferBytes)
		}
	}
	return t.Reason, ""
}

// cost is what one vGPU takes of its GPU, or what there is of it.
type cost struct {
	framebufferBytes int64
	vfs              int64
	hasVFs           bool
}

// covers reports whether what there is is enough for one more.
func (c cost) covers(one cost) bool {
	return c.framebufferBytes >= one.framebufferBytes && c.vfs >= one.vfs
}

func (c cost) counters() map[string]resourceapi.Counter {
	counters := map[string]resourceapi.Counter{counterFramebuffer: {Value: *bytes(c.framebufferBytes)}}
	if c.hasVFs {
		counters[counterVFs] = resourceapi.Counter{
			Value: *resource.NewQuantity(c.vfs, resource.DecimalSI)}
	}
	return counters
}

func bytes(n int64) *resource.Quantity { return resource.NewQuantity(n, resource.BinarySI) }

// costsOf returns what the types of a GPU take, by their ids: the nominal framebuffer, unless as
// many as the board can have do not add up to it; then an equal share.
func costsOf(gpu *node.GPU) map[uint32]cost {
	costs := make(map[uint32]cost)
	total := gpu.FramebufferBytes
	vfs := int64(min(gpu.VFsTotal, 1))
	for _, t := range gpu.Types {
		share := t.FramebufferBytes
		most := uint64(t.MaxInstances)
		if most > 0 && share > 0 && total/share != most && most != uint64(gpu.VFsTotal) {
			share = total / most
		}
		costs[t.ID] = cost{int64(share), vfs, vfs > 0}
	}
	return costs
}

// left is what a GPU has, less what others have created.
func left(gpu *node.GPU, costs map[uint32]cost, mine map[string]bool) cost {
	c := cost{int64(gpu.FramebufferBytes), int64(gpu.VFsEnabled), gpu.VFsTotal > 0}
	for _, vgpu := range gpu.VGPUs {
		if !mine[vgpu.UUID] {
			c.framebufferBytes = max(0, c.framebufferBytes-costs[vgpu.TypeID].framebufferBytes)
			c.vfs = max(0, c.vfs-1)
		}
	}
	return c
}
