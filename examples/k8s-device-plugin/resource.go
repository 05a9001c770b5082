// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"

	"kubernetes/k8s/node"
)

const (
	registerTimeout = 10 * time.Second
	streamTimeout   = 15 * time.Second // then a kubelet that registered us should have asked
)

// resource is the plugin as the kubelet sees it: one service on one socket for each resource name.
type resource struct {
	pluginapi.UnimplementedDevicePluginServer
	name   string
	plugin *plugin

	// of the goroutine that runs the plugin
	path       string // of the socket; another one each time
	server     *grpc.Server
	socket     os.FileInfo // as it was made
	kubelet    os.FileInfo // the kubelet's socket on which it is registered
	registered time.Time

	mutex   sync.Mutex
	devices []*pluginapi.Device
	changed chan struct{} // closed at the next change
	streams int
	idle    time.Time // since when no kubelet listens
}

func newResource(p *plugin, name string) *resource {
	return &resource{
		name:    name,
		plugin:  p,
		changed: make(chan struct{}),
		idle:    time.Now(),
	}
}

// set says what there is now; who listens is told when that is something new.
func (r *resource) set(devices []*pluginapi.Device) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if sameDevices(r.devices, devices) {
		return
	}
	r.devices = devices
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *resource) get() ([]*pluginapi.Device, <-chan struct{}) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.devices, r.changed
}

func (r *resource) listen(n int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.streams += n
	r.idle = time.Now()
}

// forgotten reports whether no kubelet listens although one should.
func (r *resource) forgotten() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.streams == 0 && time.Since(r.idle) > streamTimeout &&
		time.Since(r.registered) > streamTimeout
}

// meet has the socket in place and the kubelet told of it, once for each life of the kubelet.
func (r *resource) meet(ctx context.Context, kubelet string) error {
	now, err := os.Stat(kubelet)
	if err != nil {
		return err
	}
	if r.socketInPlace() && sameSocket(r.kubelet, now) && !r.forgotten() {
		return nil
	}
	r.stop()
	if err := r.serve(); err != nil {
		return err
	}
	if err := r.register(ctx, kubelet); err != nil {
		r.stop()
		return fmt.Errorf("registering %s: %w", r.name, err)
	}
	r.kubelet, r.registered = now, time.Now()
	return nil
}

// socketInPlace: a kubelet that starts removes all sockets.
func (r *resource) socketInPlace() bool {
	if r.socket == nil {
		return false
	}
	now, err := os.Stat(r.path)
	return err == nil && os.SameFile(now, r.socket)
}

// serve makes a socket with a new name.  The kubelet may still hold the last one for connected, and
// never takes that name again then.
func (r *resource) serve() error {
	r.path = socketPath(r.plugin.options.kubeletDir, r.name)
	listener, err := net.Listen("unix", r.path)
	if err != nil {
		return err
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false) // stop does it
	if r.socket, err = os.Stat(r.path); err != nil {
		listener.Close()
		return err
	}
	r.server = grpc.NewServer()
	pluginapi.RegisterDevicePluginServer(r.server, r)
	go r.server.Serve(listener) // until stop
	return nil
}

const (
	socketPrefix = "nvvgpu-"
	socketSuffix = ".sock"
)

// socketPath stays within the 107 bytes that a socket's path can have.
func socketPath(directory, resource string) string {
	_, short, _ := strings.Cut(resource, "/")
	return filepath.Join(directory, fmt.Sprintf("%s%.40s-%08x%s", socketPrefix, short, rand.Uint32(),
		socketSuffix))
}

// removeDeadSockets removes what a plugin that was killed has left.
func removeDeadSockets(directory string) error {
	paths, err := filepath.Glob(filepath.Join(directory, socketPrefix+"*"+socketSuffix))
	if err != nil {
		return err
	}
	for _, path := range paths {
		conn, err := net.Dial("unix", path)
		if err == nil {
			conn.Close()
		} else if errors.Is(err, syscall.ECONNREFUSED) {
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// stop removes the socket, too.
func (r *resource) stop() {
	if r.socket == nil {
		return
	}
	r.server.Stop()
	if err := os.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.plugin.log.Warn("a socket is left", "error", err)
	}
	r.socket, r.kubelet = nil, nil
}

// register tells the kubelet of the resource.  It asks for the options before it answers.
func (r *resource) register(ctx context.Context, kubelet string) error {
	conn, err := grpc.NewClient("unix://"+kubelet,
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, registerTimeout)
	defer cancel()
	_, err = pluginapi.NewRegistrationClient(conn).Register(ctx, &pluginapi.RegisterRequest{
		Version:      pluginapi.Version,
		Endpoint:     filepath.Base(r.path),
		ResourceName: r.name,
		Options:      r.pluginOptions(),
	})
	return err
}

// sameSocket tells a socket from one that was made anew in its place, perhaps with its inode.
func sameSocket(a, b os.FileInfo) bool {
	return a != nil && os.SameFile(a, b) && a.ModTime().Equal(b.ModTime())
}

func (r *resource) pluginOptions() *pluginapi.DevicePluginOptions {
	return &pluginapi.DevicePluginOptions{
		PreStartRequired:                true,
		GetPreferredAllocationAvailable: true,
	}
}

// GetDevicePluginOptions is asked at registration.
func (r *resource) GetDevicePluginOptions(context.Context, *pluginapi.Empty) (
	*pluginapi.DevicePluginOptions, error) {
	return r.pluginOptions(), nil
}

// ListAndWatch sends the list at first, and again at each change.
func (r *resource) ListAndWatch(_ *pluginapi.Empty,
	stream grpc.ServerStreamingServer[pluginapi.ListAndWatchResponse]) error {
	r.listen(1)
	defer r.listen(-1)
	for {
		devices, changed := r.get()
		if err := stream.Send(&pluginapi.ListAndWatchResponse{Devices: devices}); err != nil {
			return err
		}
		r.plugin.metrics.sent.WithLabelValues(r.name).Inc()
		select {
		case <-stream.Context().Done():
			return nil
		case <-changed:
		}
	}
}

// GetPreferredAllocation is advice, which the kubelet asks for before it allocates.
func (r *resource) GetPreferredAllocation(_ context.Context,
	request *pluginapi.PreferredAllocationRequest) (*pluginapi.PreferredAllocationResponse, error) {
	devices, _ := r.get()
	nodes := make(map[string]int)
	for _, d := range devices {
		nodes[d.ID] = numaNode(d)
	}
	numa := func(id string) int {
		if node, ok := nodes[id]; ok {
			return node
		}
		return -1
	}
	response := &pluginapi.PreferredAllocationResponse{}
	for _, c := range request.ContainerRequests {
		response.ContainerResponses = append(response.ContainerResponses,
			&pluginapi.ContainerPreferredAllocationResponse{
				DeviceIDs: prefer(c.AvailableDeviceIDs, c.MustIncludeDeviceIDs,
					int(c.AllocationSize), numa),
			})
	}
	return response, nil
}

// Allocate makes the vGPUs for a container: all of them, or none and an error that says why, which
// Kubernetes shows as an event of the pod.
func (r *resource) Allocate(ctx context.Context, request *pluginapi.AllocateRequest) (
	*pluginapi.AllocateResponse, error) {
	response, err := r.plugin.allocate(ctx, r.name, request)
	if err != nil {
		return nil, status.Error(codes.Aborted, node.Explain(err))
	}
	return response, nil
}

// PreStartContainer sees that what was allocated is still there, perhaps long ago.
func (r *resource) PreStartContainer(ctx context.Context,
	request *pluginapi.PreStartContainerRequest) (*pluginapi.PreStartContainerResponse, error) {
	if err := r.plugin.check(ctx, request.DevicesIds); err != nil {
		return nil, status.Error(codes.FailedPrecondition, node.Explain(err))
	}
	return &pluginapi.PreStartContainerResponse{}, nil
}
