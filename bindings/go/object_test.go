// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"path/filepath"
	"reflect"
	"runtime"
	"sync"
	"testing"

	"nvvgpu"
)

// Methods that need no object of the library.
var needNothing = map[string]bool{
	"Close": true, "String": true, "URI": true, "Placement": true, "Migratable": true,
}

// callAll calls every method of an object with arguments that would do.
func callAll(t *testing.T, object any, want error) {
	t.Helper()
	arguments := map[reflect.Type]any{
		reflect.TypeFor[context.Context](): context.Background(),
		reflect.TypeFor[string]():          "869",
		reflect.TypeFor[nvvgpu.Spec]():     nvvgpu.Spec{Type: "869"},
		reflect.TypeFor[*slog.Logger]():    slog.Default(),
	}
	value := reflect.ValueOf(object)
	for i := range value.NumMethod() {
		method, name := value.Method(i), value.Type().Method(i).Name
		if needNothing[name] {
			continue
		}
		in := make([]reflect.Value, method.Type().NumIn())
		for k := range in {
			kind := method.Type().In(k)
			if argument, ok := arguments[kind]; ok {
				in[k] = reflect.ValueOf(argument)
			} else if kind.Kind() == reflect.Interface { // a file
				in[k] = reflect.ValueOf(newFile(t))
			} else {
				in[k] = reflect.Zero(kind)
			}
		}
		out := method.Call(in)
		last := out[len(out)-1].Interface()
		if events, ok := last.(iter.Seq2[nvvgpu.Event, error]); ok {
			for _, err := range events {
				last = err
			}
		}
		if err, _ := last.(error); !errors.Is(err, want) {
			t.Errorf("%T.%s: error %v, want %v", object, name, last, want)
		}
	}
}

func TestUseAfterClose(t *testing.T) {
	host := open(t, "emu:l40")
	gpu := must(host.GPU(address))
	vgpu := create(t, gpu, "L40-1B")
	device := openDevice(t, vgpu)
	monitor := newMonitor(t, host)
	closers := []io.Closer{host, gpu, vgpu, device, monitor}
	for _, object := range closers {
		for range 2 {
			if err := object.Close(); err != nil {
				t.Errorf("%T.Close: %v", object, err)
			}
		}
		callAll(t, object, fs.ErrClosed)
	}
	if gpu.Name != "NVIDIA L40" || vgpu.TypeName != "NVIDIA L40-1B" || host.URI() != "emu:l40" {
		t.Errorf("facts after Close: %+v, %+v", gpu.GPUInfo, vgpu.VGPUInfo)
	}
	if _, err := gpu.Mode(); err.Error() != "GPU 0000:41:00.0: used after Close" {
		t.Error(err)
	}
}

// A struct that nobody has opened is as good as closed.
func TestZeroValues(t *testing.T) {
	for _, object := range []io.Closer{&nvvgpu.Host{}, &nvvgpu.GPU{}, &nvvgpu.VGPU{},
		&nvvgpu.Device{}, &nvvgpu.Monitor{}} {
		callAll(t, object, fs.ErrClosed)
		if err := object.Close(); err != nil {
			t.Errorf("%T: %v", object, err)
		}
	}
	if err := new(nvvgpu.GPU).SetMixedSize(true); err.Error() != "nvvgpu: used without having been opened" {
		t.Error(err)
	}
}

func TestAnyOrderOfClose(t *testing.T) {
	for _, order := range permutations(5) {
		host := must(nvvgpu.Open("emu:l40"))
		gpu := must(host.GPU(address))
		vgpu := create(t, gpu, "L40-1B")
		device := must(vgpu.Open())
		objects := []io.Closer{host, gpu, vgpu, device, must(host.Monitor())}
		uses := usesOf(host, gpu, vgpu, device)
		for _, i := range order {
			objects[i].Close()
			for k, use := range uses {
				if err := use(); err != nil && !errors.Is(err, fs.ErrClosed) {
					t.Fatalf("%v: %d after %d: %v", order, k, i, err)
				}
			}
		}
	}
}

func usesOf(host *nvvgpu.Host, gpu *nvvgpu.GPU, vgpu *nvvgpu.VGPU, device *nvvgpu.Device) []func() error {
	return []func() error{
		func() error { _, err := host.GPUs(); return err },
		func() error { _, err := gpu.Statistics(); return err },
		func() error { _, err := vgpu.State(); return err },
		func() error { _, err := device.Read(nvvgpu.RegionConfig, 0, make([]byte, 4)); return err },
	}
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			order := append(append(append([]int{}, shorter[:at]...), n-1), shorter[at:]...)
			all = append(all, order)
		}
	}
	return all
}

// Objects are dropped in every order, one after the other; what is left can be used, and in the
// end nothing is left of the host.
func TestAnyOrderOfGarbage(t *testing.T) {
	orders := permutations(4)
	for len(orders) > byLevel(6, 24, 24) {
		orders = orders[1:]
	}
	for _, order := range orders {
		logger, gone := watched()
		drop(t, order, logger)
		logger = nil
		waitUntil(t, "the host goes", isGone(gone))
	}
}

func drop(t *testing.T, order []int, logger *slog.Logger) {
	host := must(nvvgpu.Open("emu:l40"))
	if err := host.SetLog(logger); err != nil {
		t.Fatal(err)
	}
	gpu := must(host.GPU(address))
	vgpu := create(t, gpu, "L40-1B")
	device := must(vgpu.Open())
	types := must(gpu.Types(nvvgpu.TypesAll))
	uses := usesOf(host, gpu, vgpu, device)
	host, gpu, vgpu, device = nil, nil, nil, nil
	for _, i := range order {
		uses[i] = nil
		for range 2 { // what a cleanup lets go of may be the last to hold another
			runtime.GC()
		}
		for k, use := range uses {
			if use == nil {
				continue
			}
			if err := use(); err != nil {
				t.Errorf("%v: %d after %d: %v", order, k, i, err)
			}
		}
	}
	if _, err := types[0].Placements(nvvgpu.PlacementsCreatable); err != nil {
		t.Error(err)
	}
}

// Objects of a list share a reference, which goes with the last of them.
func TestObjectsOfLists(t *testing.T) {
	for _, forget := range []bool{false, true} {
		logger, gone := watched()
		useLists(t, logger, forget)
		logger = nil
		waitUntil(t, "the host goes", isGone(gone))
	}
}

func useLists(t *testing.T, logger *slog.Logger, forget bool) {
	host := must(nvvgpu.Open("emu:l40*3"))
	gpus := must(host.GPUs())
	for _, gpu := range gpus {
		create(t, gpu, "L40-1B").Close()
	}
	vgpus := must(host.VGPUs())
	if err := host.SetLog(logger); err != nil {
		t.Fatal(err)
	}
	host.Close()
	for i := range gpus {
		if _, err := gpus[i].Mode(); err != nil {
			t.Error(err)
		}
		if _, err := vgpus[i].State(); err != nil {
			t.Error(err)
		}
		if forget && i > 0 {
			continue
		}
		for range 2 { // the second time counts for nothing
			gpus[i].Close()
			vgpus[i].Close()
		}
	}
}

// A forgotten device is closed when it is found: others can have the vGPU then.
func TestForgottenDevice(t *testing.T) {
	uri := "emu:l40?state=" + filepath.Join(t.TempDir(), "state")
	observer := open(t, uri)
	forget := func() string {
		vgpu := create(t, must(must(nvvgpu.Open(uri)).GPU(address)), "L40-1B")
		must(vgpu.Open())
		return vgpu.UUID
	}
	vgpu := must(observer.VGPU(forget()))
	waitUntil(t, "the device is closed", func() bool {
		runtime.GC()
		return must(vgpu.State()) == nvvgpu.VGPUAssigned
	})
	if err := vgpu.Destroy(); err != nil {
		t.Error(err)
	}
}

// Many goroutines use objects while others close them.
func TestConcurrentClose(t *testing.T) {
	for range byLevel(5, 20, 200) {
		host := must(nvvgpu.Open("emu:l40"))
		gpu := must(host.GPU(address))
		vgpu := create(t, gpu, "L40-1B")
		device := must(vgpu.Open())
		monitor := must(host.Monitor())
		uses := append(usesOf(host, gpu, vgpu, device),
			func() error { _, err := gpu.MarshalJSON(); return err },
			func() error { _, err := vgpu.GPU(); return err },
			func() error { _, err := monitor.Next(context.Background()); return err },
			func() error { return device.Save(context.Background(), newFile(t), nil) },
			func() error { return host.SetLog(slog.New(&recorder{})) },
		)
		var group sync.WaitGroup
		started := make(chan struct{}, len(uses))
		for _, use := range uses {
			group.Add(1)
			go func() {
				defer group.Done()
				started <- struct{}{}
				for {
					err := use()
					if errors.Is(err, fs.ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			}()
		}
		for range uses {
			<-started
		}
		for _, object := range []io.Closer{host, gpu, vgpu, device, monitor} {
			for range 2 {
				group.Add(1)
				go func() {
					defer group.Done()
					if err := object.Close(); err != nil {
						t.Errorf("%T: %v", object, err)
					}
				}()
			}
		}
		group.Wait()
	}
}

// Close does not wait for a call that runs: the call is what ends the device.
func TestCloseDuringSave(t *testing.T) {
	vgpu := create(t, openGPU(t, "emu:l40"), "L40-1B")
	device := openDevice(t, vgpu)
	err := device.Save(context.Background(), newFile(t), &nvvgpu.SaveOptions{
		Progress: func(p nvvgpu.Progress) {
			device.Close()
			vgpu.Close()
		}})
	if err != nil {
		t.Error(err)
	}
	if _, err := device.RegionBytes(nvvgpu.RegionBAR0); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
}
