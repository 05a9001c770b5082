// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"context"
	"syscall"
	"time"

	"nvvgpu/internal/swig"
)

// StreamInfo is what a saved state says of itself.
type StreamInfo struct {
	FormatMajor      uint32
	FormatMinor      uint32
	StreamUUID       string // names this save
	VGPUUUID         string // the vGPU that was saved
	TypeID           uint32
	TypeName         string
	BoardName        string // "": it does not say, as with the strings below
	DeviceID         uint16
	FramebufferBytes uint64
	DriverVersion    string
	FirmwareVersion  string
	LibraryVersion   string
	SourceGPU        string // PCI address of the GPU the vGPU was on
	Time             time.Time
	Checksums        bool   // the data has checksums
	Verified         bool   // the whole stream was read and found good
	DataBytes        uint64 // bytes of state; 0 unless it was verified
	Chunks           uint64 // pieces they are in; 0 unless it was verified

	c *owner[swig.StreamInfo]
}

// newStreamInfo takes c over.
func newStreamInfo(c swig.StreamInfo) *StreamInfo {
	return &StreamInfo{
		FormatMajor:      swig.Stream_info_get_format_major(c),
		FormatMinor:      swig.Stream_info_get_format_minor(c),
		StreamUUID:       swig.Stream_info_get_stream_uuid(c),
		VGPUUUID:         swig.Stream_info_get_vgpu_uuid(c),
		TypeID:           swig.Stream_info_get_type_id(c),
		TypeName:         swig.Stream_info_get_type_name(c),
		BoardName:        swig.Stream_info_get_board_name(c),
		DeviceID:         swig.Stream_info_get_device_id(c),
		FramebufferBytes: swig.Stream_info_get_framebuffer_bytes(c),
		DriverVersion:    swig.Stream_info_get_driver_version(c),
		FirmwareVersion:  swig.Stream_info_get_firmware_version(c),
		LibraryVersion:   swig.Stream_info_get_library_version(c),
		SourceGPU:        swig.Stream_info_get_source_gpu(c),
		Time:             timeOf(swig.Stream_info_get_time_ns(c)),
		Checksums:        swig.Stream_info_has_checksums(c),
		Verified:         swig.Stream_info_is_verified(c),
		DataBytes:        swig.Stream_info_get_data_bytes(c),
		Chunks:           swig.Stream_info_get_chunks(c),
		c:                own(c, swig.Stream_info_free),
	}
}

// timeOf: the library counts nanoseconds since 1970.
func timeOf(ns uint64) time.Time {
	return time.Unix(int64(ns/uint64(time.Second)), int64(ns%uint64(time.Second)))
}

// MarshalJSON renders the info as the library does, with the keys of doc/json.md.
func (i StreamInfo) MarshalJSON() ([]byte, error) {
	return marshalOwned(i.c, swig.Stream_info_to_json)
}

// Inspect reads the header and the identity of a saved state from the current position of f,
// and leaves the position behind them.
func Inspect(ctx context.Context, f syscall.Conn) (*StreamInfo, error) {
	var c swig.StreamInfo
	err := new(transfer).run(ctx, f, func(fd int, o swig.MigrateOptions) int64 {
		return swig.Migrate_inspect(fd, o, &c)
	})
	if err != nil {
		return nil, err
	}
	return newStreamInfo(c), nil
}

// Verify reads a whole saved state from the current position of f and checks every checksum.
func Verify(ctx context.Context, f syscall.Conn, options *TransferOptions) (*StreamInfo, error) {
	var c swig.StreamInfo
	err := options.transfer().run(ctx, f, func(fd int, o swig.MigrateOptions) int64 {
		return swig.Migrate_verify(fd, o, &c)
	})
	if err != nil {
		return nil, err
	}
	return newStreamInfo(c), nil
}
