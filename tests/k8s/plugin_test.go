// SPDX-License-Identifier: MIT

package k8s

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	v1 "k8s.io/api/core/v1"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
	"tags.cncf.io/container-device-interface/pkg/cdi"

	"nvvgpu"
)

const pluginOwner = "k8s-device-plugin"

// bench is a node: a board, a kubelet and the plugin.
type bench struct {
	*testing.T
	*board
	kubelet *kubelet
	plugin  *program
	state   string
	extra   []string // options of the plugin
}

func newBench(t *testing.T, names, framework string, extra ...string) *bench {
	t.Helper()
	b := &bench{T: t, board: newBoard(t, names, framework), kubelet: newKubelet(t),
		state: filepath.Join(t.TempDir(), "leases.json"), extra: extra}
	b.startPlugin()
	return b
}

func (b *bench) startPlugin() {
	b.Helper()
	b.plugin = start(b.T, "DEVICE_PLUGIN", append([]string{
		"--host", b.uri(), "--state", b.state,
		"--interval", interval.String(), "--claim-timeout", "1s",
		"--kubelet-dir", b.kubelet.plugins(), "--pod-resources", b.kubelet.podResources(),
		"--pod", witness, "--metrics", "127.0.0.1:0"}, b.extra...)...)
}

// wrong says what is not as it has to be once nothing happens any more; "": all is well.
func (b *bench) wrong() string {
	allocated, owned := b.kubelet.allocated(), b.owned(pluginOwner)
	allocatable := b.kubelet.allocatable()
	room := b.room()
	has := make(map[string]int)
	for _, ids := range allocated {
		for _, id := range ids {
			has[id]++
		}
	}
	if !maps.Equal(has, owned) {
		return fmt.Sprintf("pods have %v, and there are vGPUs for %v", has, owned)
	}
	for name := range maps.Keys(union(allocatable, room)) {
		if free := allocatable[name] - len(allocated[name]); free != room[name] {
			return fmt.Sprintf("%s: %d of %d devices are free, and %d can be created", name, free,
				allocatable[name], room[name])
		}
	}
	return ""
}

func union(a, b map[string]int) map[string]int {
	c := maps.Clone(a)
	maps.Copy(c, b)
	return c
}

// settled waits until all is well, and then fills a copy of the board: as many as are free can
// really be created.
func (b *bench) settled(random *rand.Rand) {
	b.Helper()
	eventually(b.T, "at rest", b.wrong)
	if random == nil {
		return
	}
	names := slices.Sorted(maps.Keys(b.kubelet.allocatable()))
	if len(names) == 0 {
		return
	}
	name := names[random.IntN(len(names))]
	free := b.kubelet.allocatable()[name] - len(b.kubelet.allocated()[name])
	if made := b.copy().fill(name); made != free {
		b.Fatalf("%s: %d devices are free, and %d could be created", name, free, made)
	}
}

// sent returns how many lists the kubelet has been sent.
func (b *bench) sent() float64 {
	sum := 0.0
	for name, value := range b.plugin.scrape() {
		if strings.HasPrefix(name, "nvvgpu_k8s_lists_sent_total") {
			sum += value
		}
	}
	return sum
}

var frameworks = []string{"nvvgpu", "vendor-vfio", "mdev"}

// Pods come and go in random order, kubelet and plugin die in between, the plugin also in the
// middle of an allocation; another program has a vGPU beside it.
func TestChurn(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			churn(t, framework, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

func churn(t *testing.T, framework string, random *rand.Rand) {
	b := newBench(t, "l40*2", framework)
	foreign := b.create(1, nvvgpu.Spec{Type: "L40-6Q", Owner: "somebody"})
	var pods []*v1.Pod
	restarts, kills := 0, 0
	for admitted, step := 0, 0; admitted < 32 || restarts < 2 || kills < 3; step++ {
		if step > 400 {
			t.Fatalf("%d pods, %d restarts, %d kills in %d steps", admitted, restarts, kills, step)
		}
		switch dice := random.IntN(100); {
		case dice < 55:
			var pod *v1.Pod
			if pod = b.admitRandom(random, 0); pod != nil {
				admitted++
				pods = append(pods, pod)
			}
		case dice < 83 && len(pods) > 0:
			i := random.IntN(len(pods))
			b.kubelet.end(pods[i])
			pods = slices.Delete(pods, i, i+1)
		case dice >= 96:
			restarts++
			b.kubelet.restart()
			b.settled(random)
		case dice >= 90:
			kills++
			if random.IntN(2) == 0 {
				b.plugin.end(syscall.SIGKILL)
			} else if pod := b.admitRandom(random, 1+random.IntN(20)); pod != nil {
				admitted++
				pods = append(pods, pod)
			}
			b.startPlugin()
			b.settled(random)
		}
		if random.IntN(6) == 0 {
			b.settled(random)
		}
	}
	b.settled(random)
	for _, pod := range pods {
		b.kubelet.end(pod)
	}
	b.settled(random)
	left := b.vgpus()
	if len(left) != 1 || left[0].UUID != foreign.UUID || left[0].Owner != "somebody" {
		t.Fatalf("of all vGPUs only the foreign one should be left: %+v", left)
	}
}

// admitRandom admits a pod that wants one or two of something that is free; nil: it was refused.
// With kill, the plugin is killed so many milliseconds after it was asked.
func (b *bench) admitRandom(random *rand.Rand, kill int) *v1.Pod {
	b.Helper()
	allocated := b.kubelet.allocated()
	var free []string
	for name, count := range b.kubelet.allocatable() {
		if count > len(allocated[name]) {
			free = append(free, name)
		}
	}
	if len(free) == 0 {
		if kill > 0 {
			b.plugin.end(syscall.SIGKILL)
		}
		return nil
	}
	slices.Sort(free)
	name := free[random.IntN(len(free))]
	count := 1 + random.IntN(min(2, b.kubelet.allocatable()[name]-len(allocated[name])))
	pod := b.kubelet.newPod(name, count)
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		if kill > 0 {
			time.Sleep(time.Duration(kill) * time.Millisecond)
			b.plugin.end(syscall.SIGKILL)
		}
	}()
	err := b.kubelet.admit(pod)
	<-killed
	if err != nil {
		return nil
	}
	return pod
}

// What a container gets: KubeVirt's variable, and by CDI what its runtime does with it.
func TestAnswer(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			b := newBench(t, "l40", framework, "--cdi-dir", directory)
			b.settled(nil)
			pod := b.kubelet.newPod("nvidia.com/NVIDIA_L40-8Q", 2)
			if err := b.kubelet.admit(pod); err != nil {
				t.Fatal(err)
			}
			options, err := b.kubelet.run(pod)
			if err != nil {
				t.Fatal(err)
			}
			vgpus := b.vgpus()
			var addresses, names []string
			for _, vgpu := range vgpus {
				address := vgpu.VF
				if framework == "mdev" {
					address = vgpu.UUID
				}
				addresses = append(addresses, address)
				names = append(names, "nvidia.com/vgpu="+vgpu.UUID)
			}
			variable := "PCI_RESOURCE_NVIDIA_COM_NVIDIA_L40-8Q"
			if framework == "mdev" {
				variable = "MDEV_" + variable
			}
			if len(options.Envs) != 1 || options.Envs[0].Name != variable ||
				!sameWords(strings.Split(options.Envs[0].Value, ","), addresses) {
				t.Errorf("the container gets %v instead of %s=%v", options.Envs, variable, addresses)
			}
			var given []string
			for _, d := range options.CDIDevices {
				given = append(given, d.Name)
			}
			if !sameWords(given, names) {
				t.Errorf("the container gets %v instead of %v", given, names)
			}
			cache, err := cdi.NewCache(cdi.WithSpecDirs(directory))
			if err != nil {
				t.Fatal(err)
			}
			container := &specs.Spec{}
			if missing, err := cache.InjectDevices(container, given...); err != nil {
				t.Fatal(err, missing)
			}
			if container.Process == nil || len(container.Process.Env) != 2 {
				t.Errorf("the runtime makes of it %+v", container.Process)
			}
			b.kubelet.end(pod)
			eventually(t, "CDI specs", func() string {
				left, err := filepath.Glob(directory + "/*")
				if err != nil || len(left) > 0 {
					return fmt.Sprint("left: ", left, err)
				}
				return ""
			})
		})
	}
}

func sameWords(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// A pod's size leaves only that size to others, and at once.
func TestShrinksAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, "l40", "nvvgpu")
	b.settled(nil)
	if n := b.kubelet.allocatable()["nvidia.com/NVIDIA_L40-24Q"]; n != 2 {
		t.Fatalf("%d instead of 2", n)
	}
	if err := b.kubelet.admit(b.kubelet.newPod("nvidia.com/NVIDIA_L40-8Q", 1)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "other sizes", func() string {
		got := b.kubelet.allocatable()
		want := map[string]int{"nvidia.com/NVIDIA_L40-8Q": 6, "nvidia.com/NVIDIA_L40-8A": 5}
		if !maps.Equal(got, want) {
			return fmt.Sprint(got)
		}
		return ""
	})
	b.settled(nil)
}

// watch is a kubelet that is not Kubernetes': it hands on what it is sent, the healthy devices.
func (b *bench) watch(ctx context.Context, name string) (pluginapi.DevicePluginClient,
	<-chan []string) {
	b.Helper()
	conn, err := grpc.NewClient("unix://"+b.socket(name),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	client := pluginapi.NewDevicePluginClient(conn)
	stream, err := client.ListAndWatch(ctx, &pluginapi.Empty{})
	if err != nil {
		b.Fatal(err)
	}
	lists := make(chan []string, 100)
	go func() {
		defer close(lists)
		for {
			response, err := stream.Recv()
			if err != nil {
				return
			}
			list := []string{}
			for _, d := range response.Devices {
				if d.Health == pluginapi.Healthy {
					list = append(list, d.ID)
				}
			}
			lists <- list
		}
	}()
	return client, lists
}

// socket waits for the one socket of a resource.
func (b *bench) socket(name string) (path string) {
	_, short, _ := cut(name)
	eventually(b.T, "sockets", func() string {
		paths, _ := filepath.Glob(filepath.Join(b.kubelet.plugins(), "nvvgpu-"+short+"-*.sock"))
		for _, path = range paths {
			if conn, err := net.Dial("unix", path); err == nil {
				conn.Close()
				return ""
			}
		}
		return fmt.Sprint("none of ", paths, " is served")
	})
	return path
}

// next is the next list, or nil when there is none within a time.
func next(lists <-chan []string, within time.Duration) []string {
	select {
	case list := <-lists:
		return list
	case <-time.After(within):
		return nil
	}
}

// until reads lists until one has so many devices.  What is seen in the middle of a creation is
// true, too.
func until(t *testing.T, lists <-chan []string, what string, count int) []string {
	t.Helper()
	for {
		list := next(lists, patience)
		if list == nil {
			t.Fatalf("%s: no list of %d", what, count)
		}
		if len(list) == count {
			return list
		}
	}
}

// Nothing is sent when nothing has changed; what has is sent once.
func TestQuiet(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "l40", framework)
			b.settled(nil)
			_, lists := b.watch(t.Context(), "nvidia.com/NVIDIA_L40-16Q")
			if first := next(lists, patience); len(first) != 3 {
				t.Fatalf("at first %v", first)
			}
			before := b.sent()
			if list := next(lists, 10*interval); list != nil {
				t.Fatalf("sent without a change: %v", list)
			}
			if after := b.sent(); after != before {
				t.Fatalf("%v lists were sent without a change", after-before)
			}
			vgpu := b.create(0, nvvgpu.Spec{Type: "L40-16Q"})
			until(t, lists, "after one was taken", 2)
			b.destroy(vgpu.UUID)
			until(t, lists, "after it was given back", 3)
			if list := next(lists, 5*interval); list != nil {
				t.Fatalf("and once more: %v", list)
			}
		})
	}
}

// A kubelet may ask for what has gone meanwhile: it is told why.  An Allocate that fails leaves
// nothing, one that is repeated makes no second vGPU.
func TestAllocate(t *testing.T) {
	t.Parallel()
	b := newBench(t, "l40", "nvvgpu")
	b.settled(nil)
	client, lists := b.watch(t.Context(), "nvidia.com/NVIDIA_L40-8Q")
	if first := next(lists, patience); len(first) != 6 {
		t.Fatalf("at first %v", first)
	}
	allocate := func(ids ...string) (*pluginapi.AllocateResponse, error) {
		return client.Allocate(t.Context(), &pluginapi.AllocateRequest{
			ContainerRequests: []*pluginapi.ContainerAllocateRequest{{DevicesIds: ids}}})
	}
	first, err := allocate("0000:41:00.0-876-0", "0000:41:00.0-876-1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := allocate("0000:41:00.0-876-0", "0000:41:00.0-876-1")
	if err != nil {
		t.Fatal(err)
	}
	const variable = "PCI_RESOURCE_NVIDIA_COM_NVIDIA_L40-8Q"
	one, two := first.ContainerResponses[0].Envs[variable], again.ContainerResponses[0].Envs[variable]
	if one != "0000:41:00.4,0000:41:00.5" || one != two || len(b.vgpus()) != 2 {
		t.Errorf("first %s, then %s; there are %d", one, two, len(b.vgpus()))
	}
	for what, c := range map[string]struct{ ids, want string }{
		"other size":     {"0000:41:00.0-878-0", "is not of nvidia.com/NVIDIA_L40-8Q"},
		"no GPU":         {"0000:99:00.0-876-0", "not-found"},
		"no device":      {"L40-8Q", "no device of this plugin"},
		"not as written": {"0000:41:00.0-876-00", "no device of this plugin"},
	} {
		if _, err := allocate(c.ids); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// released: nobody has them by PodResources
	eventually(t, "released", func() string {
		if n := len(b.vgpus()); n > 0 {
			return fmt.Sprint(n, " are left")
		}
		return ""
	})
	vgpu := b.create(0, nvvgpu.Spec{Type: "L40-12Q"})
	_, err = allocate("0000:41:00.0-876-0", "0000:41:00.0-876-1")
	for _, want := range []string{"equal-size", "only 12 GiB types", "next: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	b.destroy(vgpu.UUID)
	// room for one of two: all or nothing
	var others []*nvvgpu.VGPU
	for range 5 {
		others = append(others, b.create(0, nvvgpu.Spec{Type: "L40-8Q"}))
	}
	if _, err = allocate("0000:41:00.0-876-0", "0000:41:00.0-876-1"); err == nil {
		t.Error("two were made of one")
	}
	if n := len(b.vgpus()); n != len(others) {
		t.Errorf("%d vGPUs are left of a failed allocation", n-len(others))
	}
}

// The machine is rebooted: vGPUs are gone, and what the kubelet remembers has to be true again.
func TestReboot(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "l40", framework)
			b.settled(nil)
			pod := b.kubelet.newPod("nvidia.com/NVIDIA_L40-8Q", 2)
			if err := b.kubelet.admit(pod); err != nil {
				t.Fatal(err)
			}
			before := b.vgpus()
			b.plugin.end(syscall.SIGTERM)
			for _, vgpu := range before {
				b.destroy(vgpu.UUID)
			}
			b.kubelet.restart()
			b.startPlugin()
			b.settled(nil)
			after := b.vgpus()
			if len(after) != 2 || after[0].UUID != before[0].UUID || after[0].VF != before[0].VF ||
				after[1].UUID != before[1].UUID || after[1].VF != before[1].VF {
				t.Errorf("before %+v, after %+v", before, after)
			}
			if err := b.kubelet.admit(pod); err != nil { // as the kubelet does
				t.Error(err)
			}
			if _, err := b.kubelet.run(pod); err != nil {
				t.Error(err)
			}
		})
	}
}

// A vGPU is taken away and cannot be made again: its device is unhealthy, the container does not
// start, and all is well when the cause is gone.
func TestHealth(t *testing.T) {
	t.Parallel()
	b := newBench(t, "l40", "nvvgpu")
	b.settled(nil)
	pod := b.kubelet.newPod("nvidia.com/NVIDIA_L40-8Q", 1)
	if err := b.kubelet.admit(pod); err != nil {
		t.Fatal(err)
	}
	b.plugin.end(syscall.SIGKILL)
	vgpu := b.vgpus()[0]
	b.destroy(vgpu.UUID)
	thief := b.create(0, nvvgpu.Spec{Type: "L40-8Q", VF: vgpu.VF})
	b.startPlugin()
	_, lists := b.watch(t.Context(), "nvidia.com/NVIDIA_L40-8Q")
	id := b.kubelet.allocated()["nvidia.com/NVIDIA_L40-8Q"][0]
	if list := until(t, lists, "with a thief", 5); slices.Contains(list, id) {
		t.Errorf("%s should be unhealthy: %v", id, list)
	}
	eventually(t, "the kubelet", func() string {
		if _, err := b.kubelet.run(pod); err == nil || !strings.Contains(err.Error(), "vf-busy") {
			return fmt.Sprint("the container starts, or is told: ", err)
		}
		return ""
	})
	b.destroy(thief.UUID)
	// it is made again with the next tick; for so long there is room for another
	for list := until(t, lists, "without", 6); !slices.Contains(list, id); {
		list = until(t, lists, id+" healthy", 6)
	}
	if _, err := b.kubelet.run(pod); err != nil {
		t.Error(err)
	}
	b.settled(nil)
}

// A kubelet that has just started does not know its pods: what it says then destroys nothing.
func TestKubeletWithoutPods(t *testing.T) {
	t.Parallel()
	b := newBench(t, "l40", "nvvgpu")
	b.settled(nil)
	pod := b.kubelet.newPod("nvidia.com/NVIDIA_L40-8Q", 1)
	if err := b.kubelet.admit(pod); err != nil {
		t.Fatal(err)
	}
	b.kubelet.setSynced(false)
	time.Sleep(2 * time.Second) // more than the time that a claim is waited for
	if n := len(b.vgpus()); n != 1 {
		t.Errorf("%d vGPUs", n)
	}
	b.kubelet.setSynced(true)
	b.settled(nil)
	if n := len(b.vgpus()); n != 1 {
		t.Errorf("%d vGPUs", n)
	}
}

// What others have made is theirs, even when it looks like ours.
func TestForeign(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			board := newBoard(t, "l40", framework)
			for _, owner := range []string{"", "nova", pluginOwner + "/0000:41:00.0-876-0"} {
				board.create(0, nvvgpu.Spec{Type: "L40-8Q", Owner: owner})
			}
			before := board.vgpus()
			b := &bench{T: t, board: board, kubelet: newKubelet(t),
				state: filepath.Join(t.TempDir(), "leases.json")}
			b.startPlugin()
			eventually(t, "the kubelet", func() string {
				if n := b.kubelet.allocatable()["nvidia.com/NVIDIA_L40-8Q"]; n != 3 {
					return fmt.Sprint(n, " instead of 3")
				}
				return ""
			})
			pod := b.kubelet.newPod("nvidia.com/NVIDIA_L40-8Q", 3)
			if err := b.kubelet.admit(pod); err != nil {
				t.Fatal(err)
			}
			b.kubelet.end(pod)
			eventually(t, "vGPUs", func() string {
				if after := board.vgpus(); !slices.Equal(before, after) {
					return fmt.Sprintf("before %+v, after %+v", before, after)
				}
				return ""
			})
		})
	}
}

// A second plugin with the same leases is refused, and a list of them is not.
func TestSecond(t *testing.T) {
	t.Parallel()
	b := newBench(t, "l40", "nvvgpu")
	b.settled(nil)
	if err := b.kubelet.admit(b.kubelet.newPod("nvidia.com/NVIDIA_L40-8Q", 1)); err != nil {
		t.Fatal(err)
	}
	first := b.plugin
	b.startPlugin()
	err := b.plugin.command.Wait()
	if said := b.plugin.said(); err == nil || !strings.Contains(said, "another process") {
		t.Errorf("it ended with %v and said: %s", err, said)
	}
	list := start(t, "DEVICE_PLUGIN", "--host", b.uri(), "--state", b.state, "--list")
	if err := list.command.Wait(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"nvidia.com/NVIDIA_L40-8Q", "0000:41:00.0", " 1 ", " 5\n"} {
		if !strings.Contains(list.said(), want) {
			t.Errorf("%q is not in:\n%s", want, list.said())
		}
	}
	b.plugin = first
	b.settled(nil)
}

// Two GPUs, and a pod that wants two vGPUs: both from one GPU, from the one that is in use.
func TestPreferred(t *testing.T) {
	t.Parallel()
	b := newBench(t, "l40*2", "nvvgpu")
	b.create(1, nvvgpu.Spec{Type: "L40-8Q"})
	eventually(t, "the kubelet", func() string {
		if n := b.kubelet.allocatable()["nvidia.com/NVIDIA_L40-8Q"]; n != 11 {
			return fmt.Sprint(n, " instead of 11")
		}
		return ""
	})
	pod := b.kubelet.newPod("nvidia.com/NVIDIA_L40-8Q", 2)
	if err := b.kubelet.admit(pod); err != nil {
		t.Fatal(err)
	}
	for _, id := range b.kubelet.allocated()["nvidia.com/NVIDIA_L40-8Q"] {
		if !strings.HasPrefix(id, "0000:42:00.0-") {
			t.Errorf("%s is not of the GPU in use", id)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	b := newBench(t, "l40", "nvvgpu", "--types", "NVIDIA L40-*Q")
	eventually(t, "the kubelet", func() string {
		if n := len(b.kubelet.allocatable()); n != 10 {
			return fmt.Sprint(n, " resources instead of 10")
		}
		return ""
	})
	pod := b.kubelet.newPod("nvidia.com/NVIDIA_L40-8Q", 1)
	if err := b.kubelet.admit(pod); err != nil {
		t.Fatal(err)
	}
	vgpu := b.vgpus()[0]
	const free = `nvvgpu_gpu_framebuffer_bytes{gpu="0000:41:00.0",state="free"}`
	want := map[string]float64{
		free: 40 << 30,
		`nvvgpu_k8s_devices{gpu="0000:41:00.0",resource="nvidia.com/NVIDIA_L40-8Q",state="allocated"}`: 1,
		`nvvgpu_k8s_devices{gpu="0000:41:00.0",resource="nvidia.com/NVIDIA_L40-8Q",state="free"}`:      5,
		`nvvgpu_k8s_allocations_total{resource="nvidia.com/NVIDIA_L40-8Q",result="ok"}`:                1,
		`nvvgpu_k8s_registrations_total{resource="nvidia.com/NVIDIA_L40-8Q"}`:                          1,
		`nvvgpu_gpu_vgpus{gpu="0000:41:00.0",mode="equal-size"}`:                                       1,
		`nvvgpu_gpu_up{framework="nvvgpu",gpu="0000:41:00.0",name="NVIDIA L40",reason="none"}`:         1,
		fmt.Sprintf(`nvvgpu_k8s_vgpu_info{container="compute",device="0000:41:00.0-876-0",`+
			`gpu="0000:41:00.0",namespace="default",pod="%s",resource="nvidia.com/NVIDIA_L40-8Q",`+
			`uuid="%s",vf="%s"}`, pod.Name, vgpu.UUID, vgpu.VF): 1,
	}
	eventually(t, "metrics", func() string {
		got := b.plugin.scrape()
		for name, value := range want {
			if n, ok := got[name]; !ok || n != value {
				return fmt.Sprintf("%s is %v (%v) of %v", name, n, ok, slices.Sorted(maps.Keys(got)))
			}
		}
		return ""
	})
	response, err := http.Get(b.plugin.metrics + "/healthz")
	if err != nil || response.StatusCode != http.StatusOK {
		t.Error(response, err)
	}
	response.Body.Close()
}

// A damaged file of leases is not overwritten.
func TestDamaged(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "leases.json")
	for _, text := range []string{"", "{", `{"version":2,"leases":{}}`,
		`{"version":1,"leases":{"a":{}}}`, `{"version":1,"leases":{"a":null}}`} {
		if err := os.WriteFile(state, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p := start(t, "DEVICE_PLUGIN", "--host", "emu:l40", "--state", state,
			"--kubelet-dir", t.TempDir())
		if err := p.command.Wait(); err == nil || !strings.Contains(p.said(), state) {
			t.Errorf("%q: ended with %v and said: %s", text, err, p.said())
		}
		if data, _ := os.ReadFile(state); string(data) != text {
			t.Errorf("%q was overwritten", text)
		}
	}
}
