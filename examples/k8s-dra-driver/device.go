// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/dynamic-resource-allocation/deviceattribute"

	"kubernetes/k8s/node"
)

// partition names a device of DRA: a vGPU of a type on a GPU, that exists or could be created.
type partition struct {
	gpu    string // PCI address
	typeID uint32
	number uint32 // tells the vGPUs of one type on one GPU apart
}

// String returns a DNS label: "0000-41-00-0-876-0".
func (p partition) String() string {
	return fmt.Sprintf("%s-%d-%d", label(p.gpu), p.typeID, p.number)
}

// label turns a PCI address into a DNS label.
func label(address string) string {
	return strings.NewReplacer(":", "-", ".", "-").Replace(address)
}

func parsePartition(text string) (partition, error) {
	parts := strings.Split(text, "-")
	if len(parts) != 6 {
		return partition{}, fmt.Errorf("%q is no device of this driver", text)
	}
	typeID, err := strconv.ParseUint(parts[4], 10, 32)
	number, err2 := strconv.ParseUint(parts[5], 10, 32)
	p := partition{
		gpu:    fmt.Sprintf("%s:%s:%s.%s", parts[0], parts[1], parts[2], parts[3]),
		typeID: uint32(typeID),
		number: uint32(number),
	}
	if errors.Join(err, err2) != nil || p.String() != text {
		return partition{}, fmt.Errorf("%q is no device of this driver", text)
	}
	return p, nil
}

// poolName is that of a GPU's pool on a node.
func poolName(node, gpu string) string { return node + "/" + label(gpu) }

// attributes that KubeVirt looks for in the metadata of a claim, to know what to give to a guest
const (
	attributePCIBusID = string(deviceattribute.StandardDeviceAttributePCIBusID)
	attributeMdevUUID = "mDevUUID"
)

// metadataOf is what a container is told of its vGPU.
func metadataOf(lease *node.Lease) map[string]resourceapi.DeviceAttribute {
	metadata := map[string]resourceapi.DeviceAttribute{
		"profile": text(lease.TypeName),
		"uuid":    text(lease.UUID),
	}
	if lease.Mdev() {
		metadata[attributeMdevUUID] = text(lease.UUID)
	} else {
		metadata[attributePCIBusID] = text(lease.VF)
	}
	return metadata
}

func text(value string) resourceapi.DeviceAttribute {
	return resourceapi.DeviceAttribute{StringValue: &value}
}

func number(value int64) resourceapi.DeviceAttribute {
	return resourceapi.DeviceAttribute{IntValue: &value}
}
