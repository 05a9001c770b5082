// SPDX-License-Identifier: MIT

package node

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"nvvgpu"
)

const gpu = "0000:41:00.0"

// open opens a node on an emulated board; the same directory is the same board and the same leases.
func open(t *testing.T, directory, framework string) *Node {
	t.Helper()
	n, err := Open(Options{
		URI:   "emu:l40?state=" + filepath.Join(directory, "host") + "&framework=" + framework,
		State: filepath.Join(directory, "leases.json"),
		Owner: "test",
		CDI:   filepath.Join(directory, "cdi"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func typeID(t *testing.T, n *Node, name string) uint32 {
	t.Helper()
	g, err := n.host.GPU(gpu)
	if err != nil {
		t.Fatal(err)
	}
	found, err := g.Type(name)
	if err != nil {
		t.Fatal(err)
	}
	return found.ID
}

func vgpus(t *testing.T, n *Node) []string {
	t.Helper()
	list, err := n.host.VGPUs()
	if err != nil {
		t.Fatal(err)
	}
	owners := []string{}
	for _, vgpu := range list {
		owners = append(owners, vgpu.Owner)
	}
	return owners
}

func TestLease(t *testing.T) {
	for _, framework := range []string{"nvvgpu", "vendor-vfio", "mdev"} {
		t.Run(framework, func(t *testing.T) {
			directory := t.TempDir()
			n := open(t, directory, framework)
			id := typeID(t, n, "L40-8Q")
			first, err := n.Acquire(t.Context(), Want{Key: "a", GPU: gpu, TypeID: id})
			if err != nil {
				t.Fatal(err)
			}
			if first.Mdev() != (framework == "mdev") || first.TypeName != "NVIDIA L40-8Q" {
				t.Errorf("%+v", first)
			}
			again, err := n.Acquire(t.Context(), Want{Key: "a", GPU: gpu, TypeID: id})
			if err != nil || again.UUID != first.UUID {
				t.Errorf("again: %+v, %v", again, err)
			}
			fresh, err := n.Acquire(t.Context(), Want{Key: "a", GPU: gpu, TypeID: id, Fresh: true})
			if err != nil || fresh.UUID != first.UUID {
				t.Errorf("fresh: %+v, %v", fresh, err)
			}
			if _, err := n.Acquire(t.Context(), Want{Key: "a", GPU: gpu, TypeID: id + 2}); err == nil {
				t.Error("one key has two types")
			}
			if got := vgpus(t, n); !slices.Equal(got, []string{"test/a"}) {
				t.Error(got)
			}
			if specs, _ := filepath.Glob(directory + "/cdi/*.json"); len(specs) != 1 {
				t.Error(specs)
			}
			n.Close()
			n = open(t, directory, framework)
			if leases := n.Leases(); len(leases) != 1 || leases[0].UUID != first.UUID {
				t.Errorf("%+v", leases)
			}
			if err := errors.Join(n.Release("a"), n.Release("a"), n.Release("b")); err != nil {
				t.Error(err)
			}
			if got := vgpus(t, n); len(got) != 0 || len(n.Leases()) != 0 {
				t.Error(got, n.Leases())
			}
			if specs, _ := filepath.Glob(directory + "/cdi/*"); len(specs) != 0 {
				t.Error(specs)
			}
		})
	}
}

// What a failed Acquire has begun is gone.
func TestRefused(t *testing.T) {
	n := open(t, t.TempDir(), "nvvgpu")
	_, err := n.Acquire(t.Context(), Want{Key: "a", GPU: gpu, TypeID: typeID(t, n, "L40-8Q")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.Acquire(t.Context(), Want{Key: "b", GPU: gpu, TypeID: typeID(t, n, "L40-12Q")})
	if !errors.Is(err, nvvgpu.ReasonEqualSize) || Cause(err) != "EqualSize" ||
		!strings.Contains(Explain(err), "; next: ") {
		t.Error(err)
	}
	if leases := n.Leases(); len(leases) != 1 {
		t.Errorf("%+v", leases)
	}
}

// A program may be killed between any two writes: what each leaves is tidied up.
func TestRepair(t *testing.T) {
	directory := t.TempDir()
	n := open(t, directory, "vendor-vfio")
	id := typeID(t, n, "L40-8Q")
	acquire := func(key string) Lease {
		lease, err := n.Acquire(t.Context(), Want{Key: key, GPU: gpu, TypeID: id})
		if err != nil {
			t.Fatal(err)
		}
		return lease
	}
	phase := func(lease Lease, phase Phase) {
		lease.Phase = phase
		if err := n.ledger.put(lease); err != nil {
			t.Fatal(err)
		}
	}
	destroy := func(lease Lease) {
		if err := n.destroy(&lease); err != nil {
			t.Fatal(err)
		}
	}
	making, ending, lost := acquire("making"), acquire("ending"), acquire("lost")
	kept, gone, stolen := acquire("kept"), acquire("gone"), acquire("stolen")
	phase(making, Making)
	phase(ending, Ending)
	destroy(lost)
	const nobody = "7d0c1e9a-2f4b-4c8d-9b3a-5e6f70812344"
	phase(Lease{Key: "begun", GPU: gpu, TypeID: id, UUID: nobody}, Making)
	destroy(gone)
	phase(gone, Ending)
	destroy(stolen)
	g, err := n.host.GPU(gpu)
	if err != nil {
		t.Fatal(err)
	}
	thief := nvvgpu.Spec{Type: "L40-8Q", UUID: stolen.UUID, VF: stolen.VF, Owner: "thief"}
	if _, err := g.Create(thief); err != nil {
		t.Fatal(err)
	}
	n.Close()
	n = open(t, directory, "vendor-vfio")
	troubles := n.Repair(true)
	if len(troubles) != 1 || !errors.Is(troubles["stolen"], ErrForeign) {
		t.Error(troubles)
	}
	var keys []string
	for _, lease := range n.Leases() {
		keys = append(keys, lease.Key)
		if lease.Key == "lost" && (lease.UUID != lost.UUID || lease.VF != lost.VF) {
			t.Errorf("before %+v, after %+v", lost, lease)
		}
	}
	if !slices.Equal(keys, []string{"kept", "lost", "stolen"}) {
		t.Error(keys)
	}
	got := vgpus(t, n)
	slices.Sort(got)
	if !slices.Equal(got, []string{"test/kept", "test/lost", "thief"}) {
		t.Error(got)
	}
	if err := n.Release("stolen"); err != nil || len(vgpus(t, n)) != 3 {
		t.Error(err, vgpus(t, n))
	}
	if lease := kept; n.Release(lease.Key) != nil || len(vgpus(t, n)) != 2 {
		t.Error(vgpus(t, n))
	}
}

// What cannot be made is made and destroyed again no more than it is asked for: each try is a
// change on which a caller is woken that watches.
func TestRepairAgain(t *testing.T) {
	n := open(t, t.TempDir(), "nvvgpu")
	acquire := func(key string) Lease {
		lease, err := n.Acquire(t.Context(),
			Want{Key: key, GPU: gpu, TypeID: typeID(t, n, "L40-8Q")})
		if err != nil {
			t.Fatal(err)
		}
		return lease
	}
	lost, other := acquire("lost"), acquire("other")
	lost.Nodes = []string{"/dev/vfio/17"} // an emulated vGPU has none
	if err := errors.Join(n.ledger.put(lost), n.destroy(&lost), n.destroy(&other)); err != nil {
		t.Fatal(err)
	}
	woken := make(chan struct{}, 100)
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() {
		n.Watch(ctx, func() { woken <- struct{}{} })
		close(watched)
	}()
	defer func() {
		cancel()
		<-watched
	}()
	await := func() {
		select {
		case <-woken:
		case <-time.After(20 * time.Second):
			t.Fatal("no event")
		}
	}
	await() // the watch has begun
	first := n.Repair(true, "lost")["lost"]
	if first == nil || !strings.Contains(first.Error(), "its container was told of") {
		t.Fatal(first)
	}
	if got := vgpus(t, n); len(got) != 0 {
		t.Error("not asked for, or left of a try: ", got)
	}
	await() // of the try
	for quiet := false; !quiet; {
		select {
		case <-woken:
			if now := n.Repair(false, "lost")["lost"]; now != first {
				t.Fatal("tried again: ", now)
			}
		case <-time.After(200 * time.Millisecond):
			quiet = true
		}
	}
	troubles := n.Repair(false)
	if got := vgpus(t, n); len(troubles) != 1 || !slices.Equal(got, []string{"test/other"}) {
		t.Error(troubles, got)
	}
	if now := n.Repair(true)["lost"]; now == nil || now == first {
		t.Error("not tried again: ", now)
	}
	lost.Nodes = nil
	if err := n.ledger.put(lost); err != nil {
		t.Fatal(err)
	}
	if troubles := n.Repair(true); len(troubles) != 0 || len(vgpus(t, n)) != 2 {
		t.Error(troubles, vgpus(t, n))
	}
}

// A program that is killed while it writes the ledger leaves a file beside it.
func TestTemporaries(t *testing.T) {
	directory := t.TempDir()
	for _, name := range []string{"leases.json.123456", "leases.json.old", "leases.json.",
		"x.json.1"} {
		if err := os.WriteFile(filepath.Join(directory, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open(t, directory, "nvvgpu")
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	want := []string{"host", "leases.json", "leases.json.", "leases.json.lock", "leases.json.old",
		"x.json.1"}
	if !slices.Equal(names, want) {
		t.Error(names)
	}
}

// The ledger cannot be written: nothing is made.
func TestLedgerFull(t *testing.T) {
	directory := t.TempDir()
	n := open(t, directory, "nvvgpu")
	n.ledger.path = filepath.Join(directory, "gone", "leases.json")
	_, err := n.Acquire(t.Context(), Want{Key: "a", GPU: gpu, TypeID: typeID(t, n, "L40-8Q")})
	if !errors.Is(err, fs.ErrNotExist) || len(vgpus(t, n)) != 0 || len(n.Leases()) != 0 {
		t.Error(err, vgpus(t, n), n.Leases())
	}
}

func TestLock(t *testing.T) {
	directory := t.TempDir()
	n := open(t, directory, "nvvgpu")
	options := n.options
	if _, err := Open(options); !errors.Is(err, syscall.EWOULDBLOCK) {
		t.Error(err)
	}
	options.ReadOnly = true
	second, err := Open(options)
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
}

func TestNames(t *testing.T) {
	for typeName, want := range map[string]string{
		"GRID T4-1Q":                             "nvidia.com/GRID_T4-1Q",
		"NVIDIA A10-12C":                         "nvidia.com/NVIDIA_A10-12C",
		"NVIDIA RTX Pro 6000 Blackwell DC-1-24Q": "nvidia.com/NVIDIA_RTX_Pro_6000_Blackwell_DC-1-24Q",
		"NVIDIA \t L40-8Q ":                      "nvidia.com/NVIDIA_L40-8Q",
	} {
		if got, ok := ResourceName(typeName); got != want || !ok {
			t.Errorf("%q: %q, %v", typeName, got, ok)
		}
	}
	for _, typeName := range []string{"", "Quadro RTX6000/8000-1Q", "-1Q", strings.Repeat("x", 64)} {
		if got, ok := ResourceName(typeName); ok {
			t.Errorf("%q: %q", typeName, got)
		}
	}
	const variable = "PCI_RESOURCE_NVIDIA_COM_GRID_T4-1Q"
	if got := EnvName("nvidia.com/GRID_T4-1Q", false); got != variable {
		t.Error(got)
	}
	if got := EnvName("nvidia.com/GRID_T4-1Q", true); got != "MDEV_"+variable {
		t.Error(got)
	}
}

// machine makes files of a machine below a directory: "path" or "path -> target".
func machine(t *testing.T, entries ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, entry := range entries {
		path, target, link := strings.Cut(entry, " -> ")
		path = filepath.Join(root, path)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil && link {
			err = os.Symlink(target, path)
		} else if err == nil {
			err = os.WriteFile(path, nil, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestNodes(t *testing.T) {
	const device = "/sys/bus/pci/devices/0000:41:00.4"
	group := device + "/iommu_group -> ../../../../kernel/iommu_groups/17"
	cdev := device + "/vfio-dev/vfio3/dev"
	noCdev := device + "/vfio-dev/vfio3/uevent" // CONFIG_VFIO_DEVICE_CDEV is not set
	for _, c := range []struct {
		entries, want []string
	}{
		{[]string{group}, []string{"/dev/vfio/vfio", "/dev/vfio/17"}},
		{[]string{group, cdev}, []string{"/dev/vfio/vfio", "/dev/vfio/17"}},
		{[]string{group, noCdev, "/dev/iommu"}, []string{"/dev/vfio/vfio", "/dev/vfio/17"}},
		{[]string{group, "/dev/iommu"}, []string{"/dev/vfio/vfio", "/dev/vfio/17"}},
		{[]string{group, cdev, "/dev/iommu"},
			[]string{"/dev/vfio/vfio", "/dev/vfio/17", "/dev/iommu", "/dev/vfio/devices/vfio3"}},
	} {
		got, err := vfioNodes(machine(t, c.entries...), device)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %v", c.entries, got, err)
		}
	}
	if got, err := vfioNodes(machine(t), device); !errors.Is(err, fs.ErrNotExist) {
		t.Error(got, err)
	}
	root := machine(t, "/dev/vfio/vfio")
	if err := awaitNodes(t.Context(), root, []string{"/dev/vfio/vfio"}); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := awaitNodes(ended, root, []string{"/dev/vfio/vfio", "/dev/vfio/17"}); err == nil {
		t.Error("no error for a node that is not there")
	}
}

// The file is for people, too, and for the next version.
func TestLedgerFile(t *testing.T) {
	directory := t.TempDir()
	n := open(t, directory, "mdev")
	lease, err := n.Acquire(t.Context(), Want{Key: "a", GPU: gpu, TypeID: typeID(t, n, "L40-8Q")})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(directory, "leases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	entry := got["leases"].(map[string]any)["a"].(map[string]any)
	for key, want := range map[string]any{"phase": "made", "gpu": gpu, "type_name": "NVIDIA L40-8Q",
		"uuid": lease.UUID, "vf": lease.VF, "vfio": "/sys/bus/mdev/devices/" + lease.UUID} {
		if entry[key] != want {
			t.Errorf("%s is %v instead of %v", key, entry[key], want)
		}
	}
	info, err := os.Stat(filepath.Join(directory, "leases.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
}
