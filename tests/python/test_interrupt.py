# SPDX-License-Identifier: MIT
"""Progress, and the ways to end a call that takes long."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import signal
import subprocess
import threading
from typing import Any, Callable, Iterator

import pytest

import nvvgpu
from support import MIB, is_asleep, is_full, python, readings, wait_until

MIBS = 3


class Seen:
    """A progress function that keeps what it is told."""

    def __init__(self, answer: Any = None) -> None:
        self.progress: list[nvvgpu.Progress] = []
        self.answer = answer

    def __call__(self, progress: nvvgpu.Progress) -> Any:
        self.progress.append(progress)
        return self.answer

    def assert_whole(self, total: int) -> None:
        counts = [progress.bytes for progress in self.progress]
        assert counts[0] == 0 and counts[-1] == total
        assert counts == sorted(counts)
        assert self.progress[-1].estimate_bytes == total
        assert self.progress[-1].bytes_per_second is not None


def test_progress(filled: nvvgpu.VGPU, gpu: nvvgpu.GPU, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "state"
    saving, verifying, restoring, twice = Seen(), Seen(), Seen(), Seen()
    filled.save(path, progress=saving)
    info = nvvgpu.verify(path, progress=verifying)
    assert info.data_bytes is not None and info.data_bytes > MIBS * MIB
    gpu.restore(path, progress=restoring)
    gpu.restore(path, progress=twice, verify_first=True)
    for seen in (saving, verifying, restoring):
        seen.assert_whole(info.data_bytes)
    twice.assert_whole(2 * info.data_bytes)


def test_progress_of_a_device(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    saving, restoring = Seen(), Seen()
    with filled.open() as device:
        device.save(tmp_path / "state", progress=saving)
        device.restore(tmp_path / "state", progress=restoring)
    total = nvvgpu.verify(tmp_path / "state").data_bytes
    assert total
    saving.assert_whole(total)
    restoring.assert_whole(total)


def test_progress_is_frozen(vgpu: nvvgpu.VGPU) -> None:
    seen = Seen()
    vgpu.save("/dev/null", progress=seen)
    progress = seen.progress[-1]
    assert {field.name for field in dataclasses.fields(progress)} == \
        {"bytes", "estimate_bytes", "bytes_per_second"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        progress.bytes = 5  # type: ignore[misc]


@pytest.mark.parametrize("answer", [None, True, 1, "no"])
def test_progress_goes_on(vgpu: nvvgpu.VGPU, answer: Any) -> None:
    vgpu.save("/dev/null", progress=Seen(answer))


Call = Callable[[nvvgpu.VGPU, pathlib.Path, Any], object]


def device_save(vgpu: nvvgpu.VGPU, path: pathlib.Path, progress: Any) -> None:
    with vgpu.open() as device:
        device.save("/dev/null", progress=progress)


def device_restore(vgpu: nvvgpu.VGPU, path: pathlib.Path, progress: Any) -> None:
    with vgpu.open() as device:
        device.restore(path, progress=progress)


CALLS: dict[str, Call] = {
    "save": lambda vgpu, path, progress: vgpu.save("/dev/null", progress=progress),
    "restore": lambda vgpu, path, progress: vgpu.gpu.restore(path, progress=progress),
    "verify": lambda vgpu, path, progress: nvvgpu.verify(path, progress=progress),
    "device save": device_save,
    "device restore": device_restore,
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@pytest.fixture
def kept(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> pathlib.Path:
    """A saved state whose vGPU is still there."""
    filled.save(tmp_path / "kept.state")
    return tmp_path / "kept.state"


@every_call
def test_false_cancels(filled: nvvgpu.VGPU, kept: pathlib.Path, call: Call) -> None:
    with pytest.raises(nvvgpu.CancelledError):
        call(filled, kept, Seen(False))
    assert filled.gpu.vgpus() == [filled]
    assert filled.state() is nvvgpu.VGPUState.ASSIGNED


class Own(BaseException):
    """Nobody's but the caller's."""


def error_of_the_library(gpu: nvvgpu.GPU) -> BaseException:
    with pytest.raises(nvvgpu.NotFoundError) as caught:
        gpu.type("L40-5Q")
    return caught.value


ERRORS: dict[str, Callable[[nvvgpu.GPU], BaseException]] = {
    "builtin": lambda gpu: ValueError("mine"),
    "own": lambda gpu: Own(),
    "interrupt": lambda gpu: KeyboardInterrupt(),
    "library's": error_of_the_library,
}


@every_call
@pytest.mark.parametrize("name", ERRORS)
def test_exception_cancels(filled: nvvgpu.VGPU, kept: pathlib.Path, call: Call,
                           name: str) -> None:
    """It comes out as the same object, from the line where it was raised."""
    error = ERRORS[name](filled.gpu)

    def progress(progress: nvvgpu.Progress) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        call(filled, kept, progress)
    assert caught.value is error
    assert "progress" in [entry.name for entry in caught.traceback]
    assert filled.gpu.vgpus() == [filled]
    assert filled.state() is nvvgpu.VGPUState.ASSIGNED
    call(filled, kept, None)


def test_exception_late(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    def progress(progress: nvvgpu.Progress) -> None:
        if progress.bytes:
            raise Own

    with pytest.raises(Own):
        filled.save(tmp_path / "state", progress=progress)
    assert list(tmp_path.iterdir()) == []


def test_progress_that_uses_the_library(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    """Errors that the function meets and handles are not those of the save."""
    def progress(progress: nvvgpu.Progress) -> None:
        with pytest.raises(nvvgpu.NotFoundError):
            filled.gpu.type("L40-5Q")
        assert nvvgpu.open("emu:t4").gpus[0].name == "Tesla T4"

    filled.save(tmp_path / "state", progress=progress)
    assert nvvgpu.verify(tmp_path / "state", progress=progress).verified


def test_progress_with_arguments_of_its_own(vgpu: nvvgpu.VGPU) -> None:
    def takes_two(progress: nvvgpu.Progress, more: int) -> None:
        pass

    with pytest.raises(TypeError):
        vgpu.save("/dev/null", progress=takes_two)  # type: ignore[arg-type]


def test_cancel_while_the_reader_sleeps(filled: nvvgpu.VGPU, pipe: tuple[int, int]) -> None:
    """Also a call that waits is told."""
    def progress(progress: nvvgpu.Progress) -> bool:
        return not is_full(pipe[1])

    with pytest.raises(nvvgpu.CancelledError):
        filled.save(pipe[1], progress=progress)


READS: dict[str, Callable[..., object]] = {
    "verify": lambda vgpu, *arguments, **options: nvvgpu.verify(*arguments, **options),
    "inspect": lambda vgpu, *arguments, **options: nvvgpu.inspect(*arguments, **options),
    "restore": lambda vgpu, *arguments, **options: vgpu.gpu.restore(*arguments, **options),
}


@pytest.mark.parametrize("name", READS)
def test_cancel_while_nothing_comes(vgpu: nvvgpu.VGPU, pipe: tuple[int, int],
                                    name: str) -> None:
    told: list[int] = []

    def progress(progress: nvvgpu.Progress) -> bool:
        told.append(progress.bytes)
        return len(told) < 3

    with pytest.raises(nvvgpu.CancelledError):
        READS[name](vgpu, pipe[0], progress=progress)
    assert told == [0, 0, 0]


@pytest.mark.parametrize("name", READS)
def test_deadline_of_reading(vgpu: nvvgpu.VGPU, pipe: tuple[int, int], name: str) -> None:
    with pytest.raises(TimeoutError):
        READS[name](vgpu, pipe[0], timeout=0.1)
    assert vgpu.gpu.vgpus() == [vgpu]


def test_deadline_of_writing(filled: nvvgpu.VGPU, pipe: tuple[int, int]) -> None:
    with pytest.raises(TimeoutError):
        filled.save(pipe[1], timeout=0.2)
    assert filled.state() is nvvgpu.VGPUState.ASSIGNED


# -------------------------------------------------------------------------------- Ctrl-C

CHILD = """
import os, sys
sys.path.insert(0, sys.argv[1])
import nvvgpu
from support import UUID, fill

fd = int(sys.argv[2])
host = nvvgpu.open("emu:l40")
gpu = host.gpus[0]
vgpu = gpu.create("L40-1B", uuid=UUID)
fill(vgpu, 3)
print("ready", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", gpu.vgpus() == [vgpu], vgpu.state())
    vgpu.save("/dev/null")
    vgpu.destroy()
else:
    print("was not interrupted")
"""

WAITING_FOR_A_READER = {
    "save": "vgpu.save(fd)",
    "save with progress": "vgpu.save(fd, progress=lambda progress: None)",
    "save to file": "vgpu.save(os.fdopen(fd, 'wb', closefd=False))",
}
WAITING_FOR_A_WRITER = {
    "verify": "nvvgpu.verify(fd)",
    "inspect": "nvvgpu.inspect(fd)",
    "restore": "gpu.restore(fd)",
    "restore with progress": "gpu.restore(fd, progress=lambda progress: None)",
    "next": "host.events().next()",
    "next within": "host.events().next(60)",
    "iteration": "list(host.events())",
    "async iteration": "import asyncio\n"
                       "    async def watch():\n"
                       "        async for event in host.events(): pass\n"
                       "    asyncio.run(watch())",
}


def interrupt(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    assert (child.returncode, err) == (0, "")
    assert out == "interrupted True assigned\n"


@contextlib.contextmanager
def started(call: str, fd: int) -> Iterator[subprocess.Popen[str]]:
    with python("-c", CHILD.replace("{call}", call), os.path.dirname(__file__), str(fd),
                pass_fds=[fd]) as child:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        yield child


@pytest.mark.parametrize("name", WAITING_FOR_A_READER)
def test_ctrl_c_while_nobody_reads(pipe: tuple[int, int], name: str) -> None:
    with started(WAITING_FOR_A_READER[name], pipe[1]) as child:
        wait_until(lambda: is_full(pipe[1]))
        interrupt(child)


@pytest.mark.parametrize("name", WAITING_FOR_A_WRITER)
def test_ctrl_c_while_nobody_writes(pipe: tuple[int, int], name: str) -> None:
    with started(WAITING_FOR_A_WRITER[name], pipe[0]) as child:
        wait_until(lambda: is_asleep(child.pid))
        interrupt(child)


def test_signal_handler_that_raises(filled: nvvgpu.VGPU, pipe: tuple[int, int]) -> None:
    """Whatever a handler raises ends the call; what it does not end goes on."""
    def handler(number: int, frame: object) -> None:
        if number == signal.SIGUSR2:
            raise Own

    def send() -> None:
        wait_until(lambda: is_full(pipe[1]))
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR2)

    before = [signal.signal(number, handler) for number in (signal.SIGUSR1, signal.SIGUSR2)]
    sender = threading.Thread(target=send)
    sender.start()
    try:
        with pytest.raises(Own):
            filled.save(pipe[1], timeout=20)
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before[0])
        signal.signal(signal.SIGUSR2, before[1])


def test_signal_that_does_not_raise(filled: nvvgpu.VGPU, pipe: tuple[int, int]) -> None:
    told: list[int] = []
    found: list[bytes] = []

    def send_and_read() -> None:
        wait_until(lambda: is_full(pipe[1]))
        os.kill(os.getpid(), signal.SIGUSR1)
        wait_until(lambda: bool(told))
        found.extend(readings(pipe[0]))

    before = signal.signal(signal.SIGUSR1, lambda number, frame: told.append(number))
    reader = threading.Thread(target=send_and_read)
    reader.start()
    try:
        filled.save(pipe[1], timeout=20)
    finally:
        os.close(pipe[1])
        reader.join()
        signal.signal(signal.SIGUSR1, before)
    assert told == [signal.SIGUSR1]
    assert sum(map(len, found)) > MIBS * MIB
