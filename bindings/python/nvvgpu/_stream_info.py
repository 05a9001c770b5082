# SPDX-License-Identifier: MIT
"""What a saved state says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import _swig
from ._documented import documented
from ._progress import ProgressFunction
from ._recipe import options
from ._snapshot import Snapshot
from ._stream import Stream, source as opened


@dataclass(frozen=True)
class StreamInfo(Snapshot):
    """What a saved state says of itself; None: it does not say.

    data_bytes and chunks are known when the whole of it was read, by verify().
    """

    format_major: int
    format_minor: int
    stream_uuid: str
    vgpu_uuid: str
    type_id: int
    type_name: str
    board_name: str | None
    device_id: int
    framebuffer_bytes: int
    driver_version: str | None
    firmware_version: str | None
    library_version: str | None
    source_gpu: str | None
    time_ns: int
    checksums: bool
    verified: bool
    data_bytes: int | None
    chunks: int | None

    @documented(_swig.stream_info_to_json)
    def to_json(self) -> str:
        """The information as one line of JSON."""
        return _swig.stream_info_to_json(self._need())


def _info(facts: _swig._StreamInfoFacts) -> StreamInfo:
    values: list[Any]
    handle, *values = facts
    return StreamInfo(*values)._keep(handle)


@documented(_swig.migrate_inspect)
def inspect(source: Stream, *, progress: ProgressFunction | None = None,
            timeout: float | None = None) -> StreamInfo:
    """Read what a saved state says of itself, not its data.

    source is a path, a file object or a file descriptor.  The latter two are read from where
    they are, and not a byte further than needed: behind the trailer another stream may follow.
    What a buffered file object on a pipe or socket has read ahead is not seen: open those with
    buffering=0.  For progress and timeout see verify().
    """
    how = options(progress, timeout)
    with opened(source) as fd:
        return _info(_swig.migrate_inspect(fd, how))


@documented(_swig.migrate_verify)
def verify(source: Stream, *, progress: ProgressFunction | None = None,
           timeout: float | None = None) -> StreamInfo:
    """Read the whole of a saved state and check every checksum.

    source is a path, a file object or a file descriptor.  progress is called with a Progress:
    at the start, at most ten times a second, and at the end; when it returns False, or raises,
    that ends it.  After timeout seconds it ends with a DeadlineError.
    """
    how = options(progress, timeout)
    with opened(source) as fd:
        return _info(_swig.migrate_verify(fd, how))
