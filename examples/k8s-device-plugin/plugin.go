// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"

	"kubernetes/k8s/node"
	"kubernetes/k8s/tell"
)

const meetRetry = time.Second

// plugin holds together the GPUs, the leases and what the kubelet knows of them.
type plugin struct {
	options options
	log     *slog.Logger
	node    *node.Node
	lister  lister
	metrics *metrics
	told    *tell.Teller

	wake   chan struct{} // something may have changed
	looked atomic.Int64  // when the GPUs were last looked at, as Unix time in nanoseconds

	mutex     sync.Mutex // for all below, and so that one thing is done at a time
	gpus      []node.GPU
	list      resourceList
	resources map[string]*resource
	troubles  map[string]error   // of leases
	tenants   map[string]*tenant // of leases
}

func newPlugin(o options, n *node.Node, log *slog.Logger, told *tell.Teller) *plugin {
	p := &plugin{
		options:   o,
		log:       log,
		node:      n,
		lister:    lister{o.types},
		told:      told,
		wake:      make(chan struct{}, 1),
		list:      make(resourceList),
		resources: make(map[string]*resource),
		tenants:   make(map[string]*tenant),
	}
	p.metrics = newMetrics(p)
	return p
}

// poke makes the plugin look again soon.
func (p *plugin) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run serves until ctx ends.
func (p *plugin) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	watch, err := watchKubelet(ctx, p.options.kubeletDir, p.poke)
	if err != nil {
		cancel()
		return err
	}
	if err := removeDeadSockets(p.options.kubeletDir); err != nil {
		p.log.Warn("sockets of an earlier run are left", "error", err)
	}
	var helpers sync.WaitGroup
	helpers.Go(func() { p.node.Watch(ctx, p.poke) })
	helpers.Go(func() { p.followPods(ctx) })
	defer helpers.Wait()
	defer cancel()
	defer p.stop()
	tick := time.NewTicker(p.options.interval)
	defer tick.Stop()
	search := true
	for {
		p.update(search)
		p.meetKubelet(ctx)
		select {
		case <-ctx.Done():
			return nil
		case err := <-watch:
			return err
		case <-tick.C:
			search = true
		case <-p.wake:
			search = false
		}
	}
}

func (p *plugin) stop() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, r := range p.resources {
		r.stop()
	}
}

// update looks at everything and tells the kubelet what is new.  With search it is more thorough:
// GPUs may have come, and what could not be repaired is tried again.
func (p *plugin) update(search bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.repair(search)
	p.look(search)
}

// repair has leases in order, all or those of keys, and says which are not.  mutex is held.
func (p *plugin) repair(again bool, keys ...string) {
	p.troubles = p.node.Repair(again, keys...)
	p.told.Leases(p.node.Leases(), p.troubles)
}

// look works out the lists anew.  mutex is held.
func (p *plugin) look(search bool) {
	gpus, err := p.node.Look(search)
	if err != nil {
		p.told.Warn("the search for GPUs", err)
		p.metrics.failures.Inc()
		gpus = p.gpus // nothing is known of any of them
		for i := range gpus {
			gpus[i].Err = err
		}
	} else {
		p.told.Well("the search for GPUs")
		p.gpus = gpus
		p.looked.Store(time.Now().UnixNano())
		for i := range gpus {
			p.told.GPU(&gpus[i])
			if gpus[i].Err != nil {
				p.metrics.failures.Inc()
			}
		}
	}
	leases := p.node.Leases()
	leased := keysOf(leases)
	p.list = p.lister.list(gpus, leases, p.troubles, p.list)
	for _, name := range p.list.names() {
		r := p.resources[name]
		if r == nil {
			if worthless(p.list[name], leased) {
				continue // not before there is something to give
			}
			r = newResource(p, name)
			p.resources[name] = r
			p.poke() // to register it
		}
		r.set(p.list[name])
	}
}

// meetKubelet has all sockets in place and all resources registered.  What fails is tried again,
// and keeps no other resource waiting.
func (p *plugin) meetKubelet(ctx context.Context) {
	p.mutex.Lock()
	resources := make([]*resource, 0, len(p.resources))
	for _, name := range p.list.names() {
		if r := p.resources[name]; r != nil {
			resources = append(resources, r)
		}
	}
	p.mutex.Unlock()
	kubelet := filepath.Join(p.options.kubeletDir, "kubelet.sock")
	var first error
	for _, r := range resources {
		before := r.registered
		if err := r.meet(ctx, kubelet); err != nil {
			first = cmp.Or(first, err)
		} else if r.registered != before {
			p.metrics.registrations.WithLabelValues(r.name).Inc()
			p.log.Info("registered", "resource", r.name)
		}
	}
	if first != nil {
		p.told.Warn("the kubelet", first)
		time.AfterFunc(meetRetry, p.poke)
		return
	}
	p.told.Well("the kubelet")
}

// allocate makes the vGPUs of a request.
func (p *plugin) allocate(ctx context.Context, name string, request *pluginapi.AllocateRequest) (
	*pluginapi.AllocateResponse, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	defer p.look(false) // other resources shrink before the kubelet has its answer
	response := &pluginapi.AllocateResponse{}
	var made []string
	for _, c := range request.ContainerRequests {
		container, keys, err := p.allocateContainer(ctx, name, c.DevicesIds)
		made = append(made, keys...)
		if err != nil {
			for _, key := range made {
				err = errors.Join(err, p.release(key))
			}
			p.metrics.allocated(name, err)
			p.told.Event("Allocate"+node.Cause(err), name+": "+node.Explain(err))
			return nil, err
		}
		response.ContainerResponses = append(response.ContainerResponses, container)
	}
	p.metrics.allocated(name, nil)
	return response, nil
}

// allocateContainer returns what it has made also when it fails.  mutex is held.
func (p *plugin) allocateContainer(ctx context.Context, name string, ids []string) (
	response *pluginapi.ContainerAllocateResponse, made []string, err error) {
	var leases []node.Lease
	for _, id := range ids {
		lease, err := p.acquire(ctx, name, id)
		if err != nil {
			return nil, made, err
		}
		made = append(made, id)
		leases = append(leases, lease)
	}
	return p.answer(name, leases), made, nil
}

func (p *plugin) acquire(ctx context.Context, name, text string) (node.Lease, error) {
	id, err := parseDeviceID(text)
	if err != nil {
		return node.Lease{}, err
	}
	if typeName := p.typeName(id); typeName != "" {
		if resource, _ := node.ResourceName(typeName); resource != name {
			return node.Lease{}, fmt.Errorf("%s is not of %s", text, name)
		}
	}
	// The kubelet gives no device twice: whoever had this one is gone, and its data goes now.
	lease, err := p.node.Acquire(ctx,
		node.Want{Key: text, GPU: id.gpu, TypeID: id.typeID, Fresh: true})
	if err != nil {
		return node.Lease{}, err
	}
	delete(p.troubles, text)
	p.told.Well(releaseOf(text)) // of what was there before
	p.tenants[text] = newTenant()
	p.log.Info("created", "device", text, "uuid", lease.UUID, "address", lease.Address())
	return lease, nil
}

// typeName returns the name of a device's type, "" when the GPU does not have it.
func (p *plugin) typeName(id deviceID) string {
	for _, gpu := range p.gpus {
		if gpu.Address != id.gpu {
			continue
		}
		for _, t := range gpu.Types {
			if t.ID == id.typeID {
				return t.Name
			}
		}
	}
	return ""
}

// release destroys the vGPU of a device.  mutex is held.
func (p *plugin) release(id string) error {
	if err := p.node.Release(id); err != nil {
		return err
	}
	delete(p.tenants, id)
	delete(p.troubles, id)
	p.told.Well(releaseOf(id))
	p.log.Info("destroyed", "device", id)
	return nil
}

// answer is what a container gets: the variable in which KubeVirt looks, and the device nodes of
// its vGPUs, which CDI brings instead where it is used.
func (p *plugin) answer(name string, leases []node.Lease) *pluginapi.ContainerAllocateResponse {
	response := &pluginapi.ContainerAllocateResponse{Envs: make(map[string]string)}
	addresses := make(map[string][]string)
	seen := make(map[string]bool)
	for i := range leases {
		lease := &leases[i]
		env := node.EnvName(name, lease.Mdev())
		addresses[env] = append(addresses[env], lease.Address())
		if p.options.cdiDir != "" {
			response.CdiDevices = append(response.CdiDevices,
				&pluginapi.CDIDevice{Name: lease.CDIName()})
			continue
		}
		for _, path := range lease.Nodes {
			if !seen[path] {
				seen[path] = true
				response.Devices = append(response.Devices, &pluginapi.DeviceSpec{
					ContainerPath: path, HostPath: path, Permissions: "mrw"})
			}
		}
	}
	for env, list := range addresses {
		response.Envs[env] = strings.Join(list, ",")
	}
	return response
}

// check says what is wrong with devices that were allocated.
func (p *plugin) check(ctx context.Context, ids []string) error {
	leases, err := p.repaired(ids)
	if err != nil {
		return err
	}
	return p.node.AwaitNodes(ctx, leases) // of what was made again just now
}

// repaired returns the leases of devices that are in order.
func (p *plugin) repaired(ids []string) ([]node.Lease, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.repair(true, ids...)
	defer p.look(false)
	known := make(map[string]node.Lease)
	for _, lease := range p.node.Leases() {
		known[lease.Key] = lease
	}
	var leases []node.Lease
	for _, id := range ids {
		lease, ok := known[id]
		if !ok {
			return nil, fmt.Errorf("%s: its vGPU is gone; next: delete the pod", id)
		}
		if err := p.troubles[id]; err != nil {
			return nil, err
		}
		leases = append(leases, lease)
	}
	return leases, nil
}
