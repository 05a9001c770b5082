# SPDX-License-Identifier: MIT
"""No call keeps anything: neither memory, nor objects, nor counts, nor descriptors."""

from __future__ import annotations

import copy
import ctypes
import gc
import os
import pathlib
import pickle
import sys
import tempfile
from typing import Any, Callable, Iterator

import pytest

import nvvgpu
from support import OTHER_UUID, UUID, by_level, open_files

CALLS = by_level(500, 20_000, 100_000)
FEWER = by_level(50, 500, 5_000)        # what takes about a millisecond

# A leak of one small object, or of one string in C, in every call is far beyond these.
MOST_BLOCKS = 60
MOST_BYTES = 8 << 10
MOST_RESIDENT = 1 << 20
MOST_COUNTS = 60


class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]


_mallinfo2 = ctypes.CDLL(None).mallinfo2
_mallinfo2.restype = Mallinfo2

# Shared by everybody: a lost reference to one of them shows in its count alone.
SINGLETONS = [None, True, False, (), "", b"", 0, 1, nvvgpu.Reason.NONE,
              nvvgpu.Framework.NVVGPU, nvvgpu.VGPUState.ASSIGNED, nvvgpu.Mode.EQUAL_SIZE,
              nvvgpu.Error, nvvgpu.NotFoundError, nvvgpu.Type, nvvgpu.GPU, nvvgpu.VGPU]


def measure() -> tuple[int, int, int, list[int], int]:
    gc.collect()
    info = _mallinfo2()
    resident = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return (sys.getallocatedblocks(), info.uordblks + info.hblkhd,
            resident * os.sysconf("SC_PAGESIZE"),
            [sys.getrefcount(thing) for thing in SINGLETONS], len(open_files()))


Call = Callable[[], object]


class Things:
    """What the calls below work on."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.host = nvvgpu.open("emu:l40")
        self.gpu = self.host.gpus[0]
        self.type = self.gpu.type("L40-1B")
        self.vgpu = self.gpu.create("L40-1B", uuid=UUID, params={"a": "1"}, owner="me")
        self.device_vgpu = self.gpu.create("L40-1B")
        self.device = self.device_vgpu.open()
        self.events = self.host.events(0)
        self.gpu.create("L40-1B").destroy()
        event = self.events.next(0)
        assert event
        self.event = event
        self.buffer = bytearray(256)
        self.path = directory / "state"
        self.vgpu.save(self.path)
        self.info = nvvgpu.inspect(self.path)
        self.drain()

    def drain(self) -> None:
        for _ in self.events:
            pass

    def close(self) -> None:
        self.events.close()
        self.device.close()
        self.host.close()


@pytest.fixture(scope="module")
def things() -> Iterator[Things]:
    with tempfile.TemporaryDirectory() as directory:
        made = Things(pathlib.Path(directory))
        yield made
        made.close()


def refused(call: Call) -> None:
    try:
        call()
    except Exception:
        return
    raise AssertionError("it was not refused")


def attributes(thing: Any) -> Call:
    names = [name for name in dir(type(thing)) if not name.startswith("_")]
    return lambda: [getattr(thing, name) for name in names]


def open_and_close() -> None:
    nvvgpu.open("emu:l40").close()


def open_and_drop() -> None:
    nvvgpu.open("emu:l40").gpus


def create_and_destroy(things: Things) -> None:
    things.gpu.create("L40-1B").destroy()


def create_with_everything(things: Things) -> None:
    things.gpu.create(things.type, uuid=OTHER_UUID, vf="0000:41:00.7", placement=9,
                      params={"a": "1", "b": "2"}, owner="me",
                      force_params=True).destroy(owner="me", foreign=True)


def open_device(things: Things) -> None:
    with things.vgpu.open():
        pass


def event(things: Things) -> None:
    things.gpu.set_mixed_size(False)
    things.vgpu.set_params({"a": "1"})
    assert things.events.next(0)
    things.drain()


def log(things: Things) -> None:
    things.host.set_log(lambda level, line: things, nvvgpu.LogLevel.DEBUG)
    things.host.refresh()
    things.host.set_log(None)


def wrong_progress(progress: nvvgpu.Progress) -> None:
    raise KeyError


def restore(things: Things) -> None:
    things.gpu.restore(things.path, owner="them", params={"b": "1"},
                       progress=lambda progress: None).destroy()


def save_to_file(things: Things) -> None:
    with open(things.path, "r+b") as file:
        things.vgpu.save(file)


def collect(things: Things) -> None:
    with open("/dev/null", "wb") as nowhere:
        things.host.collect(nowhere)


def with_exception(things: Things) -> None:
    with nvvgpu.open("emu:l40"), things.host.events():
        raise KeyError


CHEAP: dict[str, Callable[[Things], object]] = {
    "host attributes": lambda things: attributes(things.host)(),
    "gpu attributes": lambda things: attributes(things.gpu)(),
    "type attributes": lambda things: attributes(things.type)(),
    "vgpu attributes": lambda things: attributes(things.vgpu)(),
    "device attributes": lambda things: attributes(things.device)(),
    "event attributes": lambda things: attributes(things.event)(),
    "gpus": lambda things: things.host.gpus,
    "gpu": lambda things: things.host.gpu("41:00.0"),
    "vgpus": lambda things: things.host.vgpus(),
    "vgpus of a gpu": lambda things: things.gpu.vgpus(),
    "vgpu": lambda things: things.host.vgpu(UUID),
    "vfs_enabled": lambda things: things.gpu.vfs_enabled(),
    "mode": lambda things: things.gpu.mode(),
    "set_mixed_size": lambda things: things.gpu.set_mixed_size(False),
    "type": lambda things: things.gpu.type("L40-1B"),
    "placements": lambda things: things.type.placements(),
    "gpu of a vgpu": lambda things: things.host.vgpu(UUID).gpu.mode(),
    "create existing": lambda things: things.gpu.create("L40-1B", uuid=UUID),
    "state": lambda things: things.vgpu.state(),
    "params": lambda things: things.vgpu.params(),
    "set_params": lambda things: things.vgpu.set_params({"a": "1"}),
    "set_params by text": lambda things: things.vgpu.set_params("a=1"),
    "region_bytes": lambda things: things.device.region_bytes(nvvgpu.Region.BAR1),
    "read": lambda things: things.device.read(nvvgpu.Region.CONFIG, 0, 256),
    "readinto": lambda things: things.device.readinto(nvvgpu.Region.CONFIG, 0, things.buffer),
    "write": lambda things: things.device.write(nvvgpu.Region.BAR1, 0, things.buffer),
    "next without an event": lambda things: things.events.next(0),
    "fileno": lambda things: things.events.fileno(),
    "for a VMM": lambda things: (things.vgpu.to_libvirt_xml(), things.vgpu.to_qemu_args()),
    "gpu to_json": lambda things: things.gpu.to_json(),
    "type to_json": lambda things: things.type.to_json(),
    "vgpu to_json": lambda things: things.vgpu.to_json(),
    "event to_json": lambda things: things.event.to_json(),
    "stream to_json": lambda things: things.info.to_json(),
    "comparison and repr": lambda things: (things.vgpu == things.device_vgpu, hash(things.gpu),
                                           repr(things.vgpu), repr(things.host)),
    "enumerations": lambda things: [str(nvvgpu.Reason(5)), repr(nvvgpu.Reason(7777))],
    "no such gpu": lambda things: refused(lambda: things.host.gpu("99:00.0")),
    "no such type": lambda things: refused(lambda: things.gpu.type("nothing")),
    "no such board": lambda things: refused(lambda: nvvgpu.open("emu:nothing")),
    "exists": lambda things: refused(lambda: things.gpu.create("L40-1Q", uuid=UUID)),
    "busy": lambda things: refused(lambda: things.device_vgpu.open()),
    "wrong kind": lambda things: refused(
        lambda: things.gpu.create("L40-1B", params={"a": 1})),  # type: ignore[dict-item]
    "wrong number": lambda things: refused(
        lambda: things.gpu.create("L40-1B", owner="me", placement=-1)),
    "wrong place": lambda things: refused(
        lambda: things.device.read(nvvgpu.Region.CONFIG, 5000, 1)),
    "wrong buffer": lambda things: refused(
        lambda: things.device.write(nvvgpu.Region.CONFIG, 5000, things.buffer)),
    "wrong attribute": lambda things: refused(lambda: setattr(things.gpu, "nothing", 1)),
    "wrong level": lambda things: refused(
        lambda: things.host.set_log(lambda level, line: None, 99)),
    "error kept": lambda things: keep_error(things),
}

DEAR: dict[str, Callable[[Things], object]] = {
    "statistics": lambda things: things.gpu.statistics(),
    "types": lambda things: things.gpu.types(),
    "creatable types": lambda things: things.gpu.types(creatable=True),
    "set_vfs": lambda things: refused(lambda: things.gpu.set_vfs(0)),
    "create and destroy": create_and_destroy,
    "create with everything": create_with_everything,
    "events": lambda things: things.host.events().close(),
    "event": event,
    "inspect": lambda things: nvvgpu.inspect(things.path),
    "refused save": lambda things: refused(lambda: things.device_vgpu.save("/dev/null")),
    "foreign stream": lambda things: refused(lambda: nvvgpu.verify("/dev/zero")),
}

# about a millisecond each
SLOW: dict[str, Callable[[Things], object]] = {
    "open and close": lambda things: open_and_close(),
    "open and drop": lambda things: open_and_drop(),
    "exception in with": lambda things: refused(lambda: with_exception(things)),
    "refresh": lambda things: things.host.refresh(),
    "log": log,
    "doctor": lambda things: [finding.to_json() for finding in things.host.doctor()],
    "collect": collect,
    "open a device": open_device,
    "reset": lambda things: things.device.reset(),
    "save": lambda things: things.vgpu.save("/dev/null"),
    "save with progress": lambda things: things.vgpu.save(
        "/dev/null", progress=lambda progress: None, timeout=60),
    "save to a path": lambda things: things.vgpu.save(things.path),
    "save to a file": save_to_file,
    "save of a device": lambda things: things.device.save("/dev/null"),
    "restore": restore,
    "restore into a device": lambda things: things.device.restore(things.path),
    "verify": lambda things: nvvgpu.verify(things.path, progress=lambda progress: None),
    "cancelled save": lambda things: refused(
        lambda: things.vgpu.save("/dev/null", progress=lambda progress: False)),
    "failed progress": lambda things: refused(
        lambda: things.vgpu.save("/dev/null", progress=wrong_progress)),
    "refused restore": lambda things: refused(
        lambda: things.gpu.restore(things.path, uuid=UUID, params={"a": "1"})),
}


def keep_error(things: Things) -> None:
    try:
        things.gpu.type("nothing")
    except nvvgpu.Error as error:
        str(error), repr(error), error.to_json(), copy.copy(error)
        pickle.loads(pickle.dumps(error))


def growth(call: Callable[[Things], object], things: Things, count: int) -> list[str]:
    """What there is more of after so many calls."""
    before = measure()
    for _ in range(count):
        call(things)
    things.drain()
    after = measure()
    found = []
    if after[0] - before[0] > MOST_BLOCKS:
        found.append(f"{after[0] - before[0]} objects of Python")
    if after[1] - before[1] > MOST_BYTES:
        found.append(f"{after[1] - before[1]} bytes of C")
    if after[2] - before[2] > MOST_RESIDENT:
        found.append(f"{after[2] - before[2]} bytes of resident memory")
    for thing, old, new in zip(SINGLETONS, before[3], after[3]):
        if abs(new - old) > MOST_COUNTS:
            found.append(f"{new - old} references to {thing!r}")
    if after[4] != before[4]:
        found.append(f"{after[4] - before[4]} descriptors")
    return found


def assert_flat(call: Callable[[Things], object], things: Things, count: int) -> None:
    """What only fills a cache does so once."""
    growth(call, things, max(count // 10, 20))
    found: list[str] = []
    for _ in range(3):
        found = growth(call, things, count)
        if not found:
            return
    pytest.fail(f"{count} calls leave {', '.join(found)}", pytrace=False)


@pytest.mark.parametrize("name", CHEAP)
def test_calls(things: Things, name: str) -> None:
    assert_flat(CHEAP[name], things, CALLS)


@pytest.mark.parametrize("name", DEAR)
def test_longer_calls(things: Things, name: str) -> None:
    assert_flat(DEAR[name], things, CALLS // by_level(5, 5, 1))


@pytest.mark.parametrize("name", SLOW)
def test_slow_calls(things: Things, name: str) -> None:
    assert_flat(SLOW[name], things, FEWER)


def test_every_call_is_measured() -> None:
    """By name: what is added to the package is added here."""
    source = pathlib.Path(__file__).read_text()
    for kind in (nvvgpu.Host, nvvgpu.GPU, nvvgpu.Type, nvvgpu.VGPU, nvvgpu.Device,
                 nvvgpu.Events):
        for name in vars(kind):
            if not name.startswith("_") and callable(getattr(kind, name)):
                assert f".{name}(" in source, f"{kind.__name__}.{name}"
