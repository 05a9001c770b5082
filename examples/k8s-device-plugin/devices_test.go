// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"flag"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"

	"kubernetes/k8s/node"
)

func openNode(t *testing.T, uri string) *node.Node {
	t.Helper()
	state := filepath.Join(t.TempDir(), "leases.json")
	n, err := node.Open(node.Options{URI: uri, State: state, Owner: owner})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func look(t *testing.T, n *node.Node) []node.GPU {
	t.Helper()
	gpus, err := n.Look(false)
	if err != nil {
		t.Fatal(err)
	}
	return gpus
}

// states are the states of a resource's devices, in their order, a letter each.
func states(list resourceList, name string, leased map[string]bool) string {
	letters := map[string]string{stateFree: "f", stateAllocated: "a", stateUnavailable: "-",
		stateUnhealthy: "!"}
	text := ""
	for _, d := range list[name] {
		text += letters[stateOf(d, leased[d.ID])]
	}
	return text
}

func TestList(t *testing.T) {
	const q8, q12 = "nvidia.com/NVIDIA_L40-8Q", "nvidia.com/NVIDIA_L40-12Q"
	n := openNode(t, "emu:l40")
	l := &lister{}
	list := l.list(look(t, n), nil, nil, nil)
	check := func(when, name, want string) {
		t.Helper()
		if got := states(list, name, keysOf(n.Leases())); got != want {
			t.Errorf("%s: %s: %s instead of %s", when, name, got, want)
		}
	}
	check("at first", q8, "ffffff")
	check("at first", q12, "ffff")
	want := node.Want{Key: "0000:41:00.0-876-4", GPU: "0000:41:00.0", TypeID: 876, Fresh: true}
	if _, err := n.Acquire(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	update := func(troubles map[string]error) {
		t.Helper()
		list = l.list(look(t, n), n.Leases(), troubles, list)
	}
	update(nil)
	check("with one", q8, "ffffaf")
	check("with one of 8 GiB", q12, "----")
	update(map[string]error{"0000:41:00.0-876-4": errors.New("gone")})
	check("in trouble", q8, "ffff!f")
	gpus := look(t, n)
	gpus[0].Err, gpus[0].Types = errors.New("no answer"), nil
	list = l.list(gpus, n.Leases(), nil, list)
	check("silent", q8, "----!-")
	list = l.list(nil, n.Leases(), nil, list)
	check("without its GPU", q8, "----a-")
	update(nil)
	check("again", q8, "ffffaf")
	if err := n.Release("0000:41:00.0-876-4"); err != nil {
		t.Fatal(err)
	}
	update(nil)
	check("released", q8, "ffffff")
	check("released", q12, "ffff")
}

func TestPatterns(t *testing.T) {
	n := openNode(t, "emu:l40,t4")
	list := (&lister{[]string{"NVIDIA L40-*Q", "GRID T4-1B"}}).list(look(t, n), nil, nil, nil)
	names := list.names()
	if len(names) != 11 || names[0] != "nvidia.com/GRID_T4-1B" {
		t.Error(names)
	}
}

func TestDeviceID(t *testing.T) {
	id := deviceID{"0000:41:00.0", 876, 3}
	if got, err := parseDeviceID(id.String()); err != nil || got != id {
		t.Error(got, err)
	}
	for _, text := range []string{"", "a", "0000:41:00.0-876", "0000:41:00.0-876--1",
		"0000:41:00.0-0876-1", "0000:41:00.0-876-4294967296", "0000:41:00.0-876-1-1"} {
		if got, err := parseDeviceID(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestPrefer(t *testing.T) {
	// GPUs a and b are on node 0, c and d on node 1, e anywhere
	numa := func(id string) int {
		return map[byte]int{'a': 0, 'b': 0, 'c': 1, 'd': 1, 'e': -1}[id[0]]
	}
	for _, c := range []struct{ name, available, must, want string }{
		{"one: the fullest GPU", "a-1-0 a-1-1 b-1-0", "", "b-1-0"},
		{"one: the fuller node", "a-1-0 a-1-1 c-1-0", "", "c-1-0"},
		{"two: one GPU", "a-1-0 a-1-1 b-1-0 b-1-1 b-1-2", "", "a-1-0 a-1-1"},
		{"two: one GPU, though the other is fuller", "a-1-0 b-1-0 b-1-1", "", "b-1-0 b-1-1"},
		{"two: one node", "a-1-0 b-1-0 c-1-0", "", "a-1-0 b-1-0"},
		{"three: over nodes when it has to be", "a-1-0 b-1-0 c-1-0", "", "a-1-0 b-1-0 c-1-0"},
		{"two: the node that is bound", "a-1-0 a-1-1 c-1-0 d-1-0", "d-1-0", "d-1-0 c-1-0"},
		{"two: the GPU that is bound", "a-1-0 a-1-1 b-1-0 b-1-1", "b-1-1", "b-1-1 b-1-0"},
		{"too many", "a-1-0", "", "a-1-0"},
	} {
		size := len(strings.Fields(c.want))
		if c.name == "too many" {
			size = 2
		}
		got := prefer(strings.Fields(c.available), strings.Fields(c.must), size, numa)
		if !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s: %v instead of %s", c.name, got, c.want)
		}
	}
}

// A pod that is about to be admitted is not shown yet; one that was shown and is no more is gone.
func TestTenant(t *testing.T) {
	const id = "x"
	now := time.Now()
	has := map[string]holder{id: {"default", "guest", "compute"}}
	none := map[string]holder{}
	fresh := &tenant{since: now}
	if fresh.free(none, id, now.Add(-time.Second), 0) || fresh.absent != 0 {
		t.Error("an answer from before counts")
	}
	later := now.Add(time.Second)
	for range 5 {
		if fresh.free(none, id, later, time.Hour) {
			t.Error("free before its pod had time to appear")
		}
	}
	if fresh.free(has, id, later, time.Hour) || fresh.holder.pod != "guest" {
		t.Errorf("%+v", fresh)
	}
	if fresh.free(none, id, later, time.Hour) {
		t.Error("free after one answer without it")
	}
	if fresh.free(has, id, later, time.Hour) || fresh.free(none, id, later, time.Hour) {
		t.Error("free though it was back")
	}
	if !fresh.free(none, id, later, time.Hour) {
		t.Error("not free after two answers without it")
	}
	if lost := (&tenant{since: now}); lost.free(none, id, later, 0) || !lost.free(none, id, later, 0) {
		t.Error("never claimed, and not free")
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct{ arguments, want string }{
		{"", ""},
		{"--list --json", ""},
		{"--json", "goes with --list"},
		{"--interval 0s", "--interval"},
		{"--interval x", "interval"},
		{"--claim-timeout -1s", "--claim-timeout"},
		{"--pod x", "NAMESPACE/NAME"},
		{"--types [", "syntax error in pattern"},
		{"x", "no arguments"},
		{"--help", flag.ErrHelp.Error()},
	} {
		_, err := parseOptions(strings.Fields(c.arguments))
		said := ""
		if err != nil {
			said = err.Error()
		}
		if (c.want == "") != (said == "") || !strings.Contains(said, c.want) {
			t.Errorf("%q: %v", c.arguments, err)
		}
	}
	o, err := parseOptions(nil)
	if err != nil || o.kubeletDir+"/" != pluginapi.DevicePluginPath {
		t.Error(o, err)
	}
	// each option is in the help, and nothing else is
	for word := range strings.FieldsSeq(usage) {
		if name, ok := strings.CutPrefix(word, "--"); ok {
			name = strings.TrimSuffix(name, ":")
			if _, err := parseOptions([]string{"--" + name}); err != nil &&
				strings.Contains(err.Error(), "not defined") {
				t.Error(err)
			}
		}
	}
}

func TestSocketPath(t *testing.T) {
	path := socketPath("/var/lib/kubelet/device-plugins", "nvidia.com/"+strings.Repeat("x", 63))
	if len(path) > 107 {
		t.Error(path, len(path))
	}
}
