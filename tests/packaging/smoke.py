#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The installed package at work: a vGPU is created, saved, destroyed and restored.

usage: smoke.py VERSION DIRECTORY LIBRARY

DIRECTORY is where the package has to come from.  LIBRARY is the file of the library that has
to be used, or "inside" when it is part of the extension module.
"""

import pathlib
import sys
import tempfile

import nvvgpu

PATTERN = bytes(range(256)) * 16
OFFSET = 4096


def mapped_libraries():
    """Files of the library that this process has loaded."""
    lines = pathlib.Path("/proc/self/maps").read_text(encoding="ascii").splitlines()
    return {line.split()[-1] for line in lines if "/libnvvgpu.so" in line}


def check_origin(version, directory, library):
    package = pathlib.Path(nvvgpu.__file__).resolve()
    assert package.parent == pathlib.Path(directory).resolve() / "nvvgpu", package
    wanted = set() if library == "inside" else {str(pathlib.Path(library).resolve())}
    assert mapped_libraries() == wanted, mapped_libraries()
    assert nvvgpu.__version__ == version, nvvgpu.__version__


def check_round_trip(path):
    with nvvgpu.open("emu:l40") as host:
        gpu = host.gpus[0]
        vgpu = gpu.create("L40-4Q", owner="packaging")
        with vgpu.open() as device:
            device.write(nvvgpu.Region.BAR1, OFFSET, PATTERN)
        vgpu.save(path)
        vgpu.destroy()
        assert not host.vgpus()
        restored = gpu.restore(path)
        assert restored == vgpu and restored.owner == "packaging", restored
        with restored.open() as device:
            assert device.read(nvvgpu.Region.BAR1, OFFSET, len(PATTERN)) == PATTERN
        restored.destroy()
    info = nvvgpu.verify(path)
    assert info.vgpu_uuid == vgpu.uuid, info
    return info


def main():
    check_origin(*sys.argv[1:])
    with tempfile.TemporaryDirectory() as directory:
        info = check_round_trip(pathlib.Path(directory) / "state")
    print(f"nvvgpu {nvvgpu.__version__}: {info.type_name} saved and restored")


if __name__ == "__main__":
    main()
