# SPDX-License-Identifier: MIT
"""What frozen dataclasses share that are views of a C object."""

from __future__ import annotations

from typing import Any, TypeVar

_Self = TypeVar("_Self", bound="Snapshot")


class Snapshot:
    """Holds the handle beside the fields: comparing, printing and copying do not see it."""

    _handle: Any = None

    def _keep(self: _Self, handle: object) -> _Self:
        object.__setattr__(self, "_handle", handle)
        return self

    def _need(self) -> Any:
        """The handle; what was unpickled or made by hand has none."""
        if self._handle is None:
            raise ValueError(f"this {type(self).__name__} is a copy: the library does not know it")
        return self._handle

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state.pop("_handle", None)
        return state

    # It does not change: a copy is the thing itself, and keeps its handle.

    def __copy__(self: _Self) -> _Self:
        return self

    def __deepcopy__(self: _Self, memo: object) -> _Self:
        return self
