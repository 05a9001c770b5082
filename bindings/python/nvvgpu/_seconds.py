# SPDX-License-Identifier: MIT
"""Times to wait, in seconds, which may be fractions."""

from __future__ import annotations

_LONGEST_NS = 2**63 - 1


def nanoseconds(seconds: float | None) -> int | None:
    """The same for the library; None: as long as it takes."""
    if seconds is None:
        return None
    if not seconds >= 0:    # neither is what is not a number
        raise ValueError("a timeout cannot be negative")
    found = round(seconds * 1e9)
    if found > _LONGEST_NS:
        raise OverflowError("a timeout cannot be that long; None has no end")
    return found
