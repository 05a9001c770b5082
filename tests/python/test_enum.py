# SPDX-License-Identifier: MIT
"""Enumerations: complete against the headers, and ready for numbers of a newer library."""

from __future__ import annotations

import copy
import enum
import pickle
import re
from typing import Callable

import pytest

import nvvgpu
from clib import name_of
from support import SOURCE

# class: (name in C, prefix of its numbers, function that names them)
ENUMS: dict[type[enum.IntEnum], tuple[str, str, str | None]] = {
    nvvgpu.Reason: ("reason", "REASON_", "nvvgpu_reason_name"),
    nvvgpu.Framework: ("framework", "FRAMEWORK_", "nvvgpu_framework_name"),
    nvvgpu.Mode: ("mode", "GPU_MODE_", "nvvgpu_mode_name"),
    nvvgpu.VGPUState: ("vgpu_state", "VGPU_", "nvvgpu_vgpu_state_name"),
    nvvgpu.Region: ("region", "REGION_", None),
    nvvgpu.EventKind: ("event_kind", "EVENT_KIND_", "nvvgpu_event_kind_name"),
    nvvgpu.Statistic: ("statistic", "STAT_", "nvvgpu_statistic_name"),
    nvvgpu.LogLevel: ("log_level", "LOG_", None),
    nvvgpu.Check: ("check", "CHECK_", "nvvgpu_check_name"),
    nvvgpu.Verdict: ("verdict", "VERDICT_", "nvvgpu_verdict_name"),
}
each = pytest.mark.parametrize("kind", ENUMS, ids=[kind.__name__ for kind in ENUMS])

# which placements: a flag of Type.placements()
NOT_PUBLIC = {"placement_set"}


def c_enums() -> dict[str, dict[str, int]]:
    found = {}
    for header in sorted((SOURCE / "include/nvvgpu").glob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for name, body in re.findall(r"^enum nvvgpu_(\w+)\s*\{(.*?)\}", text, re.S | re.M):
            found[name] = {item: int(number) for item, number
                           in re.findall(r"NVVGPU_(\w+)\s*=\s*(\d+)", body)}
            assert len(found[name]) == body.count(",")
    return found


def test_every_enumeration_is_there() -> None:
    assert set(c_enums()) - NOT_PUBLIC == {name for name, _, _ in ENUMS.values()}


@each
def test_members(kind: type[enum.IntEnum]) -> None:
    name, prefix, _ = ENUMS[kind]
    wanted = {item.removeprefix(prefix): number for item, number in c_enums()[name].items()}
    assert {member.name: member.value for member in kind} == wanted
    assert issubclass(kind, enum.IntEnum)


@each
def test_names(kind: type[enum.IntEnum]) -> None:
    function = ENUMS[kind][2]
    for member in kind:
        if function:
            assert str(member) == name_of(function)(member.value)
        else:
            assert str(member) == member.name.lower()
        assert f"{member}" == str(member)


@each
@pytest.mark.parametrize("number", [9999, (1 << 31) - 1])
def test_number_of_a_newer_library(kind: type[enum.IntEnum], number: int) -> None:
    """It keeps its number, compares, and can be kept; the known ones stay as many."""
    count = len(kind)
    member = kind(number)
    assert isinstance(member, kind)
    assert member == number == member.value
    assert kind(number) == member and hash(kind(number)) == hash(member)
    assert member not in list(kind)
    assert isinstance(str(member), str) and isinstance(repr(member), str)
    assert pickle.loads(pickle.dumps(member)) == member
    assert copy.deepcopy(member) == member
    assert len(kind) == count


@each
def test_not_a_number(kind: Callable[[object], object]) -> None:
    for value in ("no", None, 1.5, -1, 1 << 31):
        with pytest.raises((ValueError, TypeError)):
            kind(value)


@each
def test_pickled_members_are_the_same(kind: type[enum.IntEnum]) -> None:
    for member in kind:
        assert pickle.loads(pickle.dumps(member)) is member
