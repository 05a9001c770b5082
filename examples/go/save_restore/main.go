// SPDX-License-Identifier: MIT

// Save_restore moves a vGPU to another GPU of its kind, through a file:
// save_restore URI UUID|VF GPU FILE
//
// From the moment it is destroyed until it is restored, FILE is all there is of it: the file is
// read and checked before, and kept afterwards.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"nvvgpu"
)

// show is called at the start of a transfer, a few times a second, and at its end.
func show(what string) func(nvvgpu.Progress) {
	return func(progress nvvgpu.Progress) {
		fmt.Fprintln(os.Stderr, what, progress.Bytes, "bytes")
	}
}

func move(ctx context.Context, vgpu *nvvgpu.VGPU, gpu *nvvgpu.GPU,
	file *os.File) (*nvvgpu.VGPU, error) {
	if err := vgpu.Save(ctx, file, &nvvgpu.SaveOptions{Progress: show("saved")}); err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if _, err := nvvgpu.Verify(ctx, file, nil); err != nil {
		return nil, err
	}
	if err := vgpu.Destroy(); err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return gpu.Restore(ctx, file, &nvvgpu.RestoreOptions{Progress: show("restored")})
}

func saveRestore(ctx context.Context, uri, uuidOrVF, address, path string) error {
	host, err := nvvgpu.Open(uri)
	if err != nil {
		return err
	}
	defer host.Close()

	vgpu, err := host.VGPU(uuidOrVF)
	if err != nil {
		return err
	}
	gpu, err := host.GPU(address)
	if err != nil {
		return err
	}
	// readable by its owner alone: it holds a guest's memory
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()

	moved, err := move(ctx, vgpu, gpu, file)
	if err != nil {
		return err
	}
	fmt.Println(moved.UUID, "is on", gpu.Address, "now")
	return nil
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: save_restore URI UUID|VF GPU FILE")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := saveRestore(ctx, os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
