# SPDX-License-Identifier: MIT
"""A program of a user, for the type checker alone: what it says of each name must be what the
name is."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import BinaryIO, Dict, List, Optional, Tuple

from typing_extensions import assert_type

import nvvgpu


def look(uri: Optional[str] = None) -> None:
    with nvvgpu.open(uri) as host:
        assert_type(host, nvvgpu.Host)
        assert_type(host.uri, str)
        for gpu in host.gpus:
            assert_type(gpu, nvvgpu.GPU)
            assert_type(gpu.address, str)
            assert_type(gpu.vendor_id, int)
            assert_type(gpu.driver, Optional[str])
            assert_type(gpu.firmware_version, Optional[str])
            assert_type(gpu.numa_node, Optional[int])
            assert_type(gpu.framebuffer_bytes, Optional[int])
            assert_type(gpu.drm_nodes, Tuple[str, ...])
            assert_type(gpu.framework, nvvgpu.Framework)
            assert_type(gpu.reason, nvvgpu.Reason)
            assert_type(gpu.mode(), nvvgpu.Mode)
            assert_type(gpu.vfs_enabled(), int)
            assert_type(gpu.statistics(), Dict[str, int])
            assert_type(gpu.types(creatable=True), nvvgpu.Listing[nvvgpu.Type])
            assert_type(gpu.vgpus(), nvvgpu.Listing[nvvgpu.VGPU])
            assert_type(gpu.to_json(), str)
        assert_type(host.gpu("41:00.0"), nvvgpu.GPU)
        assert_type(host.vgpus(), nvvgpu.Listing[nvvgpu.VGPU])
        assert_type(host.vgpus().reason, nvvgpu.Reason)
        assert_type(host.gpus, nvvgpu.Listing[nvvgpu.GPU])
        assert_type(host.doctor(), List[nvvgpu.Finding])
        assert_type(host.doctor(host.gpus[0], open=False)[0].verdict, nvvgpu.Verdict)
        host.collect("host.tar.zst", progress=show, timeout=60)
        assert_type(host.vgpu("41:00.4"), nvvgpu.VGPU)


def choose(gpu: nvvgpu.GPU) -> nvvgpu.VGPU:
    type_ = gpu.type(869)
    assert_type(type_.id, int)
    assert_type(type_.class_, str)
    assert_type(type_.available, Optional[int])
    assert_type(type_.creatable, bool)
    assert_type(type_.reason, nvvgpu.Reason)
    placements = type_.placements(creatable=True)
    assert_type(placements.ids, Tuple[int, ...])
    assert_type(placements.length, int)
    gpu.create("L40-1B")
    gpu.create(869, uuid=None)
    vgpu = gpu.create(type_, vf="0000:41:00.4", placement=placements.ids[0],
                      params={"frame_rate_limiter": "0"}, owner="me")
    assert_type(vgpu.gpu, nvvgpu.GPU)
    assert_type(vgpu.vf, Optional[str])
    assert_type(vgpu.placement, Optional[int])
    assert_type(vgpu.created, bool)
    assert_type(vgpu.to_libvirt_xml(), str)
    assert_type(vgpu.to_qemu_args(), List[str])
    assert_type(vgpu.needs_vm_uuid, bool)
    assert_type(vgpu.state(), nvvgpu.VGPUState)
    assert_type(vgpu.params(), Dict[str, str])
    vgpu.set_params("a=1")
    vgpu.set_params({"a": "1"})
    return vgpu


def show(progress: nvvgpu.Progress) -> bool:
    assert_type(progress.bytes, int)
    assert_type(progress.estimate_bytes, Optional[int])
    return progress.bytes < 1 << 30


def show_only(progress: nvvgpu.Progress) -> None:
    print(progress.bytes)


def move(vgpu: nvvgpu.VGPU, gpu: nvvgpu.GPU, file: BinaryIO, peer: socket.socket) -> None:
    vgpu.save("state", progress=show, timeout=1.5)
    vgpu.save(Path("state"), progress=show_only, checksum=False)
    vgpu.save(file)
    vgpu.save(peer)
    vgpu.save(1, progress=print, timeout=5)
    assert_type(gpu.restore(file, verify_first=True, owner="me"), nvvgpu.VGPU)
    info = nvvgpu.verify(sys.stdin.buffer, progress=show)
    assert_type(info, nvvgpu.StreamInfo)
    assert_type(info.type_id, int)
    assert_type(info.firmware_version, Optional[str])
    assert_type(info.data_bytes, Optional[int])
    assert_type(nvvgpu.inspect("state").verified, bool)


def use(vgpu: nvvgpu.VGPU) -> int:
    with vgpu.open() as device:
        assert_type(device, nvvgpu.Device)
        assert_type(device.vgpu, nvvgpu.VGPU)
        assert_type(device.read(nvvgpu.Region.BAR1, 0, 16), bytes)
        assert_type(device.readinto(nvvgpu.Region.BAR1, 0, bytearray(16)), int)
        device.readinto(nvvgpu.Region.BAR1, 0, memoryview(bytearray(16)))
        device.write(nvvgpu.Region.BAR1, 0, memoryview(b"1234"))
        return device.write(nvvgpu.Region.BAR1, 0, b"1234")


def watch(host: nvvgpu.Host) -> Optional[nvvgpu.Event]:
    host.set_log(lambda level, line: print(str(level), line), nvvgpu.LogLevel.DEBUG)
    host.set_log(None)
    with host.events(timeout=1) as events:
        for event in events:
            assert_type(event, nvvgpu.Event)
            assert_type(event.kind, nvvgpu.EventKind)
            assert_type(event.uuid, Optional[str])
            assert_type(event.value, int)
        return events.next(0)


async def watch_on(host: nvvgpu.Host) -> str:
    async for event in host.events():
        return event.to_json()
    return ""


def fail() -> Tuple[int, str]:
    try:
        nvvgpu.open("emu:nothing")
    except FileNotFoundError:
        raise
    except nvvgpu.Error as error:
        assert_type(error.reason, nvvgpu.Reason)
        assert_type(error.object, str)
        assert_type(error.cause, str)
        assert_type(error.next, str)
        return error.errno or 0, error.to_json()
    return 0, nvvgpu.__version__


# What must be refused: each of these lines needs its remark, or mypy says that it is unused.

def wrong(host: nvvgpu.Host, gpu: nvvgpu.GPU, vgpu: nvvgpu.VGPU) -> None:
    host.color = "green"  # type: ignore[attr-defined]
    gpu.name = "mine"  # type: ignore[misc]
    gpu.create(1.5)  # type: ignore[arg-type]
    gpu.create("L40-1B", "uuid")  # type: ignore[misc]
    vgpu.save(None)  # type: ignore[arg-type]
    vgpu.save("state", timeout="1")  # type: ignore[arg-type]
    nvvgpu.Reason.NOTHING  # type: ignore[attr-defined]
    gpu.type(869).id = 5  # type: ignore[misc]
