// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	resourceapi "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	typedresource "k8s.io/client-go/kubernetes/typed/resource/v1"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/dynamic-resource-allocation/api/metadata"
	_ "k8s.io/dynamic-resource-allocation/api/metadata/install"
	"k8s.io/dynamic-resource-allocation/devicemetadata"
	health "k8s.io/kubelet/pkg/apis/dra-health/v1"
	"tags.cncf.io/container-device-interface/pkg/cdi"

	"kubernetes/k8s/node"
	"nvvgpu"
)

var frameworks = []string{"nvvgpu", "vendor-vfio", "mdev"}

// Of each size as many are scheduled and prepared as the board can have: the counters allow neither
// less nor more.
func TestCounters(t *testing.T) {
	t.Parallel()
	for _, boards := range []string{"l40", "t4"} {
		t.Run(boards, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, boards, "nvvgpu", false)
			b.agrees()
			done := make(map[uint64]bool)
			for _, kind := range b.types() {
				if done[kind.FramebufferBytes] {
					continue
				}
				done[kind.FramebufferBytes] = true
				var claims []*resourceapi.ResourceClaim
				for {
					claim := b.newClaim(kind.Name, 1)
					if len(claims) < 2 { // with the first, other sizes go
						b.agrees()
					}
					if !b.schedule(claim) {
						break
					}
					claims = append(claims, claim)
					if _, err := b.prepare(claim); err != nil {
						t.Fatal(err)
					}
				}
				if len(claims) != int(kind.MaxInstances) || len(b.vgpus()) != len(claims) {
					t.Errorf("%s: %d were scheduled, %d exist, of %d", kind.Name, len(claims),
						len(b.vgpus()), kind.MaxInstances)
				}
				for _, claim := range claims {
					b.finish(claim)
				}
				b.agrees()
			}
		})
	}
}

// Claims come and go in random order, the driver with them, beside a vGPU of another program: what
// is scheduled can be prepared, and what is unprepared is gone.
func TestChurn(t *testing.T) {
	t.Parallel()
	for framework, count := range map[string]int{"nvvgpu": 32, "vendor-vfio": 12, "mdev": 12} {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			churn(t, framework, count, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

func churn(t *testing.T, framework string, count int, random *rand.Rand) {
	b := newBench(t, "l4*2", framework, false)
	b.create("0000:42:00.0", nvvgpu.Spec{Type: "L4-6Q", Owner: "somebody"})
	kinds := b.types()
	var claims []*resourceapi.ResourceClaim
	for prepared, restarts := 0, 0; prepared < count || restarts < 2; {
		b.agrees()
		switch dice := random.IntN(10); {
		case dice < 6:
			claim := b.newClaim(kinds[random.IntN(len(kinds))].Name, 1+random.Int64N(2))
			if !b.schedule(claim) {
				continue
			}
			if _, err := b.prepare(claim); err != nil {
				t.Fatal(err)
			}
			prepared++
			claims = append(claims, claim)
		case dice < 9 && len(claims) > 0:
			i := random.IntN(len(claims))
			b.finish(claims[i])
			claims = slices.Delete(claims, i, i+1)
		case dice == 9:
			restarts++
			b.restart()
		}
		if want := owners(claims); !slices.Equal(b.vgpus(), want) {
			t.Fatalf("there are %v, and claims for %v", b.vgpus(), want)
		}
	}
	for _, claim := range claims {
		b.finish(claim)
	}
	if left := b.vgpus(); !slices.Equal(left, []string{"somebody"}) {
		t.Fatal(left)
	}
}

// owners are those that the vGPUs of claims, and of somebody, have.
func owners(claims []*resourceapi.ResourceClaim) []string {
	list := []string{"somebody"}
	for _, claim := range claims {
		for _, result := range claim.Status.Allocation.Devices.Results {
			owner := owner + "/" + leaseKey(claim.UID, result.Device)
			list = append(list, owner[:min(63, len(owner))])
		}
	}
	slices.Sort(list)
	return list
}

// Two sizes are scheduled before the first vGPU is created.  Counters do not keep them apart, the
// driver does, and says why; compatibility groups do.
func TestEqualSize(t *testing.T) {
	t.Parallel()
	for _, groups := range []bool{false, true} {
		t.Run(fmt.Sprint("groups=", groups), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "l40", "nvvgpu", groups)
			b.agrees()
			first, second := b.newClaim("NVIDIA L40-8Q", 1), b.newClaim("NVIDIA L40-12Q", 1)
			if !b.schedule(first) {
				t.Fatal("nothing for the first")
			}
			if scheduled := b.schedule(second); scheduled == groups {
				t.Fatalf("the second was scheduled: %v", scheduled)
			}
			if _, err := b.prepare(first); err != nil {
				t.Fatal(err)
			}
			if !groups {
				_, err := b.prepare(second)
				for _, want := range []string{"default/claim-2", "equal-size", "only 8 GiB types",
					"next: "} {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%q is not in: %v", want, err)
					}
				}
				b.forget(second)
			}
			b.agrees()
			if b.schedule(b.newClaim("NVIDIA L40-12Q", 1)) {
				t.Error("another size was scheduled on a GPU that does not offer it")
			}
			if !b.schedule(b.newClaim("NVIDIA L40-8A", 1)) {
				t.Error("another type of that size was not scheduled")
			}
			if n := len(b.vgpus()); n != 1 {
				t.Error(n)
			}
		})
	}
}

// Some VFs are enabled, and others have vGPUs on some: claims get the rest, whatever else the board
// could have.
func TestFewVFs(t *testing.T) {
	for _, framework := range []string{"vendor-vfio", "mdev"} {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "l40", framework, false)
			gpu, err := b.host.GPU("0000:41:00.0")
			if err != nil {
				t.Fatal(err)
			}
			if err := gpu.SetVFs(4, 0); err != nil {
				t.Fatal(err)
			}
			b.create("0000:41:00.0", nvvgpu.Spec{Type: "L40-1Q", Owner: "somebody"})
			b.agrees()
			var claims []*resourceapi.ResourceClaim
			for {
				claim := b.newClaim("NVIDIA L40-1Q", 1)
				if !b.schedule(claim) {
					break
				}
				claims = append(claims, claim)
				if _, err := b.prepare(claim); err != nil {
					t.Fatal(err)
				}
				b.agrees()
			}
			if len(claims) != 3 {
				t.Errorf("%d claims got a vGPU of 3", len(claims))
			}
			for _, claim := range claims {
				b.finish(claim)
			}
			b.agrees()
		})
	}
}

// A VF that something else has is a VF by the counters alone: then a taint says it.
func TestObstacle(t *testing.T) {
	gpu := &node.GPU{VFsEnabled: 2, VGPUs: []*nvvgpu.VGPU{
		{VGPUInfo: nvvgpu.VGPUInfo{UUID: "a", TypeID: 876}}}}
	gpu.FramebufferBytes, gpu.VFsTotal = 48<<30, 32
	for _, c := range []struct {
		reason  nvvgpu.Reason
		enabled uint32
		want    string
	}{
		{nvvgpu.ReasonNone, 2, ""},
		{nvvgpu.ReasonExhausted, 2, "vgpu.nvidia.com/exhausted"},
		{nvvgpu.ReasonVFBusy, 2, "vgpu.nvidia.com/vf-busy"},
		{nvvgpu.ReasonExhausted, 1, ""}, // the counters say it
		{nvvgpu.ReasonVFBusy, 1, ""},
		{nvvgpu.ReasonVFsDisabled, 0, "vgpu.nvidia.com/vfs-disabled"},
	} {
		gpu.VFsEnabled = c.enabled
		gpu.Types = []nvvgpu.Type{{ID: 876, Name: "NVIDIA L40-8Q", FramebufferBytes: 8 << 30,
			MaxInstances: 6, Reason: c.reason}}
		p := publisher{driver: driverName, node: worker}
		pool := p.pool(gpu, map[string]bool{"a": true})
		got := ""
		for _, taint := range pool.Slices[1].Devices[0].Taints {
			got = taint.Key
		}
		if got != c.want {
			t.Errorf("%v with %d VFs: %q instead of %q", c.reason, c.enabled, got, c.want)
		}
		counter := pool.Slices[0].SharedCounters[0].Counters[counterVFs].Value
		if counter.Value() != int64(c.enabled) {
			t.Errorf("%v VFs of %d", counter, c.enabled)
		}
	}
}

// The kubelet has lost a claim and never unprepares it: its vGPU is destroyed when the API server
// says that the claim is over, and no other.
func TestForgotten(t *testing.T) {
	for how, end := range map[string]func(*bench, *resourceapi.ResourceClaim) error{
		"deleted": func(b *bench, claim *resourceapi.ResourceClaim) error {
			return b.claimClient().Delete(b.Context(), claim.Name, metav1.DeleteOptions{})
		},
		"another of its name": func(b *bench, claim *resourceapi.ResourceClaim) error {
			claim = claim.DeepCopy()
			claim.UID = "7d0c1e9a-2f4b-4c8d-9b3a-5e6f70812345"
			_, err := b.claimClient().Update(b.Context(), claim, metav1.UpdateOptions{})
			return err
		},
		"without a pod": func(b *bench, claim *resourceapi.ResourceClaim) error {
			claim = claim.DeepCopy()
			claim.Status.ReservedFor = nil
			_, err := b.claimClient().Update(b.Context(), claim, metav1.UpdateOptions{})
			return err
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "l40", "nvvgpu", false)
			forgotten, kept := b.newClaim("NVIDIA L40-8Q", 2), b.newClaim("NVIDIA L40-8Q", 1)
			for _, claim := range []*resourceapi.ResourceClaim{forgotten, kept} {
				b.agrees()
				if !b.schedule(claim) {
					t.Fatal("nothing fits")
				}
				if _, err := b.prepare(claim); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(3 * claimsEvery * interval) // the API server is asked, and has both
			if n := len(b.vgpus()); n != 3 {
				t.Fatal(b.vgpus())
			}
			b.restart() // who the lease is for is remembered
			if err := end(b, forgotten); err != nil {
				t.Fatal(err)
			}
			b.eventually("the end", func() string {
				if n := len(b.vgpus()); n != 1 {
					return fmt.Sprint(n, " vGPUs")
				}
				return ""
			})
			time.Sleep(3 * claimsEvery * interval)
			if got := b.vgpus(); len(got) != 1 || !strings.Contains(got[0], string(kept.UID)) {
				t.Error(got)
			}
		})
	}
}

// A kubelet that starts deletes all slices of its node.  They are there again long before the
// helper would look for them by itself.
func TestWiped(t *testing.T) {
	t.Parallel()
	b := newBench(t, "l40", "nvvgpu", false)
	b.agrees()
	for _, slice := range b.slices() {
		err := b.client.ResourceV1().ResourceSlices().Delete(t.Context(), slice.Name,
			metav1.DeleteOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	b.register()
	b.agrees()
}

// The API server does not answer: that says nothing about claims.
func TestSilentServer(t *testing.T) {
	b := newBench(t, "l40", "nvvgpu", false)
	b.agrees()
	claim := b.newClaim("NVIDIA L40-8Q", 1)
	if !b.schedule(claim) {
		t.Fatal("nothing fits")
	}
	if _, err := b.prepare(claim); err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{}, 100)
	b.client.PrependReactor("get", "resourceclaims",
		func(clienttesting.Action) (bool, runtime.Object, error) {
			asked <- struct{}{}
			return true, nil, errors.New("no answer")
		})
	for range 3 {
		<-asked
	}
	if n := len(b.vgpus()); n != 1 {
		t.Error(n)
	}
}

// The kubelet asks again when it was restarted, and so does it after a reboot.
func TestAgain(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "l40", framework, false)
			b.agrees()
			claim := b.newClaim("NVIDIA L40-8Q", 2)
			if !b.schedule(claim) {
				t.Fatal("nothing fits")
			}
			first, err := b.prepare(claim)
			if err != nil {
				t.Fatal(err)
			}
			b.restart()
			again, err := b.prepare(claim)
			if err != nil || compact(first) != compact(again) {
				t.Errorf("first %v, then %v, %v", compact(first), compact(again), err)
			}
			b.end()
			list, err := b.host.VGPUs()
			if err != nil {
				t.Fatal(err)
			}
			for _, vgpu := range list {
				if _, err := vgpu.DestroyAs("", true); err != nil {
					t.Fatal(err)
				}
			}
			b.create("0000:41:00.0", nvvgpu.Spec{Type: "L40-8Q", VF: list[0].VF})
			b.start()
			if _, err := b.prepare(claim); err != nil {
				t.Error(err)
			}
			if n := len(b.vgpus()); n != 3 {
				t.Error(n)
			}
			b.finish(claim)
			if n := len(b.vgpus()); n != 1 {
				t.Error(n)
			}
			claim.Status.Allocation.Devices.Results = nil
			if _, err := b.client.ResourceV1().ResourceClaims("default").Create(t.Context(), claim,
				metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			b.finish(claim) // a second time
		})
	}
}

func (b *bench) claimClient() typedresource.ResourceClaimInterface {
	return b.client.ResourceV1().ResourceClaims("default")
}

// What is refused is refused as a whole.
func TestRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, "l40", "nvvgpu", false)
	b.agrees()
	if info := b.register(); info.Type != "DRAPlugin" || info.Name != driverName ||
		!slices.Contains(info.SupportedVersions, "v1.DRAPlugin") {
		t.Error(info)
	}
	yes := true
	for _, c := range []struct {
		want   string
		change func(*resourceapi.DeviceAllocationResult)
	}{
		{"is no device of this driver", func(a *resourceapi.DeviceAllocationResult) {
			a.Results[1].Device = "gpu-0"
		}},
		{"not-found", func(a *resourceapi.DeviceAllocationResult) {
			a.Results[1].Device, a.Results[1].Pool = "0000-99-00-0-876-0", "worker/0000-99-00-0"
		}},
		{"is not of node worker", func(a *resourceapi.DeviceAllocationResult) {
			a.Results[1].Pool = "other/0000-41-00-0"
		}},
		{"no admin access", func(a *resourceapi.DeviceAllocationResult) {
			a.Results[1].AdminAccess = &yes
		}},
		{"has no configuration", func(a *resourceapi.DeviceAllocationResult) {
			a.Config = []resourceapi.DeviceAllocationConfiguration{{
				DeviceConfiguration: resourceapi.DeviceConfiguration{
					Opaque: &resourceapi.OpaqueDeviceConfiguration{Driver: driverName}}}}
		}},
	} {
		claim := b.newClaim("NVIDIA L40-8Q", 2)
		b.scheduleAs(claim, c.change)
		if _, err := b.prepare(claim); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q is not in: %v", c.want, err)
		}
		if n := len(b.vgpus()); n != 0 {
			t.Errorf("%s: %d vGPUs are left", c.want, n)
		}
	}
	// devices of other drivers are theirs
	mixed := b.newClaim("NVIDIA L40-8Q", 2)
	b.scheduleAs(mixed, func(a *resourceapi.DeviceAllocationResult) {
		a.Results[1].Driver = "net.example.com"
		a.Config = []resourceapi.DeviceAllocationConfiguration{{
			DeviceConfiguration: resourceapi.DeviceConfiguration{
				Opaque: &resourceapi.OpaqueDeviceConfiguration{Driver: "net.example.com"}}}}
	})
	devices, err := b.prepare(mixed)
	if err != nil || len(devices) != 1 || len(b.vgpus()) != 1 {
		t.Error(devices, err, b.vgpus())
	}
	// two claims, one device
	b.agrees()
	double := b.newClaim("NVIDIA L40-8Q", 1)
	b.scheduleAs(double, func(a *resourceapi.DeviceAllocationResult) {
		a.Results[0].Device = mixed.Status.Allocation.Devices.Results[0].Device
	})
	if _, err := b.prepare(double); err == nil || !strings.Contains(err.Error(), string(mixed.UID)) {
		t.Error(err)
	}
}

// scheduleAs schedules a claim and has its allocation changed as it is stored.
func (b *bench) scheduleAs(claim *resourceapi.ResourceClaim,
	change func(*resourceapi.DeviceAllocationResult)) {
	b.Helper()
	before := b.allocated.Clone()
	if !b.schedule(claim) {
		b.Fatal("nothing fits")
	}
	b.allocated = before
	change(&claim.Status.Allocation.Devices)
	_, err := b.client.ResourceV1().ResourceClaims(claim.Namespace).Update(b.Context(), claim,
		metav1.UpdateOptions{})
	if err != nil {
		b.Fatal(err)
	}
}

// What the container gets: CDI devices, and in a file what KubeVirt wants to know.
func TestContainer(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "l40", framework, false)
			b.agrees()
			claim := b.newClaim("NVIDIA L40-8Q", 1)
			if !b.schedule(claim) {
				t.Fatal("nothing fits")
			}
			devices, err := b.prepare(claim)
			if err != nil {
				t.Fatal(err)
			}
			list, err := b.host.VGPUs()
			if err != nil {
				t.Fatal(err)
			}
			vgpu := list[0]
			if !slices.Contains(devices[0].CdiDeviceIds, "nvidia.com/vgpu="+vgpu.UUID) {
				t.Error(devices[0].CdiDeviceIds)
			}
			cache, err := cdi.NewCache(cdi.WithSpecDirs(filepath.Join(b.directory, "cdi")))
			if err != nil {
				t.Fatal(err)
			}
			container := &specs.Spec{}
			if missing, err := cache.InjectDevices(container, devices[0].CdiDeviceIds...); err != nil {
				t.Fatal(err, missing)
			}
			address, key := vgpu.VF, attributePCIBusID
			if framework == "mdev" {
				address, key = vgpu.UUID, attributeMdevUUID
			}
			variable := "NVVGPU_" + strings.ReplaceAll(vgpu.UUID, "-", "_") + "=" + address
			if !slices.Contains(container.Process.Env, variable) {
				t.Errorf("%s is not in %v", variable, container.Process.Env)
			}
			if len(container.Mounts) != 1 {
				t.Fatalf("%+v", container.Mounts)
			}
			file, err := os.Open(container.Mounts[0].Source)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			var told metadata.DeviceMetadata
			err = devicemetadata.DecodeMetadataFromStream(json.NewDecoder(file), &told)
			if err != nil || len(told.Requests) != 1 || len(told.Requests[0].Devices) != 1 {
				t.Fatalf("%+v, %v", told, err)
			}
			attributes := told.Requests[0].Devices[0].Attributes
			value := attributes[resourceapi.QualifiedName(key)].StringValue
			if value == nil || *value != address {
				t.Errorf("%s is not in %s", key, compact(attributes))
			}
			b.finish(claim)
			if left, _ := filepath.Glob(b.directory + "/cdi/*"); len(left) > 0 {
				t.Error(left)
			}
		})
	}
}

// Nothing is written to the API server when nothing has changed.
func TestQuiet(t *testing.T) {
	t.Parallel()
	b := newBench(t, "l40", "vendor-vfio", false)
	b.agrees()
	b.client.ClearActions()
	time.Sleep(20 * interval)
	for _, action := range b.client.Actions() {
		if verb := action.GetVerb(); verb != "list" && verb != "watch" && verb != "get" {
			t.Errorf("%s %s", verb, action.GetResource().Resource)
		}
	}
	b.create("0000:41:00.0", nvvgpu.Spec{Type: "L40-16Q"})
	b.agrees()
	if n := len(b.slices()); n < 4 {
		t.Error(n)
	}
}

// The kubelet is told of the health of what claims have.
func TestHealth(t *testing.T) {
	t.Parallel()
	b := newBench(t, "l40", "nvvgpu", false)
	b.agrees()
	claim := b.newClaim("NVIDIA L40-8Q", 1)
	if !b.schedule(claim) {
		t.Fatal("nothing fits")
	}
	if _, err := b.prepare(claim); err != nil {
		t.Fatal(err)
	}
	stream, err := b.health().NodeWatchResources(t.Context(), &health.NodeWatchResourcesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want health.HealthStatus) {
		t.Helper()
		for {
			report, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Devices) == 1 && report.Devices[0].Health == want {
				return
			}
		}
	}
	expect(health.HealthStatus_HEALTHY)
	list, err := b.host.VGPUs()
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	spec := nvvgpu.Spec{Type: "L40-8Q", VF: list[0].VF}
	// all at once, or the driver makes it again: then there is another to be destroyed
	for {
		list, err := b.host.VGPUs()
		if err != nil {
			t.Fatal(err)
		}
		for _, vgpu := range list {
			if _, err := vgpu.DestroyAs("", true); err != nil {
				t.Fatal(err)
			}
		}
		gpu, err := b.host.GPU("0000:41:00.0")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gpu.Create(spec); err == nil {
			break
		}
	}
	expect(health.HealthStatus_UNHEALTHY)
}

func TestPartition(t *testing.T) {
	p := partition{"0000:41:00.0", 876, 3}
	if got, err := parsePartition(p.String()); err != nil || got != p {
		t.Error(got, err)
	}
	for _, text := range []string{"", "gpu-0", "0000-41-00-0-876", "0000-41-00-0-876-03",
		"0000-41-00-0-x-1", "0000-41-00-0-876-1-1"} {
		if got, err := parsePartition(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct{ arguments, want string }{
		{"--node n", ""},
		{"", "--node"},
		{"--version", ""},
		{"--node n --driver A_B", "--driver"},
		{"--node n --interval 0s", "--interval"},
		{"--node n x", "no arguments"},
		{"--help", flag.ErrHelp.Error()},
	} {
		said := ""
		if _, err := parseOptions(strings.Fields(c.arguments)); err != nil {
			said = err.Error()
		}
		if (c.want == "") != (said == "") || !strings.Contains(said, c.want) {
			t.Errorf("%q: %s", c.arguments, said)
		}
	}
	// each option is in the help, and nothing else is
	for word := range strings.FieldsSeq(usage) {
		if name, ok := strings.CutPrefix(word, "--"); ok {
			if _, err := parseOptions([]string{"--" + name}); err != nil &&
				strings.Contains(err.Error(), "not defined") {
				t.Error(err)
			}
		}
	}
}
