// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"

	"kubernetes/k8s/node"
	"nvvgpu"
)

// deviceID names what the kubelet counts: one vGPU of a type on a GPU, that exists or could be
// created.  It says what to make, and stays the same as long as the GPU has its address.
type deviceID struct {
	gpu    string // PCI address
	typeID uint32
	number uint32 // tells the vGPUs of one type on one GPU apart
}

// String returns "0000:41:00.0-876-0".
func (d deviceID) String() string {
	return fmt.Sprintf("%s-%d-%d", d.gpu, d.typeID, d.number)
}

func parseDeviceID(text string) (deviceID, error) {
	parts := strings.Split(text, "-")
	if len(parts) != 3 {
		return deviceID{}, fmt.Errorf("%q is no device of this plugin", text)
	}
	typeID, err := strconv.ParseUint(parts[1], 10, 32)
	number, err2 := strconv.ParseUint(parts[2], 10, 32)
	d := deviceID{parts[0], uint32(typeID), uint32(number)}
	if errors.Join(err, err2) != nil || d.String() != text {
		return deviceID{}, fmt.Errorf("%q is no device of this plugin", text)
	}
	return d, nil
}

// resourceList is what each resource has, by its name; the devices in order.
type resourceList map[string][]*pluginapi.Device

// lister works out what the kubelet is to be told.
type lister struct {
	patterns []string // names of types that are offered; empty: all
}

func (l *lister) offers(typeName string) bool {
	if len(l.patterns) == 0 {
		return true
	}
	return slices.ContainsFunc(l.patterns, func(pattern string) bool {
		match, _ := path.Match(pattern, typeName)
		return match
	})
}

// list says which devices there are: for each type on each GPU as many as the GPU can have at most.
// Healthy are those that pods have, unless there is trouble with the vGPU, and as many more as can
// still be created, those with the lowest numbers.  The others are unhealthy: of capacity and
// allocatable, which the kubelet tells the cluster, they count in the first alone.
//
// What was listed once is listed for ever.  The kubelet may have chosen a device a moment ago, and
// does not survive that it is gone from the list before it has its answer.
func (l *lister) list(gpus []node.GPU, leases []node.Lease, troubles map[string]error,
	before resourceList) resourceList {
	numa := make(map[string]int)
	for _, gpu := range gpus {
		numa[gpu.Address] = gpu.NUMANode
	}
	c := catalogue{}
	for name, devices := range before {
		for _, d := range devices {
			c.add(name, d, false)
		}
	}
	for _, gpu := range gpus {
		for _, t := range gpu.Types {
			if name, ok := node.ResourceName(t.Name); ok && l.offers(t.Name) {
				c.addNumbers(name, gpu, t)
			}
		}
	}
	leased := make(map[deviceID]bool)
	for _, lease := range leases {
		id, err := parseDeviceID(lease.Key)
		name, ok := node.ResourceName(lease.TypeName)
		if err != nil || !ok || lease.Phase != node.Made {
			continue
		}
		where, found := numa[id.gpu]
		if !found {
			where = -1
		}
		leased[id] = true
		c.add(name, device(id, where), troubles[lease.Key] == nil)
	}
	for _, gpu := range gpus {
		if gpu.Err != nil {
			c.silence(gpu.Address)
			continue
		}
		for _, t := range gpu.Types {
			if name, ok := node.ResourceName(t.Name); ok && l.offers(t.Name) {
				c.offer(name, gpu, t, leased)
			}
		}
	}
	return c.sorted()
}

// catalogue has the devices of each resource.
type catalogue map[string]map[deviceID]*pluginapi.Device

func (c catalogue) add(name string, d *pluginapi.Device, healthy bool) {
	id, err := parseDeviceID(d.ID)
	if err != nil {
		return
	}
	if c[name] == nil {
		c[name] = make(map[deviceID]*pluginapi.Device)
	}
	c[name][id] = &pluginapi.Device{ID: d.ID, Health: health(healthy), Topology: d.Topology}
}

// addNumbers adds all that a GPU can have of a type.
func (c catalogue) addNumbers(name string, gpu node.GPU, t nvvgpu.Type) {
	for number := range t.MaxInstances {
		c.add(name, device(deviceID{gpu.Address, t.ID, number}, gpu.NUMANode), false)
	}
}

// offer has as many devices healthy as can still be created.
func (c catalogue) offer(name string, gpu node.GPU, t nvvgpu.Type, leased map[deviceID]bool) {
	id := deviceID{gpu.Address, t.ID, 0}
	for room := node.Room(t); room > 0; id.number++ {
		if !leased[id] {
			c.add(name, device(id, gpu.NUMANode), true)
			room--
		}
	}
}

// silence has all devices of a GPU unhealthy.
func (c catalogue) silence(gpu string) {
	for _, devices := range c {
		for id, d := range devices {
			if id.gpu == gpu {
				d.Health = pluginapi.Unhealthy
			}
		}
	}
}

func (c catalogue) sorted() resourceList {
	list := make(resourceList)
	for name, devices := range c {
		ids := slices.SortedFunc(maps.Keys(devices), compareIDs)
		for _, id := range ids {
			list[name] = append(list[name], devices[id])
		}
	}
	return list
}

func compareIDs(a, b deviceID) int {
	return cmp.Or(cmp.Compare(a.gpu, b.gpu), cmp.Compare(a.typeID, b.typeID),
		cmp.Compare(a.number, b.number))
}

func health(healthy bool) string {
	if healthy {
		return pluginapi.Healthy
	}
	return pluginapi.Unhealthy
}

// device is one that nobody knows the health of yet.
func device(id deviceID, numa int) *pluginapi.Device {
	d := &pluginapi.Device{ID: id.String(), Health: pluginapi.Unhealthy}
	if numa >= 0 {
		d.Topology = &pluginapi.TopologyInfo{Nodes: []*pluginapi.NUMANode{{ID: int64(numa)}}}
	}
	return d
}

// numaNode returns -1 when the machine does not say.
func numaNode(d *pluginapi.Device) int {
	if nodes := d.GetTopology().GetNodes(); len(nodes) > 0 {
		return int(nodes[0].ID)
	}
	return -1
}

func sameDevices(a, b []*pluginapi.Device) bool {
	return slices.EqualFunc(a, b, func(a, b *pluginapi.Device) bool {
		return a.ID == b.ID && a.Health == b.Health && numaNode(a) == numaNode(b)
	})
}

// names returns the resources in order.
func (r resourceList) names() []string { return slices.Sorted(maps.Keys(r)) }

// of returns the resource that has a device.
func (r resourceList) of(id string) (name string, ok bool) {
	for name, devices := range r {
		for _, d := range devices {
			if d.ID == id {
				return name, true
			}
		}
	}
	return "", false
}

// states of devices, as people are told of them
const (
	stateFree        = "free"        // can be created
	stateAllocated   = "allocated"   // was created for a pod
	stateUnhealthy   = "unhealthy"   // the same, and something is wrong
	stateUnavailable = "unavailable" // cannot be created now
)

func stateOf(d *pluginapi.Device, leased bool) string {
	switch healthy := d.Health == pluginapi.Healthy; {
	case healthy && leased:
		return stateAllocated
	case healthy:
		return stateFree
	case leased:
		return stateUnhealthy
	default:
		return stateUnavailable
	}
}

// worthless reports whether nothing of the list is, or can be, anybody's.
func worthless(devices []*pluginapi.Device, leased map[string]bool) bool {
	return !slices.ContainsFunc(devices, func(d *pluginapi.Device) bool {
		return stateOf(d, leased[d.ID]) != stateUnavailable
	})
}

func keysOf(leases []node.Lease) map[string]bool {
	keys := make(map[string]bool)
	for _, lease := range leases {
		keys[lease.Key] = true
	}
	return keys
}
