// SPDX-License-Identifier: MIT

// Destroy_vgpu destroys a vGPU: destroy_vgpu URI UUID|VF
package main

import (
	"fmt"
	"os"

	"nvvgpu"
)

func destroy(uri, uuidOrVF string) error {
	host, err := nvvgpu.Open(uri)
	if err != nil {
		return err
	}
	defer host.Close()

	vgpu, err := host.VGPU(uuidOrVF)
	if err != nil {
		return err
	}
	return vgpu.Destroy()
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: destroy_vgpu URI UUID|VF")
		os.Exit(2)
	}
	if err := destroy(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
