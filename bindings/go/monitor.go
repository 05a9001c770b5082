// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"context"
	"errors"
	"iter"
	"os"
	"syscall"
	"time"

	"nvvgpu/internal/swig"
)

// Monitor is a stream of events of a host: all that happen after it was opened.
//
// Its methods can be called from several goroutines at once; each event goes to one of them.  It
// must not be copied.
type Monitor struct {
	obj  object[swig.Monitor]
	file *os.File      // a twin of the library's descriptor, for Go's poller
	turn chan struct{} // holds a token while a goroutine waits: the library allows one
}

// Monitor begins to watch all GPUs of the host, and those that come.
func (h *Host) Monitor() (*Monitor, error) {
	var c swig.Monitor
	err := h.obj.call(func(host swig.Host) int64 { return swig.Monitor_open(host, &c) })
	if err != nil {
		return nil, err
	}
	file, err := pollable(swig.Monitor_get_fd(c), "events of "+h.uri)
	if err != nil {
		swig.Monitor_close(c)
		return nil, err
	}
	m := &Monitor{file: file, turn: make(chan struct{}, 1)}
	hold(&m.obj, c, own(c, swig.Monitor_close), "monitor of host", h.uri)
	return m, nil
}

// pollable duplicates fd, so that the poller and the library can each close their own.
func pollable(fd int, name string) (*os.File, error) {
	twin, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("fcntl", errno)
	}
	// how NewFile is told; waiting on the descriptor never blocks anyway
	if err := syscall.SetNonblock(int(twin), true); err != nil {
		syscall.Close(int(twin))
		return nil, os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(twin, name)
	if err := file.SetReadDeadline(time.Time{}); err != nil { // the poller would not have it
		file.Close()
		return nil, err
	}
	return file, nil
}

// Close ends the monitor; who waits in Next gets an error that is fs.ErrClosed.  Close always
// returns nil, also the second time.
func (m *Monitor) Close() error {
	m.obj.close()
	_ = m.file.Close() // the error of a second Close
	return nil
}

// Next waits for the next event, without occupying a thread, until ctx ends: then the error is
// that of ctx.
func (m *Monitor) Next(ctx context.Context) (Event, error) {
	conn, err := m.file.SyscallConn()
	if err != nil { // the zero value has no file
		return Event{}, m.obj.closedError()
	}
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return Event{}, ctx.Err()
	}
	defer m.interrupt(ctx)()
	var event Event
	var failed error
	err = conn.Read(func(uintptr) (done bool) {
		event, done, failed = m.poll()
		return done
	})
	if err == nil {
		return event, failed
	}
	if ctx.Err() != nil {
		return Event{}, ctx.Err()
	}
	return Event{}, m.obj.closedError() // the one other reason not to wait
}

// poll does not wait; not done: there is none now.
func (m *Monitor) poll() (event Event, done bool, err error) {
	var next swig.Event
	err = m.obj.call(func(c swig.Monitor) int64 { return swig.Monitor_next(c, 0, &next) })
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		return Event{}, false, nil
	}
	if err != nil {
		return Event{}, true, err
	}
	return newEvent(next), true, nil
}

// interrupt ends a wait in conn.Read when ctx ends.  What it returns undoes that.
func (m *Monitor) interrupt(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		_ = m.file.SetReadDeadline(time.Unix(1, 0)) // in the past; it fails after Close only
		close(done)
	})
	return func() {
		if !unwatch() {
			<-done
			_ = m.file.SetReadDeadline(time.Time{})
		}
	}
}

// Events returns what Next returns, until ctx ends or the monitor is closed: the last pair then
// has the error.  The monitor stays open when the loop is left.
func (m *Monitor) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			event, err := m.Next(ctx)
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// Events watches the host while the loop runs that ranges over it: from the first pass on, until
// the loop is left or ctx ends.  In the last pass the error is that of ctx, or why watching has
// failed.
//
// What happens before the loop begins is not seen; a [Monitor] sees all from its opening on.
func (h *Host) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		m, err := h.Monitor()
		if err != nil {
			yield(Event{}, err)
			return
		}
		defer m.Close()
		m.Events(ctx)(yield)
	}
}
