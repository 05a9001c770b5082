// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"strings"
	"time"

	"k8s.io/dynamic-resource-allocation/kubeletplugin"

	"kubernetes/k8s/node"
)

// healthInterval is well within the 30 seconds after which the kubelet takes health for unknown.
const healthInterval = 10 * time.Second

// WatchHealthStatus reports the devices that claims have, again and again and at each change.
func (d *driver) WatchHealthStatus(ctx context.Context,
	reports chan<- kubeletplugin.DeviceHealthReport) error {
	for {
		report, changed := d.health()
		select {
		case <-ctx.Done():
			return nil
		case reports <- report:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-time.After(healthInterval):
		}
	}
}

func (d *driver) health() (kubeletplugin.DeviceHealthReport, <-chan struct{}) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	silent := make(map[string]error)
	for _, gpu := range d.gpus {
		silent[gpu.Address] = gpu.Err
	}
	var report kubeletplugin.DeviceHealthReport
	for _, lease := range d.node.Leases() {
		_, name, _ := strings.Cut(lease.Key, "/")
		health := kubeletplugin.DeviceHealth{
			PoolName:    poolName(d.options.node, lease.GPU),
			DeviceName:  name,
			Health:      kubeletplugin.HealthStatusHealthy,
			LastUpdated: time.Now(),
		}
		if err := silent[lease.GPU]; err != nil {
			health.Health, health.Message = kubeletplugin.HealthStatusUnknown, node.Explain(err)
		}
		if err := d.troubles[lease.Key]; err != nil {
			health.Health, health.Message = kubeletplugin.HealthStatusUnhealthy, node.Explain(err)
		}
		report.Devices = append(report.Devices, health)
	}
	return report, d.changed
}
