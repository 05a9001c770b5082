#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Destroy a vGPU: destroy_vgpu URI UUID|VF"""

import sys

import nvvgpu


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: destroy_vgpu URI UUID|VF", file=sys.stderr)
        return 2
    uri, uuid_or_vf = sys.argv[1:]
    try:
        with nvvgpu.open(uri) as host:
            host.vgpu(uuid_or_vf).destroy()
    except nvvgpu.Error as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
