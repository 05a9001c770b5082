// SPDX-License-Identifier: MIT

package k8s

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	_ "unsafe" // for go:linkname

	cadvisor "github.com/google/cadvisor/lib/model"
	"google.golang.org/grpc"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/klog/v2"
	podresourcesapi "k8s.io/kubelet/pkg/apis/podresources/v1"
	"k8s.io/kubernetes/pkg/kubelet/apis/podresources"
	"k8s.io/kubernetes/pkg/kubelet/cm/containermap"
	"k8s.io/kubernetes/pkg/kubelet/cm/devicemanager"
	"k8s.io/kubernetes/pkg/kubelet/cm/topologymanager"
	"k8s.io/kubernetes/pkg/kubelet/config"
	"k8s.io/kubernetes/pkg/kubelet/lifecycle"
)

// newManagerImpl is NewManagerImpl with the directory of its choice.
//
//go:linkname newManagerImpl k8s.io/kubernetes/pkg/kubelet/cm/devicemanager.newManagerImpl
func newManagerImpl(logger klog.Logger, socketPath string, topology []cadvisor.Node,
	affinity topologymanager.Store) (*devicemanager.ManagerImpl, error)

// witness is the pod in which the plugin would run.
const witness = "kube-system/vgpus"

// kubelet is what of the kubelet has to do with devices, as the kubelet itself has it: its device
// manager and the server of its PodResources.  The pods are ours.
type kubelet struct {
	t         *testing.T
	directory string

	mutex   sync.Mutex
	manager *devicemanager.ManagerImpl
	server  *grpc.Server
	pods    []*v1.Pod
	synced  bool // false: it has just started and knows no pods yet
	uids    int
}

func newKubelet(t *testing.T) *kubelet {
	// short, since paths of sockets are
	directory, err := os.MkdirTemp("", "kubelet")
	if err != nil {
		t.Fatal(err)
	}
	k := &kubelet{t: t, directory: directory}
	k.start()
	t.Cleanup(func() {
		k.stop()
		os.RemoveAll(directory)
	})
	return k
}

func (k *kubelet) plugins() string { return filepath.Join(k.directory, "device-plugins") }

func (k *kubelet) podResources() string { return filepath.Join(k.directory, "pod-resources.sock") }

// start is how a kubelet starts: it removes all sockets and reads its checkpoint.
func (k *kubelet) start() {
	k.t.Helper()
	logger := klog.Background()
	manager, err := newManagerImpl(logger, filepath.Join(k.plugins(), "kubelet.sock"),
		nil, topologymanager.NewFakeManager(logger))
	if err != nil {
		k.t.Fatal(err)
	}
	if err := os.MkdirAll(k.plugins(), 0o755); err != nil {
		k.t.Fatal(err)
	}
	ready := config.NewSourcesReady(func(sets.Set[string]) bool { return k.isSynced() })
	err = manager.Start(logger, k.GetActivePods, ready, containermap.NewContainerMap(),
		sets.New[string]())
	if err != nil {
		k.t.Fatal(err)
	}
	os.Remove(k.podResources())
	listener, err := net.Listen("unix", k.podResources())
	if err != nil {
		k.t.Fatal(err)
	}
	server := grpc.NewServer()
	podresourcesapi.RegisterPodResourcesListerServer(server,
		podresources.NewV1PodResourcesServer(context.Background(), podresources.PodResourcesProviders{
			Pods: k, Devices: devices{k}, Cpus: none{}, Memory: none{}, DynamicResources: none{}}))
	go server.Serve(listener)
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.manager, k.server, k.synced = manager, server, true
}

// stop leaves pods and checkpoint.
func (k *kubelet) stop() {
	k.server.Stop()
	if err := k.manager.Stop(klog.Background()); err != nil {
		k.t.Error(err)
	}
}

func (k *kubelet) restart() {
	k.stop()
	k.start()
}

// setSynced: without, it answers as one that does not know its pods yet.
func (k *kubelet) setSynced(synced bool) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.synced = synced
}

func (k *kubelet) isSynced() bool {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return k.synced
}

// newPod makes a pod with one container that wants count of a resource.
func (k *kubelet) newPod(name string, count int) *v1.Pod {
	k.uids++
	quantity := *resource.NewQuantity(int64(count), resource.DecimalSI)
	list := v1.ResourceList{v1.ResourceName(name): quantity}
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("guest-%d", k.uids),
			UID: types.UID(fmt.Sprintf("uid-%d", k.uids))},
		Spec: v1.PodSpec{Containers: []v1.Container{{Name: "compute",
			Resources: v1.ResourceRequirements{Limits: list, Requests: list}}}},
	}
}

// admit does what the kubelet does with a new pod: an error is what becomes of it in the pod's
// status.
func (k *kubelet) admit(pod *v1.Pod) error {
	k.mutex.Lock()
	k.pods = append(k.pods, pod)
	manager := k.manager
	k.mutex.Unlock()
	err := manager.Allocate(context.Background(), pod, &pod.Spec.Containers[0], lifecycle.AddOperation)
	if err != nil {
		k.end(pod)
	}
	return err
}

// run starts its container: what the runtime is given.
func (k *kubelet) run(pod *v1.Pod) (*devicemanager.DeviceRunContainerOptions, error) {
	return k.manager.GetDeviceRunContainerOptions(context.Background(), pod, &pod.Spec.Containers[0])
}

// end is the end of a pod.
func (k *kubelet) end(pod *v1.Pod) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.pods = slices.DeleteFunc(k.pods, func(p *v1.Pod) bool { return p == pod })
}

// allocatable is what the scheduler is told of; only resources of which there is at least one.
func (k *kubelet) allocatable() map[string]int {
	found := make(map[string]int)
	_, allocatable, _ := k.manager.GetCapacity(klog.Background())
	for name, quantity := range allocatable {
		if quantity.Value() > 0 {
			found[string(name)] = int(quantity.Value())
		}
	}
	return found
}

// allocated returns the devices that pods have, by resource.
func (k *kubelet) allocated() map[string][]string {
	k.manager.UpdateAllocatedDevices(klog.Background())
	found := make(map[string][]string)
	for _, pod := range k.GetActivePods() {
		for name, instances := range k.manager.GetDevices(string(pod.UID), "compute") {
			for id := range instances {
				found[name] = append(found[name], id)
			}
		}
	}
	return found
}

// GetActivePods is for the PodResources server.
func (k *kubelet) GetActivePods() []*v1.Pod {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if !k.synced {
		return nil
	}
	namespace, name, _ := cut(witness)
	own := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: "witness"}}
	return append([]*v1.Pod{own}, k.pods...)
}

// GetPods is for the PodResources server.
func (k *kubelet) GetPods() []*v1.Pod { return k.GetActivePods() }

// GetPodByName is for the PodResources server.
func (k *kubelet) GetPodByName(namespace, name string) (*v1.Pod, bool) {
	for _, pod := range k.GetActivePods() {
		if pod.Namespace == namespace && pod.Name == name {
			return pod, true
		}
	}
	return nil, false
}

// devices brings the device manager's answers into the form of PodResources, as the kubelet's
// container manager does.
type devices struct{ k *kubelet }

func (d devices) UpdateAllocatedDevices(logger klog.Logger) {
	d.k.manager.UpdateAllocatedDevices(logger)
}

func (d devices) GetDevices(podUID, container string) []*podresourcesapi.ContainerDevices {
	return containerDevices(d.k.manager.GetDevices(podUID, container))
}

func (d devices) GetAllocatableDevices(logger klog.Logger) []*podresourcesapi.ContainerDevices {
	return containerDevices(d.k.manager.GetAllocatableDevices(logger))
}

func containerDevices(
	all devicemanager.ResourceDeviceInstances) []*podresourcesapi.ContainerDevices {
	var found []*podresourcesapi.ContainerDevices
	for name, instances := range all {
		for id := range instances {
			found = append(found, &podresourcesapi.ContainerDevices{ResourceName: name,
				DeviceIds: []string{id}})
		}
	}
	return found
}

// none is for what the kubelet has beside devices.
type none struct{}

func (none) GetCPUs(*v1.Pod, *v1.Container) []int64 { return nil }
func (none) GetPodCPUs(string) []int64              { return nil }
func (none) GetAllocatableCPUs() []int64            { return nil }
func (none) GetMemory(klog.Logger, *v1.Pod, *v1.Container) []*podresourcesapi.ContainerMemory {
	return nil
}
func (none) GetPodMemory(klog.Logger, string) []*podresourcesapi.ContainerMemory { return nil }
func (none) GetAllocatableMemory(klog.Logger) []*podresourcesapi.ContainerMemory { return nil }
func (none) GetDynamicResources(klog.Logger, *v1.Pod,
	*v1.Container) []*podresourcesapi.DynamicResource {
	return nil
}
