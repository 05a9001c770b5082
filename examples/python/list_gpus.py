#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""List the GPUs of a host: list_gpus [URI], for example list_gpus emu:l40"""

import sys

import nvvgpu


def main() -> int:
    if len(sys.argv) > 2:
        print("usage: list_gpus [URI]", file=sys.stderr)
        return 2
    try:
        with nvvgpu.open(*sys.argv[1:]) as host:  # without a uri: the running host
            for gpu in host.gpus:
                line = f"{gpu.address}  {gpu.name}  {gpu.framework}"
                if gpu.reason:
                    line += f"  cannot be shared: {gpu.reason_text}"
                print(line)
    except nvvgpu.Error as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
