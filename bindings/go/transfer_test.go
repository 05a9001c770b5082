// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"nvvgpu"
)

const mibs = 3 // of framebuffer that a test saves

// saved gives a file with the state of a vGPU.
func saved(t testing.TB, vgpu *nvvgpu.VGPU, options *nvvgpu.SaveOptions) *os.File {
	t.Helper()
	file := newFile(t)
	if err := vgpu.Save(context.Background(), file, options); err != nil {
		t.Fatal(err)
	}
	rewind(t, file)
	return file
}

func TestSaveRestore(t *testing.T) {
	host := open(t, "emu:l40*2")
	gpus := must(host.GPUs())
	spec := nvvgpu.Spec{Type: "L40-4Q", UUID: uuid, Owner: "me", Params: map[string]string{"a": "1"}}
	vgpu := must(gpus[0].Create(spec))
	fill(t, vgpu, mibs)
	file := saved(t, vgpu, nil)

	copied, err := gpus[1].Restore(context.Background(), file, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkFilled(t, copied, mibs)
	if copied.UUID == uuid || copied.GPUAddress != "0000:42:00.0" || copied.Owner != "me" ||
		!maps.Equal(must(copied.Params()), spec.Params) {
		t.Errorf("%+v", copied.VGPUInfo)
	}

	rewind(t, file)
	if err := vgpu.Destroy(); err != nil {
		t.Fatal(err)
	}
	placement := uint32(8)
	options := &nvvgpu.RestoreOptions{VerifyFirst: true, VF: "0000:42:00.6", Placement: &placement,
		Owner: "you", Params: map[string]string{"b": "2"}}
	copied, err = gpus[1].Restore(context.Background(), file, options)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := copied.Placement()
	if copied.UUID != uuid || copied.VF != options.VF || id != 8 || copied.Owner != "you" ||
		!maps.Equal(must(copied.Params()), options.Params) {
		t.Errorf("%+v", copied.VGPUInfo)
	}
	checkFilled(t, copied, mibs)

	rewind(t, file)
	options = &nvvgpu.RestoreOptions{UUID: otherUUID}
	if copied, err = gpus[0].Restore(context.Background(), file, options); err != nil ||
		copied.UUID != otherUUID {
		t.Errorf("%v, %v", copied, err)
	}
}

func TestSaveRestoreDevice(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	vgpu := create(t, gpu, "L40-1B")
	device := openDevice(t, vgpu)
	if _, err := device.Write(nvvgpu.RegionBAR1, 0, pattern(1)); err != nil {
		t.Fatal(err)
	}
	file := newFile(t)
	if err := device.Save(context.Background(), file, &nvvgpu.SaveOptions{NoChecksum: true}); err != nil {
		t.Fatal(err)
	}
	if info := inspect(t, file); info.Checksums {
		t.Error("there are checksums")
	}
	rewind(t, file)
	other := openDevice(t, create(t, gpu, "L40-1B"))
	if err := other.Restore(context.Background(), file, nil); err != nil {
		t.Fatal(err)
	}
	found := make([]byte, mib)
	if _, err := other.Read(nvvgpu.RegionBAR1, 0, found); err != nil || !slices.Equal(found, pattern(1)) {
		t.Errorf("other contents, error %v", err)
	}
}

func inspect(t testing.TB, file *os.File) *nvvgpu.StreamInfo {
	t.Helper()
	rewind(t, file)
	info, err := nvvgpu.Inspect(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// The library waits itself on descriptors that Go has made non-blocking.
func TestPipesAndSockets(t *testing.T) {
	ctx := context.Background()
	for name, connect := range map[string]func() (from, to transferConn){
		"pipe": func() (from, to transferConn) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			return r, w
		},
		"TCP": func() (from, to transferConn) {
			return sockets[*net.TCPConn](t, "tcp", "127.0.0.1:0")
		},
		"unix": func() (from, to transferConn) {
			return sockets[*net.UnixConn](t, "unix", t.TempDir()+"/s")
		},
	} {
		t.Run(name, func(t *testing.T) {
			host := open(t, "emu:l40*2")
			gpus := must(host.GPUs())
			vgpu := create(t, gpus[0], "L40-1B")
			fill(t, vgpu, mibs)
			from, to := connect()
			defer from.Close()
			done := make(chan error)
			go func() {
				defer to.Close()
				for range 2 { // one behind the other
					if err := vgpu.Save(ctx, to, nil); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
			copied, err := gpus[1].Restore(ctx, from, nil)
			if err != nil {
				t.Fatal(err)
			}
			info, err := nvvgpu.Verify(ctx, from, nil)
			if err != nil || info.VGPUUUID != vgpu.UUID {
				t.Errorf("the second: %+v, %v", info, err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			checkFilled(t, copied, mibs)
		})
	}
}

type transferConn interface {
	syscall.Conn
	io.Closer
}

func sockets[T transferConn](t *testing.T, network, address string) (from, to transferConn) {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial(network, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client.(T), server.(T)
}

func TestProgress(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	vgpu := create(t, gpu, "L40-1B")
	fill(t, vgpu, mibs)
	var reports []nvvgpu.Progress
	note := func(p nvvgpu.Progress) { reports = append(reports, p) }
	check := func(what string, least uint64) {
		t.Helper()
		if len(reports) < 2 || reports[0].Bytes != 0 {
			t.Fatalf("%s: %v", what, reports)
		}
		last := reports[len(reports)-1]
		if last.Bytes < least || last.EstimateBytes != last.Bytes || last.BytesPerSecond == 0 {
			t.Errorf("%s: at last %+v", what, last)
		}
		reports = nil
	}
	file := saved(t, vgpu, &nvvgpu.SaveOptions{Progress: note})
	check("save", mibs*mib)
	if _, err := nvvgpu.Verify(context.Background(), file, &nvvgpu.TransferOptions{Progress: note}); err != nil {
		t.Fatal(err)
	}
	check("verify", mibs*mib)
	rewind(t, file)
	_, err := gpu.Restore(context.Background(), file, &nvvgpu.RestoreOptions{Progress: note, VerifyFirst: true})
	if err != nil {
		t.Fatal(err)
	}
	check("restore", 2*mibs*mib)
	device := openDevice(t, vgpu)
	rewind(t, file)
	if err := device.Restore(context.Background(), file, &nvvgpu.RestoreOptions{Progress: note}); err != nil {
		t.Fatal(err)
	}
	check("device", mibs*mib)
}

// running checks that a vGPU can be used after something has failed.
func usable(t *testing.T, vgpu *nvvgpu.VGPU) {
	t.Helper()
	checkFilled(t, vgpu, mibs)
	if state := must(vgpu.State()); state != nvvgpu.VGPUAssigned {
		t.Errorf("state %v", state)
	}
}

func TestCancel(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	vgpu := create(t, gpu, "L40-1B")
	fill(t, vgpu, mibs)

	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err := vgpu.Save(ctx, newFile(t), nil)
		e := wantError(t, err, context.Canceled)
		if e.Reason != nvvgpu.ReasonCancelled || !errors.Is(err, ctx.Err()) ||
			errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		usable(t, vgpu)
	})
	t.Run("by the progress function", func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(context.Background())
		calls := 0
		file := newFile(t)
		err := vgpu.Save(ctx, file, &nvvgpu.SaveOptions{Progress: func(nvvgpu.Progress) {
			calls++
			cancel(cause)
		}})
		wantError(t, err, context.Canceled)
		if calls != 1 || !errors.Is(err, cause) {
			t.Errorf("%d calls, error %v", calls, err)
		}
		rewind(t, file)
		_, err = nvvgpu.Verify(context.Background(), file, nil)
		wantError(t, err, syscall.EBADMSG)
		usable(t, vgpu)
	})
	t.Run("in the last call of the progress function", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		err := vgpu.Save(ctx, newFile(t), &nvvgpu.SaveOptions{Progress: func(p nvvgpu.Progress) {
			if p.Bytes > 0 && p.Bytes == p.EstimateBytes {
				cancel()
			}
		}})
		wantError(t, err, context.Canceled)
	})
	t.Run("while nobody reads", func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			io.ReadFull(r, make([]byte, 1)) // it has begun
			cancel()
		}()
		wantError(t, vgpu.Save(ctx, w, nil), context.Canceled)
		usable(t, vgpu)
	})
	t.Run("restore", func(t *testing.T) {
		file := saved(t, vgpu, nil)
		ctx, cancel := context.WithCancel(context.Background())
		before := len(must(gpu.VGPUs()))
		copied, err := gpu.Restore(ctx, file, &nvvgpu.RestoreOptions{
			Progress: func(nvvgpu.Progress) { cancel() }})
		wantError(t, err, context.Canceled)
		if now := len(must(gpu.VGPUs())); copied != nil || now != before {
			t.Errorf("%v, %d vGPUs", copied, now-before)
		}
	})
	t.Run("verify", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := nvvgpu.Verify(ctx, saved(t, vgpu, nil), &nvvgpu.TransferOptions{
			Progress: func(nvvgpu.Progress) { cancel() }})
		wantError(t, err, context.Canceled)
	})
}

func TestDeadline(t *testing.T) {
	vgpu := create(t, openGPU(t, "emu:l40"), "L40-1B")
	fill(t, vgpu, mibs)
	check := func(t *testing.T, ctx context.Context, err error) {
		t.Helper()
		e := wantError(t, err, context.DeadlineExceeded)
		if e.Reason != nvvgpu.ReasonDeadline || !errors.Is(err, os.ErrDeadlineExceeded) ||
			errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		<-ctx.Done()
		if !errors.Is(err, ctx.Err()) {
			t.Errorf("%v is not %v", err, ctx.Err())
		}
		usable(t, vgpu)
	}
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), -1)
		defer cancel()
		check(t, ctx, vgpu.Save(ctx, newFile(t), nil))
	})
	t.Run("while nobody reads", func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		check(t, ctx, vgpu.Save(ctx, w, nil))
	})
	t.Run("in the progress function", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		check(t, ctx, vgpu.Save(ctx, newFile(t), &nvvgpu.SaveOptions{
			Progress: func(p nvvgpu.Progress) {
				if p.Bytes == 0 {
					<-ctx.Done()
				}
			}}))
	})
	t.Run("far away", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 1<<62)
		defer cancel()
		if err := vgpu.Save(ctx, newFile(t), nil); err != nil {
			t.Error(err)
		}
	})
	t.Run("of a context that keeps other time", func(t *testing.T) {
		ctx := &oddContext{Context: context.Background(), done: make(chan struct{})}
		err := vgpu.Save(ctx, newFile(t), &nvvgpu.SaveOptions{Progress: func(nvvgpu.Progress) {
			ctx.once()
		}})
		wantError(t, err, context.DeadlineExceeded)
	})
}

// oddContext ends with DeadlineExceeded long before its deadline.
type oddContext struct {
	context.Context
	done chan struct{}
}

func (c *oddContext) Deadline() (time.Time, bool) { return time.Now().Add(time.Hour), true }
func (c *oddContext) Done() <-chan struct{}       { return c.done }

func (c *oddContext) Err() error {
	select {
	case <-c.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func (c *oddContext) once() {
	if c.Err() == nil {
		close(c.done)
	}
}

func TestTransferFails(t *testing.T) {
	ctx := context.Background()
	gpu := openGPU(t, "emu:l40")
	vgpu := create(t, gpu, "L40-1B")
	fill(t, vgpu, mibs)
	file := saved(t, vgpu, nil)

	reader, err := os.Open(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	wantError(t, vgpu.Save(ctx, reader, nil), syscall.EBADF)

	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	wantError(t, vgpu.Save(ctx, w, nil), syscall.EPIPE)

	closed := newFile(t)
	closed.Close()
	for _, gone := range []*os.File{closed, nil} {
		_, restoreErr := gpu.Restore(ctx, gone, nil)
		_, inspectErr := nvvgpu.Inspect(context.Background(), gone)
		_, verifyErr := nvvgpu.Verify(ctx, gone, nil)
		for i, err := range []error{vgpu.Save(ctx, gone, nil), restoreErr, inspectErr, verifyErr} {
			if !errors.Is(err, fs.ErrClosed) && !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%d of %v: error %v", i, gone, err)
			}
		}
	}

	_, err = openGPU(t, "emu:l4").Restore(ctx, file, nil)
	wantError(t, err, nvvgpu.ReasonMismatchBoard)
	rewind(t, file)
	_, err = gpu.Restore(ctx, file, &nvvgpu.RestoreOptions{UUID: "nonesuch"})
	wantError(t, err, nvvgpu.ReasonInvalidArgument)
	_, err = gpu.Restore(ctx, file, &nvvgpu.RestoreOptions{Owner: "\x00"})
	if !errors.Is(err, syscall.EINVAL) {
		t.Errorf("NUL: %v", err)
	}
	usable(t, vgpu)
}

// A panic of the progress function comes out, and leaves nothing half done.
func TestProgressPanics(t *testing.T) {
	vgpu := create(t, openGPU(t, "emu:l40"), "L40-1B")
	fill(t, vgpu, mibs)
	func() {
		defer func() {
			if p := recover(); p != "mine" {
				t.Errorf("recovered %v", p)
			}
		}()
		vgpu.Save(context.Background(), newFile(t), &nvvgpu.SaveOptions{
			Progress: func(nvvgpu.Progress) { panic("mine") }})
	}()
	usable(t, vgpu)
}

// What testing.T.FailNow does: the goroutine ends, but not in the middle of C.
func TestProgressExits(t *testing.T) {
	vgpu := create(t, openGPU(t, "emu:l40"), "L40-1B")
	fill(t, vgpu, mibs)
	file := newFile(t)
	returned := false
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		vgpu.Save(context.Background(), file, &nvvgpu.SaveOptions{
			Progress: func(nvvgpu.Progress) { runtime.Goexit() }})
		returned = true
	}()
	<-ended
	if returned {
		t.Error("Save has returned, as if its goroutine had not been ended")
	}
	usable(t, vgpu)
}

// The file is used until the save has ended, whoever closes it.
func TestFileClosedWhileSaving(t *testing.T) {
	vgpu := create(t, openGPU(t, "emu:l40"), "L40-1B")
	fill(t, vgpu, mibs)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ended := make(chan error)
	go func() { ended <- vgpu.Save(context.Background(), w, nil) }()
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	go func() { closed <- w.Close() }()
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Save: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestCollect(t *testing.T) {
	host := open(t, "emu:l40")
	vgpu := create(t, must(host.GPU(address)), "L40-1B")
	file := newFile(t)
	var last nvvgpu.Progress
	err := host.Collect(context.Background(), file, &nvvgpu.TransferOptions{
		Progress: func(p nvvgpu.Progress) { last = p }})
	if errors.Is(err, nvvgpu.ReasonNotSupported) {
		t.Skip("the library was built without archives")
	}
	if err != nil || last.Bytes < 1000 {
		t.Fatalf("%v, %+v", err, last)
	}
	captured := open(t, "tree:"+file.Name())
	found := must(captured.VGPU(vgpu.UUID))
	if found.VGPUInfo != func() nvvgpu.VGPUInfo { i := vgpu.VGPUInfo; i.Created = false; return i }() {
		t.Errorf("%+v, want %+v", found.VGPUInfo, vgpu.VGPUInfo)
	}
	if e := wantError(t, found.Destroy(), syscall.EROFS); e.Reason != nvvgpu.ReasonReadOnly {
		t.Error(e)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	wantError(t, host.Collect(ctx, newFile(t), nil), context.Canceled)
	host.Close()
	if err := host.Collect(context.Background(), file, nil); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
}
