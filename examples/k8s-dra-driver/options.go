// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/dynamic-resource-allocation/kubeletplugin"

	"nvvgpu"
)

const usage = `usage: k8s-dra-driver --node NAME [OPTION]...

Offers the vGPUs that a node's GPUs can give to Kubernetes by dynamic resource allocation
(resource.k8s.io/v1): each GPU is a pool, each vGPU that could be created on it a device, and
what they share are counters.  A vGPU is created when the kubelet prepares a claim for a pod, and
destroyed when it unprepares it.

  --node NAME           of the Kubernetes node
  --host URI            default the running machine; emu:l40?state=DIR for an emulated one
  --driver NAME         of the driver, and domain of its attributes (default vgpu.nvidia.com)
  --state FILE          where it keeps what it has made
                        (default /var/lib/nvvgpu/k8s-dra-driver.json)
  --interval DURATION   at most so long until a change is seen that no driver tells of
                        (default 10s)
  --compatibility-groups  tell the scheduler that vGPUs of one GPU have to be of one size;
                        needs the feature gate DRADeviceCompatibilityGroups
  --cdi-dir DIR         for CDI specs (default /var/run/cdi)
  --registry-dir DIR    where plugins register at the kubelet
                        (default /var/lib/kubelet/plugins_registry)
  --plugin-dir DIR      for its socket (default /var/lib/kubelet/plugins/DRIVER)
  --kubeconfig FILE     how to reach the API server (default: as a pod does)

  --list                print the ResourceSlices that would be published, as JSON, and end
  --version             print the version, and end
  --help                print this, and end
`

type options struct {
	node        string
	host        string
	driver      string
	state       string
	interval    time.Duration
	groups      bool
	cdiDir      string
	registryDir string
	pluginDir   string
	kubeconfig  string
	list        bool
	version     bool
}

func parseOptions(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("k8s-dra-driver", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.node, "node", "", "")
	flags.StringVar(&o.host, "host", "", "")
	flags.StringVar(&o.driver, "driver", "vgpu.nvidia.com", "")
	flags.StringVar(&o.state, "state", "/var/lib/nvvgpu/k8s-dra-driver.json", "")
	flags.DurationVar(&o.interval, "interval", 10*time.Second, "")
	flags.BoolVar(&o.groups, "compatibility-groups", false, "")
	flags.StringVar(&o.cdiDir, "cdi-dir", kubeletplugin.DefaultCDIDir, "")
	flags.StringVar(&o.registryDir, "registry-dir", kubeletplugin.KubeletRegistryDir, "")
	flags.StringVar(&o.pluginDir, "plugin-dir", "", "")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "")
	flags.BoolVar(&o.list, "list", false, "")
	flags.BoolVar(&o.version, "version", false, "")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if o.pluginDir == "" {
		o.pluginDir = filepath.Join(kubeletplugin.KubeletPluginsDir, o.driver)
	}
	return o, o.check(flags.Args())
}

func (o *options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%s: there are no arguments", rest[0])
	case o.version:
		return nil
	case o.node == "":
		return errors.New("--node is missing")
	case len(validation.IsDNS1123Subdomain(o.driver)) > 0:
		return fmt.Errorf("--driver: %q is no DNS name", o.driver)
	case o.interval < 10*time.Millisecond || o.interval > time.Hour:
		return errors.New("--interval: from 10ms to 1h")
	}
	return nil
}

func versionText() string { return "k8s-dra-driver " + nvvgpu.Version() }
