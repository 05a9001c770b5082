# SPDX-License-Identifier: MIT
"""Several threads: none waits for another's long call, and all may share one host."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterator

import pytest

import nvvgpu
from support import (assert_filled, by_level, feed, fill, is_asleep, readings,
                     wait_until)

MIBS = 3
ROUNDS = by_level(20, 60, 300)


@contextlib.contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Another thread that gets its first turn when this one lets go of the interpreter: it is
    never taken away."""
    begin = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        begin.wait()
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        begin.set()
        yield
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert not failed, failed


@pytest.fixture
def stream(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> bytes:
    filled.save(tmp_path / "state")
    return (tmp_path / "state").read_bytes()


# Each of these calls waits for what only the other thread does.  If it kept the interpreter to
# itself it would end by its timeout.

def test_save_lets_others_run(filled: nvvgpu.VGPU, pipe: tuple[int, int]) -> None:
    found: list[bytes] = []
    with meanwhile(lambda: found.extend(readings(pipe[0]))):
        try:
            filled.save(pipe[1], timeout=10)
        finally:
            os.close(pipe[1])
    assert sum(map(len, found)) > MIBS << 20


def test_save_of_a_device_lets_others_run(filled: nvvgpu.VGPU, pipe: tuple[int, int]) -> None:
    with filled.open() as device, meanwhile(lambda: list(readings(pipe[0]))):
        try:
            device.save(pipe[1], timeout=10)
        finally:
            os.close(pipe[1])


READERS: dict[str, Callable[[nvvgpu.VGPU, int], object]] = {
    "restore": lambda vgpu, fd: vgpu.gpu.restore(fd, timeout=10),
    "verify": lambda vgpu, fd: nvvgpu.verify(fd, timeout=10),
    "inspect": lambda vgpu, fd: nvvgpu.inspect(fd, timeout=10),
}


@pytest.mark.parametrize("name", READERS)
def test_reading_lets_others_run(filled: nvvgpu.VGPU, stream: bytes, name: str) -> None:
    read_end, write_end = os.pipe()
    with meanwhile(lambda: feed(write_end, stream)):
        try:
            READERS[name](filled, read_end)
        finally:
            os.close(read_end)


def test_restore_of_a_device_lets_others_run(filled: nvvgpu.VGPU, stream: bytes) -> None:
    read_end, write_end = os.pipe()
    with filled.open() as device, meanwhile(lambda: feed(write_end, stream)):
        try:
            device.restore(read_end, timeout=10)
        finally:
            os.close(read_end)


def test_next_lets_others_run(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    with host.events() as events, meanwhile(lambda: gpu.create("L40-1B")):
        event = events.next(10)
    assert event and event.kind is nvvgpu.EventKind.CREATED


def test_iteration_lets_others_run(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    with host.events(10) as events, meanwhile(lambda: gpu.create("L40-1B")):
        assert next(events).kind is nvvgpu.EventKind.CREATED


SHORT_CALLS: dict[str, Callable[[nvvgpu.VGPU], object]] = {
    "open": lambda vgpu: nvvgpu.open("emu:l40"),
    "refresh": lambda vgpu: nvvgpu.open("emu:l40").refresh(),
    "gpus": lambda vgpu: nvvgpu.open("emu:l40").gpus,
    "vgpus": lambda vgpu: vgpu.gpu.vgpus(),
    "create": lambda vgpu: vgpu.gpu.create("L40-1B").destroy(),
    "state": lambda vgpu: vgpu.state(),
    "mode": lambda vgpu: vgpu.gpu.mode(),
    "params": lambda vgpu: vgpu.params(),
    "types": lambda vgpu: vgpu.gpu.types(),
    "device": lambda vgpu: vgpu.open().close(),
    "to_json": lambda vgpu: vgpu.to_json(),
}


@pytest.mark.parametrize("name", SHORT_CALLS)
def test_whatever_asks_the_driver_lets_others_run(vgpu: nvvgpu.VGPU, name: str) -> None:
    """A call may be over before the other thread has woken up, but not every time."""
    turns: list[int] = []
    end = time.monotonic() + 5
    with meanwhile(lambda: turns.append(1)):
        while not turns and time.monotonic() < end:
            SHORT_CALLS[name](vgpu)
        assert turns


# ------------------------------------------------------------------------ one host for all

def together(count: int, work: Callable[[int], object]) -> None:
    """All begin at the same time; what one raises comes out."""
    barrier = threading.Barrier(count)

    def run(index: int) -> None:
        barrier.wait()
        work(index)

    with ThreadPoolExecutor(count) as pool:
        for future in [pool.submit(run, index) for index in range(count)]:
            future.result()


def test_each_thread_its_gpu() -> None:
    with nvvgpu.open("emu:l40*4") as host:
        def work(index: int) -> None:
            gpu = host.gpus[index]
            for _ in range(ROUNDS):
                vgpu = gpu.create("L40-1B")
                assert gpu.vgpus() == [vgpu]
                assert vgpu.state() is nvvgpu.VGPUState.ASSIGNED
                vgpu.destroy()

        together(4, work)
        assert host.vgpus() == []


def test_all_threads_one_gpu(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    def work(index: int) -> None:
        for _ in range(ROUNDS):
            vgpu = gpu.create("L40-1B")
            assert vgpu in gpu.vgpus()
            assert host.vgpu(vgpu.uuid) == vgpu
            gpu.types(creatable=True)
            vgpu.destroy()

    together(4, work)
    assert gpu.vgpus() == []


def test_each_thread_its_error(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    def work(index: int) -> None:
        for round_ in range(ROUNDS * 5):
            name = f"type {index} {round_}"
            with pytest.raises(nvvgpu.NotFoundError) as caught:
                gpu.type(name)
            assert name in caught.value.cause

    together(4, work)


def test_refresh_while_others_look() -> None:
    with nvvgpu.open("emu:l40*4") as host:
        def work(index: int) -> None:
            for _ in range(ROUNDS):
                if index:
                    assert [gpu.name for gpu in host.gpus] == ["NVIDIA L40"] * 4
                else:
                    host.refresh()

        together(4, work)


def test_close_while_others_look() -> None:
    """Each gets an answer or hears that it is closed."""
    for _ in range(ROUNDS):
        host = nvvgpu.open("emu:l40*2")

        def work(index: int) -> None:
            if not index:
                host.close()
                return
            with contextlib.suppress(ValueError):
                for _ in range(5):
                    assert len(host.gpus) == 2

        together(3, work)


def test_device_closed_while_it_is_read(vgpu: nvvgpu.VGPU) -> None:
    for _ in range(ROUNDS):
        device = vgpu.open()

        def work(index: int) -> None:
            if not index:
                device.close()
                return
            with contextlib.suppress(ValueError):
                for _ in range(20):
                    device.read(nvvgpu.Region.BAR1, 0, 4096)

        together(3, work)
        assert vgpu.state() is nvvgpu.VGPUState.ASSIGNED


def test_device_closed_while_it_is_saved(filled: nvvgpu.VGPU, pipe: tuple[int, int]) -> None:
    """The save ends, one way or the other, and the device is let go."""
    device = filled.open()
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.extend(readings(pipe[0])))
    closer = threading.Thread(target=device.close)

    def progress(progress: nvvgpu.Progress) -> None:
        if not reader.ident:
            closer.start()
            reader.start()

    with contextlib.suppress(ValueError, nvvgpu.Error):
        device.save(pipe[1], progress=progress, timeout=20)
    os.close(pipe[1])
    reader.join()
    closer.join()
    assert filled.state() is nvvgpu.VGPUState.ASSIGNED


def test_events_shared_by_threads(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    """A monitor is for one thread at a time: the package sees to it."""
    rounds = ROUNDS * 10
    with host.events(0.2) as events:
        found: list[nvvgpu.Event] = []

        def work(index: int) -> None:
            if index:
                found.extend(events)
            else:
                for _ in range(rounds):
                    gpu.create("L40-1B").destroy()

        together(4, work)
        found.extend(events)
    counts = [event.sequence for event in found if event.sequence]    # the driver's own
    lost = sum(event.value for event in found if event.kind is nvvgpu.EventKind.LOST)
    assert len(set(counts)) == len(counts)
    assert lost or len(counts) == 2 * rounds


WAITS: dict[str, Callable[[nvvgpu.Events], object]] = {
    "next": lambda events: events.next(),
    "next within": lambda events: events.next(3600),
    "iteration": list,
}


@pytest.mark.parametrize("name", WAITS)
def test_close_wakes_who_waits(host: nvvgpu.Host, name: str) -> None:
    events = host.events()
    ended = threading.Event()

    def wait() -> None:
        with contextlib.suppress(ValueError):
            WAITS[name](events)
        ended.set()

    threads = [threading.Thread(target=wait, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        wait_until(lambda: is_asleep(thread.native_id or 0))
    events.close()
    assert ended.wait(10)
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_save_and_restore_side_by_side(tmp_path: pathlib.Path) -> None:
    with nvvgpu.open("emu:l40*4") as host:
        def work(index: int) -> None:
            gpu, path = host.gpus[index], tmp_path / f"{index}.state"
            vgpu = gpu.create("L40-1B")
            fill(vgpu, MIBS)
            vgpu.save(path)
            vgpu.destroy()
            assert_filled(gpu.restore(path), MIBS)

        together(4, work)


def test_last_reference_dropped_by_another_thread() -> None:
    for _ in range(ROUNDS):
        host = nvvgpu.open("emu:l40")
        things: list[object] = [host.gpus[0].create("L40-1B"), host.gpus[0], host.events()]
        del host
        together(3, lambda index: things.pop())
