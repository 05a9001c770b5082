// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"strings"
	"time"

	"nvvgpu/internal/swig"
)

// EventKind says what has happened.
type EventKind int32

const (
	EventCreated    EventKind = 1
	EventDestroyed  EventKind = 2
	EventStarted    EventKind = 3
	EventStopped    EventKind = 4
	EventCrashed    EventKind = 5
	EventReset      EventKind = 6
	EventMode       EventKind = 7
	EventVFs        EventKind = 8
	EventMigration  EventKind = 9
	EventParams     EventKind = 10
	EventLost       EventKind = 11
	EventGPUAdded   EventKind = 64
	EventGPURemoved EventKind = 65
	EventVFAdded    EventKind = 66
	EventVFRemoved  EventKind = 67
	EventTypes      EventKind = 68 // other types than before can be created
)

// String returns "created", "destroyed"... or "unknown".
func (k EventKind) String() string { return swig.Event_kind_name(int32(k)) }

// MarshalText returns the same as String.
func (k EventKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Event is something that has happened on a host.
type Event struct {
	Kind       EventKind
	GPUAddress string // "": events of the whole host were lost
	VF         string // that came or went, or that the vGPU is on; "": none
	UUID       string // of the vGPU; "": it is about the GPU
	TypeID     uint32 // of the vGPU

	// Sequence grows by one with each event that the driver of the GPU tells, so that a gap says
	// that events were lost; 0: the library saw it, at Time, and nobody numbers it.
	Sequence uint64
	Time     time.Time

	// Value is, by kind: mode: 1 for mixed-size, 0 for equal-size; vfs: how many are enabled;
	// migration: the VFIO migration state; lost: how many events, 0 when nobody knows; types:
	// how many can be created.
	Value uint64

	c *owner[swig.Event]
}

// newEvent takes c over.
func newEvent(c swig.Event) Event {
	return Event{
		Kind:       EventKind(swig.Event_get_kind(c)),
		GPUAddress: swig.Event_get_gpu_address(c),
		VF:         swig.Event_get_vf(c),
		UUID:       swig.Event_get_uuid(c),
		TypeID:     swig.Event_get_type_id(c),
		Sequence:   swig.Event_get_sequence(c),
		Time:       timeOf(swig.Event_get_time_ns(c)),
		Value:      swig.Event_get_value(c),
		c:          own(c, swig.Event_free),
	}
}

// String returns kind, GPU and vGPU.
func (e Event) String() string {
	return strings.TrimSuffix(e.Kind.String()+" "+e.GPUAddress+" "+e.UUID, " ")
}

// MarshalJSON renders the event as the library does, with the keys of doc/json.md.
func (e Event) MarshalJSON() ([]byte, error) {
	return marshalOwned(e.c, swig.Event_to_json)
}
