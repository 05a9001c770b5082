# SPDX-License-Identifier: MIT
"""What the tests share."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import random
import select
import subprocess
import sys
import time
from typing import Any, Callable, Iterator

import pytest

import nvvgpu

SOURCE = pathlib.Path(__file__).resolve().parents[2]
LEVEL = os.environ.get("TEST_LEVEL", "normal")

UUID = "6f1c9d42-5b5e-4f0a-9a39-0c6b8f1f2d11"
OTHER_UUID = "0b7a2f6e-94c1-4d2e-8a57-3d9e61c0f482"
ADDRESS = "0000:41:00.0"        # of the first emulated GPU
MIB = 1 << 20
PIPE_BYTES = 1 << 16            # what a pipe takes before its reader has come

# board: GPUs it has
BOARDS = {"l40": 1, "l40s": 1, "a40": 1, "rtx6000-ada": 1, "l4": 1, "a16": 4, "t4": 1}


def by_level(quick: int, normal: int, everything: int) -> int:
    return {"quick": quick, "normal": normal, "all": everything}[LEVEL]


def pattern(seed: int, length: int = MIB) -> bytes:
    """Bytes without order, always the same for the same seed."""
    return random.Random(seed).randbytes(length)


def fill(vgpu: nvvgpu.VGPU, mibs: int) -> None:
    """Writes into the framebuffer as a guest's driver would."""
    with vgpu.open() as device:
        for mib in range(mibs):
            device.write(nvvgpu.Region.BAR1, mib * MIB, pattern(mib))


def assert_filled(vgpu: nvvgpu.VGPU, mibs: int) -> None:
    with vgpu.open() as device:
        for mib in range(mibs):
            assert device.read(nvvgpu.Region.BAR1, mib * MIB, MIB) == pattern(mib)


def parsed(thing: Any) -> dict[str, Any]:
    """What the library itself says of an object."""
    try:
        line = thing.to_json()
    except nvvgpu.UnsupportedError as error:
        if error.object != "JSON":
            raise
        pytest.skip("the library was built without JSON")
    assert "\n" not in line
    answer = json.loads(line)
    assert isinstance(answer, dict)
    return answer


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)


def is_full(write_fd: int) -> bool:
    """A pipe that its writer has filled."""
    return not select.select([], [write_fd], [], 0)[1]


def is_asleep(pid: int) -> bool:
    """The process (its first thread), or the thread of that number, waits in the kernel."""
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/stat").read_text()
    return text.rsplit(")", 1)[1].split()[0] == "S"


def open_files() -> set[str]:
    """What this process has open, but for the directory that tells."""
    found = set()
    for entry in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{entry} {os.readlink(f'/proc/self/fd/{entry}')}")
        except FileNotFoundError:
            pass
    return found


@contextlib.contextmanager
def python(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A child that runs the same interpreter on the same package, but not longer than this."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    with subprocess.Popen([sys.executable, "-B", *arguments], text=True, **options) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()


def run_python(code: str, *arguments: str, **options: Any) -> str:
    """What a child prints that must end well and complain about nothing."""
    with python("-X", "dev", "-W", "error", "-c", code, *arguments, **options) as child:
        out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")
    return out


def readings(fd: int) -> Iterator[bytes]:
    """Everything until the other side closes."""
    while chunk := os.read(fd, PIPE_BYTES):
        yield chunk


def feed(fd: int, data: bytes) -> None:
    """All of it and then the end, or as much as somebody wants."""
    with contextlib.suppress(BrokenPipeError), open(fd, "wb", buffering=0) as file:
        file.write(data)
