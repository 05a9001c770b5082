# SPDX-License-Identifier: MIT
"""Lists that say why they are empty."""

from __future__ import annotations

from collections.abc import Iterable
from typing import List, TypeVar

from ._enums import Reason

_Item = TypeVar("_Item")


class Listing(List[_Item]):
    """A list; reason and reason_text say why it is empty, when it is."""

    def __init__(self, items: Iterable[_Item], reason: int, reason_text: str) -> None:
        super().__init__(items)
        self._reason = Reason(reason)
        self._reason_text = reason_text

    @property
    def reason(self) -> Reason:
        """Why the list is empty; Reason.NONE: it was not."""
        return self._reason

    @property
    def reason_text(self) -> str:
        """The same as one sentence, "" for Reason.NONE."""
        return self._reason_text
