#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Create a vGPU: create_vgpu URI GPU TYPE [UUID], for example
create_vgpu "emu:l40?state=DIR" 41:00.0 L40-4Q

With the uuid of a vGPU that exists already and is the same, it succeeds again.
"""

import sys

import nvvgpu


def main() -> int:
    if len(sys.argv) not in (4, 5):
        print("usage: create_vgpu URI GPU TYPE [UUID]", file=sys.stderr)
        return 2
    uri, address, type_name, *uuid = sys.argv[1:]
    try:
        with nvvgpu.open(uri) as host:
            vgpu = host.gpu(address).create(type_name, uuid=uuid[0] if uuid else None)
            print(vgpu.uuid, vgpu.vfio)
    except nvvgpu.Error as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
