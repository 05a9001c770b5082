// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"

	"kubernetes/k8s/tell"
)

// registry is a kubelet that does not want one resource.
type registry struct {
	pluginapi.UnimplementedRegistrationServer
	refused string
	names   []string
}

func (r *registry) Register(_ context.Context, request *pluginapi.RegisterRequest) (
	*pluginapi.Empty, error) {
	if request.ResourceName == r.refused {
		return nil, errors.New("not this one")
	}
	r.names = append(r.names, request.ResourceName)
	return &pluginapi.Empty{}, nil
}

// A resource that the kubelet refuses keeps no other from being registered.
func TestRefusedResource(t *testing.T) {
	directory, err := os.MkdirTemp("", "kubelet") // short, since paths of sockets are
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(directory)
	n := openNode(t, "emu:l40")
	log := slog.New(slog.DiscardHandler)
	p := newPlugin(options{kubeletDir: directory, interval: time.Second}, n,
		log, tell.New(log))
	p.update(true)
	defer p.stop()
	names := p.list.names()
	kubelet := &registry{refused: names[0]}
	listener, err := net.Listen("unix", filepath.Join(directory, "kubelet.sock"))
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pluginapi.RegisterRegistrationServer(server, kubelet)
	go server.Serve(listener)
	defer server.Stop()
	p.meetKubelet(t.Context())
	if len(names) < 2 || !slices.Equal(kubelet.names, names[1:]) {
		t.Errorf("registered: %v of %v", kubelet.names, names)
	}
	kubelet.refused = ""
	p.meetKubelet(t.Context())
	if !slices.Equal(kubelet.names[len(names)-1:], names[:1]) {
		t.Errorf("then: %v", kubelet.names[len(names)-1:])
	}
}
