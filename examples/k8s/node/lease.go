// SPDX-License-Identifier: MIT

package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"nvvgpu"
)

// Phase says how far a lease has come.
type Phase string

// Phases, in their order.  What a killed program leaves as making or ending is ended.
const (
	Making Phase = "making" // nobody has been told of the vGPU
	Made   Phase = "made"
	Ending Phase = "ending" // nobody uses the vGPU
)

// Lease is a vGPU that was made for somebody.
type Lease struct {
	Key      string   `json:"-"`                // who it was made for, in the words of the program
	Holder   string   `json:"holder,omitempty"` // and where the program asks whether they still are
	Phase    Phase    `json:"phase"`
	GPU      string   `json:"gpu"` // PCI address
	TypeID   uint32   `json:"type_id"`
	TypeName string   `json:"type_name"`
	UUID     string   `json:"uuid"`
	VF       string   `json:"vf,omitempty"`
	VFIO     string   `json:"vfio,omitempty"`  // what a VMM opens
	Nodes    []string `json:"nodes,omitempty"` // device nodes that it needs for that
}

// Mdev reports whether the vGPU is a mediated device.
func (l *Lease) Mdev() bool { return isMdev(l.VFIO) }

// Address returns what a VMM is given: the PCI address of a VF, or the uuid of a mediated device.
func (l *Lease) Address() string {
	if l.Mdev() {
		return l.UUID
	}
	return l.VF
}

// ErrForeign is the cause when a vGPU has another owner than its lease says.
var ErrForeign = errors.New("the vGPU has another owner now and is left alone")

// Want is what [Node.Acquire] is asked for.
type Want struct {
	Key    string
	Holder string // "": nobody will ask
	GPU    string // PCI address
	TypeID uint32

	// Fresh has a vGPU that is there already made anew, so that nothing of its last user is left in
	// it; that fails when it is in use.  It keeps its uuid.
	Fresh bool
}

// Acquire returns the vGPU of a key, and makes it when there is none.  It waits for its device
// nodes.
func (n *Node) Acquire(ctx context.Context, want Want) (Lease, error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	lease := Lease{Key: want.Key, Holder: want.Holder, GPU: want.GPU, TypeID: want.TypeID,
		UUID: uuid.NewString()}
	if old, had := n.ledger.leases[want.Key]; had {
		if old.GPU != want.GPU || old.TypeID != want.TypeID {
			return Lease{}, fmt.Errorf("%s: a %s on %s has been made for it already", want.Key,
				old.TypeName, old.GPU)
		}
		lease = *old
		lease.Holder = want.Holder
		there, err := n.there(&lease)
		if err != nil {
			return Lease{}, err
		}
		if there && !want.Fresh {
			return n.acquire(ctx, lease)
		}
		if err := n.destroy(&lease); err != nil {
			return Lease{}, err
		}
		lease.VF, lease.Nodes = "", nil
	}
	lease.Phase = Making
	if err := n.ledger.put(lease); err != nil {
		return Lease{}, err
	}
	made, err := n.acquire(ctx, lease)
	if err != nil {
		return Lease{}, errors.Join(err, n.end(lease))
	}
	return made, nil
}

func (n *Node) acquire(ctx context.Context, lease Lease) (Lease, error) {
	made, err := n.ensure(lease)
	if err != nil {
		return Lease{}, err
	}
	delete(n.troubles, lease.Key)
	return made, awaitNodes(ctx, n.options.Root, made.Nodes)
}

// there reports whether the vGPU of a lease exists.
func (n *Node) there(lease *Lease) (bool, error) {
	vgpu, err := n.host.VGPU(lease.UUID)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	vgpu.Close()
	return true, nil
}

// Release destroys the vGPU of that key.  No lease of that key is no error.
func (n *Node) Release(key string) error {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	lease, ok := n.ledger.leases[key]
	if !ok {
		return nil
	}
	return n.end(*lease)
}

// Repair ends what an interrupted call has left, and makes those vGPUs again that are gone although
// somebody has them, as they are when the machine was rebooted: on the same VF, with the same
// device nodes, since that is what their containers were told.  It waits for nothing.
//
// With keys it looks at their leases alone.  What has failed is tried again only with again: to try
// may itself be a change on which the caller is woken.  The errors of all leases are by key.
func (n *Node) Repair(again bool, keys ...string) map[string]error {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if len(keys) == 0 {
		keys = n.keys()
	}
	for _, key := range keys {
		lease, ok := n.ledger.leases[key]
		if !ok {
			continue
		}
		if err := n.repair(*lease, again); err != nil {
			n.troubles[key] = err
		} else {
			delete(n.troubles, key)
		}
	}
	return maps.Clone(n.troubles)
}

func (n *Node) repair(lease Lease, again bool) error {
	last := n.troubles[lease.Key]
	tired := last != nil && !again
	if lease.Phase != Made {
		if tired {
			return last
		}
		return n.end(lease)
	}
	vgpu, err := n.host.VGPU(lease.UUID)
	if err == nil {
		defer vgpu.Close()
		return n.verify(&lease, vgpu)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if tired {
		return last
	}
	_, err = n.ensure(lease) // whether its device nodes come is seen at the next look
	return err
}

// AwaitNodes waits for the device nodes of leases, and keeps nobody waiting meanwhile.
func (n *Node) AwaitNodes(ctx context.Context, leases []Lease) error {
	for i := range leases {
		if err := awaitNodes(ctx, n.options.Root, leases[i].Nodes); err != nil {
			return err
		}
	}
	return nil
}

// verify says what is wrong with a vGPU that is there.
func (n *Node) verify(lease *Lease, vgpu *nvvgpu.VGPU) error {
	if vgpu.Owner != n.owner(lease.Key) {
		return fmt.Errorf("%s: owner is %q: %w", lease.UUID, vgpu.Owner, ErrForeign)
	}
	state, err := vgpu.State()
	if err != nil {
		return err
	}
	if state == nvvgpu.VGPUFailed {
		return fmt.Errorf("%s: it has failed; next: restart the virtual machine", lease.UUID)
	}
	if name := missing(n.options.Root, lease.Nodes); name != "" {
		return fmt.Errorf("%s: its device node %s is gone; next: see that udev runs", lease.UUID, name)
	}
	return nil
}

// ensure makes the vGPU of a lease unless it is there, and all that goes with it.  What it has made
// is gone again when it fails.
func (n *Node) ensure(lease Lease) (Lease, error) {
	gpu, err := n.host.GPU(lease.GPU)
	if err != nil {
		return Lease{}, err
	}
	defer gpu.Close()
	vgpu, err := gpu.Create(nvvgpu.Spec{
		Type:  strconv.FormatUint(uint64(lease.TypeID), 10),
		UUID:  lease.UUID,
		VF:    lease.VF,
		Owner: n.owner(lease.Key),
	})
	if err != nil {
		return Lease{}, err
	}
	defer vgpu.Close()
	made, err := n.complete(lease, vgpu)
	if err != nil && vgpu.Created {
		err = errors.Join(err, vgpu.Destroy())
	}
	return made, err
}

// complete tells the disk of a vGPU: the ledger, and who reads CDI specs.
func (n *Node) complete(lease Lease, vgpu *nvvgpu.VGPU) (Lease, error) {
	nodes, err := n.nodes(vgpu)
	if err != nil {
		return Lease{}, err
	}
	if lease.Phase == Made && !slices.Equal(nodes, lease.Nodes) {
		return Lease{}, fmt.Errorf("%s: its container was told of %v, now it would be %v; next: delete "+
			"the pod", lease.UUID, lease.Nodes, nodes)
	}
	lease.TypeName, lease.VF, lease.VFIO, lease.Nodes = vgpu.TypeName, vgpu.VF, vgpu.VFIO, nodes
	if err := n.cdi.write(&lease); err != nil {
		return Lease{}, err
	}
	lease.Phase = Made
	return lease, n.ledger.put(lease)
}

// nodes returns the device nodes of a vGPU; one of an emulated host has none.
func (n *Node) nodes(vgpu *nvvgpu.VGPU) ([]string, error) {
	if n.emulated() {
		return nil, nil
	}
	return vfioNodes(n.options.Root, vgpu.VFIO)
}

// end destroys the vGPU of a lease, and then the lease.  One that cannot be destroyed, since it is
// in use, stays as it was.
func (n *Node) end(lease Lease) error {
	ending := lease
	ending.Phase = Ending
	if err := n.ledger.put(ending); err != nil {
		return err
	}
	if err := n.destroy(&lease); err != nil && !errors.Is(err, ErrForeign) {
		return errors.Join(err, n.ledger.put(lease))
	}
	if err := n.cdi.remove(lease.UUID); err != nil {
		return err
	}
	if err := n.ledger.remove(lease.Key); err != nil {
		return err
	}
	delete(n.troubles, lease.Key)
	return nil
}

// destroy destroys what has the uuid and the owner of the lease, and nothing else.
func (n *Node) destroy(lease *Lease) error {
	vgpu, err := n.host.VGPU(lease.UUID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer vgpu.Close()
	owner := n.owner(lease.Key)
	if vgpu.Owner != owner {
		return fmt.Errorf("%s: owner is %q: %w", lease.UUID, vgpu.Owner, ErrForeign)
	}
	_, err = vgpu.DestroyAs(owner, false)
	return err
}
