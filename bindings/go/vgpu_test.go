// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"

	"nvvgpu"
)

func TestCreate(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	placement := uint32(8)
	spec := nvvgpu.Spec{
		Type:      "NVIDIA L40-8Q",
		UUID:      uuid,
		VF:        "0000:41:00.7",
		Placement: &placement,
		Params:    map[string]string{"frame_rate_limiter": "0", "b": "2", "a": "1"},
		Owner:     "somebody",
	}
	vgpu, err := gpu.Create(spec)
	if err != nil {
		t.Fatal(err)
	}
	id, ok := vgpu.Placement()
	if vgpu.UUID != uuid || vgpu.TypeName != spec.Type || vgpu.TypeID == 0 || vgpu.VF != spec.VF ||
		vgpu.FramebufferBytes != 8<<30 || vgpu.GPUAddress != address || vgpu.Owner != "somebody" ||
		vgpu.VFIO != "/sys/bus/pci/devices/0000:41:00.7" || !vgpu.Created || id != 8 || !ok ||
		fmt.Sprint(vgpu) != uuid {
		t.Errorf("%+v", vgpu.VGPUInfo)
	}
	if params := must(vgpu.Params()); !maps.Equal(params, spec.Params) {
		t.Errorf("params %v", params)
	}
	if parent := must(vgpu.GPU()); parent.Address != address || parent.Name != gpu.Name {
		t.Errorf("GPU() = %+v", parent.GPUInfo)
	}
	wantKeys(t, parsed(t, vgpu), map[string]any{"uuid": uuid, "type_id": vgpu.TypeID,
		"type_name": vgpu.TypeName, "gpu": address, "vf": vgpu.VF, "placement": 8,
		"state": "assigned", "owner": "somebody", "params": spec.Params, "vfio": vgpu.VFIO})

	again, err := gpu.Create(spec) // the same is found, whatever order the map has
	if err != nil || again.UUID != uuid || again.Created {
		t.Errorf("again: %v, %v", again, err)
	}
	spec.Type = "L40-8A"
	_, err = gpu.Create(spec)
	if e := wantError(t, err, fs.ErrExist); e.Object != uuid {
		t.Errorf("%+v", e)
	}
}

func TestCreateFails(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	create(t, gpu, "L40-8Q")
	odd := uint32(3)
	for name, c := range map[string]struct {
		spec nvvgpu.Spec
		want error
	}{
		"type":           {nvvgpu.Spec{Type: "L40-77Z"}, fs.ErrNotExist},
		"no type":        {nvvgpu.Spec{}, nvvgpu.ReasonInvalidArgument},
		"uuid":           {nvvgpu.Spec{Type: "L40-8Q", UUID: "x"}, nvvgpu.ReasonInvalidArgument},
		"VF":             {nvvgpu.Spec{Type: "L40-8Q", VF: "x"}, nvvgpu.ReasonInvalidArgument},
		"VF in use":      {nvvgpu.Spec{Type: "L40-8Q", VF: "41:00.4"}, nvvgpu.ReasonVFBusy},
		"placement":      {nvvgpu.Spec{Type: "L40-8Q", Placement: &odd}, nvvgpu.ReasonPlacementInvalid},
		"equal size":     {nvvgpu.Spec{Type: "L40-4Q"}, nvvgpu.ReasonEqualSize},
		"params":         {nvvgpu.Spec{Type: "L40-8Q", Params: map[string]string{"a": "b,c"}}, syscall.EINVAL},
		"params, key":    {nvvgpu.Spec{Type: "L40-8Q", Params: map[string]string{"a=b": ""}}, syscall.EINVAL},
		"owner too long": {nvvgpu.Spec{Type: "L40-8Q", Owner: long(64)}, syscall.EINVAL},
	} {
		vgpu, err := gpu.Create(c.spec)
		if vgpu != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, error %v", name, vgpu, err)
		}
	}
	for range 5 {
		create(t, gpu, "L40-8Q")
	}
	_, err := gpu.Create(nvvgpu.Spec{Type: "L40-8Q"})
	if e := wantError(t, err, syscall.ENOSPC); e.Reason != nvvgpu.ReasonExhausted {
		t.Errorf("%v", e)
	}
}

func long(n int) string {
	return fmt.Sprintf("%0*d", n, 0)
}

func TestParams(t *testing.T) {
	vgpu := create(t, openGPU(t, "emu:l40"), "L40-1B")
	if params, err := vgpu.Params(); err != nil || params == nil || len(params) != 0 {
		t.Errorf("at first: %v, %v", params, err)
	}
	for _, want := range []map[string]string{
		{"frame_rate_limiter": "0", "disable_vnc": "1"},
		{"a": "1"},
		{},
	} {
		if err := vgpu.SetParams(want); err != nil {
			t.Fatal(err)
		}
		if params := must(vgpu.Params()); !maps.Equal(params, want) {
			t.Errorf("%v, want %v", params, want)
		}
	}
	for _, bad := range []map[string]string{{"a": "1,b=2"}, {"a=b": "1"}, {"": "1"}, {"a": ""}, {"a": "\n"}} {
		wantError(t, vgpu.SetParams(bad), syscall.EINVAL)
	}
	if params := must(vgpu.Params()); len(params) != 0 {
		t.Errorf("after what was refused: %v", params)
	}
	openDevice(t, vgpu)
	wantError(t, vgpu.SetParams(map[string]string{"a": "1"}), nvvgpu.ReasonInUse)
}

func TestLife(t *testing.T) {
	host := open(t, "emu:l40")
	vgpu := create(t, must(host.GPU(address)), "L40-1B")
	state := func() nvvgpu.VGPUState { return must(vgpu.State()) }
	if state() != nvvgpu.VGPUAssigned {
		t.Errorf("state %v", state())
	}
	device := openDevice(t, vgpu)
	if state() != nvvgpu.VGPURunning {
		t.Errorf("open: state %v", state())
	}
	if e := wantError(t, vgpu.Destroy(), syscall.EBUSY); e.Reason != nvvgpu.ReasonInUse {
		t.Errorf("%v", e)
	}
	device.Close()
	if state() != nvvgpu.VGPUAssigned {
		t.Errorf("closed: state %v", state())
	}
	for range 2 { // the second time it is gone already
		if err := vgpu.Destroy(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := vgpu.State()
	wantError(t, err, fs.ErrNotExist)
	_, err = vgpu.Open()
	wantError(t, err, fs.ErrNotExist)
	_, err = host.VGPU(vgpu.UUID)
	wantError(t, err, fs.ErrNotExist)
}

func TestDestroyAs(t *testing.T) {
	host := open(t, "emu:l40")
	gpu := must(host.GPU(address))
	must(gpu.Create(nvvgpu.Spec{Type: "L40-1B", UUID: uuid, Owner: "me"}))
	vgpu := must(host.VGPU(uuid))
	wantError(t, vgpu.Destroy(), nvvgpu.ReasonForeignOwner)
	for _, owner := range []string{"", "you", "foreign"} {
		_, err := vgpu.DestroyAs(owner, false)
		wantError(t, err, nvvgpu.ReasonForeignOwner)
	}
	if destroyed, err := vgpu.DestroyAs("me", false); err != nil || !destroyed {
		t.Error(destroyed, err)
	}
	if destroyed, err := vgpu.DestroyAs("me", false); err != nil || destroyed {
		t.Error(destroyed, err)
	}
	must(gpu.Create(nvvgpu.Spec{Type: "L40-1B", UUID: uuid, Owner: "me"}))
	if destroyed, err := must(host.VGPU(uuid)).DestroyAs("", true); err != nil || !destroyed {
		t.Error(destroyed, err)
	}
	_, err := gpu.Create(nvvgpu.Spec{Type: "L40-1B", Owner: "foreign"})
	wantError(t, err, nvvgpu.ReasonInvalidArgument)
}

func TestKnownParams(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	spec := nvvgpu.Spec{Type: "L40-1B", Params: map[string]string{"disable_vnc": "yes"}}
	_, err := gpu.Create(spec)
	wantError(t, err, nvvgpu.ReasonParams)
	spec.ForceParams = true
	if params := must(must(gpu.Create(spec)).Params()); !maps.Equal(params, spec.Params) {
		t.Errorf("params %v", params)
	}
}

func TestForAVMM(t *testing.T) {
	vgpu := create(t, openGPU(t, "emu:l40"), "L40-1B")
	xml := must(vgpu.LibvirtXML())
	want := "<address domain='0x0000' bus='0x41' slot='0x00' function='0x4'/>"
	if !strings.HasPrefix(xml, "<hostdev ") || !strings.Contains(xml, want) {
		t.Error(xml)
	}
	if args := must(vgpu.QEMUArgs()); !slices.Equal(args, []string{"-device", "vfio-pci,host=0000:41:00.4"}) {
		t.Error(args)
	}
	if must(vgpu.NeedsVMUUID()) {
		t.Error("needs a uuid")
	}
	vgpu.Close()
	if _, err := vgpu.LibvirtXML(); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
}

func TestBoardWithoutSRIOV(t *testing.T) {
	vgpu := create(t, openGPU(t, "emu:t4"), "T4-1B")
	if xml := must(vgpu.LibvirtXML()); !strings.Contains(xml, "<address uuid='"+vgpu.UUID+"'/>") {
		t.Error(xml)
	}
	if id, ok := vgpu.Placement(); vgpu.VF != "" || ok || id != 0 || vgpu.VFIO == "" {
		t.Errorf("%+v", vgpu.VGPUInfo)
	}
	wantKeys(t, parsed(t, vgpu), map[string]any{"vf": nil, "placement": nil})
}
