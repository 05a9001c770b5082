// SPDX-License-Identifier: MIT

package node

import (
	"regexp"
	"strings"
)

// Vendor is the domain of all resource names and CDI devices.
const Vendor = "nvidia.com"

var (
	blanks = regexp.MustCompile(`\s+`)
	legal  = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
)

// ResourceName returns the name of the extended resource for a vGPU type, by the rule that NVIDIA's
// plugin and KubeVirt share: "NVIDIA L40-8Q" is "nvidia.com/NVIDIA_L40-8Q".  False: the type has a
// name that Kubernetes does not allow.
func ResourceName(typeName string) (name string, ok bool) {
	short := blanks.ReplaceAllString(strings.TrimSpace(typeName), "_")
	return Vendor + "/" + short, legal.MatchString(short)
}

// EnvName returns the variable in which KubeVirt's virt-launcher looks for the devices of a
// resource: PCI_RESOURCE_NVIDIA_COM_NVIDIA_L40-8Q, or MDEV_PCI_RESOURCE_... for mdevs.
func EnvName(resource string, mdev bool) string {
	flat := strings.NewReplacer("/", "_", ".", "_").Replace(resource)
	name := "PCI_RESOURCE_" + strings.ToUpper(flat)
	if mdev {
		return "MDEV_" + name
	}
	return name
}
