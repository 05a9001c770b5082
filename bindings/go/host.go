// SPDX-License-Identifier: MIT

package nvvgpu

import "nvvgpu/internal/swig"

// Host is a machine with GPUs: the running one, a captured one, or an emulated one.
//
// All its methods can be called from several goroutines at once.
type Host struct {
	uri string
	obj object[swig.Host]
}

// Open opens a host:
//
//   - "host:" or "", the running machine,
//   - "tree:PATH", a captured machine, which can only be looked at: a directory that holds its
//     sys/, or an archive that [Host.Collect] has written,
//   - "emu:BOARD[*N][,BOARD...][?state=DIR]", emulated boards (l40, l40s, a40, rtx6000-ada, l4,
//     a16, t4), for which no GPU and no root is needed.  With state=, the host outlives the
//     process and can be shared by several.
//
// Nothing is searched before it is asked for.
func Open(uri string) (*Host, error) {
	if uri == "" {
		uri = "host:"
	}
	if err := checkStrings(uri); err != nil {
		return nil, err
	}
	var c swig.Host
	if err := newError(swig.Open(uri, &c)); err != nil {
		return nil, err
	}
	h := &Host{uri: swig.Get_uri(c)}
	hold(&h.obj, c, own(c, func(c swig.Host) { swig.Unref(c) }), "host", h.uri)
	return h, nil
}

// Version returns the version of the C library, "0.1.0".
func Version() string { return swig.Version() }

// URI returns what the host was opened with.
func (h *Host) URI() string { return h.uri }

// Close lets go of the host.  The GPUs, vGPUs and monitors that it gave stay usable until they
// are closed themselves.  Close always returns nil, also the second time.
func (h *Host) Close() error {
	h.obj.close()
	return nil
}

// Refresh searches for GPUs again.  The GPUs that were found before stay as they are.
func (h *Host) Refresh() error {
	return h.obj.call(swig.Refresh)
}

// GPUs returns the GPUs in the order of their PCI addresses, as the last search found them;
// it searches when nobody has before.
func (h *Host) GPUs() ([]*GPU, error) {
	var list swig.GPUList
	err := h.obj.call(func(c swig.Host) int64 { return swig.Gpu_list(c, &list) })
	if err != nil {
		return nil, err
	}
	owner := own(list, func(list swig.GPUList) { swig.Gpu_list_unref(list) })
	gpus := make([]*GPU, swig.Gpu_list_size(list))
	for i := range gpus {
		gpus[i] = makeGPU(swig.Gpu_list_get(list, uint64(i)), owner)
	}
	return gpus, nil
}

// GPU finds a GPU by its PCI address: "0000:41:00.0", "41:00.0" or "00000000:41:00.0".
func (h *Host) GPU(address string) (*GPU, error) {
	if err := checkStrings(address); err != nil {
		return nil, err
	}
	var gpu swig.GPU
	err := h.obj.call(func(c swig.Host) int64 { return swig.Gpu_lookup(c, address, &gpu) })
	if err != nil {
		return nil, err
	}
	return newGPU(gpu), nil
}

// VGPUs returns the vGPUs of all GPUs that can be asked.
func (h *Host) VGPUs() ([]*VGPU, error) {
	var list swig.VGPUList
	err := h.obj.call(func(c swig.Host) int64 { return swig.Vgpu_list_all(c, &list) })
	if err != nil {
		return nil, err
	}
	return takeVGPUs(list), nil
}

// VGPU finds a vGPU by its uuid or by the PCI address of its VF.
func (h *Host) VGPU(uuidOrVF string) (*VGPU, error) {
	if err := checkStrings(uuidOrVF); err != nil {
		return nil, err
	}
	var vgpu swig.VGPU
	err := h.obj.call(func(c swig.Host) int64 { return swig.Vgpu_lookup(c, uuidOrVF, &vgpu) })
	if err != nil {
		return nil, err
	}
	return newVGPU(vgpu), nil
}
