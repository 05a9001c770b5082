// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"

	"nvvgpu"
)

func Example() {
	host, err := nvvgpu.Open("emu:l40")
	if err != nil {
		log.Fatal(err)
	}
	defer host.Close()
	gpus, err := host.GPUs()
	if err != nil {
		log.Fatal(err)
	}
	for _, gpu := range gpus {
		fmt.Println(gpu.Address, gpu.Name, gpu.Framework)
	}
	vgpu, err := gpus[0].Create(nvvgpu.Spec{Type: "L40-4Q"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(vgpu.TypeName, "on", vgpu.VFIO)
	// Output:
	// 0000:41:00.0 NVIDIA L40 nvvgpu
	// NVIDIA L40-4Q on /sys/bus/pci/devices/0000:41:00.4
}

func ExampleGPU_Types() {
	host := must(nvvgpu.Open("emu:l40"))
	defer host.Close()
	gpu := must(host.GPU("41:00.0"))
	must(gpu.Create(nvvgpu.Spec{Type: "L40-16Q"}))

	types, err := gpu.Types(nvvgpu.TypesCreatable)
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range types {
		if count, known := t.Available(); known {
			fmt.Println(t.ID, t.Name, count)
		}
	}
	// Output:
	// 878 NVIDIA L40-16Q 2
	// 888 NVIDIA L40-16A 2
}

func ExampleError() {
	host := must(nvvgpu.Open("emu:l40"))
	defer host.Close()
	gpu := must(host.GPU("41:00.0"))
	must(gpu.Create(nvvgpu.Spec{Type: "L40-4Q"}))

	_, err := gpu.Create(nvvgpu.Spec{Type: "L40-8Q"})
	if errors.Is(err, nvvgpu.ReasonEqualSize) {
		fmt.Println(err)
	}
	var e *nvvgpu.Error
	if errors.As(err, &e) {
		fmt.Println("next:", e.Next)
	}
	// Output:
	// 0000:41:00.0: creating a vGPU: only 4 GiB types can be created while 4 GiB vGPUs exist on this GPU (equal-size)
	// next: choose a type of that size, destroy the vGPUs, or allow mixed sizes
}

func ExampleVGPU_Save() {
	host := must(nvvgpu.Open("emu:l40*2"))
	defer host.Close()
	gpus := must(host.GPUs())
	vgpu := must(gpus[0].Create(nvvgpu.Spec{Type: "L40-4Q"}))
	file := must(os.CreateTemp("", "vgpu"))
	defer os.Remove(file.Name())

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := vgpu.Save(ctx, file, nil); err != nil {
		log.Fatal(err)
	}
	must(file.Seek(0, 0))
	info, err := nvvgpu.Inspect(ctx, file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.TypeName, "of", info.SourceGPU)
	must(file.Seek(0, 0))
	copied, err := gpus[1].Restore(ctx, file, &nvvgpu.RestoreOptions{VerifyFirst: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(copied.TypeName, "on", copied.GPUAddress)
	// Output:
	// NVIDIA L40-4Q of 0000:41:00.0
	// NVIDIA L40-4Q on 0000:42:00.0
}

func ExampleMonitor_Events() {
	host := must(nvvgpu.Open("emu:l40"))
	defer host.Close()
	monitor := must(host.Monitor()) // sees what happens from now on
	defer monitor.Close()
	gpu := must(host.GPU("41:00.0"))
	vgpu := must(gpu.Create(nvvgpu.Spec{Type: "L40-4Q"}))
	if err := vgpu.Destroy(); err != nil {
		log.Fatal(err)
	}
	for event, err := range monitor.Events(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Kind, event.UUID == vgpu.UUID)
		if event.Kind == nvvgpu.EventDestroyed {
			break
		}
	}
	// Output:
	// created true
	// destroyed true
}

func ExampleType_MarshalJSON() {
	host := must(nvvgpu.Open("emu:l40"))
	defer host.Close()
	gpu := must(host.GPU("41:00.0"))
	t := must(gpu.Type("L40-1B"))
	line, err := json.Marshal(t)
	if err != nil {
		log.Fatal(err)
	}
	var facts struct { // doc/json.md has all keys
		Name          string `json:"name"`
		MaxResolution string `json:"max_resolution"`
	}
	if err := json.Unmarshal(line, &facts); err != nil {
		log.Fatal(err)
	}
	fmt.Println(facts.Name, facts.MaxResolution)
	// Output:
	// NVIDIA L40-1B 5120x2880
}
