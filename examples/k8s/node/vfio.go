// SPDX-License-Identifier: MIT

package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const nodesTimeout = 10 * time.Second // udev has to make the nodes

// vfioNodes returns the device nodes with which a VMM opens the VFIO device whose directory in
// sysfs is device, and no others: its group and the container, or where the kernel has them, its
// own character device and iommufd as well.  A kernel without VFIO device cdevs has the directory
// vfio-dev/vfioN, too, but no number of a device in it.
//
// root is where the host's files are seen, "/" but in tests.
func vfioNodes(root, device string) ([]string, error) {
	directory := filepath.Join(root, device)
	group, err := os.Readlink(filepath.Join(directory, "iommu_group"))
	if err != nil {
		return nil, fmt.Errorf("%s has no IOMMU group, so that nothing can be handed out: %w",
			device, err)
	}
	nodes := []string{"/dev/vfio/vfio", "/dev/vfio/" + filepath.Base(group)}
	own, err := filepath.Glob(filepath.Join(directory, "vfio-dev", "vfio*", "dev"))
	if err != nil || len(own) != 1 || !exists(root, "/dev/iommu") {
		return nodes, nil
	}
	return append(nodes, "/dev/iommu", "/dev/vfio/devices/"+filepath.Base(filepath.Dir(own[0]))), nil
}

func exists(root, name string) bool {
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil
}

// missing returns the first of the nodes that is not there, or "".
func missing(root string, nodes []string) string {
	for _, name := range nodes {
		if !exists(root, name) {
			return name
		}
	}
	return ""
}

// awaitNodes waits until udev has made the nodes.
func awaitNodes(ctx context.Context, root string, nodes []string) error {
	ctx, cancel := context.WithTimeout(ctx, nodesTimeout)
	defer cancel()
	for {
		name := missing(root, nodes)
		if name == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not appear within %v; next: see that vfio is loaded "+
				"and that udev runs", name, nodesTimeout)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// isMdev says by the VFIO path of a vGPU whether it is a mediated device.
func isMdev(vfio string) bool { return strings.HasPrefix(vfio, "/sys/bus/mdev/") }
