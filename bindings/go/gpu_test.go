// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"
	"time"

	"nvvgpu"
)

func TestGPUInfo(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	want := nvvgpu.GPUInfo{
		Address:           address,
		Name:              "NVIDIA L40",
		VendorID:          0x10de,
		DeviceID:          0x26b5,
		SubsystemVendorID: 0x10de,
		SubsystemDeviceID: gpu.SubsystemDeviceID,
		Driver:            gpu.Driver,
		DriverVersion:     nvvgpu.Version(),
		FirmwareVersion:   gpu.FirmwareVersion,
		Framework:         nvvgpu.FrameworkNVVGPU,
		Evidence:          "its control device /dev/nvvgpu/0000:41:00.0 answers",
		NUMANode:          -1,
		FramebufferBytes:  48 << 30,
		VFsTotal:          32,
	}
	if !reflect.DeepEqual(gpu.GPUInfo, want) {
		t.Errorf("%+v", gpu.GPUInfo)
	}
	if gpu.SubsystemDeviceID == 0 || gpu.Driver == "" || gpu.FirmwareVersion == "" {
		t.Errorf("not known: %+v", gpu.GPUInfo)
	}
	if fmt.Sprint(gpu) != address {
		t.Errorf("printed as %v", gpu)
	}
}

// tree makes a captured machine with one GPU that no driver is bound to.
func tree(t *testing.T) string {
	directory := t.TempDir()
	device := filepath.Join(directory, "sys/bus/pci/devices", "0000:17:00.0")
	if err := os.MkdirAll(filepath.Join(device, "drm/card0"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"vendor": "0x10de", "device": "0x26b5", "class": "0x030200",
		"subsystem_vendor": "0x10de", "subsystem_device": "0x16a1", "numa_node": "1",
		"sriov_totalvfs": "32", "sriov_numvfs": "0",
	} {
		if err := os.WriteFile(filepath.Join(device, name), []byte(value+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return "tree:" + directory
}

func TestGPUThatCannotBeShared(t *testing.T) {
	gpu := openGPU(t, tree(t))
	if gpu.Reason != nvvgpu.ReasonNoDriver || gpu.ReasonText == "" || gpu.Driver != "" ||
		gpu.Framework != nvvgpu.FrameworkNone || gpu.NUMANode != 1 || gpu.FramebufferBytes != 0 ||
		gpu.DriverVersion != "" || gpu.FirmwareVersion != "" || gpu.VFsTotal != 32 {
		t.Errorf("%+v", gpu.GPUInfo)
	}
	_, err := gpu.Types(nvvgpu.TypesAll)
	e := wantError(t, err, errors.ErrUnsupported)
	if e.Reason != nvvgpu.ReasonNoDriver {
		t.Errorf("Types: %v", e)
	}
	_, err = gpu.Create(nvvgpu.Spec{Type: "L40-1B"})
	if err == nil {
		t.Error("a captured tree was changed")
	}
	wantKeys(t, parsed(t, gpu), map[string]any{"driver": nil, "numa_node": 1,
		"reason": map[string]string{"code": "no-driver", "text": gpu.ReasonText}})
}

func TestGPUJSON(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	create(t, gpu, "L40-1B")
	wantKeys(t, parsed(t, gpu), map[string]any{
		"address": address, "name": gpu.Name, "vendor_id": "0x10de", "device_id": "0x26b5",
		"framework": "nvvgpu", "driver": gpu.Driver, "framebuffer_bytes": gpu.FramebufferBytes,
		"vfs_total": 32, "mode": "equal-size", "vgpus": 1, "reason": nil,
	})
	in := must(json.Marshal(map[string]any{"gpus": []*nvvgpu.GPU{gpu}}))
	if !json.Valid(in) {
		t.Errorf("%s", in)
	}
}

func TestSetVFs(t *testing.T) {
	host := open(t, "emu:l40?framework=vendor-vfio")
	gpu := must(host.GPU(address))
	create(t, gpu, "L40-4Q")
	if e := wantError(t, gpu.SetVFs(0, 0), nvvgpu.ReasonLiveVGPUs); e.Errno != syscall.EBUSY {
		t.Errorf("%v", e)
	}
	for _, vgpu := range must(gpu.VGPUs()) {
		if destroyed, err := vgpu.DestroyAs("", false); err != nil || !destroyed {
			t.Fatal(destroyed, err)
		}
	}
	for _, count := range []uint32{0, 4, 2, 32} {
		if err := must(host.GPU(address)).SetVFs(count, time.Minute); err != nil {
			t.Fatal(err)
		}
		if now := must(must(host.GPU(address)).VFsEnabled()); now != count {
			t.Errorf("%d VFs, want %d", now, count)
		}
	}
	wantError(t, gpu.SetVFs(33, 0), nvvgpu.ReasonInvalidArgument)
	if err := gpu.SetVFs(1, -1); err == nil {
		t.Error("a negative timeout")
	}
	wantError(t, openGPU(t, "emu:t4").SetVFs(1, 0), nvvgpu.ReasonNotSupported)
}

func TestModes(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	mode := func() nvvgpu.Mode { return must(gpu.Mode()) }
	if mode() != nvvgpu.ModeEqualSize {
		t.Fatalf("mode %v at first", mode())
	}
	for range 2 { // the second time it is so already
		if err := gpu.SetMixedSize(true); err != nil || mode() != nvvgpu.ModeMixedSize {
			t.Fatalf("mode %v, error %v", mode(), err)
		}
	}
	create(t, gpu, "L40-1B")
	create(t, gpu, "L40-8Q")
	if e := wantError(t, gpu.SetMixedSize(false), nvvgpu.ReasonLiveVGPUs); e.Errno != syscall.EBUSY {
		t.Errorf("errno %v", e.Errno)
	}
	for _, vgpu := range must(gpu.VGPUs()) {
		if err := vgpu.Destroy(); err != nil {
			t.Fatal(err)
		}
	}
	if err := gpu.SetMixedSize(false); err != nil || mode() != nvvgpu.ModeEqualSize {
		t.Errorf("mode %v, error %v", mode(), err)
	}
}

func TestVFsEnabled(t *testing.T) {
	for board, want := range map[string]uint32{"l40": 32, "t4": 0} {
		if n, err := openGPU(t, "emu:"+board).VFsEnabled(); err != nil || n != want {
			t.Errorf("%s: %d, %v", board, n, err)
		}
	}
}

func TestStatistics(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	before := must(gpu.Statistics())
	create(t, gpu, "L40-4Q")
	after := must(gpu.Statistics())
	if before[nvvgpu.StatVGPUs] != 0 || after[nvvgpu.StatVGPUs] != 1 ||
		after[nvvgpu.StatFramebufferTotalBytes] != gpu.FramebufferBytes ||
		before[nvvgpu.StatFramebufferFreeBytes]-after[nvvgpu.StatFramebufferFreeBytes] != 4<<30 {
		t.Errorf("before %v, after %v", before, after)
	}
	names := map[string]uint64{}
	if err := json.Unmarshal(must(json.Marshal(after)), &names); err != nil {
		t.Fatal(err)
	}
	if names["framebuffer_total_bytes"] != gpu.FramebufferBytes {
		t.Errorf("as JSON: %v", names)
	}
}

func TestTypes(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	all := must(gpu.Types(nvvgpu.TypesAll))
	create(t, gpu, "L40-4Q")
	creatable := must(gpu.Types(nvvgpu.TypesCreatable))
	if len(all) <= len(creatable) || len(creatable) != 2 {
		t.Fatalf("%v of %v", creatable, all)
	}
	for i, found := range all {
		if i > 0 && all[i-1].ID >= found.ID {
			t.Errorf("%v is behind %v", found, all[i-1])
		}
		if !found.Creatable || found.Reason != nvvgpu.ReasonNone || found.GPUAddress != address {
			t.Errorf("%+v", found)
		}
	}
	_, err := gpu.Types(77)
	wantError(t, err, nvvgpu.ReasonInvalidArgument)
}

func TestTypeLookup(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	for _, text := range []string{"869", "L40-1B", "NVIDIA L40-1B"} {
		if found, err := gpu.Type(text); err != nil || found.ID != 869 {
			t.Errorf("Type(%q) = %+v, %v", text, found, err)
		}
	}
	_, err := gpu.Type("L40-1C")
	if e := wantError(t, err, os.ErrNotExist); e.Errno != syscall.ENOENT || e.Next == "" {
		t.Errorf("%+v", e)
	}
}
