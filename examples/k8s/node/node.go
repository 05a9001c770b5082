// SPDX-License-Identifier: MIT

package node

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"nvvgpu"
)

// Options say how a [Node] is opened.
type Options struct {
	URI   string // of the host; "": the running machine
	State string // the file in which leases are kept
	Owner string // the program's name: what it makes has the owner NAME/KEY
	Root  string // where the host's /sys and /dev are seen; "": "/"
	CDI   string // directory for CDI specs; "": none are written

	ReadOnly bool // to look only, beside a program that has the leases
}

// Node is a machine with GPUs and the leases of one program on it.
//
// All its methods can be called from several goroutines at once.
type Node struct {
	host    *nvvgpu.Host
	options Options
	cdi     cdiDirectory

	mutex    sync.Mutex // one change at a time
	ledger   *ledger
	troubles map[string]error // of leases, by key: what the last look or try has found
	lock     *os.File         // keeps a second program off the leases
}

// Open opens the host and reads the leases that an earlier run has left.
func Open(options Options) (*Node, error) {
	if options.Root == "" {
		options.Root = "/"
	}
	host, err := nvvgpu.Open(options.URI)
	if err != nil {
		return nil, err
	}
	n := &Node{host: host, options: options, cdi: cdiDirectory(options.CDI), ledger: &ledger{},
		troubles: make(map[string]error)}
	if err := n.open(); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

func (n *Node) open() (err error) {
	if !n.options.ReadOnly {
		if n.lock, err = lockFile(n.options.State + ".lock"); err != nil {
			return err
		}
		if err := removeTemporaries(n.options.State); err != nil {
			return err
		}
	}
	if n.options.State != "" {
		n.ledger, err = openLedger(n.options.State)
	}
	return err
}

// Close lets go of the host.  vGPUs and leases stay.
func (n *Node) Close() error {
	n.host.Close()
	if n.lock == nil {
		return nil
	}
	return n.lock.Close()
}

// emulated hosts have no device nodes.
func (n *Node) emulated() bool { return strings.HasPrefix(n.host.URI(), "emu:") }

const ownerBytes = 63 // that the library takes

// owner is what the library is told of whose a vGPU is: the program, and of the key as much as
// there is room for.
func (n *Node) owner(key string) string {
	owner := n.options.Owner + "/" + key
	return owner[:min(len(owner), ownerBytes)]
}

// GPU is what a look at a GPU has found.
type GPU struct {
	nvvgpu.GPUInfo
	Mode       nvvgpu.Mode
	VFsEnabled uint32
	Types      []nvvgpu.Type
	VGPUs      []*nvvgpu.VGPU
	Stats      map[nvvgpu.Statistic]uint64
	Err        error // why it did not answer: then all but the GPUInfo is unknown
}

// Trouble returns why a GPU has nothing to offer at all; "": it has something, or it does not
// answer.
func (g *GPU) Trouble() (nvvgpu.Reason, string) {
	if g.Reason != nvvgpu.ReasonNone {
		return g.Reason, g.ReasonText
	}
	creatable := func(t nvvgpu.Type) bool { return t.Creatable }
	if len(g.VGPUs) > 0 || len(g.Types) == 0 || slices.ContainsFunc(g.Types, creatable) {
		return nvvgpu.ReasonNone, ""
	}
	return g.Types[0].Reason, g.Types[0].ReasonText
}

// Look asks all GPUs.  search: look first for GPUs that have come or gone.
func (n *Node) Look(search bool) ([]GPU, error) {
	if search {
		if err := n.host.Refresh(); err != nil {
			return nil, err
		}
	}
	found, err := n.host.GPUs()
	if err != nil {
		return nil, err
	}
	gpus := make([]GPU, len(found))
	for i, gpu := range found {
		gpus[i] = look(gpu)
		gpu.Close()
	}
	return gpus, nil
}

func look(gpu *nvvgpu.GPU) GPU {
	g := GPU{GPUInfo: gpu.GPUInfo}
	if gpu.Reason != nvvgpu.ReasonNone {
		return g
	}
	if g.Types, g.Err = gpu.Types(nvvgpu.TypesAll); g.Err != nil {
		return g
	}
	if g.VGPUs, g.Err = gpu.VGPUs(); g.Err != nil {
		return g
	}
	if g.VFsEnabled, g.Err = gpu.VFsEnabled(); g.Err != nil {
		return g
	}
	g.Mode, g.Err = gpu.Mode()
	g.Stats, _ = gpu.Statistics() // not all drivers count
	return g
}

// Room returns how many more of a type can be created; where a driver only tells that some can be,
// one.
func Room(t nvvgpu.Type) int {
	if !t.Creatable {
		return 0
	}
	if count, known := t.Available(); known {
		return int(count)
	}
	return 1
}

// Leases returns all leases, sorted by their keys.
func (n *Node) Leases() []Lease {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	leases := make([]Lease, 0, len(n.ledger.leases))
	for _, lease := range n.ledger.leases {
		leases = append(leases, *lease)
	}
	slices.SortFunc(leases, func(a, b Lease) int { return cmp.Compare(a.Key, b.Key) })
	return leases
}

const (
	monitorTime  = time.Minute // then it is opened again, for GPUs that have come meanwhile
	monitorRetry = 10 * time.Second
)

// Watch calls changed whenever the driver tells of something, until ctx ends.  Where drivers tell
// nothing it does nothing: who needs to know has to look now and then anyway.
func (n *Node) Watch(ctx context.Context, changed func()) {
	for ctx.Err() == nil {
		if n.follow(ctx, changed) == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(monitorRetry):
		}
	}
}

// follow returns nil when the monitor's time is over.
func (n *Node) follow(ctx context.Context, changed func()) error {
	monitor, err := n.host.Monitor()
	if err != nil {
		return err
	}
	defer monitor.Close()
	ctx, cancel := context.WithTimeout(ctx, monitorTime)
	defer cancel()
	changed() // what has happened before
	for _, err := range monitor.Events(ctx) {
		if errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		changed()
	}
	return nil
}

// keys returns the keys of the ledger, which may change while they are walked.
func (n *Node) keys() []string { return slices.Sorted(maps.Keys(n.ledger.leases)) }
