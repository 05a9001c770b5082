// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// recorder is a slog.Handler that keeps what it gets.
type recorder struct {
	level slog.Level
	do    func() // also

	mutex sync.Mutex
	lines []slog.Record
	attrs []slog.Attr
}

func (r *recorder) Enabled(_ context.Context, level slog.Level) bool { return level >= r.level }
func (r *recorder) WithGroup(string) slog.Handler                    { return r }

func (r *recorder) WithAttrs(attrs []slog.Attr) slog.Handler {
	r.attrs = attrs
	return r
}

func (r *recorder) Handle(_ context.Context, record slog.Record) error {
	r.mutex.Lock()
	r.lines = append(r.lines, record)
	r.mutex.Unlock()
	if r.do != nil {
		r.do()
	}
	return nil
}

func (r *recorder) count() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return len(r.lines)
}

func TestLog(t *testing.T) {
	host := open(t, "emu:l40")
	handler := &recorder{level: slog.LevelDebug}
	if err := host.SetLog(slog.New(handler)); err != nil {
		t.Fatal(err)
	}
	vgpu := create(t, must(host.GPU(address)), "L40-1B")
	if handler.count() == 0 {
		t.Fatal("nothing is told")
	}
	for _, line := range handler.lines {
		if line.Message == "" || strings.HasSuffix(line.Message, "\n") || line.Level > slog.LevelWarn {
			t.Errorf("%+v", line)
		}
	}
	if len(handler.attrs) != 1 || handler.attrs[0].String() != "host=emu:l40" {
		t.Errorf("attributes %v", handler.attrs)
	}

	quiet := &recorder{level: slog.LevelError}
	told := handler.count()
	for _, logger := range []*slog.Logger{slog.New(quiet), nil} {
		if err := host.SetLog(logger); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(vgpu.Destroy(), host.Refresh()); err != nil {
			t.Fatal(err)
		}
	}
	if handler.count() != told || quiet.count() != 0 {
		t.Errorf("%d lines to a logger that was replaced, %d to a quiet one",
			handler.count()-told, quiet.count())
	}
}

func TestLogLevels(t *testing.T) {
	lines := map[slog.Level]int{}
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn} {
		handler := &recorder{level: level}
		host := open(t, "emu:l40")
		if err := host.SetLog(slog.New(handler)); err != nil {
			t.Fatal(err)
		}
		if err := create(t, must(host.GPU(address)), "L40-1B").Destroy(); err != nil {
			t.Fatal(err)
		}
		lines[level] = handler.count()
		for _, line := range handler.lines {
			if line.Level < level {
				t.Errorf("%v: %+v", level, line)
			}
		}
	}
	if lines[slog.LevelDebug] < lines[slog.LevelInfo] || lines[slog.LevelInfo] < lines[slog.LevelWarn] {
		t.Errorf("lines by level: %v", lines)
	}
}

// The handler may use the host, and even replace itself.
func TestLogHandlerUsesHost(t *testing.T) {
	host := open(t, "emu:l40")
	handler := &recorder{level: slog.LevelDebug}
	handler.do = func() {
		if err := host.SetLog(nil); err != nil { // or what it does below would be told too
			t.Error(err)
		}
		if _, err := host.GPU(address); err != nil {
			t.Error(err)
		}
	}
	if err := host.SetLog(slog.New(handler)); err != nil {
		t.Fatal(err)
	}
	create(t, must(host.GPU(address)), "L40-1B")
	if handler.count() == 0 {
		t.Error("nothing is told")
	}
}

// watched gives a logger, and what tells when the library has let go of it.
func watched() (*slog.Logger, *atomic.Bool) {
	gone := new(atomic.Bool)
	handler := &recorder{level: slog.LevelDebug}
	runtime.AddCleanup(handler, func(gone *atomic.Bool) { gone.Store(true) }, gone)
	return slog.New(handler), gone
}

func isGone(gone *atomic.Bool) func() bool {
	return func() bool {
		runtime.GC()
		return gone.Load()
	}
}

func TestLogIsReleased(t *testing.T) {
	t.Run("when it is replaced", func(t *testing.T) {
		host := open(t, "emu:l40")
		logger, gone := watched()
		if err := host.SetLog(logger); err != nil {
			t.Fatal(err)
		}
		logger = nil
		if isGone(gone)() {
			t.Error("too early")
		}
		if err := host.SetLog(slog.Default()); err != nil {
			t.Fatal(err)
		}
		waitUntil(t, "the logger goes", isGone(gone))
	})
	t.Run("with the last object of the host", func(t *testing.T) {
		host := open(t, "emu:l40")
		gpu := must(host.GPU(address))
		logger, gone := watched()
		if err := host.SetLog(logger); err != nil {
			t.Fatal(err)
		}
		logger = nil
		host.Close()
		if isGone(gone)() {
			t.Error("too early")
		}
		gpu.Close()
		waitUntil(t, "the logger goes", isGone(gone))
	})
	t.Run("when the host is closed already", func(t *testing.T) {
		host := open(t, "emu:l40")
		host.Close()
		logger, gone := watched()
		if err := host.SetLog(logger); !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
		logger = nil
		waitUntil(t, "the logger goes", isGone(gone))
	})
}

func TestLogOfManyGoroutines(t *testing.T) {
	host := open(t, "emu:l40")
	var group sync.WaitGroup
	for range 4 {
		group.Add(2)
		go func() {
			defer group.Done()
			for range byLevel(20, 100, 1000) {
				if err := host.SetLog(slog.New(&recorder{level: slog.LevelDebug})); err != nil {
					t.Error(err)
				}
			}
		}()
		go func() {
			defer group.Done()
			for range byLevel(20, 100, 1000) {
				if err := host.Refresh(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
}

// A panic of the handler must not be recovered on the far side of C.
func TestLogHandlerPanics(t *testing.T) {
	if os.Getenv("NVVGPU_TEST_PANIC") != "" {
		defer func() { recover() }()
		host := open(t, "emu:l40")
		host.SetLog(slog.New(&recorder{level: slog.LevelDebug, do: func() { panic("of the handler") }}))
		create(t, must(host.GPU(address)), "L40-1B")
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestLogHandlerPanics$")
	child.Env = append(os.Environ(), "NVVGPU_TEST_PANIC=1")
	out, err := child.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("panic: of the handler")) {
		t.Errorf("%v: %s", err, out)
	}
}
