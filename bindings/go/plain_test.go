// SPDX-License-Identifier: MIT

//go:build !race && !asan

package nvvgpu_test

const instrumented = false
