# SPDX-License-Identifier: MIT
"""What a search for faults has found."""

from __future__ import annotations

from dataclasses import dataclass

from . import _swig
from ._documented import documented
from ._enums import Check, Reason, Verdict
from ._snapshot import Snapshot


@dataclass(frozen=True)
class Finding(Snapshot):
    """One thing that was looked at, and how it is.

    object is the address of a GPU or the uri of the host; text is one sentence; evidence says
    what was seen, next_step what to do about it, both perhaps "".  reason is Reason.NONE when
    the verdict is Verdict.OK.
    """

    check: Check
    verdict: Verdict
    reason: Reason
    object: str
    text: str
    evidence: str
    next_step: str

    @documented(_swig.finding_to_json)
    def to_json(self) -> str:
        """The finding as one line of JSON."""
        return _swig.finding_to_json(self._need())


def finding_of(facts: _swig._FindingFacts) -> Finding:
    handle, check, verdict, reason, about, text, evidence, next_step = facts
    return Finding(Check(check), Verdict(verdict), Reason(reason), about, text, evidence,
                   next_step)._keep(handle)
