// SPDX-License-Identifier: MIT

package nvvgpu

import (
	"runtime"

	"nvvgpu/internal/swig"
)

// Check is something that [Host.Doctor] looks at.
type Check int32

const (
	CheckKernel      Check = 1
	CheckGPUs        Check = 2  // is there an NVIDIA GPU?
	CheckIOMMU       Check = 3  // is it on?
	CheckVFIO        Check = 4  // does the kernel offer it?
	CheckServices    Check = 5  // does the daemon of NVIDIA's driver run?
	CheckSELinux     Check = 6  // of each GPU
	CheckDriver      Check = 20 // is one bound?
	CheckFramework   Check = 21 // does it offer vGPUs?
	CheckSRIOV       Check = 22 // are virtual functions enabled, each with its driver?
	CheckMIG         Check = 23
	CheckIOMMUGroups Check = 24 // is each virtual function alone in its group?
	CheckPermissions Check = 25 // may this user manage vGPUs, and open their devices?
	CheckTypes       Check = 26 // can a vGPU be created now?
	CheckDevice      Check = 27 // does the VFIO device of a vGPU answer?
)

// String returns "iommu-groups"; "unknown" for numbers that the library does not know.
func (c Check) String() string { return swig.Check_name(int32(c)) }

// MarshalText returns the same as String.
func (c Check) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Verdict says how something is that was looked at.
type Verdict int32

const (
	VerdictOK      Verdict = 1
	VerdictNote    Verdict = 2 // nothing is wrong, but it is worth knowing
	VerdictUnknown Verdict = 3 // it could not be found out
	VerdictProblem Verdict = 4
)

// String returns "ok", "note", "unknown" or "problem".
func (v Verdict) String() string { return swig.Verdict_name(int32(v)) }

// MarshalText returns the same as String.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// DoctorFlags say what [Host.Doctor] leaves alone.
type DoctorFlags uint32

const (
	DoctorNoOpen DoctorFlags = 1 // the VFIO devices of vGPUs
)

// Finding is one thing that was looked at, and how it is.
type Finding struct {
	Check    Check
	Verdict  Verdict
	Reason   Reason // ReasonNone when the verdict is VerdictOK
	Object   string // what it is about: PCI address of a GPU, or URI of the host
	Text     string // one sentence
	Evidence string // what was seen, and where; perhaps ""
	NextStep string // what to do about it; perhaps ""

	c     swig.Finding
	owner any // keeps c alive
}

// Findings are what [Host.Doctor] has found.
type Findings []Finding

// Well reports whether none of the findings is a problem.
func (f Findings) Well() bool {
	for _, finding := range f {
		if finding.Verdict == VerdictProblem {
			return false
		}
	}
	return true
}

// String returns the text.
func (f Finding) String() string { return f.Text }

// MarshalJSON renders the finding as the library does, with the keys of doc/json.md.
func (f Finding) MarshalJSON() ([]byte, error) {
	if f.owner == nil {
		return nil, errNotOfLibrary
	}
	defer runtime.KeepAlive(f.owner)
	return render(f.c, swig.Finding_to_json)
}

// takeFindings takes over the reference to a list, which its findings keep.
func takeFindings(list swig.FindingList) Findings {
	owner := own(list, func(list swig.FindingList) { swig.Finding_list_unref(list) })
	findings := make(Findings, swig.Finding_list_size(list))
	for i := range findings {
		c := swig.Finding_list_get(list, uint64(i))
		findings[i] = Finding{
			Check:    Check(swig.Finding_get_check(c)),
			Verdict:  Verdict(swig.Finding_get_verdict(c)),
			Reason:   Reason(swig.Finding_get_reason(c)),
			Object:   swig.Finding_get_object(c),
			Text:     swig.Finding_get_text(c),
			Evidence: swig.Finding_get_evidence(c),
			NextStep: swig.Finding_get_next_step(c),
			c:        c,
			owner:    owner,
		}
	}
	return findings
}

// Doctor looks for what keeps vGPUs from working, on the host and on one of its GPUs; nil: on all
// of them.  It changes nothing.  Of each GPU it opens the VFIO device of one vGPU for a moment, if
// there is one that nobody has open and that is no stranger's.
//
// Also what could not be found out is a finding: there is an error only when there is no answer
// at all.
func (h *Host) Doctor(gpu *GPU, flags DoctorFlags) (Findings, error) {
	if gpu == nil {
		return h.doctor(0, flags)
	}
	var findings Findings
	err := gpu.obj.with(func(c swig.GPU) (err error) {
		findings, err = h.doctor(c, flags)
		return err
	})
	return findings, err
}

func (h *Host) doctor(gpu swig.GPU, flags DoctorFlags) (Findings, error) {
	var list swig.FindingList
	err := h.obj.call(func(c swig.Host) int64 {
		return swig.Doctor(c, gpu, uint(flags), &list)
	})
	if err != nil {
		return nil, err
	}
	return takeFindings(list), nil
}
