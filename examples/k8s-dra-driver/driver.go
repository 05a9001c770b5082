// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	metadata "k8s.io/dynamic-resource-allocation/api/metadata/v1beta1"
	"k8s.io/dynamic-resource-allocation/kubeletplugin"
	"k8s.io/dynamic-resource-allocation/resourceslice"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"

	"kubernetes/k8s/node"
	"kubernetes/k8s/tell"
)

// driver holds together the GPUs, the leases, the kubelet and the API server.
type driver struct {
	options   options
	log       *slog.Logger
	node      *node.Node
	publisher publisher
	told      *tell.Teller
	failed    chan error // what cannot be got over

	wake    chan struct{} // something may have changed
	takenIn atomic.Int64  // when the kubelet took the driver in, in ns since 1970

	mutex     sync.Mutex      // for all below, and so that one thing is done at a time
	gpus      []node.GPU      // of one that does not answer, as it did last
	mine      map[string]bool // uuids of leases, as they were then
	published map[string]resourceslice.Pool
	troubles  map[string]error // of leases
	changed   chan struct{}    // closed at the next change of what is published or of troubles
	prepares  uint64           // how often claims were prepared
}

func newDriver(o options, n *node.Node, log *slog.Logger, told *tell.Teller) *driver {
	return &driver{
		options:   o,
		log:       log,
		node:      n,
		publisher: publisher{o.driver, o.node, o.groups},
		told:      told,
		failed:    make(chan error, 1),
		wake:      make(chan struct{}, 1),
		changed:   make(chan struct{}),
	}
}

// poke makes the driver look again soon.
func (d *driver) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// run serves until ctx ends.
func (d *driver) run(ctx context.Context, client kubernetes.Interface) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.update(true)
	helper, err := kubeletplugin.Start(ctx, d,
		kubeletplugin.DriverName(d.options.driver),
		kubeletplugin.KubeClient(client),
		kubeletplugin.NodeName(d.options.node),
		kubeletplugin.RegistrarDirectoryPath(d.options.registryDir),
		kubeletplugin.PluginDataDirectoryPath(d.options.pluginDir),
		kubeletplugin.CDIDirectory(d.options.cdiDir),
		kubeletplugin.EnableDeviceMetadata(true, []schema.GroupVersion{metadata.SchemeGroupVersion}),
		kubeletplugin.GRPCInterceptor(d.noticeKubelet),
	)
	if err != nil {
		return err
	}
	defer helper.Stop()
	var helpers sync.WaitGroup
	helpers.Go(func() { d.node.Watch(ctx, d.poke) })
	helpers.Go(func() { d.followClaims(ctx, client) })
	defer helpers.Wait()
	defer cancel()
	tick := time.NewTicker(d.options.interval)
	defer tick.Stop()
	for {
		if err := d.publish(ctx, helper); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-d.failed:
			if ctx.Err() != nil { // servers that are stopped before they serve fail
				return nil
			}
			return err
		case <-tick.C:
			d.update(true)
		case <-d.wake:
			d.update(false)
		}
	}
}

// wipe is how long after the kubelet took the driver in slices are looked after: a kubelet that
// starts deletes those of its node, and the helper that published them would by itself look for
// them half a minute later.  Not for ever: an API server that drops fields would be told them each
// time.
const wipe = 30 * time.Second

// noticeKubelet notices that the kubelet takes the driver in.
func (d *driver) noticeKubelet(ctx context.Context, request any, info *grpc.UnaryServerInfo,
	handler grpc.UnaryHandler) (any, error) {
	if info.FullMethod == registration.Registration_NotifyRegistrationStatus_FullMethodName {
		d.takenIn.Store(time.Now().UnixNano())
		d.poke()
	}
	return handler(ctx, request)
}

// publish tells the API server what is new, and what may be gone.
func (d *driver) publish(ctx context.Context, helper *kubeletplugin.Helper) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	pools := d.publisher.pools(d.gpus, d.mine)
	if d.published == nil || !reflect.DeepEqual(pools, d.published) {
		d.published = pools
		d.announce()
	} else if time.Since(time.Unix(0, d.takenIn.Load())) > wipe {
		return nil
	}
	return helper.PublishResources(ctx, resourceslice.DriverResources{Pools: pools})
}

// announce tells those who wait for a change.  mutex is held.
func (d *driver) announce() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// update looks at everything; what is new is to be published.  With search it is more thorough:
// GPUs may have come, and what could not be repaired is tried again.
func (d *driver) update(search bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	before := d.troubles
	d.troubles = d.node.Repair(search)
	if !maps.EqualFunc(before, d.troubles, sameText) {
		d.announce()
	}
	d.told.Leases(d.node.Leases(), d.troubles)
	gpus, err := d.node.Look(search)
	if err != nil {
		d.told.Warn("the search for GPUs", err)
		for i := range d.gpus {
			d.gpus[i].Err = err
		}
		return
	}
	d.told.Well("the search for GPUs")
	last := make(map[string]node.GPU)
	for _, gpu := range d.gpus {
		last[gpu.Address] = gpu
	}
	for i := range gpus {
		d.told.GPU(&gpus[i])
		if err := gpus[i].Err; err != nil {
			gpus[i] = last[gpus[i].Address]
			gpus[i].Err = err
		}
	}
	d.gpus, d.mine = gpus, make(map[string]bool)
	for _, lease := range d.node.Leases() {
		d.mine[lease.UUID] = true
	}
}

func sameText(a, b error) bool { return a.Error() == b.Error() }

// PrepareResourceClaims makes the vGPUs of claims.
func (d *driver) PrepareResourceClaims(ctx context.Context, claims []*resourceapi.ResourceClaim) (
	map[types.UID]kubeletplugin.PrepareResult, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	defer d.poke() // other sizes are not to be had any more
	d.prepares++
	results := make(map[types.UID]kubeletplugin.PrepareResult)
	for _, claim := range claims {
		devices, err := d.prepare(ctx, claim)
		if err != nil {
			err = fmt.Errorf("claim %s/%s: %w", claim.Namespace, claim.Name, err)
			d.told.Event("Prepare"+node.Cause(err), node.Explain(err))
			err = errors.New(node.Explain(err)) // the kubelet makes it an event of the pod
		}
		results[claim.UID] = kubeletplugin.PrepareResult{Devices: devices, Err: err}
	}
	return results, nil
}

// prepare makes all vGPUs of a claim, or none.  mutex is held.
func (d *driver) prepare(ctx context.Context, claim *resourceapi.ResourceClaim) (
	devices []kubeletplugin.Device, err error) {
	had := make(map[string]bool)
	for _, lease := range d.node.Leases() {
		had[lease.Key] = true
	}
	var made []string
	defer func() {
		if err == nil {
			return
		}
		devices = nil
		for _, key := range made {
			err = errors.Join(err, d.node.Release(key))
		}
	}()
	allocation := claim.Status.Allocation.Devices
	if err := d.checkConfig(allocation.Config); err != nil {
		return nil, err
	}
	for i := range allocation.Results {
		result := &allocation.Results[i]
		if result.Driver != d.options.driver {
			continue
		}
		key := leaseKey(claim.UID, result.Device)
		device, err := d.prepareDevice(ctx, key, holderOf(claim), result)
		if err != nil {
			return nil, err
		}
		if !had[key] {
			made = append(made, key)
		}
		devices = append(devices, device)
	}
	return devices, nil
}

// leaseKey names the lease of a device for a claim.
func leaseKey(claim types.UID, device string) string { return string(claim) + "/" + device }

// checkConfig refuses settings for this driver: it knows none.
func (d *driver) checkConfig(configs []resourceapi.DeviceAllocationConfiguration) error {
	for _, config := range configs {
		if config.Opaque != nil && config.Opaque.Driver == d.options.driver {
			return fmt.Errorf("%s has no configuration; next: leave it out of the claim and of its "+
				"device class", d.options.driver)
		}
	}
	return nil
}

func (d *driver) prepareDevice(ctx context.Context, key, holder string,
	result *resourceapi.DeviceRequestAllocationResult) (kubeletplugin.Device, error) {
	p, err := parsePartition(result.Device)
	if err != nil {
		return kubeletplugin.Device{}, err
	}
	if result.Pool != poolName(d.options.node, p.gpu) {
		return kubeletplugin.Device{}, fmt.Errorf("pool %q is not of node %s", result.Pool,
			d.options.node)
	}
	if result.AdminAccess != nil && *result.AdminAccess {
		return kubeletplugin.Device{}, fmt.Errorf("%s: there is no admin access to a vGPU", result.Device)
	}
	for _, lease := range d.node.Leases() {
		if lease.Key != key && strings.HasSuffix(lease.Key, "/"+result.Device) {
			return kubeletplugin.Device{}, fmt.Errorf("%s: the claim with uid %s has it", result.Device,
				strings.TrimSuffix(lease.Key, "/"+result.Device))
		}
	}
	lease, err := d.node.Acquire(ctx,
		node.Want{Key: key, Holder: holder, GPU: p.gpu, TypeID: p.typeID})
	if err != nil {
		return kubeletplugin.Device{}, err
	}
	d.log.Info("prepared", "device", result.Device, "uuid", lease.UUID, "address", lease.Address())
	return kubeletplugin.Device{
		Requests:     []string{result.Request},
		PoolName:     result.Pool,
		DeviceName:   result.Device,
		CDIDeviceIDs: []string{lease.CDIName()},
		ShareID:      result.ShareID,
		Metadata:     &kubeletplugin.DeviceMetadata{Attributes: metadataOf(&lease)},
	}, nil
}

// UnprepareResourceClaims destroys the vGPUs of claims.
func (d *driver) UnprepareResourceClaims(_ context.Context,
	claims []kubeletplugin.NamespacedObject) (map[types.UID]error, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	defer d.poke()
	results := make(map[types.UID]error)
	for _, claim := range claims {
		err := d.release(claim.UID)
		if err != nil {
			d.told.Event("Unprepare"+node.Cause(err), node.Explain(err))
			err = errors.New(node.Explain(err))
		}
		results[claim.UID] = err
	}
	return results, nil
}

// release destroys the vGPUs of a claim.  mutex is held.
func (d *driver) release(claim types.UID) error {
	for _, lease := range d.node.Leases() {
		if claimOf(&lease) != claim {
			continue
		}
		if err := d.node.Release(lease.Key); err != nil {
			return err
		}
		d.log.Info("unprepared", "lease", lease.Key, "uuid", lease.UUID)
	}
	d.told.Well(releaseOf(claim))
	return nil
}

// HandleError is told of what fails in the background.
func (d *driver) HandleError(_ context.Context, err error, msg string) {
	if errors.Is(err, kubeletplugin.ErrRecoverable) {
		d.told.Warn(msg, err)
		return
	}
	select {
	case d.failed <- fmt.Errorf("%s: %w", msg, err):
	default:
	}
}
