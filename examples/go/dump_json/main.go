// SPDX-License-Identifier: MIT

// Dump_json prints GPUs, types and vGPUs as JSON, one object on each line: dump_json [URI]
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"nvvgpu"
)

func dump(out *json.Encoder, gpu *nvvgpu.GPU) error {
	if err := out.Encode(gpu); err != nil {
		return err
	}
	if gpu.Reason != nvvgpu.ReasonNone {
		return nil // a GPU that cannot be shared has neither types nor vGPUs
	}
	types, err := gpu.Types(nvvgpu.TypesAll)
	if err != nil {
		return err
	}
	for _, t := range types {
		if err := out.Encode(t); err != nil {
			return err
		}
	}
	vgpus, err := gpu.VGPUs()
	if err != nil {
		return err
	}
	for _, vgpu := range vgpus {
		if err := out.Encode(vgpu); err != nil {
			return err
		}
	}
	return nil
}

func dumpJSON(uri string) error {
	host, err := nvvgpu.Open(uri)
	if err != nil {
		return err
	}
	defer host.Close()

	gpus, err := host.GPUs()
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for _, gpu := range gpus {
		if err := dump(out, gpu); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if len(os.Args) > 2 {
		fmt.Fprintln(os.Stderr, "usage: dump_json [URI]")
		os.Exit(2)
	}
	uri := "" // the running host
	if len(os.Args) > 1 {
		uri = os.Args[1]
	}
	if err := dumpJSON(uri); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
