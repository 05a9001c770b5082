// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nvvgpu"
)

func newMonitor(t testing.TB, host *nvvgpu.Host) *nvvgpu.Monitor {
	t.Helper()
	monitor, err := host.Monitor()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { monitor.Close() })
	return monitor
}

// soon gives a context that only ends when something is wrong.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestEvents(t *testing.T) {
	host := open(t, "emu:l40")
	monitor := newMonitor(t, host)
	gpu := must(host.GPU(address))
	before := time.Now()
	if err := gpu.SetMixedSize(true); err != nil {
		t.Fatal(err)
	}
	vgpu := create(t, gpu, "L40-4Q")
	device := openDevice(t, vgpu)
	if err := device.Reset(); err != nil {
		t.Fatal(err)
	}
	device.Close()
	if err := errors.Join(vgpu.SetParams(map[string]string{"a": "1"}), vgpu.Destroy()); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	var last nvvgpu.Event
	for event, err := range monitor.Events(soon(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Kind == nvvgpu.EventTypes { // comes when it is seen
			continue
		}
		kinds = append(kinds, event.Kind.String())
		if event.GPUAddress != address || event.Time.Before(before) || event.Time.After(time.Now()) ||
			len(kinds) > 1 && event.Sequence != last.Sequence+1 {
			t.Errorf("%+v behind %+v", event, last)
		}
		switch event.Kind {
		case nvvgpu.EventMode:
			if event.UUID != "" || event.TypeID != 0 || event.Value != 1 {
				t.Errorf("%+v", event)
			}
		default:
			if event.UUID != vgpu.UUID || event.TypeID != vgpu.TypeID {
				t.Errorf("%+v", event)
			}
		}
		last = event
		if event.Kind == nvvgpu.EventDestroyed {
			break
		}
	}
	if got := strings.Join(kinds, " "); got != "mode created started reset stopped params destroyed" {
		t.Errorf("events: %s", got)
	}
	if want := "destroyed " + address + " " + vgpu.UUID; fmt.Sprint(last) != want {
		t.Errorf("printed as %v", last)
	}
	wantKeys(t, parsed(t, last), map[string]any{"kind": "destroyed", "gpu": address,
		"vf": vgpu.VF, "uuid": vgpu.UUID, "type_id": vgpu.TypeID, "sequence": last.Sequence,
		"time_ns": last.Time.UnixNano(), "value": 0})
	if _, err := (nvvgpu.Event{}).MarshalJSON(); err == nil {
		t.Error("rendered by a library that does not know it")
	}
}

func TestHostEvents(t *testing.T) {
	host := open(t, "emu:l40")
	gpu := must(host.GPU(address))
	events := host.Events(soon(t))
	for range 2 { // it can be ranged over again
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() { // the loop does not see what was before it
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					create(t, gpu, "L40-1B").Destroy()
				}
			}
		}()
		count := 0
		for event, err := range events {
			if err != nil {
				t.Fatal(err)
			}
			if count++; event.UUID == "" && event.Kind != nvvgpu.EventLost &&
				event.Kind != nvvgpu.EventTypes {
				t.Errorf("%+v", event)
			}
			if count == 10 {
				break
			}
		}
		close(stop)
		<-stopped
	}
}

func TestEventsEndWithContext(t *testing.T) {
	host := open(t, "emu:l40")
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	for _, ctx := range []context.Context{cancelled, short} {
		passes := 0
		for event, err := range host.Events(ctx) {
			if passes++; event != (nvvgpu.Event{}) || !errors.Is(err, ctx.Err()) {
				t.Errorf("%+v, %v", event, err)
			}
		}
		if passes != 1 {
			t.Errorf("%d passes", passes)
		}
	}
	// the monitor is as good as new afterwards
	monitor := newMonitor(t, host)
	for range 100 {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Microsecond)
		if _, err := monitor.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		cancel()
	}
	create(t, must(host.GPU(address)), "L40-1B")
	if event, err := monitor.Next(soon(t)); err != nil || event.Kind != nvvgpu.EventCreated {
		t.Errorf("%+v, %v", event, err)
	}
}

func TestNoEvents(t *testing.T) {
	host := open(t, tree(t))
	_, err := host.Monitor()
	wantError(t, err, errors.ErrUnsupported)
	for _, err := range host.Events(context.Background()) {
		wantError(t, err, errors.ErrUnsupported)
	}
}

// Who waits does not keep a thread of the system.
func TestWaitingTakesNoThreads(t *testing.T) {
	host := open(t, "emu:l40")
	const waiters = 100
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	before := threads(t)
	ended := make(chan error)
	for i := range waiters {
		monitor := newMonitor(t, host)
		go func() {
			event, err := monitor.Next(ctx)
			if err == nil && event.Kind != nvvgpu.EventCreated {
				err = errors.New(event.String())
			}
			ended <- err
		}()
		// one after the other: calls to C at the same time may need threads
		waitUntil(t, "it waits", func() bool { return blocked() > i })
	}
	if more := threads(t) - before; more > waiters/4 {
		t.Errorf("%d threads more", more)
	}
	create(t, must(host.GPU(address)), "L40-1B")
	for range waiters {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func threads(t testing.TB) int {
	t.Helper()
	var n int
	for line := range strings.Lines(read(t, "/proc/self/status")) {
		if _, err := fmt.Sscanf(line, "Threads: %d", &n); err == nil {
			return n
		}
	}
	t.Fatal("no thread count")
	return 0
}

// blocked counts the goroutines that wait for the poller.
func blocked() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "[IO wait")
}

func TestCloseWakesNext(t *testing.T) {
	host := open(t, "emu:l40")
	for range byLevel(20, 100, 1000) {
		monitor := newMonitor(t, host)
		ended := make(chan error)
		for range 3 { // one waits, the others wait for their turn
			go func() {
				_, err := monitor.Next(context.Background())
				ended <- err
			}()
		}
		monitor.Close()
		for range 3 {
			if err := <-ended; !errors.Is(err, fs.ErrClosed) {
				t.Fatal(err)
			}
		}
	}
}

func TestEachEventGoesToOne(t *testing.T) {
	host := open(t, "emu:l40")
	monitor := newMonitor(t, host)
	gpu := must(host.GPU(address))
	ctx := soon(t)
	seen := make(chan nvvgpu.Event)
	var group sync.WaitGroup
	for range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			for event, err := range monitor.Events(ctx) {
				if err != nil {
					return
				}
				if event.Sequence != 0 { // the driver's own
					seen <- event
				}
			}
		}()
	}
	last := uint64(0)
	for range byLevel(50, 200, 2000) {
		create(t, gpu, "L40-1B").Destroy()
		found := map[uint64]nvvgpu.EventKind{}
		for range 2 {
			select {
			case event := <-seen:
				found[event.Sequence] = event.Kind
			case <-ctx.Done():
				t.Fatalf("behind %d: %v", last, found)
			}
		}
		if last == 0 {
			last = slices.Min(slices.Collect(maps.Keys(found))) - 1
		}
		if found[last+1] != nvvgpu.EventCreated || found[last+2] != nvvgpu.EventDestroyed {
			t.Fatalf("behind %d: %v", last, found)
		}
		last += 2
	}
	monitor.Close()
	group.Wait()
}

// The next that the driver itself tells.
func nextNumbered(ctx context.Context, monitor *nvvgpu.Monitor) (nvvgpu.Event, error) {
	for {
		event, err := monitor.Next(ctx)
		if err != nil || event.Sequence != 0 {
			return event, err
		}
	}
}

// Events of another user of the same host: none is missed, however the poller is told.
func TestEventsOfAnother(t *testing.T) {
	uri := "emu:l40?state=" + filepath.Join(t.TempDir(), "state")
	gpu := openGPU(t, uri)
	monitor := newMonitor(t, open(t, uri))
	ctx := soon(t)
	for i := range byLevel(20, 100, 1000) {
		vgpu := create(t, gpu, "L40-1B")
		for _, kind := range []nvvgpu.EventKind{nvvgpu.EventCreated, nvvgpu.EventDestroyed} {
			event, err := nextNumbered(ctx, monitor)
			if err != nil || event.Kind != kind || event.UUID != vgpu.UUID {
				t.Fatalf("%d: %+v, %v", i, event, err)
			}
			if err := vgpu.Destroy(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
