// SPDX-License-Identifier: MIT

/*
Package nvvgpu manages NVIDIA vGPUs on Linux/KVM hosts: it finds the GPUs and the vGPU types that
they offer, creates and destroys vGPUs, watches them, saves and restores their state.

	host, err := nvvgpu.Open("emu:l40") // "" is the running host
	if err != nil {
		return err
	}
	defer host.Close()
	gpus, err := host.GPUs()
	...
	vgpu, err := gpus[0].Create(nvvgpu.Spec{Type: "L40-4Q"})

A [Host] gives GPUs and vGPUs.  A [GPU] gives values of [Type] and creates vGPUs from a [Spec]; a
[VGPU] can be opened as a [Device].  A [Monitor], or a loop over [Host.Events], tells what happens.
[VGPU.Save], [GPU.Restore], [Inspect] and [Verify] move state between a vGPU and a file or a
socket.

# Facts and questions

What was found out is a field, what asks the driver is a method.  The fields of GPUs and vGPUs
never change; search again, or look up again, for new ones.  A Type is a plain value, as it was
when it was asked for.  Types, events, stream infos and errors know their JSON only when they come
from the library.

# Lifetimes

Host, GPU, VGPU, Device and Monitor have a Close, which lets go of what the C library holds for
them.  Each stands for itself: a GPU can be used after its host was closed, and they can be
closed in any order.  Closing a VGPU does not destroy the vGPU.  After Close the fields can still
be read; methods fail with an error that is [io/fs.ErrClosed].

What was not closed is let go of some time after its last use, when the garbage collector finds
it.  That is soon enough for GPUs and vGPUs.  It is not for a Device, which keeps others from the
vGPU, nor for the memory of an emulated host.

# Concurrency

Everything can be used from several goroutines at once, Close included: it returns at once, and
a call that runs has its object until it returns.

# Errors

What the library refuses is an [*Error], with a [Reason] that programs can compare, an object, a
cause, and what to do next:

	vgpu, err := gpu.Create(spec)
	if errors.Is(err, nvvgpu.ReasonEqualSize) {
		...
	}

The errors of packages io/fs and context, and errnos, are understood too; see [Error].

# Linking

The package needs cgo, a C compiler, and the C library, which pkg-config finds as "nvvgpu".
*/
package nvvgpu
