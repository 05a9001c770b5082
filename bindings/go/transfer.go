// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"runtime/cgo"
	"syscall"
	"time"

	"nvvgpu/internal/swig"
)

// Progress says where a save, a restore or a verification is.
type Progress struct {
	Bytes          uint64
	EstimateBytes  uint64 // in all, as far as known; 0: not known
	BytesPerSecond uint64
}

// SaveOptions say how to save; nil is the same as the zero value.
type SaveOptions struct {
	// Progress, unless nil, is called at the start, at most ten times a second, and at the end,
	// one call after the other.  To give up, cancel the context.
	Progress func(Progress)

	// NoChecksum leaves the checksums of the data away.
	NoChecksum bool
}

// RestoreOptions say how to restore; nil is the same as the zero value.
type RestoreOptions struct {
	// Progress is as in SaveOptions.
	Progress func(Progress)

	// VerifyFirst reads the whole state before anything is touched, which needs a file that can
	// be read twice.  Progress counts both passes.
	VerifyFirst bool

	// What the new vGPU shall be, as in Spec.  Unless they are given, the parameters and the
	// owner are those of the vGPU that was saved, and the uuid too, when it is free.
	UUID      string
	VF        string
	Placement *uint32
	Params    map[string]string
	Owner     string
}

// TransferOptions say how to verify, or to collect; nil is the same as the zero value.
type TransferOptions struct {
	// Progress is as in SaveOptions.
	Progress func(Progress)
}

// transfer is what save, restore and verify have in common.
type transfer struct {
	progress    func(Progress)
	noChecksum  bool
	verifyFirst bool
	spec        *Spec

	panicked any  // what the progress function ended with
	exited   bool // it ended its goroutine, as testing.T.FailNow does
}

func (o *SaveOptions) transfer() *transfer {
	if o == nil {
		return &transfer{}
	}
	return &transfer{progress: o.Progress, noChecksum: o.NoChecksum}
}

func (o *RestoreOptions) transfer() *transfer {
	if o == nil {
		return &transfer{}
	}
	return &transfer{progress: o.Progress, verifyFirst: o.VerifyFirst}
}

func (o *RestoreOptions) transferWithSpec() *transfer {
	t := o.transfer()
	if o != nil {
		t.spec = &Spec{
			UUID:      o.UUID,
			VF:        o.VF,
			Placement: o.Placement,
			Params:    o.Params,
			Owner:     o.Owner,
		}
	}
	return t
}

func (o *TransferOptions) transfer() *transfer {
	if o == nil {
		return &transfer{}
	}
	return &transfer{progress: o.Progress}
}

// run calls fn with the descriptor of f, which stays f's and open until fn has returned, and
// with options that make fn end when ctx does.
func (t *transfer) run(ctx context.Context, f syscall.Conn,
	fn func(fd int, options swig.MigrateOptions) int64) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var options swig.MigrateOptions
	if err := newError(swig.Migrate_options_new(&options)); err != nil {
		return err
	}
	defer swig.Migrate_options_free(options)
	if err := t.fill(options); err != nil {
		return err
	}
	if t.progress != nil {
		handle := cgo.NewHandle(swig.ProgressFunc(t.reporter(ctx)))
		defer handle.Delete()
		swig.Migrate_options_set_progress(options, handle)
	}
	defer watch(ctx, options)()

	var failed error
	err = conn.Control(func(fd uintptr) {
		setDeadline(ctx, options)
		failed = newError(fn(int(fd), options))
	})
	if t.panicked != nil {
		panic(t.panicked)
	}
	if t.exited {
		runtime.Goexit()
	}
	if err != nil {
		return unusable(f, err)
	}
	return endedBy(ctx, failed)
}

// unusable: a file refuses control only when it is closed, but the error it gives says so to
// people alone.
func unusable(f syscall.Conn, err error) error {
	if file, ok := f.(*os.File); ok {
		return &fs.PathError{Op: "control", Path: file.Name(), Err: fs.ErrClosed}
	}
	return err
}

func (t *transfer) fill(options swig.MigrateOptions) error {
	swig.Migrate_options_set_checksum(options, !t.noChecksum)
	swig.Migrate_options_set_verify_first(options, t.verifyFirst)
	if t.spec == nil {
		return nil
	}
	spec, err := t.spec.build()
	if err != nil {
		return err
	}
	defer swig.Spec_free(spec)
	return newError(swig.Migrate_options_set_spec(options, spec))
}

// reporter calls the progress function.  Neither a panic nor a runtime.Goexit of it must run
// through the frames of C, which would leave the vGPU stopped: it has a goroutine of its own,
// whose early end cancels, and goes on in run.
func (t *transfer) reporter(ctx context.Context) func(bytes, estimate, rate uint64) bool {
	return func(bytes, estimate, rate uint64) bool {
		done := make(chan struct{})
		go func() {
			defer close(done)
			t.exited = true
			defer func() {
				if p := recover(); p != nil {
					t.panicked, t.exited = p, false
				}
			}()
			t.progress(Progress{bytes, estimate, rate})
			t.exited = false
		}()
		<-done
		return t.panicked == nil && !t.exited && (ctx.Err() == nil || deadlinePassed(ctx))
	}
}

// setDeadline has the library keep the deadline itself, so that it says "deadline" and not
// "cancelled".
func setDeadline(ctx context.Context, options swig.MigrateOptions) {
	if deadline, ok := ctx.Deadline(); ok {
		left := max(time.Until(deadline), 1) // 0 would be: none
		swig.Migrate_options_set_deadline(options, uint64(left))
	}
}

// watch makes what uses options end with ctx.  What it returns ends the watch: when that has
// returned, options are not touched any more.
func watch(ctx context.Context, options swig.MigrateOptions) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	cancel := func() {
		if !deadlinePassed(ctx) {
			swig.Migrate_options_cancel(options)
		}
	}
	if ctx.Err() != nil { // before anything has begun
		cancel()
		return func() {}
	}
	done := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		cancel()
		close(done)
	})
	return func() {
		if !unwatch() {
			<-done
		}
	}
}

// deadlinePassed: that, and not something else, is why ctx has ended.
func deadlinePassed(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline) && errors.Is(ctx.Err(), context.DeadlineExceeded)
}

// endedBy notes in err why ctx has ended, when it was ctx that has ended the call.
func endedBy(ctx context.Context, err error) error {
	var e *Error
	if errors.As(err, &e) && (e.Reason == ReasonCancelled || e.Reason == ReasonDeadline) &&
		ctx.Err() != nil {
		e.ended = errors.Join(ctx.Err(), context.Cause(ctx))
	}
	return err
}

// Save writes the state of the vGPU to f, from its current position: an *os.File, a
// *net.TCPConn or a *net.UnixConn.  The library gets the descriptor; no data passes through Go.
//
// The vGPU is stopped while it is read and runs again afterwards, also when the save fails.
// When ctx ends, so does the save, with an error that is ctx.Err() to errors.Is; the stream
// then says that it was given up.  Only ctx ends it: a Close of f waits until the save is over,
// and deadlines of f are not looked at.
func (v *VGPU) Save(ctx context.Context, f syscall.Conn, options *SaveOptions) error {
	return v.obj.with(func(c swig.VGPU) error {
		return options.transfer().run(ctx, f, func(fd int, o swig.MigrateOptions) int64 {
			return swig.Migrate_save(c, fd, o)
		})
	})
}

// Collect captures the host: it writes to f an archive of what the library can see of it.  "tree:"
// and the path of that archive are a host that shows the same GPUs, types and vGPUs, on any
// machine.  Serial numbers, network addresses and memory are not in it.
func (h *Host) Collect(ctx context.Context, f syscall.Conn, options *TransferOptions) error {
	return h.obj.with(func(c swig.Host) error {
		return options.transfer().run(ctx, f, func(fd int, o swig.MigrateOptions) int64 {
			return swig.Collect(c, fd, o)
		})
	})
}

// Restore creates a vGPU from what [VGPU.Save] has written, which it reads from the current
// position of f and not a byte further than needed.
//
// Board, type, framebuffer size, driver and firmware version are compared before anything is
// created.  When the restore fails, or ctx ends, the new vGPU is destroyed.
func (g *GPU) Restore(ctx context.Context, f syscall.Conn, options *RestoreOptions) (*VGPU, error) {
	var vgpu swig.VGPU
	err := g.obj.with(func(c swig.GPU) error {
		return options.transferWithSpec().run(ctx, f, func(fd int, o swig.MigrateOptions) int64 {
			return swig.Migrate_restore(c, fd, o, &vgpu)
		})
	})
	if err != nil {
		return nil, err
	}
	return newVGPU(vgpu), nil
}
