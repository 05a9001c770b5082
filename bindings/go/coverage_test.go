// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every function of the library is used by this package, or its absence has a reason.
func TestEveryFunctionIsUsed(t *testing.T) {
	common := read(t, source(t), "bindings", "nvvgpu_common.i")
	interfaceFile := read(t, source(t), "bindings", "go", "nvvgpu_go.i")
	generated := read(t, "internal", "swig", "swig.go")
	ours := ""
	for _, directory := range []string{".", "internal/swig"} {
		files, _ := filepath.Glob(filepath.Join(directory, "*.go"))
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") && filepath.Base(file) != "swig.go" {
				ours += read(t, file)
			}
		}
	}

	symbols := regexp.MustCompile(`(?m)^\t(nvvgpu_\w+);$`).FindAllStringSubmatch(
		read(t, source(t), "lib", "libnvvgpu.map"), -1)
	if len(symbols) < 150 {
		t.Fatalf("%d symbols", len(symbols))
	}
	var all []string
	for _, match := range symbols {
		symbol := match[1]
		all = append(all, symbol)
		name := strings.TrimPrefix(symbol, "nvvgpu_")
		name = strings.ToUpper(name[:1]) + name[1:]
		wrapped := strings.Contains(generated, "\nfunc "+name+"(")
		reason := reasonOf(t, common, symbol) + reasonOf(t, interfaceFile, symbol)
		used := regexp.MustCompile(`\b` + name + `\b`).MatchString(ours)
		switch {
		case wrapped && !used:
			t.Errorf("%s is wrapped, but not used", symbol)
		case !wrapped && reason == "":
			t.Errorf("%s is neither wrapped nor ignored", symbol)
		case strings.Contains(reason, "use these") && !strings.Contains(interfaceFile, symbol+"("):
			t.Errorf("%s: %q is not so", symbol, reason)
		}
	}
	for _, match := range ignored.FindAllStringSubmatch(common+interfaceFile, -1) {
		if strings.HasPrefix(match[1], "nvvgpu_") && !slices.Contains(all, match[1]) {
			t.Errorf("%s is ignored, but does not exist", match[1])
		}
	}
}

var ignored = regexp.MustCompile(`(?m)^%ignore (\w+);$`)

// reasonOf gives the comment above a block of %ignore that has the symbol; "": it is not there.
func reasonOf(t *testing.T, text, symbol string) string {
	at := strings.Index(text, "%ignore "+symbol+";")
	if at < 0 {
		return ""
	}
	block := text[:at]
	block = block[strings.LastIndex(block, "\n\n")+2:]
	if !strings.HasPrefix(block, "/*") {
		t.Errorf("%s is ignored without a reason", symbol)
	}
	return block + "."
}
