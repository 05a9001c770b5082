// SPDX-License-Identifier: MIT

package k8s

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/resourceclaim"
)

// cluster is a control plane: etcd, API server and scheduler, and of the controller manager what
// makes claims of templates.  Nodes and their kubelets are the tests'.
type cluster struct {
	t         *testing.T // with which it ends
	directory string
	address   string // of the API server
	options   []string
	server    *program
	client    kubernetes.Interface // as administrator
}

// tokens of those that the API server is told of beforehand
const (
	administrator = "administrator"
	scheduler     = "kube-scheduler"
)

// newCluster starts one; gates: its feature gates, as name=true; nodes: the names of those it will
// have, each with the token kubelet-NODE.
func newCluster(t *testing.T, gates string, nodes ...string) *cluster {
	t.Helper()
	// short, since paths of sockets are
	directory, err := os.MkdirTemp("", "cluster")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	c := &cluster{t: t, directory: directory, address: freeAddress(t)}
	host, port, err := net.SplitHostPort(c.address)
	if err != nil {
		t.Fatal(err)
	}
	etcd, peer := "unix://"+c.file("etcd:0"), "unix://"+c.file("peer:0")
	start(t, "ETCD", "--name", "cluster", "--data-dir", c.file("etcd"), "--log-level", "warn",
		"--listen-client-urls", etcd, "--advertise-client-urls", etcd,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
		"--initial-cluster", "cluster="+peer, "--unsafe-no-fsync")
	key, err := keyutil.MakeEllipticPrivateKeyPEM() // of the tokens of service accounts
	if err != nil {
		t.Fatal(err)
	}
	c.write(t, "key.pem", key)
	var tokens strings.Builder
	fmt.Fprintf(&tokens, "%[1]s,%[1]s,1,system:masters\n", administrator)
	fmt.Fprintf(&tokens, "%[1]s,system:%[1]s,2\n", scheduler)
	for _, node := range nodes {
		fmt.Fprintf(&tokens, "kubelet-%[1]s,system:node:%[1]s,%[1]s,system:nodes\n", node)
	}
	c.write(t, "tokens.csv", []byte(tokens.String()))
	c.options = []string{"--etcd-servers", etcd, "--bind-address", host, "--secure-port", port,
		"--cert-dir", c.file("certificates"), "--token-auth-file", c.file("tokens.csv"),
		"--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction",
		"--service-account-issuer", "https://cluster", "--service-account-key-file",
		c.file("key.pem"), "--service-account-signing-key-file", c.file("key.pem"),
		"--service-cluster-ip-range", "10.0.0.0/24", "--feature-gates", gates}
	if c.client, err = kubernetes.NewForConfig(c.config(administrator)); err != nil {
		t.Fatal(err)
	}
	c.kubeconfig(t, "kubeconfig", administrator)
	c.startServer(t)
	start(t, "KUBE_SCHEDULER", "--kubeconfig", c.kubeconfig(t, "scheduler", scheduler),
		"--leader-elect=false", "--authentication-skip-lookup", "--secure-port", "0",
		"--feature-gates", gates)
	c.startClaims(t)
	return c
}

func (c *cluster) file(name string) string { return filepath.Join(c.directory, name) }

func (c *cluster) write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(c.file(name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// freeAddress is one on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// startServer starts the API server, and waits until it is ready.
func (c *cluster) startServer(t *testing.T) {
	t.Helper()
	c.server = start(c.t, "KUBE_APISERVER", c.options...)
	within(t, 2*time.Minute, "the API server", func() string {
		err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(t.Context()).Error()
		if err != nil {
			return err.Error()
		}
		return ""
	})
}

// startClaims runs the controller that makes claims of templates, and ends those of pods that are
// gone.
func (c *cluster) startClaims(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	factory := informers.NewSharedInformerFactory(c.client, 0)
	controller, err := resourceclaim.NewController(klog.Background(), c.client,
		factory.Core().V1().Pods(), factory.Scheduling().V1beta1().PodGroups(),
		factory.Resource().V1().ResourceClaims(), factory.Resource().V1().ResourceClaimTemplates())
	if err != nil {
		t.Fatal(err)
	}
	factory.Start(ctx.Done())
	go controller.Run(ctx, 2)
}

// config reaches the API server as who has a token.
func (c *cluster) config(token string) *rest.Config {
	return &rest.Config{Host: "https://" + c.address, BearerToken: token, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{Insecure: true}} // its certificate is its own
}

// kubeconfig writes a file with which a program is who has a token, and returns its path.
func (c *cluster) kubeconfig(t *testing.T, file, token string) string {
	t.Helper()
	const name = "cluster"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: "https://" + c.address,
		InsecureSkipTLSVerify: true}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, c.file(file)); err != nil {
		t.Fatal(err)
	}
	return c.file(file)
}

// kubectl runs it as administrator, with input, and returns what it says.
func (c *cluster) kubectl(t *testing.T, input string, arguments ...string) (string, error) {
	t.Helper()
	command := exec.Command(os.Getenv("KUBECTL"), append([]string{"--kubeconfig", c.file("kubeconfig"),
		"--cache-dir", c.file("cache")}, arguments...)...)
	command.Stdin, command.Dir = strings.NewReader(input), os.Getenv("SOURCE")
	out, err := command.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("kubectl %q: %w: %s", arguments, err, out)
	}
	return string(out), nil
}

func quantity(n int64) *resource.Quantity { return resource.NewQuantity(n, resource.DecimalSI) }

// addNode makes a node that is ready, with room for pods.
func (c *cluster) addNode(t *testing.T, name string, labels map[string]string) {
	t.Helper()
	node, err := c.client.CoreV1().Nodes().Create(t.Context(),
		&v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	node.Status.Allocatable = v1.ResourceList{v1.ResourcePods: *quantity(110),
		v1.ResourceCPU: *quantity(64), v1.ResourceMemory: *quantity(64 << 30)}
	node.Status.Capacity = node.Status.Allocatable
	node.Status.Conditions = []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionTrue}}
	if _, err := c.client.CoreV1().Nodes().UpdateStatus(t.Context(), node,
		metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err = c.client.CoreV1().Nodes().Patch(t.Context(), name, "application/merge-patch+json",
		[]byte(`{"spec":{"taints":null}}`), metav1.PatchOptions{}) // of one that is not ready yet
	if err != nil {
		t.Fatal(err)
	}
}
