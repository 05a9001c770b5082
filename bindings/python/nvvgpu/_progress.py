# SPDX-License-Identifier: MIT
"""Where a running save, restore or verify is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Progress:
    """Where a running save, restore or verify is.

    estimate_bytes is how many bytes there are in all as far as that is known, else None.
    """

    bytes: int
    estimate_bytes: int | None
    bytes_per_second: int


# What is called with it: returning False cancels, an exception cancels and comes out.
ProgressFunction = Callable[[Progress], Optional[bool]]


def relay(function: ProgressFunction | None) -> Callable[[int, int, int], bool | None] | None:
    """The same for the library, which gives numbers."""
    if function is None:
        return None
    if not callable(function):
        raise TypeError(f"progress must be callable or None, not {type(function).__name__}")
    wanted = function

    def call(done: int, estimate: int, rate: int) -> bool | None:
        return wanted(Progress(done, estimate or None, rate))

    return call
