# SPDX-License-Identifier: MIT
"""vGPU types: what could be created."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import _swig
from ._documented import documented
from ._enums import Reason
from ._snapshot import Snapshot

# More than any board has of one type; a list that is longer is asked for twice.
_ROOM = 64


@dataclass(frozen=True)
class Placements:
    """Where vGPUs of a type can be on their GPU: ids, in units of which one covers length."""

    ids: tuple[int, ...]
    length: int


@dataclass(frozen=True)
class Type(Snapshot):
    """A vGPU type of a GPU, as it was when it was asked for.

    available is how many could be created then, None when the driver does not say; reason and
    reason_text tell why it is 0 or None.  max_instances is the most that fit on one GPU when
    all have the same size.
    """

    id: int
    name: str
    class_: str
    gpu_address: str
    framebuffer_bytes: int
    heads: int
    max_width: int
    max_height: int
    frame_rate_limit: int
    max_instances: int
    available: int | None
    creatable: bool
    reason: Reason
    reason_text: str

    @documented(_swig.type_get_placements)
    def placements(self, creatable: bool = False) -> Placements:
        """Where the board can have vGPUs of this type; with creatable, where one fits now."""
        which = _swig.PLACEMENT_CREATABLE if creatable else _swig.PLACEMENT_SUPPORTED
        room = _ROOM
        while True:
            ids, count, length = _swig.type_get_placements(self._need(), which, room)
            if count <= room:
                return Placements(ids, length)
            room = count

    @documented(_swig.type_to_json)
    def to_json(self) -> str:
        """The type as one line of JSON."""
        return _swig.type_to_json(self._need())


def type_of(facts: _swig._TypeFacts) -> Type:
    values: list[Any]
    handle, *values = facts
    values[-2] = Reason(values[-2])
    return Type(*values)._keep(handle)
