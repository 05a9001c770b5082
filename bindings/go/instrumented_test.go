// SPDX-License-Identifier: MIT

//go:build race || asan

package nvvgpu_test

// A checker keeps books on memory, in memory.
const instrumented = true
