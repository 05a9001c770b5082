// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"testing"

	"nvvgpu"
)

func TestError(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	create(t, gpu, "L40-4Q")
	_, err := gpu.Create(nvvgpu.Spec{Type: "L40-8Q"})
	e := wantError(t, err, nvvgpu.ReasonEqualSize)
	if e.Errno != syscall.EINVAL || e.Object != address || e.Cause == "" || e.Next == "" {
		t.Errorf("%+v", e)
	}
	if text := fmt.Sprintf("%s: %s (equal-size)", address, e.Cause); err.Error() != text {
		t.Errorf("%q, want %q", err, text)
	}
	if errors.Unwrap(err) != syscall.EINVAL || errors.Is(err, nvvgpu.ReasonExhausted) {
		t.Errorf("%#v", err)
	}
	wantKeys(t, parsed(t, e), map[string]any{"error": map[string]any{
		"reason": "equal-size", "errno": int(syscall.EINVAL), "errno_name": "EINVAL",
		"object": address, "cause": e.Cause, "next_step": e.Next}})
}

func TestErrorIs(t *testing.T) {
	targets := []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, errors.ErrUnsupported,
		os.ErrDeadlineExceeded, context.DeadlineExceeded, context.Canceled, fs.ErrClosed}
	for reason, want := range map[nvvgpu.Reason][]error{
		nvvgpu.ReasonNotFound:     {fs.ErrNotExist},
		nvvgpu.ReasonExists:       {fs.ErrExist},
		nvvgpu.ReasonPermission:   {fs.ErrPermission},
		nvvgpu.ReasonNotSupported: {errors.ErrUnsupported},
		nvvgpu.ReasonDeadline:     {os.ErrDeadlineExceeded, context.DeadlineExceeded},
		nvvgpu.ReasonCancelled:    {context.Canceled},
		nvvgpu.ReasonBusy:         {},
	} {
		err := fmt.Errorf("wrapped: %w", &nvvgpu.Error{Reason: reason})
		if !errors.Is(err, reason) {
			t.Errorf("%v is not itself", reason)
		}
		for _, target := range targets {
			wanted := false
			for _, w := range want {
				wanted = wanted || w == target
			}
			if errors.Is(err, target) != wanted {
				t.Errorf("%v is %v: %v", reason, target, !wanted)
			}
		}
	}
}

func TestErrorOfTheProgram(t *testing.T) {
	mine := &nvvgpu.Error{Reason: nvvgpu.ReasonBusy, Cause: "it is mine"}
	if mine.Error() != "it is mine (busy)" || errors.Unwrap(mine) != nil {
		t.Errorf("%v, %v", mine, errors.Unwrap(mine))
	}
	if _, err := json.Marshal(mine); err == nil {
		t.Error("rendered by a library that does not know it")
	}
}

// The last error belongs to a thread, a goroutine to none.
func TestErrorsOfManyGoroutines(t *testing.T) {
	host := open(t, "emu:l40")
	var group sync.WaitGroup
	for i := range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			wrong := fmt.Sprintf("0000:%02x:00.0", 0x80+i)
			for range byLevel(100, 1000, 10000) {
				_, err := host.GPU(wrong)
				var e *nvvgpu.Error
				if !errors.As(err, &e) || e.Object != wrong {
					t.Errorf("%v, asked for %s", err, wrong)
					return
				}
			}
		}()
	}
	group.Wait()
}
