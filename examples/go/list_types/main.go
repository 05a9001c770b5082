// SPDX-License-Identifier: MIT

// List_types lists the vGPU types of every GPU, and why some cannot be created: list_types [URI]
package main

import (
	"fmt"
	"os"

	"nvvgpu"
)

// free says how many vGPUs of a type could be created now.
func free(t nvvgpu.Type) string {
	available, known := t.Available()
	switch {
	case !known && t.Creatable:
		return "some"
	case !known:
		return "unknown: " + t.ReasonText
	case available == 0:
		return "none: " + t.ReasonText
	default:
		return fmt.Sprint(available)
	}
}

func printTypes(gpu *nvvgpu.GPU) error {
	fmt.Println(gpu.Address, gpu.Name)
	if gpu.Reason != nvvgpu.ReasonNone {
		fmt.Println("  no types:", gpu.ReasonText)
		return nil
	}
	types, err := gpu.Types(nvvgpu.TypesAll)
	if err != nil {
		return err
	}
	for _, t := range types {
		fmt.Printf("  %5d  %-24s%s\n", t.ID, t.Name, free(t))
	}
	return nil
}

func listTypes(uri string) error {
	host, err := nvvgpu.Open(uri)
	if err != nil {
		return err
	}
	defer host.Close()

	gpus, err := host.GPUs()
	if err != nil {
		return err
	}
	for _, gpu := range gpus {
		if err := printTypes(gpu); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if len(os.Args) > 2 {
		fmt.Fprintln(os.Stderr, "usage: list_types [URI]")
		os.Exit(2)
	}
	uri := "" // the running host
	if len(os.Args) > 1 {
		uri = os.Args[1]
	}
	if err := listTypes(uri); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
