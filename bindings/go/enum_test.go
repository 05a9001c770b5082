// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"encoding"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"nvvgpu"
)

// What the enums and constants of C begin with, and what those of Go do.
var prefixes = []struct{ c, goName string }{
	{"NVVGPU_REASON_", "Reason"},
	{"NVVGPU_FRAMEWORK_", "Framework"},
	{"NVVGPU_GPU_MODE_", "Mode"},
	{"NVVGPU_STAT_", "Stat"},
	{"NVVGPU_TYPE_", "Types"},
	{"NVVGPU_PLACEMENT_", "Placements"},
	{"NVVGPU_VGPU_", "VGPU"},
	{"NVVGPU_REGION_", "Region"},
	{"NVVGPU_EVENT_KIND_", "Event"},
	{"NVVGPU_LOG_", "log"},
	{"NVVGPU_CHECK_", "Check"},
	{"NVVGPU_VERDICT_", "Verdict"},
	{"NVVGPU_DOCTOR_", "Doctor"},
}

var initialisms = map[string]string{"IO": "IO", "MIG": "MIG", "VF": "VF", "VFS": "VFs", "GPU": "GPU",
	"VGPUS": "VGPUs", "NVVGPU": "NVVGPU", "VFIO": "VFIO", "RM": "RM", "BAR0": "BAR0", "BAR1": "BAR1",
	"BAR3": "BAR3", "GPUS": "GPUs", "IOMMU": "IOMMU", "SELINUX": "SELinux", "SRIOV": "SRIOV", "OK": "OK"}

func goName(t *testing.T, c string) string {
	for _, prefix := range prefixes {
		rest, ok := strings.CutPrefix(c, prefix.c)
		if !ok {
			continue
		}
		name := prefix.goName
		for _, word := range strings.Split(rest, "_") {
			if special := initialisms[word]; special != "" {
				name += special
			} else {
				name += word[:1] + strings.ToLower(word[1:])
			}
		}
		return name
	}
	t.Errorf("%s: of an enum that this test does not know", c)
	return ""
}

// headers gives the public headers that the package was built with, without their comments.
func headers(t *testing.T) map[string]string {
	out, err := exec.Command("pkg-config", "--cflags-only-I", "nvvgpu").Output()
	if err != nil {
		t.Fatalf("pkg-config: %v", err)
	}
	comment := regexp.MustCompile(`(?s)/\*.*?\*/`)
	texts := map[string]string{}
	for _, flag := range append(strings.Fields(string(out)), "-I/usr/include") {
		files, _ := filepath.Glob(filepath.Join(strings.TrimPrefix(flag, "-I"), "nvvgpu", "*.h"))
		for _, file := range files {
			if name := filepath.Base(file); texts[name] == "" {
				texts[name] = comment.ReplaceAllString(read(t, file), "")
			}
		}
	}
	if len(texts) < 9 {
		t.Fatalf("headers: %d", len(texts))
	}
	return texts
}

// constants gives those of the package, by their names.
func constants(t *testing.T) map[string]int64 {
	found := map[string]int64{}
	files, _ := filepath.Glob("*.go")
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			group, ok := declaration.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				value := spec.(*ast.ValueSpec)
				literal, ok := value.Values[0].(*ast.BasicLit)
				if ok && value.Type != nil {
					n, _ := constant.Int64Val(constant.MakeFromLiteral(literal.Value, literal.Kind, 0))
					found[value.Names[0].Name] = n
				}
			}
		}
	}
	return found
}

func TestConstantsAreThoseOfTheHeaders(t *testing.T) {
	item := regexp.MustCompile(`(?m)^\s*(NVVGPU_\w+)\s*=\s*(\w+)\s*,`)
	define := regexp.MustCompile(`(?m)^#define\s+(NVVGPU_(?:TYPE|DOCTOR)_\w+)\s+(.+?)\s*$`)
	ours := constants(t)
	count := 0
	for _, header := range headers(t) {
		for _, match := range append(item.FindAllStringSubmatch(header, -1),
			define.FindAllStringSubmatch(header, -1)...) {
			if strings.HasSuffix(match[1], "_H") {
				continue
			}
			var want int64
			if _, err := fmt.Sscanf(match[2], "(1u << %d)", &want); err == nil {
				want = 1 << want
			} else if n, err := strconv.ParseInt(strings.TrimSuffix(match[2], "u"), 0, 64); err == nil {
				want = n
			} else {
				t.Errorf("%s is %s", match[1], match[2])
				continue
			}
			count++
			name := goName(t, match[1])
			if got, ok := ours[name]; !ok || got != want {
				t.Errorf("%s is %d in C; %s is %d, exists: %v", match[1], want, name, got, ok)
			}
			delete(ours, name)
		}
	}
	if len(ours) != 0 || count < 90 {
		t.Errorf("%d constants of C; only in Go: %v", count, ours)
	}
}

// Numbers that a newer library may give are as good as others.
func TestNames(t *testing.T) {
	for value, want := range map[interface {
		fmt.Stringer
		encoding.TextMarshaler
	}]string{
		nvvgpu.ReasonNone:             "none",
		nvvgpu.ReasonEqualSize:        "equal-size",
		nvvgpu.Reason(12345):          "unknown",
		nvvgpu.FrameworkVendorVFIO:    "vendor-vfio",
		nvvgpu.Framework(-1):          "none",
		nvvgpu.ModeMixedSize:          "mixed-size",
		nvvgpu.Mode(77):               "unknown",
		nvvgpu.StatFirmwareCalls:      "firmware_calls",
		nvvgpu.Statistic(1 << 20):     "statistic 1048576",
		nvvgpu.VGPURunning:            "running",
		nvvgpu.VGPUState(77):          "unknown",
		nvvgpu.EventLost:              "lost",
		nvvgpu.EventVFRemoved:         "vf-removed",
		nvvgpu.EventKind(0):           "unknown",
		nvvgpu.EventKind(-2147483648): "unknown",
	} {
		if marshalled := string(must(value.MarshalText())); value.String() != want || marshalled != want {
			t.Errorf("%T: %q and %q, want %q", value, value, marshalled, want)
		}
	}
	for value, want := range map[nvvgpu.Region]string{nvvgpu.RegionBAR0: "bar0",
		nvvgpu.RegionBAR1: "bar1", nvvgpu.RegionBAR3: "bar3", nvvgpu.RegionConfig: "config",
		77: "region 77"} {
		if value.String() != want {
			t.Errorf("%q, want %q", value, want)
		}
	}
	if nvvgpu.ReasonBusy.Error() != "busy" {
		t.Error(nvvgpu.ReasonBusy.Error())
	}
}
