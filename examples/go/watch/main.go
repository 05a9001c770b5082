// SPDX-License-Identifier: MIT

// Watch prints events until nothing has happened for a while: watch [URI [SECONDS]]
//
// Without SECONDS it goes on until it is interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"nvvgpu"
)

// next waits for one event; a patience below 0 has no end.
func next(monitor *nvvgpu.Monitor, patience time.Duration) (nvvgpu.Event, error) {
	ctx := context.Background()
	if patience >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	return monitor.Next(ctx)
}

func watch(uri string, patience time.Duration) error {
	host, err := nvvgpu.Open(uri)
	if err != nil {
		return err
	}
	defer host.Close()

	monitor, err := host.Monitor()
	if err != nil {
		return err
	}
	defer monitor.Close()

	for {
		event, err := next(monitor, patience)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Print(event.Sequence, " ", event.GPUAddress, " ", event.Kind)
		if event.UUID != "" { // without one it is about the GPU
			fmt.Print(" ", event.UUID)
		}
		fmt.Println()
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: watch [URI [SECONDS]]")
	os.Exit(2)
}

func main() {
	uri := "" // the running host
	patience := time.Duration(-1)
	if len(os.Args) > 3 {
		usage()
	}
	if len(os.Args) > 1 {
		uri = os.Args[1]
	}
	if len(os.Args) > 2 {
		seconds, err := strconv.ParseUint(os.Args[2], 10, 32)
		if err != nil {
			usage()
		}
		patience = time.Duration(seconds) * time.Second
	}
	if err := watch(uri, patience); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
