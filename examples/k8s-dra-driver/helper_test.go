// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	corev1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/dynamic-resource-allocation/cel"
	"k8s.io/dynamic-resource-allocation/structured"
	health "k8s.io/kubelet/pkg/apis/dra-health/v1"
	dra "k8s.io/kubelet/pkg/apis/dra/v1"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"

	"kubernetes/k8s/node"
	"kubernetes/k8s/tell"
	"nvvgpu"
)

const (
	worker     = "worker"
	driverName = "vgpu.nvidia.com"
	patience   = 20 * time.Second
	interval   = 50 * time.Millisecond
)

// bench is a cluster of one node: its API server is client-go's fake, its scheduler the allocator
// of the scheduler, its kubelet a client of the driver's sockets.
type bench struct {
	*testing.T
	directory string
	uri       string
	groups    bool
	client    *fake.Clientset
	host      *nvvgpu.Host // to look at the board behind the driver's back

	stop    context.CancelFunc
	done    chan error
	conn    *grpc.ClientConn
	kubelet dra.DRAPluginClient

	allocated sets.Set[structured.DeviceID]
	claims    int
}

func newBench(t *testing.T, boards, framework string, groups bool) *bench {
	t.Helper()
	// short, since paths of sockets are
	directory, err := os.MkdirTemp("", "dra")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	b := &bench{T: t, directory: directory, groups: groups,
		uri: fmt.Sprintf("emu:%s?state=%s/host&framework=%s", boards, directory, framework),
		client: fake.NewClientset(&corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: worker, UID: "uid-of-worker"}}),
		allocated: sets.New[structured.DeviceID]()}
	var serial atomic.Int64 // the fake does not make names
	b.client.PrependReactor("create", "resourceslices",
		func(action clienttesting.Action) (bool, runtime.Object, error) {
			slice := action.(clienttesting.CreateAction).GetObject().(*resourceapi.ResourceSlice)
			if slice.Name == "" {
				slice.Name = fmt.Sprint(slice.GenerateName, serial.Add(1))
			}
			return false, nil, nil
		})
	if b.host, err = nvvgpu.Open(b.uri); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.host.Close() })
	for _, name := range []string{"cdi", "registry", "plugin"} {
		if err := os.Mkdir(filepath.Join(directory, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.start()
	t.Cleanup(b.end)
	return b
}

// start starts the driver, with what an earlier one has left.
func (b *bench) start() {
	b.Helper()
	in := func(name string) string { return filepath.Join(b.directory, name) }
	o := options{node: worker, driver: driverName, interval: interval, groups: b.groups,
		cdiDir: in("cdi"), registryDir: in("registry"), pluginDir: in("plugin")}
	n, err := node.Open(node.Options{URI: b.uri, State: in("leases.json"), Owner: owner,
		CDI: o.cdiDir})
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := newDriver(o, n, log, tell.New(log)).run(ctx, b.client)
		done <- errors.Join(err, n.Close())
	}()
	b.stop, b.done = stop, done
	conn, err := grpc.NewClient("unix://"+in("plugin/dra.sock"),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	b.conn, b.kubelet = conn, dra.NewDRAPluginClient(conn)
}

func (b *bench) health() health.DRAResourceHealthClient {
	return health.NewDRAResourceHealthClient(b.conn)
}

func (b *bench) end() {
	b.Helper()
	if b.stop == nil {
		return
	}
	b.stop()
	if err := <-b.done; err != nil {
		b.Error(err)
	}
	b.stop = nil
}

func (b *bench) restart() {
	b.end()
	b.start()
}

func (b *bench) eventually(what string, wrong func() string) {
	b.Helper()
	end := time.Now().Add(patience)
	for text := wrong(); text != ""; text = wrong() {
		if time.Now().After(end) {
			b.Fatalf("%s: %s; vGPUs: %v", what, text, b.vgpus())
		}
		time.Sleep(interval / 2)
	}
}

// slices are the ResourceSlices in the cluster.
func (b *bench) slices() []*resourceapi.ResourceSlice {
	b.Helper()
	list, err := b.client.ResourceV1().ResourceSlices().List(b.Context(), metav1.ListOptions{})
	if err != nil {
		b.Fatal(err)
	}
	var found []*resourceapi.ResourceSlice
	for i := range list.Items {
		found = append(found, &list.Items[i])
	}
	return found
}

// agrees waits until the taints in the cluster say what the library says.
func (b *bench) agrees() {
	b.Helper()
	b.eventually("slices", func() string {
		gpus, err := b.host.GPUs()
		if err != nil {
			return err.Error()
		}
		offered := make(map[string]bool)
		vfs := make(map[string]int64) // that claims can have, by pool
		for _, gpu := range gpus {
			list, err := gpu.Types(nvvgpu.TypesAll)
			if err != nil {
				return err.Error()
			}
			for _, t := range list {
				offered[fmt.Sprintf("%s-%d", label(gpu.Address), t.ID)] = t.Reason != nvvgpu.ReasonEqualSize
			}
			vgpus, err := gpu.VGPUs()
			if err != nil {
				return err.Error()
			}
			enabled, err := gpu.VFsEnabled()
			if err != nil {
				return err.Error()
			}
			vfs[poolName(worker, gpu.Address)] = int64(enabled)
			for _, vgpu := range vgpus {
				if gpu.VFsTotal > 0 && !strings.HasPrefix(vgpu.Owner, owner+"/") {
					vfs[poolName(worker, gpu.Address)]--
				}
			}
		}
		published := b.slices()
		if text := incomplete(published); text != "" {
			return text
		}
		for _, slice := range published {
			if len(slice.Spec.SharedCounters) > 0 {
				got := slice.Spec.SharedCounters[0].Counters[counterVFs].Value
				if want := vfs[slice.Spec.Pool.Name]; got.Value() != want {
					return fmt.Sprintf("%s has %v VFs of %d", slice.Spec.Pool.Name, got, want)
				}
				delete(vfs, slice.Spec.Pool.Name)
			}
			for _, device := range slice.Spec.Devices {
				kind := device.Name[:strings.LastIndexByte(device.Name, '-')]
				if offered[kind] != (len(device.Taints) == 0) {
					return fmt.Sprintf("%s has %v", device.Name, device.Taints)
				}
			}
		}
		if len(vfs) > 0 {
			return fmt.Sprint("not published: ", vfs)
		}
		return ""
	})
}

// incomplete says which pool is being changed: the scheduler leaves it alone until then.
func incomplete(published []*resourceapi.ResourceSlice) string {
	counts := make(map[resourceapi.ResourcePool]int64)
	names := make(map[string]resourceapi.ResourcePool)
	for _, slice := range published {
		pool := slice.Spec.Pool
		counts[pool]++
		if other, ok := names[pool.Name]; ok && other != pool {
			return fmt.Sprintf("%+v and %+v", pool, other)
		}
		names[pool.Name] = pool
	}
	for pool, count := range counts {
		if count != pool.ResourceSliceCount {
			return fmt.Sprintf("%+v has %d", pool, count)
		}
	}
	return ""
}

// classes knows the class of the manifest.
type classes struct{}

var vgpuClass = &resourceapi.DeviceClass{
	ObjectMeta: metav1.ObjectMeta{Name: driverName},
	Spec: resourceapi.DeviceClassSpec{Selectors: []resourceapi.DeviceSelector{{
		CEL: &resourceapi.CELDeviceSelector{Expression: `device.driver == "` + driverName + `"`}}}},
}

func (classes) List() ([]*resourceapi.DeviceClass, error) {
	return []*resourceapi.DeviceClass{vgpuClass}, nil
}

func (classes) Get(string) (*resourceapi.DeviceClass, error) { return vgpuClass, nil }

var celCache = cel.NewCache(100, cel.Features{})

// newClaim wants count vGPUs of a profile.
func (b *bench) newClaim(profile string, count int64) *resourceapi.ResourceClaim {
	b.claims++
	expression := fmt.Sprintf(`device.attributes[%q].profile == %q`, driverName, profile)
	return &resourceapi.ResourceClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprint("claim-", b.claims),
			UID: types.UID(fmt.Sprintf("7d0c1e9a-2f4b-4c8d-9b3a-%012d", b.claims))},
		Spec: resourceapi.ResourceClaimSpec{Devices: resourceapi.DeviceClaim{
			Requests: []resourceapi.DeviceRequest{{Name: "vgpu",
				Exactly: &resourceapi.ExactDeviceRequest{
					DeviceClassName: driverName,
					AllocationMode:  resourceapi.DeviceAllocationModeExactCount,
					Count:           count,
					Selectors: []resourceapi.DeviceSelector{{
						CEL: &resourceapi.CELDeviceSelector{Expression: expression}}},
				}}}}},
	}
}

// schedule does what the scheduler does with a claim; false: nothing fits.
func (b *bench) schedule(claim *resourceapi.ResourceClaim) bool {
	b.Helper()
	var published []*resourceapi.ResourceSlice
	b.eventually("pools", func() string { // the scheduler tries again when one is complete
		published = b.slices()
		return incomplete(published)
	})
	allocator, err := structured.NewAllocator(b.Context(),
		structured.Features{PartitionableDevices: true, DeviceTaints: true,
			CompatibilityGroups: b.groups},
		structured.AllocatedState{AllocatedDevices: b.allocated}, classes{}, published, celCache)
	if err != nil {
		b.Fatal(err)
	}
	results, err := allocator.Allocate(b.Context(),
		&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: worker}}, []*resourceapi.ResourceClaim{claim})
	if err != nil {
		b.Fatal(err)
	}
	if results == nil {
		return false
	}
	claim.Status.Allocation = &results[0]
	claim.Status.ReservedFor = []resourceapi.ResourceClaimConsumerReference{
		{Resource: "pods", Name: claim.Name, UID: claim.UID}}
	for _, result := range results[0].Devices.Results {
		b.allocated.Insert(structured.MakeDeviceID(result.Driver, result.Pool, result.Device))
	}
	_, err = b.client.ResourceV1().ResourceClaims(claim.Namespace).Create(b.Context(), claim,
		metav1.CreateOptions{})
	if err != nil {
		b.Fatal(err)
	}
	return true
}

// prepare does what the kubelet does for a pod with a claim.
func (b *bench) prepare(claim *resourceapi.ResourceClaim) ([]*dra.Device, error) {
	b.Helper()
	response, err := b.kubelet.NodePrepareResources(b.Context(), &dra.NodePrepareResourcesRequest{
		Claims: []*dra.Claim{{Namespace: claim.Namespace, Uid: string(claim.UID), Name: claim.Name}}})
	if err != nil {
		return nil, err
	}
	answer := response.Claims[string(claim.UID)]
	if answer.Error != "" {
		return nil, errors.New(answer.Error)
	}
	return answer.Devices, nil
}

// finish does what kubelet and controllers do when the pod is gone.
func (b *bench) finish(claim *resourceapi.ResourceClaim) {
	b.Helper()
	response, err := b.kubelet.NodeUnprepareResources(b.Context(), &dra.NodeUnprepareResourcesRequest{
		Claims: []*dra.Claim{{Namespace: claim.Namespace, Uid: string(claim.UID), Name: claim.Name}}})
	if err != nil {
		b.Fatal(err)
	}
	if text := response.Claims[string(claim.UID)].Error; text != "" {
		b.Fatal(text)
	}
	b.forget(claim)
}

func (b *bench) forget(claim *resourceapi.ResourceClaim) {
	b.Helper()
	for _, result := range claim.Status.Allocation.Devices.Results {
		b.allocated.Delete(structured.MakeDeviceID(result.Driver, result.Pool, result.Device))
	}
	err := b.client.ResourceV1().ResourceClaims(claim.Namespace).Delete(b.Context(), claim.Name,
		metav1.DeleteOptions{})
	if err != nil {
		b.Fatal(err)
	}
}

// vgpus returns the owners of all vGPUs.
func (b *bench) vgpus() []string {
	b.Helper()
	list, err := b.host.VGPUs()
	if err != nil {
		b.Fatal(err)
	}
	owners := []string{}
	for _, vgpu := range list {
		owners = append(owners, vgpu.Owner)
	}
	slices.Sort(owners)
	return owners
}

func (b *bench) create(gpu string, spec nvvgpu.Spec) *nvvgpu.VGPU {
	b.Helper()
	g, err := b.host.GPU(gpu)
	if err != nil {
		b.Fatal(err)
	}
	vgpu, err := g.Create(spec)
	if err != nil {
		b.Fatal(err)
	}
	return vgpu
}

func (b *bench) types() []nvvgpu.Type {
	b.Helper()
	g, err := b.host.GPU("0000:41:00.0")
	if err != nil {
		b.Fatal(err)
	}
	list, err := g.Types(nvvgpu.TypesAll)
	if err != nil {
		b.Fatal(err)
	}
	return list
}

// register takes the driver in as the kubelet does that finds the socket in its registry.
func (b *bench) register() *registration.PluginInfo {
	b.Helper()
	socket := filepath.Join(b.directory, "registry", driverName+"-reg.sock")
	conn, err := grpc.NewClient("unix://"+socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	client := registration.NewRegistrationClient(conn)
	info, err := client.GetInfo(b.Context(), &registration.InfoRequest{})
	if err != nil {
		b.Fatal(err)
	}
	_, err = client.NotifyRegistrationStatus(b.Context(),
		&registration.RegistrationStatus{PluginRegistered: true})
	if err != nil {
		b.Fatal(err)
	}
	return info
}

func compact(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
