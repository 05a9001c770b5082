module examples

go 1.24

require nvvgpu v0.1.0
