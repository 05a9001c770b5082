#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Move a vGPU to another GPU of its kind, through a file: save_restore URI UUID|VF GPU FILE

From the moment it is destroyed until it is restored, FILE is all there is of it: the file is
read and checked before, and kept afterwards.
"""

import sys

import nvvgpu


def saved(progress: nvvgpu.Progress) -> None:
    """Called at the start, a few times a second, and at the end; False would cancel."""
    print(f"saved {progress.bytes} bytes", file=sys.stderr)


def restored(progress: nvvgpu.Progress) -> None:
    print(f"restored {progress.bytes} bytes", file=sys.stderr)


def main() -> int:
    if len(sys.argv) != 5:
        print("usage: save_restore URI UUID|VF GPU FILE", file=sys.stderr)
        return 2
    uri, uuid_or_vf, address, path = sys.argv[1:]
    try:
        with nvvgpu.open(uri) as host:
            vgpu = host.vgpu(uuid_or_vf)
            gpu = host.gpu(address)
            vgpu.save(path, progress=saved)
            nvvgpu.verify(path)
            vgpu.destroy()
            moved = gpu.restore(path, progress=restored)
            print(f"{moved.uuid} is on {moved.gpu.address} now")
    except OSError as error:  # nvvgpu.Error is one; what opening the file raises is another
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
