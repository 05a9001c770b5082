# SPDX-License-Identifier: MIT
"""Hosts: where everything begins."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from . import _swig
from ._documented import documented
from ._enums import LogLevel
from ._events import Events
from ._finding import Finding, finding_of
from ._gpu import GPU
from ._listing import Listing
from ._progress import ProgressFunction
from ._recipe import options
from ._stream import Stream, target as created
from ._vgpu import VGPU

# What a line of log goes to.
LogFunction = Callable[[LogLevel, str], object]


class _Log:
    """A log function.  A host has it, the library only looks it up: who could see through the
    library that a function and its host hold each other?"""

    __slots__ = ("function", "__weakref__")

    def __init__(self, function: LogFunction) -> None:
        self.function = function


class Host:
    """A host with its GPUs; nvvgpu.open() gives one.

    Use it as a context manager, or call close().  GPUs and vGPUs that come from it can be used
    afterwards too.
    """

    __slots__ = ("_handle", "_uri", "_log", "__weakref__")

    def __init__(self, handle: _swig._Host) -> None:
        self._handle: _swig._Host | None = handle
        self._uri = _swig.get_uri(handle)
        self._log: _Log | None = None

    def __repr__(self) -> str:
        closed = " closed" if self._handle is None else ""
        return f"<nvvgpu.Host {self._uri!r}{closed}>"

    def __enter__(self) -> Host:
        _swig.get_uri(self._handle)    # is it open?
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the host; closing it again does nothing."""
        self._handle = None
        self._log = None

    @property
    @documented(_swig.get_uri)
    def uri(self) -> str:
        """What it was opened with."""
        return self._uri

    @property
    @documented(_swig.gpu_list)
    def gpus(self) -> Listing[GPU]:
        """Its GPUs, in the order of their PCI addresses."""
        found, reason, text = _swig.gpu_list(self._handle)
        return Listing(map(GPU, found), reason, text)

    @documented(_swig.refresh)
    def refresh(self) -> None:
        """Search for GPUs again."""
        _swig.refresh(self._handle)

    @documented(_swig.gpu_lookup)
    def gpu(self, address: str) -> GPU:
        """One GPU, by its PCI address: "0000:41:00.0", short "41:00.0"."""
        return GPU(_swig.gpu_lookup(self._handle, address))

    @documented(_swig.vgpu_list_all)
    def vgpus(self) -> Listing[VGPU]:
        """The vGPUs that are there now, on all GPUs that can be shared."""
        found, reason, text = _swig.vgpu_list_all(self._handle)
        return Listing(map(VGPU, found), reason, text)

    @documented(_swig.vgpu_lookup)
    def vgpu(self, uuid_or_vf: str) -> VGPU:
        """One vGPU, by its uuid or by the PCI address of its VF."""
        return VGPU(_swig.vgpu_lookup(self._handle, uuid_or_vf))

    @documented(_swig.doctor)
    def doctor(self, gpu: GPU | None = None, *, open: bool = True) -> list[Finding]:
        """Look for what keeps vGPUs from working: on the host, and on gpu or on all of its GPUs.

        Without open, the VFIO devices of vGPUs are left alone.
        """
        flags = 0 if open else _swig.DOCTOR_NO_OPEN
        one = gpu._handle if gpu else None
        return [finding_of(facts) for facts in _swig.doctor(self._handle, one, flags)]

    @documented(_swig.collect)
    def collect(self, target: Stream, *, progress: ProgressFunction | None = None,
                timeout: float | None = None) -> None:
        """Capture it: what the library can see of it, as an archive.

        For target, progress and timeout see VGPU.save().
        """
        how = options(progress, timeout)
        with created(target) as fd:
            _swig.collect(self._handle, fd, how)

    @documented(_swig.monitor_open)
    def events(self, timeout: float | None = None) -> Events:
        """What happens from now on: an iterator, which ends when nothing has happened for
        timeout seconds."""
        return Events(_swig.monitor_open(self._handle), timeout)

    @documented(_swig.set_log)
    def set_log(self, function: LogFunction | None, level: int = LogLevel.INFO) -> None:
        """Have a function told what the library does, as (LogLevel, line); None: silence.

        level is the most detailed one that is wanted.  The function is called in any thread
        that uses the host or an object of it, until another one is set or the host is closed.
        Its exceptions go where Python reports those that nobody can catch.
        """
        if function is None:
            _swig.set_log(self._handle, level, None)
            self._log = None
            return
        if not callable(function):
            raise TypeError(f"function must be callable or None, not {type(function).__name__}")
        log = _Log(function)
        _swig.set_log(self._handle, level, _relay(weakref.ref(log)))
        self._log = log


def _relay(log: weakref.ref[_Log]) -> Callable[[int, str], None]:
    """What the library calls."""

    def call(level: int, line: str) -> None:
        found = log()
        if found is not None:
            found.function(LogLevel(level), line)

    return call


@documented(_swig.open)
def open(uri: str | None = None) -> Host:
    """Open a host: the running one, a captured tree or emulated boards.

    uri is None or "host:" for the running host; "tree:PATH" for a captured machine (read only),
    a directory that holds its sys/ or an archive of Host.collect(); "emu:BOARD[*N][,BOARD...][?state=DIR]" for emulated boards.
    """
    return Host(_swig.open(uri))
