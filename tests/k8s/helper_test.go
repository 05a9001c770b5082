// SPDX-License-Identifier: MIT

// Package k8s tests the Kubernetes programs as processes, against the kubelet's own code.
//
// DEVICE_PLUGIN and DRA_DRIVER are the programs to test.
package k8s

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/klog/v2"

	"nvvgpu"
)

const (
	patience = 20 * time.Second // for what takes a moment; the machine may be busy
	interval = 100 * time.Millisecond
)

func TestMain(m *testing.M) {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	flags.Set("logtostderr", "false")
	flags.Set("stderrthreshold", "FATAL")
	klog.SetOutput(io.Discard) // the kubelet says a lot
	os.Exit(m.Run())
}

func cut(text string) (before, after string, found bool) { return strings.Cut(text, "/") }

// eventually waits until there is nothing wrong.
func eventually(t *testing.T, what string, wrong func() string) {
	t.Helper()
	within(t, patience, what, wrong)
}

// within waits so long.
func within(t *testing.T, patience time.Duration, what string, wrong func() string) {
	t.Helper()
	end := time.Now().Add(patience)
	for {
		text := wrong()
		if text == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %s", what, text)
		}
		time.Sleep(interval / 4)
	}
}

// board is an emulated host that outlives processes, or the running machine.
type board struct {
	t         *testing.T
	names     string // "": the machine
	framework string
	state     string
}

func newBoard(t *testing.T, names, framework string) *board {
	return &board{t, names, framework, filepath.Join(t.TempDir(), "host")}
}

func (b *board) uri() string {
	if b.names == "" {
		return "host:"
	}
	return fmt.Sprintf("emu:%s?state=%s&framework=%s", b.names, b.state, b.framework)
}

// copy is the same host as it is now, to be used up.
func (b *board) copy() *board {
	b.t.Helper()
	twin := newBoard(b.t, b.names, b.framework)
	copying := exec.Command("cp", "-r", "--sparse=always", b.state, twin.state)
	if out, err := copying.CombinedOutput(); err != nil {
		b.t.Fatal(err, string(out))
	}
	return twin
}

func (b *board) open() *nvvgpu.Host {
	b.t.Helper()
	host, err := nvvgpu.Open(b.uri())
	if err != nil {
		b.t.Fatal(err)
	}
	return host
}

func (b *board) gpus(host *nvvgpu.Host) []*nvvgpu.GPU {
	b.t.Helper()
	gpus, err := host.GPUs()
	if err != nil {
		b.t.Fatal(err)
	}
	return gpus
}

// create makes a vGPU of another program.
func (b *board) create(gpu int, spec nvvgpu.Spec) *nvvgpu.VGPU {
	b.t.Helper()
	host := b.open()
	defer host.Close()
	vgpu, err := b.gpus(host)[gpu].Create(spec)
	if err != nil {
		b.t.Fatal(err)
	}
	return vgpu
}

// destroy destroys a vGPU whose ever it is.
func (b *board) destroy(uuid string) {
	b.t.Helper()
	host := b.open()
	defer host.Close()
	vgpu, err := host.VGPU(uuid)
	if err == nil {
		_, err = vgpu.DestroyAs("", true)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// vgpus returns all vGPUs, in the order of their uuids.
func (b *board) vgpus() []nvvgpu.VGPUInfo {
	b.t.Helper()
	host := b.open()
	defer host.Close()
	list, err := host.VGPUs()
	if err != nil {
		b.t.Fatal(err)
	}
	var infos []nvvgpu.VGPUInfo
	for _, vgpu := range list {
		infos = append(infos, vgpu.VGPUInfo)
	}
	slices.SortFunc(infos, func(a, b nvvgpu.VGPUInfo) int { return strings.Compare(a.UUID, b.UUID) })
	return infos
}

// owned returns the keys behind an owner, with how many vGPUs each has.
func (b *board) owned(owner string) map[string]int {
	keys := make(map[string]int)
	for _, vgpu := range b.vgpus() {
		if key, ok := strings.CutPrefix(vgpu.Owner, owner+"/"); ok {
			keys[key]++
		}
	}
	return keys
}

// room returns how many vGPUs of each type the library says can be created, by resource.
func (b *board) room() map[string]int {
	b.t.Helper()
	host := b.open()
	defer host.Close()
	room := make(map[string]int)
	for _, gpu := range b.gpus(host) {
		types, err := gpu.Types(nvvgpu.TypesCreatable)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, t := range types {
			count, known := t.Available()
			if !known {
				count = 1
			}
			room[resourceOf(t.Name)] += int(count)
		}
	}
	return room
}

// fill creates vGPUs of the type of a resource until there is no more room, and says how many.
func (b *board) fill(resource string) int {
	b.t.Helper()
	host := b.open()
	defer host.Close()
	made := 0
	for _, gpu := range b.gpus(host) {
		types, err := gpu.Types(nvvgpu.TypesAll)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, t := range types {
			if resourceOf(t.Name) != resource {
				continue
			}
			for {
				if _, err := gpu.Create(nvvgpu.Spec{Type: strconv.Itoa(int(t.ID))}); err != nil {
					break
				}
				made++
			}
		}
	}
	return made
}

func resourceOf(typeName string) string {
	return "nvidia.com/" + strings.Join(strings.Fields(typeName), "_")
}

// program is a process of a program under test.
type program struct {
	t       *testing.T
	command *exec.Cmd
	metrics string
	log     string
}

// start runs a program; what it says is shown when the test fails.
func start(t *testing.T, variable string, arguments ...string) *program {
	t.Helper()
	name := os.Getenv(variable)
	if name == "" {
		t.Fatalf("%s does not say which program to test", variable)
	}
	file, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := &program{t: t, command: exec.Command(name, arguments...), log: file.Name()}
	p.command.Stdout, p.command.Stderr = file, file
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.end(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), p.said())
		}
	})
	return p
}

// end ends it, as a crash does with SIGKILL.
func (p *program) end(signal syscall.Signal) error {
	if p.command.ProcessState != nil {
		return nil
	}
	p.command.Process.Signal(signal)
	return p.command.Wait()
}

func (p *program) said() string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

var metricsAddress = regexp.MustCompile(`msg=metrics address=(\S+)`)

// scrape returns the metrics whose names begin with nvvgpu_, by name and labels.
func (p *program) scrape() map[string]float64 {
	p.t.Helper()
	eventually(p.t, "the address of the metrics", func() string {
		if match := metricsAddress.FindStringSubmatch(p.said()); match != nil {
			p.metrics = "http://" + match[1]
			return ""
		}
		return "not said"
	})
	response, err := http.Get(p.metrics + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	values := make(map[string]float64)
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		line := lines.Text()
		if i := strings.LastIndexByte(line, ' '); strings.HasPrefix(line, "nvvgpu_") {
			if values[line[:i]], err = strconv.ParseFloat(line[i+1:], 64); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	return values
}
