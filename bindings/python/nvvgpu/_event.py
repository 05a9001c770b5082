# SPDX-License-Identifier: MIT
"""Something that has happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import _swig
from ._documented import documented
from ._enums import EventKind
from ._snapshot import Snapshot


@dataclass(frozen=True)
class Event(Snapshot):
    """Something that has happened.

    uuid and type_id are those of the vGPU, None when it is about the GPU.  value is what the
    kind says: 1 for mixed-size and 0 for equal-size mode, the number of VFs, the VFIO migration
    state, the number of lost events.  sequence grows by one with each event of the GPU.
    """

    kind: EventKind
    gpu_address: str
    uuid: str | None
    type_id: int | None
    sequence: int
    time_ns: int
    value: int

    @documented(_swig.event_to_json)
    def to_json(self) -> str:
        """The event as one line of JSON."""
        return _swig.event_to_json(self._need())


def event_of(facts: _swig._EventFacts) -> Event:
    values: list[Any]
    handle, kind, *values = facts
    return Event(EventKind(kind), *values)._keep(handle)
