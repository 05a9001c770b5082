// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nvvgpu"
)

const (
	uuid      = "6f1c9d42-5b5e-4f0a-9a39-0c6b8f1f2d11"
	otherUUID = "0b7a2f6e-94c1-4d2e-8a57-3d9e61c0f482"
	address   = "0000:41:00.0" // of the first emulated GPU
	mib       = 1 << 20
	patience  = 30 * time.Second // for what comes at once unless something is wrong
)

// must is for what cannot fail unless something is wrong.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func open(t testing.TB, uri string) *nvvgpu.Host {
	t.Helper()
	host, err := nvvgpu.Open(uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { host.Close() })
	return host
}

// openGPU gives the first GPU of an emulated host.
func openGPU(t testing.TB, uri string) *nvvgpu.GPU {
	t.Helper()
	gpus, err := open(t, uri).GPUs()
	if err != nil || len(gpus) == 0 {
		t.Fatalf("%d GPUs, error %v", len(gpus), err)
	}
	return gpus[0]
}

func create(t testing.TB, gpu *nvvgpu.GPU, typeName string) *nvvgpu.VGPU {
	t.Helper()
	vgpu, err := gpu.Create(nvvgpu.Spec{Type: typeName})
	if err != nil {
		t.Fatal(err)
	}
	return vgpu
}

func openDevice(t testing.TB, vgpu *nvvgpu.VGPU) *nvvgpu.Device {
	t.Helper()
	device, err := vgpu.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { device.Close() })
	return device
}

// pattern gives bytes without order, the same ones for the same seed.
func pattern(seed uint64) []byte {
	source := rand.NewPCG(seed, 1)
	bytes := make([]byte, mib)
	for i := 0; i < len(bytes); i += 8 {
		word := source.Uint64()
		for k := range 8 {
			bytes[i+k] = byte(word >> (8 * k))
		}
	}
	return bytes
}

// fill writes into the framebuffer as a guest's driver would.
func fill(t testing.TB, vgpu *nvvgpu.VGPU, mibs int) {
	t.Helper()
	device := openDevice(t, vgpu)
	defer device.Close()
	for i := range mibs {
		if _, err := device.Write(nvvgpu.RegionBAR1, uint64(i)*mib, pattern(uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
}

func checkFilled(t testing.TB, vgpu *nvvgpu.VGPU, mibs int) {
	t.Helper()
	device := openDevice(t, vgpu)
	defer device.Close()
	found := make([]byte, mib)
	for i := range mibs {
		if _, err := device.Read(nvvgpu.RegionBAR1, uint64(i)*mib, found); err != nil {
			t.Fatal(err)
		}
		if string(found) != string(pattern(uint64(i))) {
			t.Fatalf("MiB %d is different", i)
		}
	}
}

func newFile(t testing.TB) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func rewind(t testing.TB, file *os.File) {
	t.Helper()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
}

// wantError checks that err is target, and an error of the library.
func wantError(t testing.TB, err error, target error) *nvvgpu.Error {
	t.Helper()
	var e *nvvgpu.Error
	if !errors.Is(err, target) || !errors.As(err, &e) {
		t.Fatalf("error %v, want %v", err, target)
	}
	return e
}

// parsed is what the library itself says of an object.
func parsed(t testing.TB, thing json.Marshaler) map[string]any {
	t.Helper()
	line, err := json.Marshal(thing)
	var e *nvvgpu.Error
	if errors.As(err, &e) && e.Reason == nvvgpu.ReasonNotSupported && e.Object == "JSON" {
		t.Skip("the library was built without JSON")
	}
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(line)))
	decoder.UseNumber() // some are larger than a float64 can tell
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		t.Fatal(err)
	}
	return object
}

// wantKeys compares some keys of a JSON object; values as fmt prints them.
func wantKeys(t testing.TB, object map[string]any, want map[string]any) {
	t.Helper()
	for key, value := range want {
		found, ok := object[key]
		if !ok {
			t.Errorf("there is no %q in %v", key, object)
		} else if text(found) != text(value) {
			t.Errorf("%q is %v, want %v", key, found, value)
		}
	}
}

func text(value any) string {
	if value == nil {
		return "null"
	}
	return string(must(json.Marshal(value)))
}

// waitUntil waits for what does not tell by itself that it has come.
func waitUntil(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// byLevel: the tests take as long as TEST_LEVEL allows.
func byLevel(quick, normal, all int) int {
	switch os.Getenv("TEST_LEVEL") {
	case "quick":
		return quick
	case "all":
		return all
	default:
		return normal
	}
}

// source gives the source tree, for tests that compare the package with other files of it.
func source(t testing.TB) string {
	t.Helper()
	directory := os.Getenv("NVVGPU_SOURCE")
	if directory == "" {
		t.Skip("NVVGPU_SOURCE does not say where the source tree is")
	}
	return directory
}

func read(t testing.TB, path ...string) string {
	t.Helper()
	bytes, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes)
}
