// SPDX-License-Identifier: MIT

package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	Key      string   `json:"-"` // who it was made for, in the words of the program
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

// Acquire returns the vGPU of that key, and makes it when there is none.
//
// With fresh, a vGPU that is there already is made anew, so that nothing of its last user is left
// in it; that fails when it is in use.  It keeps its uuid.
func (n *Node) Acquire(ctx context.Context, key, gpu string, typeID uint32, fresh bool) (
	Lease, error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	lease := Lease{Key: key, GPU: gpu, TypeID: typeID, UUID: uuid.NewString()}
	if old, had := n.ledger.leases[key]; had {
		if old.GPU != gpu || old.TypeID != typeID {
			return Lease{}, fmt.Errorf("%s: a %s on %s has been made for it already", key,
				old.TypeName, old.GPU)
		}
		lease = *old
		there, err := n.there(&lease)
		if err != nil {
			return Lease{}, err
		}
		if there && !fresh {
			return n.ensure(ctx, lease)
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
	made, err := n.ensure(ctx, lease)
	if err != nil {
		return Lease{}, errors.Join(err, n.end(lease))
	}
	return made, nil
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
// device nodes, since that is what their containers were told.  The errors are by key.
func (n *Node) Repair(ctx context.Context) map[string]error {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	failed := make(map[string]error)
	for _, key := range n.keys() {
		lease := *n.ledger.leases[key]
		var err error
		if lease.Phase == Made {
			err = n.restore(ctx, lease)
		} else {
			err = n.end(lease)
		}
		if err != nil {
			failed[key] = err
		}
	}
	return failed
}

func (n *Node) restore(ctx context.Context, lease Lease) error {
	vgpu, err := n.host.VGPU(lease.UUID)
	if err == nil {
		defer vgpu.Close()
		return n.verify(&lease, vgpu)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err = n.ensure(ctx, lease)
	return err
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
func (n *Node) ensure(ctx context.Context, lease Lease) (Lease, error) {
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
	made, err := n.complete(ctx, lease, vgpu)
	if err != nil && vgpu.Created {
		err = errors.Join(err, vgpu.Destroy())
	}
	return made, err
}

// complete tells the disk of a vGPU: the ledger, and who reads CDI specs.
func (n *Node) complete(ctx context.Context, lease Lease, vgpu *nvvgpu.VGPU) (Lease, error) {
	nodes, err := n.nodes(ctx, vgpu)
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

// nodes waits for the device nodes of a vGPU; one of an emulated host has none.
func (n *Node) nodes(ctx context.Context, vgpu *nvvgpu.VGPU) ([]string, error) {
	if n.emulated() {
		return nil, nil
	}
	nodes, err := vfioNodes(n.options.Root, vgpu.VFIO)
	if err != nil {
		return nil, err
	}
	return nodes, awaitNodes(ctx, n.options.Root, nodes)
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
	return n.ledger.remove(lease.Key)
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
