// SPDX-License-Identifier: MIT

// List_gpus lists the GPUs of a host: list_gpus [URI], for example list_gpus emu:l40
package main

import (
	"fmt"
	"os"

	"nvvgpu"
)

func listGPUs(uri string) error {
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
		fmt.Printf("%s  %s  %s", gpu.Address, gpu.Name, gpu.Framework)
		if gpu.Reason != nvvgpu.ReasonNone {
			fmt.Printf("  cannot be shared: %s", gpu.ReasonText)
		}
		fmt.Println()
	}
	return nil
}

func main() {
	if len(os.Args) > 2 {
		fmt.Fprintln(os.Stderr, "usage: list_gpus [URI]")
		os.Exit(2)
	}
	uri := "" // the running host
	if len(os.Args) > 1 {
		uri = os.Args[1]
	}
	if err := listGPUs(uri); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
