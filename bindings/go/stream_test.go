// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"context"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"nvvgpu"
)

func TestInspectAndVerify(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	vgpu := must(gpu.Create(nvvgpu.Spec{Type: "L40-4Q", UUID: uuid}))
	fill(t, vgpu, mibs)
	before := time.Now()
	file := saved(t, vgpu, nil)

	info := inspect(t, file)
	at := must(file.Seek(0, io.SeekCurrent))
	if at == 0 || at > 4096 {
		t.Errorf("Inspect left the file at %d", at)
	}
	if info.FormatMajor != 1 || info.StreamUUID == "" || info.StreamUUID == uuid ||
		info.VGPUUUID != uuid || info.TypeID != vgpu.TypeID || info.TypeName != vgpu.TypeName ||
		info.BoardName != gpu.Name || info.DeviceID != gpu.DeviceID ||
		info.FramebufferBytes != vgpu.FramebufferBytes || info.DriverVersion != gpu.DriverVersion ||
		info.FirmwareVersion != gpu.FirmwareVersion || info.LibraryVersion != nvvgpu.Version() ||
		info.SourceGPU != address || !info.Checksums || info.Verified || info.DataBytes != 0 ||
		info.Chunks != 0 || info.Time.Before(before) || info.Time.After(time.Now()) {
		t.Errorf("%+v", info)
	}
	rewind(t, file)
	verified, err := nvvgpu.Verify(context.Background(), file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !verified.Verified || verified.DataBytes < mibs*mib || verified.Chunks == 0 ||
		verified.StreamUUID != info.StreamUUID || !verified.Time.Equal(info.Time) {
		t.Errorf("%+v", verified)
	}
	wantKeys(t, parsed(t, verified), map[string]any{"format_major": 1, "vgpu_uuid": uuid,
		"type_id": vgpu.TypeID, "device_id": "0x26b5", "time_ns": info.Time.UnixNano(),
		"verified": true, "data_bytes": verified.DataBytes, "chunks": verified.Chunks})
	if _, err := (&nvvgpu.StreamInfo{}).MarshalJSON(); err == nil {
		t.Error("rendered by a library that does not know it")
	}
}

func TestDamage(t *testing.T) {
	vgpu := create(t, openGPU(t, "emu:l40"), "L40-1B")
	fill(t, vgpu, mibs)
	file := saved(t, vgpu, nil)
	size := must(file.Stat()).Size()
	for name, c := range map[string]struct {
		spoil func() error
		want  nvvgpu.Reason
	}{
		"damaged": {func() error {
			_, err := file.WriteAt([]byte("spoilt"), size/2)
			return err
		}, nvvgpu.ReasonStreamDamaged},
		"truncated": {func() error { return file.Truncate(4000) }, nvvgpu.ReasonStreamTruncated},
		"foreign": {func() error {
			_, err := file.WriteAt([]byte("nonesuch"), 0)
			return err
		}, nvvgpu.ReasonStreamForeign},
	} {
		file = saved(t, vgpu, nil)
		if err := c.spoil(); err != nil {
			t.Fatal(err)
		}
		rewind(t, file)
		info, err := nvvgpu.Verify(context.Background(), file, nil)
		if e := wantError(t, err, c.want); info != nil || !errors.Is(e, syscall.EBADMSG) {
			t.Errorf("%s: %+v, %v", name, info, e)
		}
	}
}
