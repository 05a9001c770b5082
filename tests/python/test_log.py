# SPDX-License-Identifier: MIT
"""The log function of a host, and when it is let go."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from typing import Any, Callable

import pytest

import nvvgpu

Line = tuple[nvvgpu.LogLevel, str]


class Log:
    """A log function that can be watched being dropped."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.threads: set[int] = set()

    def __call__(self, level: nvvgpu.LogLevel, line: str) -> None:
        self.lines.append((level, line))
        self.threads.add(threading.get_ident())


def is_gone(reference: weakref.ref[Any]) -> bool:
    gc.collect()
    return reference() is None


def test_lines(host: nvvgpu.Host) -> None:
    log = Log()
    host.set_log(log, nvvgpu.LogLevel.DEBUG)
    host.refresh()
    assert log.lines
    for level, line in log.lines:
        assert isinstance(level, nvvgpu.LogLevel)
        assert line and "\n" not in line
    assert any("L40" in line or "0000:41" in line for _, line in log.lines)


def test_level(host: nvvgpu.Host) -> None:
    log = Log()
    host.set_log(log, nvvgpu.LogLevel.WARNING)
    host.refresh()
    assert log.lines == []
    host.set_log(log)
    host.refresh()
    assert {level for level, _ in log.lines} == {nvvgpu.LogLevel.INFO}


def test_warning(tree: Callable[[str], nvvgpu.Host]) -> None:
    log = Log()
    with tree("odds") as host:
        host.set_log(log, nvvgpu.LogLevel.DEBUG)
        assert host.gpus
    assert log.lines


def test_silence(host: nvvgpu.Host) -> None:
    log = Log()
    host.set_log(log, nvvgpu.LogLevel.DEBUG)
    host.set_log(None)
    host.refresh()
    assert log.lines == []


@pytest.mark.parametrize("level", [0, 4, 99])
def test_no_such_level(host: nvvgpu.Host, level: Any) -> None:
    log = Log()
    reference = weakref.ref(log)
    with pytest.raises(ValueError):
        host.set_log(log, level)
    del log
    assert is_gone(reference)


@pytest.mark.parametrize("function", [5, "print"])
def test_not_a_function(host: nvvgpu.Host, function: Any) -> None:
    with pytest.raises(TypeError):
        host.set_log(function)


def test_released_by_another(host: nvvgpu.Host) -> None:
    first, second = Log(), Log()
    references = weakref.ref(first), weakref.ref(second)
    host.set_log(first, nvvgpu.LogLevel.DEBUG)
    host.set_log(second, nvvgpu.LogLevel.DEBUG)
    del first
    assert is_gone(references[0])
    host.refresh()
    assert second.lines
    del second
    gc.collect()
    assert references[1]() is not None      # the library has it
    host.set_log(None)
    assert is_gone(references[1])


@pytest.mark.parametrize("end", ["close", "drop"])
def test_released_with_the_host(end: str) -> None:
    """What came from the host goes on without it, in silence."""
    log = Log()
    reference = weakref.ref(log)
    host = nvvgpu.open("emu:l40")
    host.set_log(log, nvvgpu.LogLevel.DEBUG)
    gpu = host.gpus[0]
    del log
    if end == "close":
        host.close()
        assert is_gone(reference)
    del host
    assert is_gone(reference)
    gpu.create("L40-1B").destroy()


def test_function_that_knows_its_host() -> None:
    """A cycle, which the collector sees although the library has a part in it."""
    host = nvvgpu.open("emu:l40")
    reference = weakref.ref(host)
    host.set_log(lambda level, line: print(host), nvvgpu.LogLevel.DEBUG)
    assert not is_gone(reference)
    del host
    assert is_gone(reference)


def test_exception_goes_nowhere_else(host: nvvgpu.Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot come out of what only happens to log: it is told as unraisable."""
    told: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(
        unraisable.exc_value))

    def log(level: nvvgpu.LogLevel, line: str) -> None:
        raise RuntimeError("mine")

    host.set_log(log, nvvgpu.LogLevel.DEBUG)
    host.refresh()
    assert host.gpus
    assert told and {str(error) for error in told} == {"mine"}


def test_exception_does_not_hide_the_error(host: nvvgpu.Host,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)

    def log(level: nvvgpu.LogLevel, line: str) -> None:
        raise RuntimeError("mine")

    host.set_log(log, nvvgpu.LogLevel.DEBUG)
    with pytest.raises(nvvgpu.NotFoundError):
        host.gpu("0000:99:00.0")


def test_function_that_changes_the_log(host: nvvgpu.Host) -> None:
    seen: list[str] = []

    def log(level: nvvgpu.LogLevel, line: str) -> None:
        seen.append(line)
        host.set_log(None)

    host.set_log(log, nvvgpu.LogLevel.DEBUG)
    reference = weakref.ref(log)
    host.refresh()
    host.refresh()
    assert len(seen) == 1
    del log
    assert is_gone(reference)


def test_called_by_the_thread_that_asks(host: nvvgpu.Host) -> None:
    log = Log()
    host.set_log(log, nvvgpu.LogLevel.DEBUG)
    thread = threading.Thread(target=host.refresh)
    thread.start()
    thread.join()
    assert log.threads == {thread.ident}


def test_many_threads_and_many_functions() -> None:
    logs = [Log() for _ in range(50)]
    references = [weakref.ref(log) for log in logs]
    stop = threading.Event()
    with nvvgpu.open("emu:l40*4") as host:
        def search() -> None:
            while not stop.is_set():
                host.refresh()

        threads = [threading.Thread(target=search) for _ in range(3)]
        for thread in threads:
            thread.start()
        for log in logs:
            host.set_log(log, nvvgpu.LogLevel.DEBUG)
            host.refresh()
        stop.set()
        for thread in threads:
            thread.join()
        assert all(log.lines for log in logs)
        host.set_log(None)
        del log
        logs.clear()
        gc.collect()
        assert [reference() for reference in references] == [None] * 50
