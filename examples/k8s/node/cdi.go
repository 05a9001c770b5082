// SPDX-License-Identifier: MIT

package node

import (
	"strings"

	"tags.cncf.io/container-device-interface/pkg/cdi"
	"tags.cncf.io/container-device-interface/pkg/parser"
	specs "tags.cncf.io/container-device-interface/specs-go"
)

const cdiClass = "vgpu"

// cdiDirectory is where CDI specs are written, one file for each lease.
type cdiDirectory string

// CDIName returns the fully qualified name of the CDI device of a lease.
func (l *Lease) CDIName() string { return parser.QualifiedName(Vendor, cdiClass, l.UUID) }

// cdiFile is the name of its spec.
func cdiFile(uuid string) string {
	return cdi.GenerateTransientSpecName(Vendor, cdiClass, uuid) + ".json"
}

// write describes the vGPU of a lease.  One variable of its own tells a container that has it, and
// perhaps others, which it is.
func (d cdiDirectory) write(l *Lease) error {
	if d == "" {
		return nil
	}
	edits := specs.ContainerEdits{
		Env: []string{"NVVGPU_" + strings.ReplaceAll(l.UUID, "-", "_") + "=" + l.Address()},
	}
	for _, name := range l.Nodes {
		edits.DeviceNodes = append(edits.DeviceNodes, &specs.DeviceNode{Path: name, Permissions: "mrw"})
	}
	spec := &specs.Spec{
		Kind:    Vendor + "/" + cdiClass,
		Devices: []specs.Device{{Name: l.UUID, ContainerEdits: edits}},
	}
	version, err := specs.MinimumRequiredVersion(spec)
	if err != nil {
		return err
	}
	spec.Version = version
	cache, err := d.open()
	if err != nil {
		return err
	}
	return cache.WriteSpec(spec, cdiFile(l.UUID))
}

func (d cdiDirectory) remove(uuid string) error {
	if d == "" {
		return nil
	}
	cache, err := d.open()
	if err != nil {
		return err
	}
	return cache.RemoveSpec(cdiFile(uuid))
}

func (d cdiDirectory) open() (*cdi.Cache, error) {
	return cdi.NewCache(cdi.WithAutoRefresh(false), cdi.WithSpecDirs(string(d)))
}
