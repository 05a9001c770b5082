// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"slices"
)

// prefer chooses size devices, those in must first: all of one NUMA node where one has enough, and
// there from the GPU with the least room that suffices, so that GPUs that are empty stay so, for
// types of another size.
//
// numa returns the node of a device, -1 when it is not known.
func prefer(available, must []string, size int, numa func(id string) int) []string {
	chosen := slices.Clone(must)
	var rest []deviceID
	for _, text := range available {
		if id, err := parseDeviceID(text); err == nil && !slices.Contains(must, text) {
			rest = append(rest, id)
		}
	}
	wanted := size - len(chosen)
	if wanted <= 0 {
		return chosen
	}
	nodeOf := func(id deviceID) int { return numa(id.String()) }
	gpuOf := func(id deviceID) string { return id.gpu }
	onNode, onGPU := count(rest, nodeOf), count(rest, gpuOf)
	bound := count(parsed(must), nodeOf) // nodes and GPUs that must be used anyway
	boundGPUs := count(parsed(must), gpuOf)
	slices.SortFunc(rest, func(a, b deviceID) int {
		return cmp.Or(
			-cmp.Compare(bound[nodeOf(a)], bound[nodeOf(b)]),
			tightest(onNode[nodeOf(a)], onNode[nodeOf(b)], wanted),
			cmp.Compare(nodeOf(a), nodeOf(b)),
			-cmp.Compare(boundGPUs[a.gpu], boundGPUs[b.gpu]),
			tightest(onGPU[a.gpu], onGPU[b.gpu], wanted),
			cmp.Compare(a.gpu, b.gpu),
			cmp.Compare(a.number, b.number),
		)
	})
	for _, id := range rest[:min(wanted, len(rest))] {
		chosen = append(chosen, id.String())
	}
	return chosen
}

// tightest orders the smallest room that suffices first, then, of what does not, the largest.
func tightest(a, b, wanted int) int {
	if a >= wanted && b >= wanted {
		return cmp.Compare(a, b)
	}
	return cmp.Compare(b, a)
}

func count[K comparable](ids []deviceID, key func(deviceID) K) map[K]int {
	counts := make(map[K]int)
	for _, id := range ids {
		counts[key(id)]++
	}
	return counts
}

func parsed(texts []string) []deviceID {
	var ids []deviceID
	for _, text := range texts {
		if id, err := parseDeviceID(text); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}
