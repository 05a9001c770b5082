// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"time"

	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"

	"nvvgpu"
)

const usage = `usage: k8s-device-plugin [OPTION]...

Offers the vGPUs that a node's GPUs can give to Kubernetes: a resource for each vGPU type,
nvidia.com/NVIDIA_L40-8Q, with as many devices as can be created.  A vGPU is created when a pod
gets it, and destroyed when the pod is gone.

  --host URI            default the running machine; emu:l40?state=DIR for an emulated one
  --types PATTERN       only types with such names, "NVIDIA L40-*Q"; several times for more
  --state FILE          where it keeps what it has made
                        (default /var/lib/nvvgpu/k8s-device-plugin.json)
  --interval DURATION   at most so long until a change is seen that no driver tells of, or a pod
                        that has ended (default 10s)
  --claim-timeout DURATION  how long a vGPU waits for the pod that it was allocated to
                        (default 1m)
  --cdi-dir DIR         write CDI specs there, "/var/run/cdi", and hand out CDI devices instead
                        of device nodes
  --kubelet-dir DIR     default /var/lib/kubelet/device-plugins
  --pod-resources FILE  socket (default /var/lib/kubelet/pod-resources/kubelet.sock)
  --pod NAMESPACE/NAME  the pod that this runs in: an answer of the kubelet that does not have
                        it is not complete yet, and not believed
  --node NAME           write events of this node, by the API server of the cluster
  --metrics ADDRESS     serve /metrics for Prometheus and /healthz there, ":9445"

  --list                print what would be offered, and end
  --json                with --list: as JSON
  --version             print the version, and end
  --help                print this, and end
`

type options struct {
	host         string
	types        []string
	state        string
	interval     time.Duration
	claimTimeout time.Duration
	cdiDir       string
	kubeletDir   string
	podResources string
	pod          string
	node         string
	metrics      string
	list         bool
	json         bool
	version      bool
}

func parseOptions(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("k8s-device-plugin", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.host, "host", "", "")
	flags.Func("types", "", func(pattern string) error {
		o.types = append(o.types, pattern)
		_, err := path.Match(pattern, "")
		return err
	})
	flags.StringVar(&o.state, "state", "/var/lib/nvvgpu/k8s-device-plugin.json", "")
	flags.DurationVar(&o.interval, "interval", 10*time.Second, "")
	flags.DurationVar(&o.claimTimeout, "claim-timeout", time.Minute, "")
	flags.StringVar(&o.cdiDir, "cdi-dir", "", "")
	flags.StringVar(&o.kubeletDir, "kubelet-dir", filepath.Clean(pluginapi.DevicePluginPath), "")
	flags.StringVar(&o.podResources, "pod-resources",
		"/var/lib/kubelet/pod-resources/kubelet.sock", "")
	flags.StringVar(&o.pod, "pod", "", "")
	flags.StringVar(&o.node, "node", "", "")
	flags.StringVar(&o.metrics, "metrics", "", "")
	flags.BoolVar(&o.list, "list", false, "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.BoolVar(&o.version, "version", false, "")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	return o, o.check(flags.Args())
}

func (o *options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%s: there are no arguments", rest[0])
	case o.json && !o.list:
		return errors.New("--json goes with --list")
	case o.interval < 10*time.Millisecond || o.interval > time.Hour:
		return errors.New("--interval: from 10ms to 1h")
	case o.claimTimeout < 0:
		return errors.New("--claim-timeout: not below 0")
	case o.pod != "" && strings.Count(o.pod, "/") != 1:
		return errors.New("--pod: NAMESPACE/NAME")
	}
	return nil
}

func versionText() string { return "k8s-device-plugin " + nvvgpu.Version() }
