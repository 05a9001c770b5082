// SPDX-License-Identifier: MIT

package nvvgpu_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"nvvgpu"
)

func TestTypeFacts(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	before := must(gpu.Type("L40-8Q"))
	create(t, gpu, "L40-4Q")
	after := must(gpu.Type("L40-8Q"))

	if before.Name != "NVIDIA L40-8Q" || before.Class != "Quadro" || before.FramebufferBytes != 8<<30 ||
		before.Heads == 0 || before.MaxWidth == 0 || before.MaxHeight == 0 ||
		before.FrameRateLimit == 0 || before.MaxInstances != 6 || !before.Creatable ||
		before.ReasonText != "" || before.String() != before.Name {
		t.Errorf("%+v", before)
	}
	if count, known := before.Available(); count != 6 || !known {
		t.Errorf("available before: %d, %v", count, known)
	}
	if count, known := after.Available(); count != 0 || !known || after.Creatable ||
		after.Reason != nvvgpu.ReasonEqualSize || after.ReasonText == "" {
		t.Errorf("available after: %d, %v, %+v", count, known, after)
	}
	wantKeys(t, parsed(t, after), map[string]any{"id": after.ID, "name": after.Name,
		"gpu": address, "available": 0, "creatable": false,
		"reason": map[string]string{"code": "equal-size", "text": after.ReasonText}})
}

func TestPlacements(t *testing.T) {
	gpu := openGPU(t, "emu:l40")
	found := must(gpu.Type("L40-8Q"))
	supported := must(found.Placements(nvvgpu.PlacementsSupported))
	if !slices.Equal(supported.IDs, []uint32{0, 8, 16, 24, 32, 40}) || supported.Length != 8 {
		t.Errorf("supported: %v", supported)
	}
	create(t, gpu, "L40-8Q")
	creatable := must(found.Placements(nvvgpu.PlacementsCreatable)) // asked now, not as listed
	if !slices.Equal(creatable.IDs, []uint32{8, 16, 24, 32, 40}) {
		t.Errorf("creatable: %v", creatable)
	}
	for _, found := range must(gpu.Types(nvvgpu.TypesAll)) {
		placements := must(found.Placements(nvvgpu.PlacementsSupported))
		if uint32(len(placements.IDs)) != found.MaxInstances {
			t.Errorf("%v: %v", found, placements)
		}
	}
	_, err := must(openGPU(t, "emu:t4").Type("T4-1B")).Placements(nvvgpu.PlacementsSupported)
	wantError(t, err, errors.ErrUnsupported)
}

func TestTypeOutlivesItsGPU(t *testing.T) {
	host := open(t, "emu:l40")
	gpu := must(host.GPU(address))
	found := must(gpu.Type("869"))
	gpu.Close()
	host.Close()
	if placements, err := found.Placements(nvvgpu.PlacementsCreatable); err != nil ||
		len(placements.IDs) != 32 {
		t.Errorf("%v, %v", placements, err)
	}
	wantKeys(t, parsed(t, found), map[string]any{"id": 869})
}

func TestTypeOfTheProgram(t *testing.T) {
	mine := nvvgpu.Type{ID: 1, Name: "mine"}
	if _, err := json.Marshal(mine); err == nil {
		t.Error("rendered by a library that does not know it")
	}
	if _, err := mine.Placements(nvvgpu.PlacementsSupported); err == nil {
		t.Error("has placements")
	}
	if _, known := mine.Available(); known {
		t.Error("is available")
	}
}
