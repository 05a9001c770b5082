// SPDX-License-Identifier: MIT

package tell

import (
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/client-go/tools/record"

	"kubernetes/k8s/node"
	"nvvgpu"
)

func TestEvents(t *testing.T) {
	recorder := record.NewFakeRecorder(10)
	told := New(slog.New(slog.NewTextHandler(io.Discard, nil)))
	told.To(recorder, "worker")
	state := filepath.Join(t.TempDir(), "leases.json")
	n, err := node.Open(node.Options{URI: "emu:l40", State: state, Owner: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	_, err = n.Acquire(t.Context(), node.Want{Key: "a", GPU: "0000:41:00.0", TypeID: 876})
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.Acquire(t.Context(), node.Want{Key: "b", GPU: "0000:41:00.0", TypeID: 878})
	told.Warn("vGPU b", err)
	told.Warn("vGPU b", err)
	told.Well("vGPU b")
	told.Well("vGPU b")
	told.Note("GPU 0000:41:00.0", node.CamelCase(nvvgpu.ReasonVFsDisabled), "off")
	told.Note("GPU 0000:41:00.0", node.CamelCase(nvvgpu.ReasonVFsDisabled), "off")
	close(recorder.Events)
	var got []string
	for event := range recorder.Events {
		got = append(got, event)
	}
	want := []string{
		"Warning EqualSize vGPU b: 0000:41:00.0: creating a vGPU: only 8 GiB types can be created " +
			"while 8 GiB vGPUs exist on this GPU (equal-size); next: choose a type of that size, destroy " +
			"the vGPUs, or allow mixed sizes",
		"Normal Recovered vGPU b is well again",
		"Normal VfsDisabled GPU 0000:41:00.0: off",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
