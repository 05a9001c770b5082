// SPDX-License-Identifier: MIT

// K8s-device-plugin offers the vGPUs of a node to Kubernetes: see k8s-device-plugin --help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"kubernetes/k8s/node"
	"kubernetes/k8s/tell"
)

// owner is what the library is told of whose the vGPUs are, with the device behind it.
const owner = "k8s-device-plugin"

func main() {
	o, err := parseOptions(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		return
	case err != nil:
		fmt.Fprintf(os.Stderr, "k8s-device-plugin: %v; next: k8s-device-plugin --help\n", err)
		os.Exit(2)
	case o.version:
		fmt.Println(versionText())
		return
	case o.list:
		err = printList(o, os.Stdout, os.Stderr)
	default:
		err = serve(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "k8s-device-plugin: "+node.Explain(err))
		os.Exit(1)
	}
}

// serve runs the plugin until it is told to end.  vGPUs that pods have stay.
func serve(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	told := tell.New(log)
	if o.node != "" {
		stop, err := recordEvents(told, o.node)
		if err != nil {
			return err
		}
		defer stop()
	}
	n, err := node.Open(node.Options{URI: o.host, State: o.state, Owner: owner, CDI: o.cdiDir})
	if err != nil {
		return err
	}
	defer n.Close()
	p := newPlugin(o, n, log, told)
	if o.metrics != "" {
		listener, err := net.Listen("tcp", o.metrics)
		if err != nil {
			return err
		}
		defer listener.Close()
		go http.Serve(listener, p.metrics.handler()) // until the listener closes
		log.Info("metrics", "address", listener.Addr().String())
	}
	log.Info(versionText(), "host", o.host)
	return p.run(ctx)
}

// recordEvents has what is told become events of a node, by the API server of the cluster.
func recordEvents(told *tell.Teller, name string) (stop func(), err error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, fmt.Errorf("events of node %s: %w", name, err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("events of node %s: %w", name, err)
	}
	return told.ToNode(client, owner, name), nil
}
