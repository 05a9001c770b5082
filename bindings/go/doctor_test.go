// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"nvvgpu"
)

// only gives the one finding of a check.
func only(t *testing.T, findings nvvgpu.Findings, check nvvgpu.Check) nvvgpu.Finding {
	t.Helper()
	var found []nvvgpu.Finding
	for _, finding := range findings {
		if finding.Check == check {
			found = append(found, finding)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d findings of %v", len(found), check)
	}
	return found[0]
}

func TestDoctor(t *testing.T) {
	host := open(t, "emu:l40")
	gpu := must(host.GPU(address))
	vgpu := create(t, gpu, "L40-4Q")
	findings := must(host.Doctor(nil, 0))
	device := only(t, findings, nvvgpu.CheckDevice)
	if !findings.Well() || device.Verdict != nvvgpu.VerdictOK || device.Object != address ||
		!strings.Contains(device.Text, vgpu.UUID) || !strings.Contains(device.Evidence, "10de:") {
		t.Errorf("%+v", device)
	}
	if state := must(vgpu.State()); state != nvvgpu.VGPUAssigned {
		t.Errorf("state %v", state)
	}
	for _, finding := range must(host.Doctor(gpu, nvvgpu.DoctorNoOpen)) {
		if finding.Check == nvvgpu.CheckDevice {
			t.Errorf("%+v", finding)
		}
	}
	kernel := only(t, findings, nvvgpu.CheckKernel)
	if kernel.Object != "emu:l40" || kernel.Verdict != nvvgpu.VerdictNote || kernel.String() != kernel.Text {
		t.Errorf("%+v", kernel)
	}
	host.Close()
	wantKeys(t, parsed(t, kernel), map[string]any{"check": "kernel", "verdict": "note",
		"reason": "not-supported", "object": "emu:l40", "text": kernel.Text, "evidence": "",
		"next_step": ""})
	if _, err := host.Doctor(nil, 0); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
	if _, err := json.Marshal(nvvgpu.Finding{}); err == nil {
		t.Error("a finding of nobody")
	}
}

func TestDoctorFindsProblems(t *testing.T) {
	directory := t.TempDir()
	function := filepath.Join(directory, "sys/bus/pci/devices/0000:01:00.0")
	if err := os.MkdirAll(function, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"vendor": "0x10de", "device": "0x26b5", "class": "0x030200"} {
		if err := os.WriteFile(filepath.Join(function, name), []byte(value+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	host := open(t, "tree:"+directory)
	findings := must(host.Doctor(nil, 0))
	driver := only(t, findings, nvvgpu.CheckDriver)
	if findings.Well() || driver.Verdict != nvvgpu.VerdictProblem ||
		driver.Reason != nvvgpu.ReasonNoDriver || driver.NextStep == "" || driver.Evidence == "" {
		t.Errorf("%+v", driver)
	}
	_, err := host.Doctor(nil, 1<<30)
	wantError(t, err, syscall.EINVAL)
}
