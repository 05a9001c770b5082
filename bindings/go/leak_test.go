// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"nvvgpu"
)

// Every kind of call, over and over: the memory of the process stays what it was, whether the
// program closes what it gets or leaves that to the garbage collector.
func TestLeaks(t *testing.T) {
	if instrumented {
		t.Skip("its checker takes memory too")
	}
	if os.Getenv("NVVGPU_TEST_LEAKS") == "" { // malloc keeps for each thread what that has freed
		child := exec.Command(os.Args[0], "-test.run=^TestLeaks$", "-test.v")
		child.Env = append(os.Environ(), "NVVGPU_TEST_LEAKS=1", "MALLOC_ARENA_MAX=1",
			"MALLOC_TRIM_THRESHOLD_=65536", "MALLOC_MMAP_THRESHOLD_=65536")
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	for name, end := range map[string]func(closer){
		"closed":    func(c closer) { c.Close() },
		"forgotten": func(closer) {},
	} {
		t.Run(name, func(t *testing.T) {
			host := open(t, "emu:l40")
			gpu := must(host.GPU(address))
			vgpu := create(t, gpu, "L40-1B")
			file := newFile(t)
			calls := callsOf(t, host, gpu, vgpu, file, end)
			rounds := byLevel(1000, 5000, 100000) / len(calls)
			run := func(rounds int) {
				for range rounds {
					for _, call := range calls {
						call()
					}
				}
			}
			run(rounds/4 + 10)
			before := resident(t)
			run(rounds)
			grown := resident(t) - before
			t.Logf("%d KiB more after %d calls", grown, rounds*len(calls))
			if grown > 4<<10 {
				t.Fail()
			}
		})
	}
}

type closer interface{ Close() error }

func callsOf(t *testing.T, host *nvvgpu.Host, gpu *nvvgpu.GPU, vgpu *nvvgpu.VGPU, file *os.File,
	end func(closer)) []func() {
	ctx := context.Background()
	logger := slog.New(slog.DiscardHandler)
	return []func(){
		func() { end(must(nvvgpu.Open("emu:l40"))) },
		func() { _, _ = nvvgpu.Open("emu:nonesuch") },
		func() {
			for _, gpu := range must(host.GPUs()) {
				end(gpu)
			}
		},
		func() { end(must(host.GPU(address))) },
		func() { _, _ = host.GPU("0000:99:00.0") },
		func() { _ = host.Refresh() },
		func() { _ = host.SetLog(logger) },
		func() { must(gpu.Mode()) },
		func() { must(gpu.Statistics()) },
		func() { must(gpu.MarshalJSON()) },
		func() { must(gpu.Types(nvvgpu.TypesAll)) },
		func() { must(must(gpu.Type("869")).MarshalJSON()) },
		func() { must(must(gpu.Type("869")).Placements(nvvgpu.PlacementsCreatable)) },
		func() {
			for _, vgpu := range must(host.VGPUs()) {
				end(vgpu)
			}
		},
		func() {
			vgpu := must(gpu.Create(nvvgpu.Spec{Type: "869", Params: map[string]string{"a": "1"}}))
			_, _ = vgpu.DestroyAs("me", true)
			_ = vgpu.Destroy()
			end(vgpu)
		},
		func() { _, _ = gpu.Create(nvvgpu.Spec{Type: "L40-8Q"}) },
		func() { must(vgpu.Params()) },
		func() { _ = vgpu.SetParams(map[string]string{"a": "1", "b": "2"}) },
		func() { must(vgpu.MarshalJSON()) },
		func() { end(must(vgpu.GPU())) },
		func() {
			device := must(vgpu.Open()) // open once at most
			must(device.Read(nvvgpu.RegionConfig, 0, make([]byte, 64)))
			device.Close()
		},
		func() {
			rewind(t, file)
			_ = vgpu.Save(ctx, file, &nvvgpu.SaveOptions{Progress: func(nvvgpu.Progress) {}})
		},
		func() {
			rewind(t, file)
			vgpu := must(gpu.Restore(ctx, file, nil))
			_ = vgpu.Destroy()
			end(vgpu)
		},
		func() {
			rewind(t, file)
			must(must(nvvgpu.Verify(ctx, file, nil)).MarshalJSON())
		},
		func() {
			rewind(t, file)
			must(nvvgpu.Inspect(ctx, file))
		},
		func() {
			monitor := must(host.Monitor())
			_ = gpu.SetMixedSize(true)
			_ = vgpu.SetParams(nil)
			must(must(monitor.Next(ctx)).MarshalJSON())
			ended, cancel := context.WithTimeout(ctx, time.Microsecond)
			for range monitor.Events(ended) {
			}
			cancel()
			end(monitor)
		},
	}
}

// resident is the memory of the process in KiB, after everything that is left has been freed.
func resident(t *testing.T) int {
	t.Helper()
	for range 3 { // what a cleanup lets go of may be the last to hold another
		runtime.GC()
		time.Sleep(10 * time.Millisecond) // cleanups run beside this
	}
	debug.FreeOSMemory()
	for line := range strings.Lines(read(t, "/proc/self/status")) {
		var kib int
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib
		}
	}
	t.Fatal("no resident memory")
	return 0
}
