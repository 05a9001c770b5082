// SPDX-License-Identifier: MIT

// K8s-dra-driver offers the vGPUs of a node to Kubernetes: see k8s-dra-driver --help.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	resourceapi "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"kubernetes/k8s/node"
	"kubernetes/k8s/tell"
)

// owner is what the library is told of whose the vGPUs are, with the uid of the claim behind it.
const owner = "k8s-dra-driver"

func main() {
	o, err := parseOptions(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		return
	case err != nil:
		fmt.Fprintf(os.Stderr, "k8s-dra-driver: %v; next: k8s-dra-driver --help\n", err)
		os.Exit(2)
	case o.version:
		fmt.Println(versionText())
		return
	case o.list:
		err = printSlices(o, os.Stdout)
	default:
		err = serve(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "k8s-dra-driver: "+node.Explain(err))
		os.Exit(1)
	}
}

// serve runs the driver until it is told to end.  vGPUs that pods have stay.
func serve(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 50, 100 // by default a change of one GPU takes seconds
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	told := tell.New(log)
	defer told.ToNode(client, owner, o.node)()
	if err := os.MkdirAll(o.pluginDir, 0o750); err != nil {
		return err
	}
	n, err := node.Open(node.Options{URI: o.host, State: o.state, Owner: owner, CDI: o.cdiDir})
	if err != nil {
		return err
	}
	defer n.Close()
	log.Info(versionText(), "host", o.host, "driver", o.driver)
	return newDriver(o, n, log, told).run(ctx, client)
}

// printSlices prints what would be published if no claim had anything.
func printSlices(o options, out io.Writer) error {
	n, err := node.Open(node.Options{URI: o.host, ReadOnly: true})
	if err != nil {
		return err
	}
	defer n.Close()
	gpus, err := n.Look(false)
	if err != nil {
		return err
	}
	p := publisher{o.driver, o.node, o.groups}
	list := resourceapi.ResourceSliceList{TypeMeta: metav1.TypeMeta{
		APIVersion: resourceapi.SchemeGroupVersion.String(), Kind: "ResourceSliceList"}}
	pools := p.pools(gpus, nil)
	for _, name := range slices.Sorted(maps.Keys(pools)) {
		pool := pools[name]
		for i, slice := range pool.Slices {
			list.Items = append(list.Items, resourceapi.ResourceSlice{
				TypeMeta: metav1.TypeMeta{APIVersion: list.APIVersion, Kind: "ResourceSlice"},
				ObjectMeta: metav1.ObjectMeta{
					Name: fmt.Sprintf("%s-%d", strings.ReplaceAll(name, "/", "-"), i)},
				Spec: resourceapi.ResourceSliceSpec{
					Driver:         o.driver,
					NodeName:       &o.node,
					SharedCounters: slice.SharedCounters,
					Devices:        slice.Devices,
					Pool: resourceapi.ResourcePool{Name: name, Generation: 1,
						ResourceSliceCount: int64(len(pool.Slices))},
				}})
		}
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(list)
}
