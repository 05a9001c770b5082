// SPDX-License-Identifier: MIT

package nvvgpu

import "nvvgpu/internal/swig"

// Reason says why something failed, or why something is not available.  It is an error itself,
// to be used with errors.Is: errors.Is(err, nvvgpu.ReasonEqualSize).  Numbers and names are
// stable; a newer library may have numbers that are not listed here.
type Reason int32

// Why something failed.
const (
	ReasonNone            Reason = 0
	ReasonUnknown         Reason = 1 // it could not be found out
	ReasonInvalidArgument Reason = 2
	ReasonOutOfMemory     Reason = 3
	ReasonPermission      Reason = 4
	ReasonNotFound        Reason = 5
	ReasonNotSupported    Reason = 6
	ReasonReadOnly        Reason = 7 // a captured tree cannot be changed
	ReasonIO              Reason = 8
	ReasonBusy            Reason = 9  // someone else holds the host's lock
	ReasonInUse           Reason = 10 // the vGPU's VFIO device is open
	ReasonExists          Reason = 11 // a vGPU with that uuid exists
	ReasonCancelled       Reason = 12
	ReasonDeadline        Reason = 13
	ReasonFirmware        Reason = 14 // the GPU's firmware refused or did not answer
	ReasonDeviceFailed    Reason = 15 // the device needs a reset
	ReasonStateDamaged    Reason = 16 // a saved host state cannot be loaded
)

// Why a GPU cannot be shared.
const (
	ReasonNoDriver    Reason = 30 // no driver is bound
	ReasonPassthrough Reason = 31 // bound to vfio-pci or pci-stub: given away whole
	ReasonNotCapable  Reason = 32 // the bound driver offers no vGPUs
	ReasonNoFramework Reason = 33 // a vGPU framework this version does not drive
)

// Why a type, a slot or a placement is not available.
const (
	ReasonEqualSize        Reason = 40 // another size is active on the GPU
	ReasonVFBusy           Reason = 41
	ReasonExhausted        Reason = 42 // the largest number of instances exists
	ReasonNoFramebuffer    Reason = 43
	ReasonNoChannels       Reason = 44
	ReasonPlacementTaken   Reason = 45
	ReasonPlacementInvalid Reason = 46
	ReasonVFsDisabled      Reason = 47
	ReasonMIG              Reason = 48 // the GPU is in MIG mode; no emulated board has one
	ReasonLiveVGPUs        Reason = 49 // the change needs a GPU without vGPUs
	ReasonParams           Reason = 50 // malformed parameter string
	ReasonForeignOwner     Reason = 51 // the vGPU belongs to another owner
)

// State streams.
const (
	ReasonStreamForeign       Reason = 60 // not a libnvvgpu stream
	ReasonStreamVersion       Reason = 61 // needs a newer library
	ReasonStreamDamaged       Reason = 62 // a checksum or a length is wrong
	ReasonStreamTruncated     Reason = 63
	ReasonStreamAborted       Reason = 64 // the save was given up: marked in the trailer
	ReasonStreamRejected      Reason = 65 // the device did not accept the state
	ReasonMismatchBoard       Reason = 66
	ReasonMismatchType        Reason = 67
	ReasonMismatchDriver      Reason = 68
	ReasonMismatchFramebuffer Reason = 69
	ReasonMismatchFirmware    Reason = 70
	ReasonNotMigratable       Reason = 71 // the device has no migration support

	// why no guest can be given a vGPU
	ReasonIOMMUOff         Reason = 80
	ReasonIOMMUGroupShared Reason = 81 // with a device that is not given away too
	ReasonNoVFIO           Reason = 82 // the kernel does not offer it
	ReasonNoService        Reason = 83 // a daemon that the driver needs does not run
)

// String returns the stable name, "equal-size".
func (r Reason) String() string { return swig.Reason_name(int32(r)) }

// Error returns the same as String.
func (r Reason) Error() string { return r.String() }

// MarshalText returns the stable name.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
