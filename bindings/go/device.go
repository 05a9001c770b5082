// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"context"
	"strconv"
	"syscall"

	"nvvgpu/internal/swig"
)

// Region is a part of a vGPU's VFIO device.
type Region int32

const (
	RegionBAR0   Region = 0 // registers
	RegionBAR1   Region = 1 // framebuffer aperture
	RegionBAR3   Region = 3
	RegionConfig Region = 7 // PCI configuration space
)

// String returns "bar0", "bar1", "bar3", "config" or "region" and the number.
func (r Region) String() string {
	switch r {
	case RegionBAR0, RegionBAR1, RegionBAR3:
		return "bar" + strconv.Itoa(int(r))
	case RegionConfig:
		return "config"
	default:
		return "region " + strconv.Itoa(int(r))
	}
}

// Device is the open VFIO device of a vGPU: to check that a vGPU works, and to save or restore
// it.  A VMM opens the device itself.  While it is open, its plugin task runs, and the GPU of an
// emulated host with state= belongs to this process.
//
// All its methods can be called from several goroutines at once.  It must not be copied.
type Device struct {
	obj object[swig.Device]
}

// newDevice takes over a reference.
func newDevice(c swig.Device, uuid string) *Device {
	d := &Device{}
	hold(&d.obj, c, own(c, func(c swig.Device) { swig.Device_unref(c) }), "device of vGPU", uuid)
	return d
}

// Close closes the device, which ends its plugin task; the framebuffer stays with the vGPU.
// When a call on the device runs, the device closes at its end.  Close always returns nil, also
// the second time.
func (d *Device) Close() error {
	d.obj.close()
	return nil
}

// RegionBytes returns the size of a region; 0: it does not exist.
func (d *Device) RegionBytes(region Region) (uint64, error) {
	var n uint64
	err := d.obj.call(func(c swig.Device) int64 {
		return swig.Device_get_region_bytes(c, int32(region), &n)
	})
	return n, err
}

// Read fills p from a region: with all of it, or none.
func (d *Device) Read(region Region, offset uint64, p []byte) (int, error) {
	err := d.obj.call(func(c swig.Device) int64 {
		return swig.Device_read(c, int32(region), offset, p)
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Write writes p to a region: all of it.
func (d *Device) Write(region Region, offset uint64, p []byte) (int, error) {
	err := d.obj.call(func(c swig.Device) int64 {
		return swig.Device_write(c, int32(region), offset, p)
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Reset scrubs the framebuffer and starts the plugin task anew.
func (d *Device) Reset() error {
	return d.obj.call(swig.Device_reset)
}

// Migratable reports whether the device can be saved and restored; false also when it is
// closed.
func (d *Device) Migratable() bool {
	migratable := false
	_ = d.obj.with(func(c swig.Device) error {
		migratable = swig.Device_is_migratable(c)
		return nil
	})
	return migratable
}

// Save is [VGPU.Save] with a device that is open already.
func (d *Device) Save(ctx context.Context, f syscall.Conn, options *SaveOptions) error {
	return d.obj.with(func(c swig.Device) error {
		return options.transfer().run(ctx, f, func(fd int, o swig.MigrateOptions) int64 {
			return swig.Migrate_save_device(c, fd, o)
		})
	})
}

// Restore loads a saved state into the device.  Of the options only Progress and VerifyFirst
// count.
//
// A state that does not fit leaves the device as it is; after any later failure the device is
// reset: usable, empty.
func (d *Device) Restore(ctx context.Context, f syscall.Conn, options *RestoreOptions) error {
	return d.obj.with(func(c swig.Device) error {
		return options.transfer().run(ctx, f, func(fd int, o swig.MigrateOptions) int64 {
			return swig.Migrate_restore_device(c, fd, o)
		})
	})
}
