#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print GPUs, types and vGPUs as JSON, one object on each line: dump_json [URI]"""

import sys

import nvvgpu


def main() -> int:
    if len(sys.argv) > 2:
        print("usage: dump_json [URI]", file=sys.stderr)
        return 2
    try:
        with nvvgpu.open(*sys.argv[1:]) as host:  # without a uri: the running host
            for gpu in host.gpus:
                print(gpu.to_json())
                if gpu.reason:
                    continue  # a GPU that cannot be shared has neither types nor vGPUs
                for vgpu_type in gpu.types():
                    print(vgpu_type.to_json())
                for vgpu in gpu.vgpus():
                    print(vgpu.to_json())
    except nvvgpu.Error as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
