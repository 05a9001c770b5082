#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Everything that the package can do, once, in good and in bad: for the tools that watch a
whole process.

usage: tour.py
"""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pathlib
import pickle
import tempfile
from typing import Any, Callable

import nvvgpu

UUID = "6f1c9d42-5b5e-4f0a-9a39-0c6b8f1f2d11"
MIB = 1 << 20


def refuse(kind: type[BaseException], call: Callable[..., object], *arguments: Any,
           **options: Any) -> BaseException:
    try:
        call(*arguments, **options)
    except kind as error:
        return error
    raise AssertionError(f"{call} was not refused")


def look(host: nvvgpu.Host) -> None:
    for gpu in host.gpus:
        for name in dir(gpu):
            getattr(gpu, name)
        gpu.vfs_enabled(), gpu.mode(), gpu.statistics(), gpu.to_json(), repr(gpu), hash(gpu)
        assert host.gpu(gpu.address) == gpu
        for type_ in [*gpu.types(), *gpu.types(creatable=True)]:
            assert gpu.type(type_.id) == gpu.type(type_.name)
            type_.to_json(), repr(type_)
        if gpu.name != "Tesla T4":
            type_.placements(), type_.placements(creatable=True)
    host.refresh()
    with open("/dev/null", "wb") as nowhere:
        host.collect(nowhere, timeout=60)
    for finding in [*host.doctor(), *host.doctor(host.gpus[0], open=False)]:
        finding.to_json(), repr(finding)
    assert host.uri and nvvgpu.__version__


def be_refused(host: nvvgpu.Host, vgpu: nvvgpu.VGPU) -> None:
    error = refuse(nvvgpu.NotFoundError, host.gpu, "99:00.0")
    assert isinstance(error, nvvgpu.Error)
    error.to_json(), str(error), repr(error), copy.copy(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    refuse(nvvgpu.InvalidArgumentError, nvvgpu.open, "emu:nothing")
    refuse(TypeError, nvvgpu.open, 5)
    refuse(nvvgpu.NotFoundError, vgpu.gpu.type, "nothing")
    refuse(nvvgpu.InvalidArgumentError, vgpu.gpu.create, "L40-1B", uuid="me")
    refuse(TypeError, vgpu.gpu.create, "L40-1B", params={"a": 1})
    refuse(nvvgpu.ExistsError, vgpu.gpu.create, "L40-1Q", uuid=UUID)
    refuse(nvvgpu.InvalidArgumentError, vgpu.set_params, "nonsense")
    refuse(nvvgpu.StreamError, nvvgpu.verify, "/dev/zero")
    refuse(nvvgpu.StreamError, vgpu.gpu.restore, "/dev/zero")
    refuse(nvvgpu.Error, vgpu.save, "/dev/full")
    with vgpu.open() as device:
        refuse(nvvgpu.BusyError, vgpu.open)
        refuse(nvvgpu.InvalidArgumentError, device.read, nvvgpu.Region.CONFIG, 5000, 1)
        refuse(nvvgpu.InvalidArgumentError, device.readinto, nvvgpu.Region.CONFIG, 5000,
               bytearray(1))
        refuse(nvvgpu.InvalidArgumentError, device.write, nvvgpu.Region.CONFIG, 5000, b"1")
        refuse(TypeError, device.readinto, nvvgpu.Region.CONFIG, 0, b"1")
    refuse(ValueError, device.read, nvvgpu.Region.CONFIG, 0, 1)


def manage(host: nvvgpu.Host) -> nvvgpu.VGPU:
    gpu = host.gpus[0]
    gpu.set_mixed_size(True)
    gpu.set_mixed_size(False)
    gpu.set_vfs(16, timeout=10)
    gpu.set_vfs(32)
    vgpu = gpu.create("L40-1B", uuid=UUID, vf="0000:41:00.5", placement=3,
                      params={"a": "1"}, owner="me")
    for name in dir(vgpu):
        getattr(vgpu, name)
    assert not gpu.create(gpu.type(869), uuid=UUID).created
    vgpu.set_params({"b": "2"})
    vgpu.set_params("")
    vgpu.to_libvirt_xml(), vgpu.to_qemu_args()
    vgpu.state(), vgpu.params(), vgpu.to_json(), repr(vgpu), hash(vgpu)
    assert host.vgpu(UUID) == vgpu and host.vgpu(UUID).gpu == gpu
    assert host.vgpus() == gpu.vgpus() == [vgpu]
    return vgpu


def use(vgpu: nvvgpu.VGPU) -> None:
    with vgpu.open() as device:
        device.reset()
        device.region_bytes(nvvgpu.Region.BAR1)
        for mib in range(2):
            device.write(nvvgpu.Region.BAR1, mib * MIB, os.urandom(MIB))
        buffer = bytearray(device.read(nvvgpu.Region.CONFIG, 0, 256))
        device.readinto(nvvgpu.Region.CONFIG, 0, buffer)
        assert device.migratable and device.vgpu == vgpu
        repr(device)


class Own(Exception):
    """Raised by a progress function."""


def move(vgpu: nvvgpu.VGPU, directory: pathlib.Path) -> None:
    path = directory / "state"
    gpu = vgpu.gpu

    def fail(progress: nvvgpu.Progress) -> None:
        raise Own

    def say(progress: nvvgpu.Progress) -> None:
        repr(progress)

    vgpu.save(path, progress=say, timeout=60)
    with open(directory / "other", "w+b") as file:
        file.write(b"before")
        vgpu.save(file, checksum=False)
        file.seek(6)
        info = nvvgpu.inspect(file)
        info.to_json(), repr(info)
    assert nvvgpu.verify(path, progress=say, timeout=60).verified
    choices: list[dict[str, Any]] = [
        {}, {"verify_first": True, "progress": say, "timeout": 60, "owner": "them",
             "params": {"a": "1"}, "vf": "0000:41:00.7", "placement": 7,
             "uuid": "0b7a2f6e-94c1-4d2e-8a57-3d9e61c0f482"}]
    for options in choices:
        gpu.restore(path, **options).destroy()
    with vgpu.open() as device:
        device.save(path.with_suffix(".device"), progress=say)
        device.restore(path, progress=say)
    for progress, kind in ((fail, Own), (lambda progress: False, nvvgpu.CancelledError)):
        refuse(kind, vgpu.save, "/dev/null", progress=progress)
        refuse(kind, nvvgpu.verify, path, progress=progress)
        refuse(kind, gpu.restore, path, progress=progress)
    read_end, write_end = os.pipe()
    refuse(nvvgpu.DeadlineError, vgpu.save, write_end, timeout=0.1)
    os.close(read_end)
    os.close(write_end)


def watch(host: nvvgpu.Host) -> None:
    gpu = host.gpus[0]
    with host.events(0) as events:
        assert events.fileno() >= 0
        assert events.next(0) is None
        gpu.create("L40-1B").destroy()
        for event in events:
            event.to_json(), repr(event)

    async def first() -> None:
        with host.events() as events:
            asyncio.get_running_loop().call_soon(gpu.create, "L40-1B")
            async for _ in events:
                break

    asyncio.run(first())


def listen(host: nvvgpu.Host) -> None:
    host.set_log(lambda level, line: None, nvvgpu.LogLevel.DEBUG)
    host.refresh()
    host.set_log(print, nvvgpu.LogLevel.WARNING)
    refuse(ValueError, host.set_log, print, 99)
    host.set_log(None)


def name_numbers() -> None:
    for kind in (nvvgpu.Reason, nvvgpu.Framework, nvvgpu.Mode, nvvgpu.VGPUState, nvvgpu.Region,
                 nvvgpu.EventKind, nvvgpu.Statistic, nvvgpu.LogLevel):
        assert all(str(member) for member in [*kind, kind(9999)])


def tour() -> None:
    name_numbers()
    with nvvgpu.open("emu:l40,t4") as host, tempfile.TemporaryDirectory() as directory:
        look(host)
        vgpu = manage(host)
        use(vgpu)
        be_refused(host, vgpu)
        move(vgpu, pathlib.Path(directory))
        watch(host)
        listen(host)
        assert vgpu.destroy(owner="me")
    gc.collect()


if __name__ == "__main__":
    tour()
