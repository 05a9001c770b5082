// SPDX-License-Identifier: MIT

// The cases of worker.c through the Go package; see there for what is asked and answered.
//
// One more case, "create": making the objects of one enumeration from values that lie ready, in
// plain Go, which no binding can avoid.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"runtime"
	"strings"
	"time"

	"nvvgpu"
)

var (
	host   *nvvgpu.Host // full of vGPUs
	gpu    *nvvgpu.GPU  // one of them, and a vGPU on it
	vgpu   *nvvgpu.VGPU
	shared *nvvgpu.VGPU // of a host that all workers share

	savedBytes uint64 // as the last progress had it

	// What is read goes here, or the compiler would not read it.
	textSink   string
	numberSink uint64
	gpuSink    nvvgpu.GPUInfo
	vgpuSink   nvvgpu.VGPUInfo
)

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal("worker: ", err)
	}
}

func each(start time.Time, count int) float64 {
	return float64(time.Since(start).Nanoseconds()) / float64(count)
}

// ---------------------------------------------------------------- getters

func openBoards(boards, vgpus int) float64 {
	host = must(nvvgpu.Open(fmt.Sprintf("emu:l40*%d", boards)))
	for _, gpu = range must(host.GPUs()) {
		for range vgpus {
			vgpu = must(gpu.Create(nvvgpu.Spec{Type: "L40-1B"}))
		}
	}
	return 0
}

func state(calls, _ int) float64 {
	start := time.Now()
	for range calls {
		_, err := vgpu.State()
		check(err)
	}
	return each(start, calls)
}

func mode(calls, _ int) float64 {
	start := time.Now()
	for range calls {
		_, err := gpu.Mode()
		check(err)
	}
	return each(start, calls)
}

func text(calls, _ int) float64 {
	start := time.Now()
	for range calls {
		textSink = vgpu.UUID
	}
	return each(start, calls)
}

func number(calls, _ int) float64 {
	start := time.Now()
	for range calls {
		numberSink = vgpu.FramebufferBytes
	}
	return each(start, calls)
}

// ------------------------------------------------------------ enumerating

func sumGPU(info *nvvgpu.GPUInfo) int {
	sum := len(info.Address) + len(info.Name) + int(info.VendorID) + int(info.DeviceID) +
		int(info.SubsystemVendorID) + int(info.SubsystemDeviceID) + len(info.Driver) +
		len(info.DriverVersion) + len(info.FirmwareVersion) + int(info.Framework) +
		int(info.FramebufferBytes) + int(info.VFsTotal) + int(info.Reason) +
		len(info.ReasonText)
	if info.NUMANode > 0 {
		sum += int(info.NUMANode)
	}
	for _, node := range info.DRMNodes {
		sum += len(node)
	}
	return sum
}

func sumVGPU(info *nvvgpu.VGPUInfo) int {
	sum := len(info.UUID) + int(info.TypeID) + len(info.TypeName) +
		int(info.FramebufferBytes) + len(info.GPUAddress) + len(info.VF) +
		len(info.Owner) + len(info.VFIO)
	if placement, ok := info.Placement(); ok {
		sum += int(placement)
	}
	if info.Created {
		sum++
	}
	return sum
}

// walk shows every GPU and every vGPU once, and gives them back as the worker in C does.
func walk(onGPU func(*nvvgpu.GPUInfo), onVGPU func(*nvvgpu.VGPUInfo)) {
	for _, gpu := range must(host.GPUs()) {
		onGPU(&gpu.GPUInfo)
		for _, vgpu := range must(gpu.VGPUs()) {
			onVGPU(&vgpu.VGPUInfo)
			check(vgpu.Close())
		}
		check(gpu.Close())
	}
}

func readAll() {
	walk(func(info *nvvgpu.GPUInfo) { gpuSink = *info },
		func(info *nvvgpu.VGPUInfo) { vgpuSink = *info })
}

func digest(_, _ int) float64 {
	sum := 0
	walk(func(info *nvvgpu.GPUInfo) { sum += sumGPU(info) },
		func(info *nvvgpu.VGPUInfo) { sum += sumVGPU(info) })
	return float64(sum)
}

func lists(passes, _ int) float64 {
	start := time.Now()
	for range passes {
		readAll()
	}
	return each(start, passes)
}

func enumerate(passes, _ int) float64 {
	start := time.Now()
	for range passes {
		check(host.Refresh())
		readAll()
	}
	return each(start, passes)
}

type plainGPU struct {
	nvvgpu.GPUInfo
	vgpus []*plainVGPU
}

type plainVGPU struct {
	nvvgpu.VGPUInfo
	gpu *plainGPU
}

func makeGPU(ready *nvvgpu.GPUInfo) *plainGPU {
	made := &plainGPU{GPUInfo: *ready}
	made.Address = strings.Clone(ready.Address)
	made.Name = strings.Clone(ready.Name)
	made.Driver = strings.Clone(ready.Driver)
	made.DriverVersion = strings.Clone(ready.DriverVersion)
	made.FirmwareVersion = strings.Clone(ready.FirmwareVersion)
	made.DRMNodes = append([]string(nil), ready.DRMNodes...)
	made.ReasonText = strings.Clone(ready.ReasonText)
	return made
}

func makeVGPU(ready *nvvgpu.VGPUInfo, gpu *plainGPU) *plainVGPU {
	made := &plainVGPU{VGPUInfo: *ready, gpu: gpu}
	made.UUID = strings.Clone(ready.UUID)
	made.TypeName = strings.Clone(ready.TypeName)
	made.GPUAddress = strings.Clone(ready.GPUAddress)
	made.VF = strings.Clone(ready.VF)
	made.Owner = strings.Clone(ready.Owner)
	made.VFIO = strings.Clone(ready.VFIO)
	return made
}

func create(passes, _ int) float64 {
	type row struct {
		gpu   nvvgpu.GPUInfo
		vgpus []nvvgpu.VGPUInfo
	}
	var rows []*row
	walk(func(info *nvvgpu.GPUInfo) { rows = append(rows, &row{gpu: *info}) },
		func(info *nvvgpu.VGPUInfo) {
			last := rows[len(rows)-1]
			last.vgpus = append(last.vgpus, *info)
		})
	made := make([]*plainGPU, len(rows))
	start := time.Now()
	for range passes {
		for i, row := range rows {
			made[i] = makeGPU(&row.gpu)
			made[i].vgpus = make([]*plainVGPU, len(row.vgpus))
			for n := range row.vgpus {
				made[i].vgpus[n] = makeVGPU(&row.vgpus[n], made[i])
			}
		}
	}
	elapsed := each(start, passes)
	runtime.KeepAlive(made)
	return elapsed
}

// ----------------------------------------------------------------- saving

func find(fd, _ int) float64 {
	host := must(nvvgpu.Open(os.Args[1]))
	shared = must(host.VGPUs())[0]
	save(fd, 1)
	return float64(savedBytes)
}

// files keeps what the driver handed over: a File that is collected closes its descriptor.
var files = map[int]*os.File{}

func save(fd, withProgress int) float64 {
	if files[fd] == nil {
		files[fd] = os.NewFile(uintptr(fd), "sink")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var options *nvvgpu.SaveOptions
	if withProgress != 0 {
		options = &nvvgpu.SaveOptions{Progress: func(progress nvvgpu.Progress) {
			savedBytes = progress.Bytes
		}}
	}
	start := time.Now()
	check(shared.Save(ctx, files[fd], options))
	return each(start, 1)
}

// ------------------------------------------------------------------- main

var cases = map[string]func(first, second int) float64{
	"boards": openBoards, "digest": digest, "state": state, "mode": mode, "text": text,
	"number": number, "lists": lists, "enumerate": enumerate, "create": create,
	"find": find, "save": save,
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var name string
		var first, second int
		fmt.Sscan(lines.Text(), &name, &first, &second)
		fmt.Printf("%.3f\n", cases[name](first, second))
	}
}
