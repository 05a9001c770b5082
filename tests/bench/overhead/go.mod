// SPDX-License-Identifier: MIT
// The worker in Go; the workspace beside it says where nvvgpu is.
module nvvgpu/overhead

go 1.24
