// SPDX-License-Identifier: MIT

package k8s

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	pluginregistration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
	"k8s.io/kubernetes/pkg/controller/daemon"
	kubeletdra "k8s.io/kubernetes/pkg/kubelet/cm/dra"
	"k8s.io/kubernetes/pkg/kubelet/config"
	"k8s.io/kubernetes/pkg/kubelet/pluginmanager"

	"nvvgpu"
)

const (
	driverOwner = "k8s-dra-driver"
	driverName  = "vgpu.nvidia.com"
)

// claimNode is a node of a cluster: a board, what of the kubelet has to do with claims, as the
// kubelet itself has it, and the driver as a process.
type claimNode struct {
	*testing.T
	*board
	cluster   *cluster
	name      string
	directory string
	driver    *program
	config    string   // kubeconfig of the driver
	extra     []string // options of the driver

	manager *kubeletdra.Manager
	stop    context.CancelFunc

	mutex sync.Mutex
	known []*v1.Pod

	crashed  bool // the API server: one that starts refuses everything for a moment
	cutShort int  // how often the driver was killed while it prepared
}

// newClaimNode starts the driver as the pod of its manifest would run.
func newClaimNode(t *testing.T, c *cluster, name, boards, framework string,
	extra ...string) *claimNode {
	t.Helper()
	// short, since paths of sockets are
	directory, err := os.MkdirTemp("", "claims")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	n := &claimNode{T: t, board: newBoard(t, boards, framework), cluster: c, name: name,
		directory: directory, extra: extra}
	for _, name := range []string{"registry", "plugin", "cdi", "kubelet"} {
		if err := os.Mkdir(n.file(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c.addNode(t, name, map[string]string{v1.LabelHostname: name})
	n.config = c.kubeconfig(t, "driver-"+name, c.tokenOfDriver(t, name))
	n.startDriver()
	n.startKubelet()
	t.Cleanup(n.remove)
	return n
}

// remove takes the node out of the cluster.
func (n *claimNode) remove() {
	n.driver.end(syscall.SIGKILL)
	n.checkDriver()
	n.stopKubelet()
	remove := func(err error) {
		if err != nil && !apierrors.IsNotFound(err) {
			n.Error(err)
		}
	}
	ctx, options := context.Background(), *metav1.NewDeleteOptions(0)
	for _, slice := range n.slices() {
		remove(n.cluster.client.ResourceV1().ResourceSlices().Delete(ctx, slice.Name, options))
	}
	remove(n.cluster.client.CoreV1().Pods("nvvgpu").Delete(ctx, driverOwner+"-"+n.name, options))
	remove(n.cluster.client.CoreV1().Nodes().Delete(ctx, n.name, options))
}

func (n *claimNode) file(name string) string { return filepath.Join(n.directory, name) }

// tokenOfDriver is what the pod of its DaemonSet has on a node.
func (c *cluster) tokenOfDriver(t *testing.T, node string) string {
	t.Helper()
	set, err := c.client.AppsV1().DaemonSets("nvvgpu").Get(t.Context(), driverOwner,
		metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod := daemon.NewPod(set, node)
	pod.Name = driverOwner + "-" + node
	pods := c.client.CoreV1().Pods(pod.Namespace)
	if pod, err = pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1",
			Name: pod.Name, UID: pod.UID}}}
	request, err = c.client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(t.Context(),
		pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return request.Status.Token
}

func (n *claimNode) startDriver() {
	n.Helper()
	n.checkDriver()
	n.driver = start(n.T, "DRA_DRIVER", append([]string{"--node", n.name, "--host", n.uri(),
		"--kubeconfig", n.config, "--interval", interval.String(), "--state", n.file("leases.json"),
		"--cdi-dir", n.file("cdi"), "--registry-dir", n.file("registry"),
		"--plugin-dir", n.file("plugin")}, n.extra...)...)
}

// checkDriver finds what the driver wanted to do and had no right to.
func (n *claimNode) checkDriver() {
	n.Helper()
	if n.driver == nil || n.crashed {
		return
	}
	if said := n.driver.said(); strings.Contains(said, "forbidden") {
		n.Error(said)
	}
}

// startKubelet is how a kubelet starts: with its checkpoints.
func (n *claimNode) startKubelet() {
	n.Helper()
	client, err := kubernetes.NewForConfig(n.cluster.config("kubelet-" + n.name))
	if err != nil {
		n.Fatal(err)
	}
	logger := klog.Background()
	manager, err := kubeletdra.NewManager(logger, client, n.file("kubelet"))
	if err != nil {
		n.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready := config.NewSourcesReady(func(sets.Set[string]) bool { return true })
	getNode := func(ctx context.Context) (*v1.Node, error) {
		return client.CoreV1().Nodes().Get(ctx, n.name, metav1.GetOptions{})
	}
	if err := manager.Start(ctx, n.pods, getNode, ready); err != nil {
		n.Fatal(err)
	}
	plugins := pluginmanager.NewPluginManager(n.file("registry"), &record.FakeRecorder{})
	plugins.AddHandler(pluginregistration.DRAPlugin, manager.GetWatcherHandler())
	go plugins.Run(ctx, ready, ctx.Done())
	n.manager, n.stop = manager, stop
}

func (n *claimNode) stopKubelet() {
	n.stop()
	n.manager.Stop()
}

// pods are those of the node; when the API server does not answer, those that it had at last.
func (n *claimNode) pods() []*v1.Pod {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	list, err := n.cluster.client.CoreV1().Pods(metav1.NamespaceDefault).List(context.Background(),
		metav1.ListOptions{FieldSelector: "spec.nodeName=" + n.name})
	if err != nil {
		return n.known
	}
	n.known = nil
	for i := range list.Items {
		n.known = append(n.known, &list.Items[i])
	}
	return n.known
}

// newPod is one for this node that wants count vGPUs of a profile, with its template of claims.
func (n *claimNode) newPod(profile string, count int64) *v1.Pod {
	n.Helper()
	template := &resourceapi.ResourceClaimTemplate{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "vgpus-"},
		Spec: resourceapi.ResourceClaimTemplateSpec{Spec: resourceapi.ResourceClaimSpec{
			Devices: resourceapi.DeviceClaim{Requests: []resourceapi.DeviceRequest{{Name: "vgpus",
				Exactly: &resourceapi.ExactDeviceRequest{DeviceClassName: driverName, Count: count,
					AllocationMode: resourceapi.DeviceAllocationModeExactCount,
					Selectors: []resourceapi.DeviceSelector{{CEL: &resourceapi.CELDeviceSelector{
						Expression: fmt.Sprintf("device.attributes[%q].profile == %q", driverName,
							profile)}}}}}}}}}}
	api := n.cluster.client
	template, err := api.ResourceV1().ResourceClaimTemplates(metav1.NamespaceDefault).Create(
		n.Context(), template, metav1.CreateOptions{})
	if err != nil {
		n.Fatal(err)
	}
	const claim = "vgpus"
	pod := &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "guest-"},
		Spec: v1.PodSpec{
			NodeSelector: map[string]string{v1.LabelHostname: n.name},
			ResourceClaims: []v1.PodResourceClaim{
				{Name: claim, ResourceClaimTemplateName: &template.Name}},
			Containers: []v1.Container{{Name: "vmm", Image: "registry.example.com/vmm:1",
				Resources: v1.ResourceRequirements{Claims: []v1.ResourceClaim{{Name: claim}}}}},
		},
	}
	pod, err = api.CoreV1().Pods(metav1.NamespaceDefault).Create(n.Context(), pod,
		metav1.CreateOptions{})
	if err != nil {
		n.Fatal(err)
	}
	return pod
}

// again reads a pod.
func (n *claimNode) again(pod *v1.Pod) *v1.Pod {
	n.Helper()
	pod, err := n.cluster.client.CoreV1().Pods(pod.Namespace).Get(n.Context(), pod.Name,
		metav1.GetOptions{})
	if err != nil {
		n.Fatal(err)
	}
	return pod
}

// scheduled waits until the scheduler has found a place for a pod.
func (n *claimNode) scheduled(pod *v1.Pod) *v1.Pod {
	n.Helper()
	eventually(n.T, "a place for the pod", func() string {
		pod = n.again(pod)
		if pod.Spec.NodeName == n.name {
			return ""
		}
		return fmt.Sprint(pod.Status.Conditions)
	})
	return pod
}

// unschedulable waits until the scheduler says that there is none, and whether it stays so.
func (n *claimNode) unschedulable(pod *v1.Pod) *v1.Pod {
	n.Helper()
	is := func() string {
		pod = n.again(pod)
		for _, c := range pod.Status.Conditions {
			if c.Type == v1.PodScheduled && c.Reason == v1.PodReasonUnschedulable &&
				strings.Contains(c.Message, "cannot allocate all claims") {
				return ""
			}
		}
		return fmt.Sprint(pod.Status.Conditions)
	}
	eventually(n.T, "no place for the pod", is)
	time.Sleep(5 * interval)
	if text := is(); text != "" {
		n.Fatalf("there was no place for the pod, and then %s", text)
	}
	return pod
}

// run does what the kubelet does with a new pod, until it succeeds.
func (n *claimNode) run(pod *v1.Pod) {
	n.Helper()
	eventually(n.T, "prepare", func() string {
		if err := n.manager.PrepareResources(n.Context(), pod); err != nil {
			return err.Error()
		}
		return ""
	})
}

// end is the end of a pod, which had been prepared or not.
func (n *claimNode) end(pod *v1.Pod) {
	n.Helper()
	if pod.Spec.NodeName != "" {
		eventually(n.T, "unprepare", func() string {
			if err := n.manager.UnprepareResources(n.Context(), pod); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	err := n.cluster.client.CoreV1().Pods(pod.Namespace).Delete(n.Context(), pod.Name,
		*metav1.NewDeleteOptions(0))
	if err != nil {
		n.Fatal(err)
	}
}

// claimed are the uids of the claims of pods, with how many vGPUs each has.
func (n *claimNode) claimed() (map[string]int, error) {
	claims, err := n.cluster.client.ResourceV1().ResourceClaims(metav1.NamespaceDefault).List(
		n.Context(), metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	found := make(map[string]int)
	for _, claim := range claims.Items {
		if claim.Status.Allocation == nil {
			continue
		}
		for _, result := range claim.Status.Allocation.Devices.Results {
			if strings.HasPrefix(result.Pool, n.name+"/") {
				found[string(claim.UID)]++
			}
		}
	}
	return found, nil
}

// wrong says what is not as it has to be once nothing happens any more; "": all is well.
func (n *claimNode) wrong() string {
	want, err := n.claimed()
	if err != nil {
		return err.Error()
	}
	has := make(map[string]int)
	for key, count := range n.owned(driverOwner) {
		claim, _, _ := cut(key)
		has[claim] += count
	}
	if !maps.Equal(has, want) {
		return fmt.Sprintf("claims have %v, and there are vGPUs for %v", want, has)
	}
	return n.wrongSlices()
}

// slices are what the driver has published.
func (n *claimNode) slices() []resourceapi.ResourceSlice {
	n.Helper()
	list, err := n.cluster.client.ResourceV1().ResourceSlices().List(context.Background(),
		metav1.ListOptions{FieldSelector: resourceapi.ResourceSliceSelectorNodeName + "=" + n.name})
	if err != nil {
		n.Fatal(err)
	}
	return list.Items
}

// wrongSlices says where the scheduler is not told what the library says: which sizes a GPU does
// not offer because of those that it has.
func (n *claimNode) wrongSlices() string {
	host := n.open()
	defer host.Close()
	offered := make(map[string]bool)
	gpus := n.gpus(host)
	for _, gpu := range gpus {
		types, err := gpu.Types(nvvgpu.TypesAll)
		if err != nil {
			return err.Error()
		}
		for _, t := range types {
			prefix := strings.NewReplacer(":", "-", ".", "-").Replace(gpu.Address)
			offered[fmt.Sprintf("%s-%d", prefix, t.ID)] = t.Reason != nvvgpu.ReasonEqualSize
		}
	}
	seen := make(map[string]bool)
	pools := make(map[resourceapi.ResourcePool]int64)
	for _, slice := range n.slices() {
		pools[slice.Spec.Pool]++
		for _, device := range slice.Spec.Devices {
			kind := device.Name[:strings.LastIndexByte(device.Name, '-')]
			seen[kind] = true
			if offered[kind] != (len(device.Taints) == 0) {
				return fmt.Sprintf("%s has %v", device.Name, device.Taints)
			}
		}
	}
	for pool, count := range pools {
		if count != pool.ResourceSliceCount || len(pools) != len(gpus) {
			return fmt.Sprintf("%d slices of %+v in %d pools", count, pool, len(pools))
		}
	}
	if len(seen) != len(offered) {
		return fmt.Sprintf("%d kinds of vGPUs are published, of %d", len(seen), len(offered))
	}
	return ""
}

func (n *claimNode) settled() {
	n.Helper()
	eventually(n.T, "at rest", n.wrong)
}

// rests finds out whether slices are left alone when nothing changes.
func (n *claimNode) rests() {
	n.Helper()
	versions := func() map[string]string {
		found := make(map[string]string)
		for _, slice := range n.slices() {
			found[slice.Name] = slice.ResourceVersion
		}
		return found
	}
	before := versions()
	time.Sleep(20 * interval)
	if after := versions(); len(before) == 0 || !maps.Equal(before, after) {
		n.Errorf("slices were written: %v, now %v", before, after)
	}
}

// A control plane as it is installed: what its manifests say is enough for the driver, and no more.
func TestCluster(t *testing.T) {
	if os.Getenv("KUBE_APISERVER") == "" {
		t.Skip("its programs are built for a test of their own: see tests/k8s/meson.build")
	}
	c := newCluster(t, "DRADeviceCompatibilityGroups=true",
		append(slices.Clone(frameworks), "here", "there", "groups", "crash", "document")...)
	_, err := c.kubectl(t, source(t, "examples/k8s-dra-driver/daemonset.yaml"), "apply",
		"--validate=strict", "-f", "-")
	if err != nil {
		t.Fatal(err)
	}
	for _, namespace := range []string{"nvvgpu", metav1.NamespaceDefault} {
		_, err := c.client.CoreV1().ServiceAccounts(namespace).Create(t.Context(),
			&v1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Run("churn", func(t *testing.T) {
		for _, framework := range frameworks {
			t.Run(framework, func(t *testing.T) {
				t.Parallel()
				seed := uint64(time.Now().UnixNano())
				t.Logf("seed %d", seed)
				claimChurn(t, c, framework, rand.New(rand.NewPCG(seed, 0)))
			})
		}
	})
	t.Run("rights", func(t *testing.T) { rights(t, c) })
	t.Run("groups", func(t *testing.T) { groups(t, c) })
	t.Run("crash", func(t *testing.T) { crash(t, newClaimNode(t, c, "crash", "l40", "nvvgpu")) })
	t.Run("document", func(t *testing.T) { document(t, c) })
}

// rights: the driver of one node cannot touch what is of another, nor anything else.
func rights(t *testing.T, c *cluster) {
	here := newClaimNode(t, c, "here", "l40", "nvvgpu")
	there := newClaimNode(t, c, "there", "l40", "nvvgpu")
	here.settled()
	there.settled()
	const policy = "other nodes or drivers"
	try := func(config, input, refusal string, arguments ...string) {
		t.Helper()
		_, err := c.kubectl(t, input, append([]string{"--kubeconfig", config}, arguments...)...)
		if refusal == "" && err != nil || refusal != "" && (err == nil ||
			!strings.Contains(err.Error(), refusal)) {
			t.Errorf("%q %s: %v", arguments, input, err)
		}
	}
	own, other := here.slices()[0].Name, there.slices()[0].Name
	try(here.config, "", "", "label", "resourceslice", own, "a=b")
	try(here.config, "", policy, "label", "resourceslice", other, "a=b")
	try(here.config, "", policy, "delete", "resourceslice", other)
	for _, forbidden := range []string{"get secrets -A", "get pods -A", "label node here a=b",
		"get resourceclaims -A"} {
		try(here.config, "", "forbidden", strings.Fields(forbidden)...)
	}
	const slice = `{"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice",
		"metadata": {"name": "slice"}, "spec": {"driver": %q, %s,
		"pool": {"name": %q, "generation": 1, "resourceSliceCount": 1}}}`
	for _, bad := range [][3]string{{driverName, `"nodeName": "there"`, "there/gpu"},
		{driverName, `"nodeName": "here"`, "there/gpu"}, {"other", `"nodeName": "here"`, "here/gpu"},
		{driverName, `"allNodes": true`, "here/gpu"}} {
		try(here.config, fmt.Sprintf(slice, bad[0], bad[1], bad[2]), policy, "create",
			"--dry-run=server", "-f", "-")
	}
	good := fmt.Sprintf(slice, driverName, `"nodeName": "here"`, "here/gpu")
	try(here.config, good, "", "create", "--dry-run=server", "-f", "-")
	request, err := c.client.CoreV1().ServiceAccounts("nvvgpu").CreateToken(t.Context(), driverOwner,
		&authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	nowhere := c.kubeconfig(t, "driver-nowhere", request.Status.Token)
	try(nowhere, good, policy, "create", "--dry-run=server", "-f", "-")
	try(here.config, "", "", "delete", "resourceslice", own)
	here.settled()
}

// groups: where the cluster knows compatibility groups, of two pods that come at the same moment
// and want vGPUs of different sizes of one GPU, one is scheduled and the other waits until it can.
func groups(t *testing.T, c *cluster) {
	n := newClaimNode(t, c, "groups", "l40", "nvvgpu", "--compatibility-groups")
	n.settled()
	first, second := n.newPod("NVIDIA L40-8Q", 1), n.newPod("NVIDIA L40-12Q", 1)
	eventually(t, "one is scheduled", func() string {
		first, second = n.again(first), n.again(second)
		if first.Spec.NodeName == "" {
			first, second = second, first
		}
		if first.Spec.NodeName == "" {
			return "none"
		}
		return ""
	})
	second = n.unschedulable(second)
	for _, pod := range []*v1.Pod{first, second} {
		pod = n.scheduled(pod)
		n.run(pod)
		n.end(pod)
	}
	n.settled()
}

// crash: the API server dies, and the driver goes on when it is back.
func crash(t *testing.T, n *claimNode) {
	n.settled()
	first := n.scheduled(n.newPod("NVIDIA L40-8Q", 1))
	n.run(first)
	n.crashed = true
	n.cluster.server.end(syscall.SIGKILL)
	time.Sleep(5 * interval)
	n.cluster.startServer(t)
	second := n.scheduled(n.newPod("NVIDIA L40-8Q", 1))
	n.run(second)
	n.settled()
	n.end(first)
	n.end(second)
	n.settled()
}

var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// document: what the quickstart has users do with kubectl, and the pod of its claim.
func document(t *testing.T, c *cluster) {
	n := newClaimNode(t, c, "document", "l40", "nvvgpu")
	n.settled()
	commands := 0
	for _, block := range shellBlock.FindAllStringSubmatch(source(t, quickstart), -1) {
		for line := range strings.Lines(block[1]) {
			words := strings.Fields(strings.ReplaceAll(line, "NAME", n.name))
			if len(words) < 3 || words[0] != "kubectl" {
				continue
			}
			commands++
			if out, err := c.kubectl(t, "", words[1:]...); err != nil {
				t.Error(err)
			} else if words[2] == "resourceslices" && !strings.Contains(out, driverName) {
				t.Errorf("%s says %s", line, out)
			}
		}
	}
	if commands != 5 {
		t.Error(commands, "commands")
	}
	for name, text := range yamlBlocks(t) {
		if name == "claim.yaml" || strings.Contains(text, "kubevirt.io/") {
			continue
		}
		if _, err := c.kubectl(t, text, "apply", "--validate=strict", "--dry-run=server", "-f",
			"-"); err != nil {
			t.Error(name, err)
		}
	}
	if _, err := c.kubectl(t, yamlBlocks(t)["claim.yaml"], "apply", "--validate=strict", "-f",
		"-"); err != nil {
		t.Fatal(err)
	}
	pod, err := c.client.CoreV1().Pods(metav1.NamespaceDefault).Get(t.Context(), "guest",
		metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod = n.scheduled(pod)
	n.run(pod)
	if vgpus := n.vgpus(); len(vgpus) != 1 || vgpus[0].TypeName != "NVIDIA L40-8Q" {
		t.Errorf("the pod has %+v", vgpus)
	}
	n.end(pod)
	n.settled()
}

// claimChurn: pods come and go in random order, kubelet and driver die in between, the driver also
// while it prepares; another program has a vGPU beside it.
func claimChurn(t *testing.T, c *cluster, framework string, random *rand.Rand) {
	n := newClaimNode(t, c, framework, "l40*2", framework)
	foreign := n.create(1, nvvgpu.Spec{Type: "L40-6Q", Owner: "somebody"})
	n.settled()
	var pods []*v1.Pod
	restarts, kills := 0, 0
	for admitted, step := 0, 0; admitted < 32 || restarts < 2 || kills < 2 || n.cutShort < 2; step++ {
		if step > 400 {
			t.Fatalf("%d pods, %d restarts, %d and %d kills in %d steps", admitted, restarts, kills,
				n.cutShort, step)
		}
		switch dice := random.IntN(100); {
		case dice < 60:
			kill := 0
			if dice < 8 {
				kill = 1 + random.IntN(40)
			}
			if pod := n.admitRandom(random, kill); pod != nil {
				admitted++
				pods = append(pods, pod)
			}
		case dice < 88 && len(pods) > 0:
			i := random.IntN(len(pods))
			n.end(pods[i])
			pods = slices.Delete(pods, i, i+1)
		case dice >= 96:
			restarts++
			n.stopKubelet()
			n.startKubelet()
		case dice >= 92:
			kills++
			n.driver.end(syscall.SIGKILL)
			n.startDriver()
		}
		n.settled()
	}
	for _, pod := range pods {
		n.end(pod)
	}
	n.settled()
	n.rests()
	left := n.vgpus()
	if len(left) != 1 || left[0].UUID != foreign.UUID || left[0].Owner != "somebody" {
		t.Fatalf("of all vGPUs only the foreign one should be left: %+v", left)
	}
	if specs, err := filepath.Glob(n.file("cdi/*.json")); err != nil || len(specs) > 0 {
		t.Errorf("specs are left: %v %v", specs, err)
	}
}

// admitRandom makes a pod that wants one or two of some profile.  The scheduler has to find a place
// for it exactly if the library says that there is room, and what it finds has to become vGPUs;
// nil: there was no room.  With kill, the driver is killed so many milliseconds after it was asked.
func (n *claimNode) admitRandom(random *rand.Rand, kill int) *v1.Pod {
	n.Helper()
	room := n.room()
	host := n.open()
	types, err := n.gpus(host)[0].Types(nvvgpu.TypesAll)
	host.Close()
	if err != nil {
		n.Fatal(err)
	}
	profile := types[random.IntN(len(types))].Name
	count := 1 + random.IntN(2)
	pod := n.newPod(profile, int64(count))
	if room[resourceOf(profile)] < count {
		n.end(n.unschedulable(pod))
		return nil
	}
	pod = n.scheduled(pod)
	if kill > 0 {
		go func(driver *program) {
			time.Sleep(time.Duration(kill) * time.Millisecond)
			driver.command.Process.Signal(syscall.SIGKILL)
		}(n.driver)
		if n.manager.PrepareResources(n.Context(), pod) != nil {
			n.cutShort++
		}
		n.driver.end(syscall.SIGKILL)
		n.startDriver()
	}
	n.run(pod)
	return pod
}
