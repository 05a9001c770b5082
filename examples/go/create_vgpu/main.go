// SPDX-License-Identifier: MIT

// Create_vgpu creates a vGPU: create_vgpu URI GPU TYPE [UUID], for example
// create_vgpu "emu:l40?state=DIR" 41:00.0 L40-4Q
//
// With the uuid of a vGPU that exists already and is the same, it succeeds again.
package main

import (
	"fmt"
	"os"

	"nvvgpu"
)

func create(uri, address string, spec nvvgpu.Spec) error {
	host, err := nvvgpu.Open(uri)
	if err != nil {
		return err
	}
	defer host.Close()

	gpu, err := host.GPU(address)
	if err != nil {
		return err
	}
	vgpu, err := gpu.Create(spec)
	if err != nil {
		return err
	}
	fmt.Println(vgpu.UUID, vgpu.VFIO)
	return nil
}

func main() {
	if len(os.Args) != 4 && len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: create_vgpu URI GPU TYPE [UUID]")
		os.Exit(2)
	}
	spec := nvvgpu.Spec{Type: os.Args[3]}
	if len(os.Args) > 4 {
		spec.UUID = os.Args[4]
	}
	if err := create(os.Args[1], os.Args[2], spec); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
