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

    uuid and type_id are those of the vGPU, None when it is about the GPU.  vf is the VF that came
    or went, or that the vGPU is on.  value is what the kind says: 1 for mixed-size and 0 for
    equal-size mode, the number of VFs, the VFIO migration state, the number of lost events (0:
    nobody knows how many), the number of types that can be created.  sequence grows by one with
    each event that the driver of the GPU tells; 0: the library saw it, at the time time_ns.
    gpu_address is empty when events of the whole host were lost.
    """

    kind: EventKind
    gpu_address: str
    vf: str | None
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
