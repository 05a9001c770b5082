// SPDX-License-Identifier: MIT

package k8s

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"nvvgpu"
)

// On a machine with one L40, whose framework MACHINE names: the nodes that a container is given
// open, and are all that it needs.
func TestMachine(t *testing.T) {
	framework := os.Getenv("MACHINE")
	if framework == "" {
		t.Skip("for virtual machines: see tests/vm/cases/k8s.sh")
	}
	const name = "nvidia.com/NVIDIA_L40-8Q"
	b := newBench(t, "", framework)
	b.settled(nil)
	somebody := b.create(0, nvvgpu.Spec{Type: "L40-8Q", Owner: "somebody"})
	b.settled(nil)
	pod := b.kubelet.newPod(name, 2)
	if err := b.kubelet.admit(pod); err != nil {
		t.Fatal(err)
	}
	options, err := b.kubelet.run(pod)
	if err != nil {
		t.Fatal(err)
	}
	host := b.open()
	defer host.Close()
	var addresses []string
	nodes := []string{"/dev/vfio/vfio"}
	vgpus := make(map[string]*nvvgpu.VGPU)
	list, err := host.VGPUs()
	if err != nil {
		t.Fatal(err)
	}
	for _, vgpu := range list {
		if vgpu.UUID == somebody.UUID {
			continue
		}
		address := vgpu.VF
		if framework == "mdev" {
			address = vgpu.UUID
		}
		group, err := os.Readlink(vgpu.VFIO + "/iommu_group")
		if err != nil {
			t.Fatal(err)
		}
		vgpus[address] = vgpu
		addresses = append(addresses, address)
		nodes = append(nodes, "/dev/vfio/"+filepath.Base(group))
	}
	variable := "PCI_RESOURCE_NVIDIA_COM_NVIDIA_L40-8Q"
	if framework == "mdev" {
		variable = "MDEV_" + variable
	}
	if len(options.Envs) != 1 || options.Envs[0].Name != variable ||
		!sameWords(strings.Split(options.Envs[0].Value, ","), addresses) {
		t.Fatalf("the container gets %v instead of %s=%v", options.Envs, variable, addresses)
	}
	var given []string
	for _, device := range options.Devices {
		given = append(given, device.PathInContainer)
		if device.PathOnHost != device.PathInContainer || device.Permissions != "mrw" {
			t.Errorf("%+v", device)
		}
		file, err := os.OpenFile(device.PathOnHost, os.O_RDWR, 0)
		if err != nil {
			t.Error(err)
			continue
		}
		file.Close()
	}
	if !sameWords(given, nodes) {
		t.Errorf("the container gets %v instead of %v", given, nodes)
	}

	// one is still in use when the pod has ended, and the plugin was killed meanwhile
	used := vgpus[addresses[0]]
	device, err := used.Open()
	if err != nil {
		t.Fatal(err)
	}
	b.plugin.end(syscall.SIGKILL)
	b.kubelet.end(pod)
	b.startPlugin()
	left := func(want ...string) func() string {
		return func() string {
			uuids := make(map[string]bool)
			for _, vgpu := range b.vgpus() {
				uuids[vgpu.UUID] = true
			}
			got := slices.Sorted(maps.Keys(uuids))
			if !sameWords(got, want) {
				return fmt.Sprintf("there are %v instead of %v", got, want)
			}
			return ""
		}
	}
	eventually(t, "while one is in use", left(somebody.UUID, used.UUID))
	device.Close()
	eventually(t, "when none is", left(somebody.UUID))
	b.settled(nil)
	b.destroy(somebody.UUID)
}
