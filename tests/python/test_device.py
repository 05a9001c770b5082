# SPDX-License-Identifier: MIT
"""The open VFIO device of a vGPU."""

from __future__ import annotations

import array
import gc
from typing import Any, Callable

import pytest

import nvvgpu
from support import MIB, UUID, pattern

BAR1 = nvvgpu.Region.BAR1
CONFIG = nvvgpu.Region.CONFIG


def test_facts(device: nvvgpu.Device, vgpu: nvvgpu.VGPU) -> None:
    assert device.vgpu == vgpu
    assert device.migratable is True
    assert device.region_bytes(CONFIG) == 4096
    assert device.region_bytes(BAR1) >= 16 * MIB
    assert device.region_bytes(nvvgpu.Region.BAR0) > 0
    assert device.region_bytes(nvvgpu.Region.BAR3) == 32 * MIB
    assert device.region_bytes(2) == 0          # the upper half of BAR1
    assert device.region_bytes(7) == 4096       # a number does as well


def test_config_space_names_the_vendor(device: nvvgpu.Device) -> None:
    assert device.read(CONFIG, 0, 2) == b"\xde\x10"
    assert len(device.read(CONFIG, 0, 4096)) == 4096
    assert device.read(CONFIG, 4096, 0) == b""


BUFFERS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": lambda data: memoryview(data),
    "array": lambda data: array.array("I", data),
}


@pytest.mark.parametrize("kind", BUFFERS)
def test_write(device: nvvgpu.Device, kind: str) -> None:
    data = pattern(1, 4096)
    assert device.write(BAR1, 8192, BUFFERS[kind](data)) == 4096
    assert device.read(BAR1, 8192, 4096) == data
    assert device.read(BAR1, 8191, 1) == b"\0"


@pytest.mark.parametrize("make", [
    bytearray,
    lambda size: memoryview(bytearray(size)),
    lambda size: array.array("I", bytes(size)),
])
def test_readinto(device: nvvgpu.Device, make: Callable[[int], Any]) -> None:
    data = pattern(2, 4096)
    device.write(BAR1, 0, data)
    buffer = make(4096)
    assert device.readinto(BAR1, 0, buffer) == 4096
    assert bytes(memoryview(buffer).cast("B")) == data


def test_readinto_a_part(device: nvvgpu.Device) -> None:
    device.write(BAR1, 0, b"abcd")
    buffer = bytearray(b"." * 8)
    assert device.readinto(BAR1, 0, memoryview(buffer)[2:6]) == 4
    assert buffer == b"..abcd.."


def test_readinto_what_cannot_be_written(device: nvvgpu.Device) -> None:
    for buffer in (b"1234", memoryview(b"1234")):
        with pytest.raises((TypeError, BufferError)):
            device.readinto(BAR1, 0, buffer)  # type: ignore[arg-type]


def test_buffers_with_gaps(device: nvvgpu.Device) -> None:
    with pytest.raises((BufferError, ValueError, TypeError)):
        device.readinto(BAR1, 0, memoryview(bytearray(8))[::2])
    with pytest.raises((BufferError, ValueError, TypeError)):
        device.write(BAR1, 0, memoryview(b"12345678")[::2])


@pytest.mark.parametrize("data", ["text", None, 5])
def test_write_what_has_no_bytes(device: nvvgpu.Device, data: Any) -> None:
    with pytest.raises(TypeError):
        device.write(BAR1, 0, data)


def test_buffers_are_let_go(device: nvvgpu.Device) -> None:
    """A buffer that is held cannot be resized."""
    buffer = bytearray(4)
    device.write(BAR1, 0, buffer)
    device.readinto(BAR1, 0, buffer)
    with pytest.raises(nvvgpu.Error):
        device.readinto(BAR1, 1 << 50, buffer)
    with pytest.raises(nvvgpu.Error):
        device.write(BAR1, 1 << 50, buffer)
    buffer.extend(b"more")


BEYOND: dict[str, Callable[[nvvgpu.Device], object]] = {
    "read at": lambda device: device.read(CONFIG, 4097, 0),
    "read to": lambda device: device.read(CONFIG, 4095, 2),
    "write": lambda device: device.write(CONFIG, 4095, b"12"),
    "readinto": lambda device: device.readinto(CONFIG, 4095, bytearray(2)),
    "no region": lambda device: device.read(2, 0, 1),
    "no number": lambda device: device.region_bytes(99),
}


@pytest.mark.parametrize("what", BEYOND)
def test_beyond(device: nvvgpu.Device, what: str) -> None:
    with pytest.raises(nvvgpu.Error) as caught:
        BEYOND[what](device)
    assert caught.value.reason == nvvgpu.Reason.INVALID_ARGUMENT
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("offset, length", [(-1, 1), (0, -1), (1 << 64, 1), (0, 1 << 64),
                                            (0, 1 << 62)])
def test_numbers_that_do_not_fit(device: nvvgpu.Device, offset: int, length: int) -> None:
    """Neither another place nor memory for all of it."""
    with pytest.raises((ValueError, OverflowError, MemoryError)):
        device.read(BAR1, offset, length)


def test_reset(device: nvvgpu.Device) -> None:
    device.write(BAR1, 0, b"gone soon")
    device.reset()
    assert device.read(BAR1, 0, 9) == bytes(9)


def test_contents_outlive_the_device(vgpu: nvvgpu.VGPU) -> None:
    with vgpu.open() as device:
        device.write(BAR1, 0, b"still here")
    with vgpu.open() as device:
        assert device.read(BAR1, 0, 10) == b"still here"


def test_open_twice(vgpu: nvvgpu.VGPU, device: nvvgpu.Device) -> None:
    with pytest.raises(nvvgpu.BusyError) as caught:
        vgpu.open()
    assert caught.value.reason == nvvgpu.Reason.IN_USE


def test_exception_comes_out_of_with_and_the_device_is_closed(vgpu: nvvgpu.VGPU) -> None:
    error = RuntimeError("mine")
    with pytest.raises(RuntimeError) as caught:
        with vgpu.open():
            raise error
    assert caught.value is error
    assert vgpu.state() is nvvgpu.VGPUState.ASSIGNED


def test_close(vgpu: nvvgpu.VGPU) -> None:
    device = vgpu.open()
    device.close()
    assert vgpu.state() is nvvgpu.VGPUState.ASSIGNED
    device.close()
    with pytest.raises(ValueError):
        with device:
            pass


def test_dropping_closes(vgpu: nvvgpu.VGPU) -> None:
    device = vgpu.open()
    del device
    gc.collect()
    assert vgpu.state() is nvvgpu.VGPUState.ASSIGNED


CLOSED_CALLS: dict[str, Callable[[nvvgpu.Device], object]] = {
    "region_bytes": lambda device: device.region_bytes(BAR1),
    "read": lambda device: device.read(BAR1, 0, 1),
    "readinto": lambda device: device.readinto(BAR1, 0, bytearray(1)),
    "write": lambda device: device.write(BAR1, 0, b"1"),
    "reset": lambda device: device.reset(),
    "save": lambda device: device.save(1),
    "restore": lambda device: device.restore(0),
}


@pytest.mark.parametrize("name", CLOSED_CALLS)
def test_closed_device_refuses(vgpu: nvvgpu.VGPU, name: str) -> None:
    device = vgpu.open()
    device.close()
    with pytest.raises(ValueError) as caught:
        CLOSED_CALLS[name](device)
    assert "closed" in str(caught.value)


def test_repr(device: nvvgpu.Device) -> None:
    assert UUID in repr(device)
