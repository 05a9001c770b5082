# SPDX-License-Identifier: MIT
"""The stream of events of a host."""

from __future__ import annotations

import contextlib
import math
import os
import select
import threading
import time
from typing import TYPE_CHECKING, Any

from . import _swig
from ._documented import documented
from ._event import Event, event_of
from ._seconds import nanoseconds

if TYPE_CHECKING:
    import asyncio

_LONGEST_MS = 2**31 - 1    # that poll() takes; who waits longer asks again


class _Bell:
    """Wakes whoever polls it, for good; its descriptor lives as long as anybody uses it."""

    def __init__(self) -> None:
        self._heard, self._rung = os.pipe()

    def fileno(self) -> int:
        return self._heard

    def ring(self) -> None:
        os.close(self._rung)
        self._rung = -1

    def __del__(self, close: Any = os.close) -> None:
        for fd in (self._heard, self._rung):
            if fd >= 0:
                close(fd)


class Events:
    """What happens on the GPUs of a host, from Host.events() on: an iterator of Event, for
    "for" and for "async for".

    The iteration ends when nothing has happened for the timeout, or when close() was called,
    from wherever.  Several threads and tasks may share one: each event goes to one of them.
    """

    __slots__ = ("_handle", "_timeout", "_lock", "_bell", "_futures", "__weakref__")

    def __init__(self, handle: _swig._Monitor, timeout: float | None) -> None:
        nanoseconds(timeout)    # is it one?
        self._handle: _swig._Monitor | None = handle
        self._timeout = timeout
        # reentrant: a log function that the library calls may close this
        self._lock = threading.RLock()
        self._bell: _Bell | None = None
        self._futures: set[asyncio.Future[None]] = set()

    def __enter__(self) -> Events:
        self.fileno()    # is it open?
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it: iterations end, also those that wait in other threads; closing it again does
        nothing."""
        with self._lock:
            self._handle = None
            bell, self._bell = self._bell, None
            futures = tuple(self._futures)
        if bell is not None:
            bell.ring()
        for future in futures:
            with contextlib.suppress(RuntimeError):    # its loop has ended
                future.get_loop().call_soon_threadsafe(_finish, future)

    @documented(_swig.monitor_get_fd)
    def fileno(self) -> int:
        """A file descriptor that is readable when an event may be there."""
        return _swig.monitor_get_fd(self._handle)

    def next(self, timeout: float | None = None) -> Event | None:
        """The next event; None: none came for timeout seconds.  Without a timeout it waits as
        long as it takes."""
        limit = nanoseconds(timeout)
        end = None if limit is None else time.monotonic_ns() + limit
        while True:
            event = self._take()
            if event is not None:
                return event
            left = None if end is None else end - time.monotonic_ns()
            if left is not None and left <= 0:
                return None
            self._wait(left)

    def _take(self) -> Event | None:
        """What is there now.  The library has one thread at a time here."""
        with self._lock:
            facts = _swig.monitor_next(self._handle, 0)
        return None if facts is None else event_of(facts)

    # ----------------------------------------------------------------- threads

    def __iter__(self) -> Events:
        self.fileno()    # is it open?
        return self

    def __next__(self) -> Event:
        try:
            event = self.next(self._timeout)
        except ValueError:
            if self._handle is not None:
                raise
            event = None
        if event is None:
            raise StopIteration
        return event

    def _wait(self, left_ns: int | None) -> None:
        """Until there may be an event, it is closed, or the time is over."""
        with self._lock:
            handle = self._handle
            if handle is None:
                return
            bell = self._bell = self._bell or _Bell()
        try:
            poll = select.poll()
            poll.register(_swig.monitor_get_fd(handle), select.POLLIN)
            poll.register(bell, select.POLLIN)
            poll.poll(None if left_ns is None else min(math.ceil(left_ns / 1e6), _LONGEST_MS))
        finally:
            del handle    # else a traceback would keep it open

    # ------------------------------------------------------------------- tasks

    def __aiter__(self) -> Events:
        self.fileno()    # is it open?
        return self

    async def __anext__(self) -> Event:
        limit = nanoseconds(self._timeout)
        end = None if limit is None else time.monotonic_ns() + limit
        while self._handle is not None:
            event = self._take()
            if event is not None:
                return event
            left = None if end is None else end - time.monotonic_ns()
            if left is not None and left <= 0:
                break
            await self._readable(left)
        raise StopAsyncIteration

    async def _readable(self, left_ns: int | None) -> None:
        """The same as _wait() for a task, on a descriptor that no other task has."""
        import asyncio    # here: it takes as long to import as everything else together

        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._lock:
            if self._handle is None:
                return
            fd = os.dup(_swig.monitor_get_fd(self._handle))
            self._futures.add(future)
        timer = None
        try:
            loop.add_reader(fd, _finish, future)
            if left_ns is not None:
                timer = loop.call_later(left_ns / 1e9, _finish, future)
            await future
        finally:
            if timer is not None:
                timer.cancel()
            loop.remove_reader(fd)
            os.close(fd)
            self._futures.discard(future)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
