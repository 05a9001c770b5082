#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cases of worker.c through the Python package; see there for what is asked and answered.

One more case, "create": making the objects of one enumeration from values that lie ready, in
plain Python, which no binding can avoid.
"""

from __future__ import annotations

import itertools
import sys
import time
from typing import Any, Sequence

import nvvgpu

GPU_FACTS = ("address", "name", "vendor_id", "device_id", "subsystem_vendor_id",
             "subsystem_device_id", "driver", "driver_version", "firmware_version", "framework",
             "numa_node", "framebuffer_bytes", "vfs_total", "drm_nodes", "reason", "reason_text")
VGPU_FACTS = ("uuid", "type_id", "type_name", "framebuffer_bytes", "vf", "placement", "owner",
              "vfio", "created")


def nanoseconds_each(start: int, count: int) -> float:
    return (time.monotonic_ns() - start) / count


class Gpu:
    """The facts of a GPU as a class written by hand holds them."""

    __slots__ = GPU_FACTS

    def __init__(self, row: Sequence[Any]) -> None:
        (self.address, self.name, self.vendor_id, self.device_id, self.subsystem_vendor_id,
         self.subsystem_device_id, self.driver, self.driver_version, self.firmware_version,
         self.framework, self.numa_node, self.framebuffer_bytes, self.vfs_total, self.drm_nodes,
         self.reason, self.reason_text) = (
            item.decode() if isinstance(item, bytes) else item for item in row)


class Vgpu:
    """The same for a vGPU, of which there are many."""

    __slots__ = ("gpu", *VGPU_FACTS)

    def __init__(self, gpu: Gpu, uuid: bytes, type_id: int, type_name: bytes,
                 framebuffer_bytes: int, vf: bytes, placement: int | None, owner: bytes,
                 vfio: bytes, created: bool) -> None:
        self.gpu = gpu
        self.uuid = uuid.decode()
        self.type_id = type_id
        self.type_name = type_name.decode()
        self.framebuffer_bytes = framebuffer_bytes
        self.vf = vf.decode()
        self.placement = placement
        self.owner = owner.decode()
        self.vfio = vfio.decode()
        self.created = created


def values(facts: Sequence[str], thing: object) -> list[Any]:
    """As C holds them: text as bytes that no Python string exists of yet."""
    found = (getattr(thing, fact) for fact in facts)
    return [value.encode() if isinstance(value, str) else value for value in found]


def amount(value: Any) -> int:
    """What a fact adds to the digest."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, tuple):
        return sum(map(len, value))
    return int(value or 0)


class Worker:
    """One method for each case."""

    def boards(self, boards: int, vgpus: int) -> float:
        self.host = nvvgpu.open(f"emu:l40*{boards}")
        for gpu in self.host.gpus:
            for _ in range(vgpus):
                self.vgpu = gpu.create("L40-1B")
        self.gpu = gpu
        return 0

    def digest(self) -> float:
        total = 0
        for gpu in self.host.gpus:
            total += sum(amount(getattr(gpu, fact)) for fact in GPU_FACTS)
            for vgpu in gpu.vgpus():
                total += sum(amount(getattr(vgpu, fact)) for fact in VGPU_FACTS)
                total += len(vgpu.gpu.address)
        return total

    # ---------------------------------------------------------------- getters

    def state(self, calls: int) -> float:
        vgpu = self.vgpu
        start = time.monotonic_ns()
        for _ in itertools.repeat(None, calls):
            vgpu.state()
        return nanoseconds_each(start, calls)

    def mode(self, calls: int) -> float:
        gpu = self.gpu
        start = time.monotonic_ns()
        for _ in itertools.repeat(None, calls):
            gpu.mode()
        return nanoseconds_each(start, calls)

    def text(self, calls: int) -> float:
        vgpu = self.vgpu
        start = time.monotonic_ns()
        for _ in itertools.repeat(None, calls):
            vgpu.uuid
        return nanoseconds_each(start, calls)

    def number(self, calls: int) -> float:
        vgpu = self.vgpu
        start = time.monotonic_ns()
        for _ in itertools.repeat(None, calls):
            vgpu.framebuffer_bytes
        return nanoseconds_each(start, calls)

    # ------------------------------------------------------------ enumerating

    def read_all(self) -> None:
        for gpu in self.host.gpus:
            gpu.address
            gpu.name
            gpu.vendor_id
            gpu.device_id
            gpu.subsystem_vendor_id
            gpu.subsystem_device_id
            gpu.driver
            gpu.driver_version
            gpu.firmware_version
            gpu.framework
            gpu.numa_node
            gpu.framebuffer_bytes
            gpu.vfs_total
            gpu.drm_nodes
            gpu.reason
            gpu.reason_text
            for vgpu in gpu.vgpus():
                vgpu.uuid
                vgpu.type_id
                vgpu.type_name
                vgpu.framebuffer_bytes
                vgpu.gpu
                vgpu.vf
                vgpu.placement
                vgpu.owner
                vgpu.vfio
                vgpu.created

    def lists(self, passes: int) -> float:
        start = time.monotonic_ns()
        for _ in range(passes):
            self.read_all()
        return nanoseconds_each(start, passes)

    def enumerate(self, passes: int) -> float:
        start = time.monotonic_ns()
        for _ in range(passes):
            self.host.refresh()
            self.read_all()
        return nanoseconds_each(start, passes)

    def create(self, passes: int) -> float:
        ready = [(values(GPU_FACTS, gpu), [values(VGPU_FACTS, vgpu) for vgpu in gpu.vgpus()])
                 for gpu in self.host.gpus]
        start = time.monotonic_ns()
        for _ in range(passes):
            for gpu_row, vgpu_rows in ready:
                gpu = Gpu(gpu_row)
                [Vgpu(gpu, *row) for row in vgpu_rows]
        return nanoseconds_each(start, passes)

    # ----------------------------------------------------------------- saving

    def find(self, fd: int) -> float:
        self.shared, = nvvgpu.open(sys.argv[1]).vgpus()
        self.save(fd, True)
        return self.progress.bytes

    def on_progress(self, progress: nvvgpu.Progress) -> None:
        self.progress = progress

    def save(self, fd: int, with_progress: int) -> float:
        start = time.monotonic_ns()
        self.shared.save(fd, progress=self.on_progress if with_progress else None)
        return nanoseconds_each(start, 1)


def main() -> None:
    worker = Worker()
    for line in sys.stdin:
        name, *numbers = line.split()
        print(f"{getattr(worker, name)(*map(int, numbers)):.3f}", flush=True)


if __name__ == "__main__":
    main()
