// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"bytes"
	"syscall"
	"testing"

	"nvvgpu"
)

func TestRegions(t *testing.T) {
	device := openDevice(t, create(t, openGPU(t, "emu:l40"), "L40-1B"))
	for region, exists := range map[nvvgpu.Region]bool{
		nvvgpu.RegionBAR0: true, nvvgpu.RegionBAR1: true, nvvgpu.RegionConfig: true, 5: false,
	} {
		if n, err := device.RegionBytes(region); err != nil || (n != 0) != exists {
			t.Errorf("%v: %d bytes, %v", region, n, err)
		}
	}
	_, err := device.RegionBytes(77)
	wantError(t, err, nvvgpu.ReasonInvalidArgument)

	config := make([]byte, 4)
	if n, err := device.Read(nvvgpu.RegionConfig, 0, config); err != nil || n != 4 ||
		config[0] != 0xde || config[1] != 0x10 {
		t.Errorf("%x, %d, %v", config, n, err)
	}
	if n, err := device.Read(nvvgpu.RegionConfig, 0, nil); err != nil || n != 0 {
		t.Errorf("nothing: %d, %v", n, err)
	}
	n, err := device.Read(nvvgpu.RegionConfig, 1<<40, config)
	if e := wantError(t, err, syscall.ERANGE); n != 0 {
		t.Errorf("%d bytes and %v", n, e)
	}
	n, err = device.Write(nvvgpu.RegionBAR1, 1<<60, config)
	if e := wantError(t, err, syscall.ERANGE); n != 0 {
		t.Errorf("%d bytes and %v", n, e)
	}
}

func TestFramebuffer(t *testing.T) {
	vgpu := create(t, openGPU(t, "emu:l40"), "L40-1B")
	fill(t, vgpu, 3)
	checkFilled(t, vgpu, 3) // of another opening
	device := openDevice(t, vgpu)
	if err := device.Reset(); err != nil {
		t.Fatal(err)
	}
	found := make([]byte, mib)
	if _, err := device.Read(nvvgpu.RegionBAR1, mib, found); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(found, make([]byte, mib)) {
		t.Error("something is left after Reset")
	}
}

func TestDeviceIsOpenOnce(t *testing.T) {
	vgpu := create(t, openGPU(t, "emu:l40"), "L40-1B")
	device := openDevice(t, vgpu)
	_, err := vgpu.Open()
	wantError(t, err, syscall.EBUSY)
	if !device.Migratable() {
		t.Error("not migratable")
	}
	device.Close()
	if device.Migratable() {
		t.Error("migratable after Close")
	}
	openDevice(t, vgpu)
}
