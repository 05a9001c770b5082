module nvvgpu

go 1.24
