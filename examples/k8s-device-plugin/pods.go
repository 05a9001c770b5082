// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	podresources "k8s.io/kubelet/pkg/apis/podresources/v1"
)

const (
	podsTimeout  = 10 * time.Second
	podsMaxBytes = 16 << 20 // what the kubelet's own clients allow
	absences     = 2        // answers in a row without a device, until it is free
)

// tenant is what is known of who has a device.
type tenant struct {
	since  time.Time // when it was allocated, or this process has begun
	holder holder    // as the last answer that had it said
	seen   bool
	absent int // answers in a row that did not have it
}

// holder is a container.
type holder struct{ namespace, pod, container string }

func newTenant() *tenant { return &tenant{since: time.Now()} }

// followPods asks the kubelet again and again who has what, since it does not tell when a device is
// free, and destroys what is.
func (p *plugin) followPods(ctx context.Context) {
	conn, err := grpc.NewClient("unix://"+p.options.podResources,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(podsMaxBytes)))
	if err != nil {
		p.told.Warn("PodResources", err)
		return
	}
	defer conn.Close()
	client := podresources.NewPodResourcesListerClient(conn)
	tick := time.NewTicker(p.options.interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.askPods(ctx, client)
		}
	}
}

func (p *plugin) askPods(ctx context.Context, client podresources.PodResourcesListerClient) {
	asked := time.Now()
	ctx, cancel := context.WithTimeout(ctx, podsTimeout)
	defer cancel()
	answer, err := client.List(ctx, &podresources.ListPodResourcesRequest{})
	if err != nil {
		p.told.Warn("PodResources", err)
		return
	}
	p.told.Well("PodResources")
	if !p.believes(answer) {
		return
	}
	p.reap(holders(answer), asked)
}

// believes reports whether the kubelet knows its pods yet.  One that has just started has none, or
// no more than static ones, and says so: the plugin's own pod is a witness that it has them all.
func (p *plugin) believes(answer *podresources.ListPodResourcesResponse) bool {
	if p.options.pod == "" {
		return len(answer.GetPodResources()) > 0
	}
	for _, pod := range answer.GetPodResources() {
		if pod.GetNamespace()+"/"+pod.GetName() == p.options.pod {
			return true
		}
	}
	return false
}

// holders returns who has which device.
func holders(answer *podresources.ListPodResourcesResponse) map[string]holder {
	found := make(map[string]holder)
	for _, pod := range answer.GetPodResources() {
		for _, container := range pod.GetContainers() {
			for _, devices := range container.GetDevices() {
				for _, id := range devices.GetDeviceIds() {
					found[id] = holder{pod.GetNamespace(), pod.GetName(), container.GetName()}
				}
			}
		}
	}
	return found
}

// releaseOf is what is told of when the vGPU of a device cannot be destroyed.
func releaseOf(id string) string { return "the release of vGPU " + id }

// reap destroys what nobody has any more.  asked: when the question was put; who got a device
// later may not be in the answer.
func (p *plugin) reap(found map[string]holder, asked time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	released := false
	for _, lease := range p.node.Leases() {
		t := p.tenants[lease.Key]
		if t == nil { // an earlier run of this program made it
			t = newTenant()
			p.tenants[lease.Key] = t
		}
		if !t.free(found, lease.Key, asked, p.options.claimTimeout) {
			continue
		}
		if err := p.release(lease.Key); err != nil {
			p.told.Warn(releaseOf(lease.Key), err)
			p.metrics.released("failed")
			continue
		}
		p.metrics.released("ok")
		released = true
	}
	if released {
		p.look(false)
	}
}

// free takes in an answer and says whether the device has nobody any more.  What was allocated a
// moment ago may not be shown yet: the pod is not admitted before it has its devices.
func (t *tenant) free(found map[string]holder, id string, asked time.Time,
	claim time.Duration) bool {
	if !asked.After(t.since) {
		return false
	}
	if h, ok := found[id]; ok {
		t.holder, t.seen, t.absent = h, true, 0
		return false
	}
	t.absent++
	if !t.seen && time.Since(t.since) < claim {
		return false
	}
	return t.absent >= absences
}
