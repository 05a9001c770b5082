#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""List the vGPU types of every GPU, and why some cannot be created: list_types [URI]"""

import sys

import nvvgpu


def free(vgpu_type: nvvgpu.Type) -> str:
    """How many of them could be created now."""
    if vgpu_type.available is None and vgpu_type.creatable:
        return "some"
    if vgpu_type.available is None:
        return f"unknown: {vgpu_type.reason_text}"
    if vgpu_type.available == 0:
        return f"none: {vgpu_type.reason_text}"
    return str(vgpu_type.available)


def print_types(gpu: nvvgpu.GPU) -> None:
    print(gpu.address, gpu.name)
    if gpu.reason:
        print(f"  no types: {gpu.reason_text}")
        return
    for vgpu_type in gpu.types():
        print(f"  {vgpu_type.id:5}  {vgpu_type.name:24}{free(vgpu_type)}")


def main() -> int:
    if len(sys.argv) > 2:
        print("usage: list_types [URI]", file=sys.stderr)
        return 2
    try:
        with nvvgpu.open(*sys.argv[1:]) as host:  # without a uri: the running host
            for gpu in host.gpus:
                print_types(gpu)
    except nvvgpu.Error as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
