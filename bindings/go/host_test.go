// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"testing"

	"nvvgpu"
)

func TestOpen(t *testing.T) {
	for uri, want := range map[string]string{
		"":          "host:",
		"host:":     "host:",
		"emu:":      "emu:",
		"emu:l40*2": "emu:l40*2",
		tree(t):     "",
		"emu:t4,a16?state=" + filepath.Join(t.TempDir(), "new"): "",
	} {
		if want == "" {
			want = uri
		}
		if got := open(t, uri).URI(); got != want {
			t.Errorf("Open(%q).URI() = %q", uri, got)
		}
	}
}

func TestOpenFails(t *testing.T) {
	for uri, want := range map[string]error{
		"emu:nonesuch":         nvvgpu.ReasonInvalidArgument,
		"nonesuch:":            syscall.EINVAL,
		"tree:/does/not/exist": fs.ErrNotExist,
	} {
		host, err := nvvgpu.Open(uri)
		if host != nil {
			t.Errorf("Open(%q) gave a host", uri)
		}
		if e := wantError(t, err, want); e.Object != uri {
			t.Errorf("Open(%q): the error is about %q", uri, e.Object)
		}
	}
}

func TestVersion(t *testing.T) {
	if version := nvvgpu.Version(); !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
		t.Errorf("Version() = %q", version)
	}
}

func TestNULBytes(t *testing.T) {
	host := open(t, "emu:")
	gpu := must(host.GPU(address))
	vgpu := create(t, gpu, "L40-1B")
	const bad = "869\x00"
	_, openErr := nvvgpu.Open("emu:l40\x00")
	_, gpuErr := host.GPU(address + "\x00")
	_, vgpuErr := host.VGPU(uuid + "\x00")
	_, typeErr := gpu.Type(bad)
	errs := []error{openErr, gpuErr, vgpuErr, typeErr,
		vgpu.SetParams(map[string]string{"a": "\x00"}),
		vgpu.SetParams(map[string]string{"\x00": "a"})}
	for _, spec := range []nvvgpu.Spec{{Type: bad}, {Type: "869", UUID: bad},
		{Type: "869", VF: bad}, {Type: "869", Owner: bad}} {
		_, err := gpu.Create(spec)
		errs = append(errs, err)
	}
	for i, err := range errs {
		if !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%d: error %v", i, err)
		}
	}
}

func TestGPUs(t *testing.T) {
	host := open(t, "emu:l40*3,t4,a16")
	gpus := must(host.GPUs())
	if len(gpus) != 8 {
		t.Fatalf("%d GPUs", len(gpus))
	}
	if !slices.IsSortedFunc(gpus, func(a, b *nvvgpu.GPU) int {
		if a.Address < b.Address {
			return -1
		}
		return 1
	}) {
		t.Error("not in the order of their addresses")
	}
	if err := host.Refresh(); err != nil {
		t.Fatal(err)
	}
	if _, err := gpus[7].Mode(); err != nil { // found by the search before
		t.Error(err)
	}
	if again := must(host.GPUs()); len(again) != 8 || again[0] == gpus[0] {
		t.Errorf("after Refresh: %v", again)
	}
}

func TestNoGPUs(t *testing.T) {
	directory := t.TempDir()
	if err := os.MkdirAll(filepath.Join(directory, "sys/bus/pci/devices"), 0o755); err != nil {
		t.Fatal(err)
	}
	host := open(t, "tree:"+directory)
	if gpus, err := host.GPUs(); err != nil || gpus == nil || len(gpus) != 0 {
		t.Errorf("GPUs() = %v, %v", gpus, err)
	}
	if vgpus, err := host.VGPUs(); err != nil || vgpus == nil || len(vgpus) != 0 {
		t.Errorf("VGPUs() = %v, %v", vgpus, err)
	}
}

func TestGPULookup(t *testing.T) {
	host := open(t, "emu:l40*2")
	for _, text := range []string{"0000:42:00.0", "42:00.0", "00000000:42:00.0"} {
		if gpu, err := host.GPU(text); err != nil || gpu.Address != "0000:42:00.0" {
			t.Errorf("GPU(%q) = %v, %v", text, gpu, err)
		}
	}
	gpu, err := host.GPU("0000:77:00.0")
	if e := wantError(t, err, fs.ErrNotExist); gpu != nil || e.Errno != syscall.ENODEV {
		t.Errorf("%v, %v", gpu, e.Errno)
	}
	_, err = host.GPU("nonesuch")
	wantError(t, err, nvvgpu.ReasonInvalidArgument)
}

func TestVGPULookup(t *testing.T) {
	host := open(t, "emu:l40*2")
	gpus := must(host.GPUs())
	first := create(t, gpus[0], "L40-1B")
	second := must(gpus[1].Create(nvvgpu.Spec{Type: "L40-8Q", UUID: uuid}))
	for text, want := range map[string]*nvvgpu.VGPU{
		first.UUID: first, first.VF: first, uuid: second, second.VF: second,
	} {
		vgpu, err := host.VGPU(text)
		if err != nil || vgpu.UUID != want.UUID || vgpu.GPUAddress != want.GPUAddress {
			t.Errorf("VGPU(%q) = %v, %v", text, vgpu, err)
		}
	}
	_, err := host.VGPU(otherUUID)
	wantError(t, err, fs.ErrNotExist)
	_, err = host.VGPU("nonesuch")
	wantError(t, err, nvvgpu.ReasonInvalidArgument)

	vgpus := must(host.VGPUs())
	if len(vgpus) != 2 || vgpus[0].UUID != first.UUID || vgpus[1].UUID != uuid {
		t.Errorf("VGPUs() = %v", vgpus)
	}
	if vgpus = must(gpus[1].VGPUs()); len(vgpus) != 1 || vgpus[0].UUID != uuid {
		t.Errorf("VGPUs() of the second GPU = %v", vgpus)
	}
}

func TestStateOutlivesHost(t *testing.T) {
	uri := "emu:l40?state=" + filepath.Join(t.TempDir(), "state")
	vgpu := must(openGPU(t, uri).Create(nvvgpu.Spec{Type: "L40-4Q", Owner: "me"}))
	found, err := open(t, uri).VGPU(vgpu.UUID)
	if err != nil || found.Owner != "me" || found.Created || !vgpu.Created {
		t.Errorf("%+v, %v", found, err)
	}
}
