# SPDX-License-Identifier: MIT
"""Types and their placements."""

from __future__ import annotations

import dataclasses
import gc
from typing import Any

import pytest

import nvvgpu
from clib import CHost
from support import ADDRESS, BOARDS, parsed

# field of the snapshot: name in C
FIELDS = {"id": "id", "name": "name", "class_": "class", "gpu_address": "gpu_address",
          "framebuffer_bytes": "framebuffer_bytes", "heads": "heads", "max_width": "max_width",
          "max_height": "max_height", "frame_rate_limit": "frame_rate_limit",
          "max_instances": "max_instances", "available": "available", "creatable": "creatable",
          "reason": "reason", "reason_text": "reason_text"}


def facts(type_: nvvgpu.Type) -> dict[str, Any]:
    return {c_name: getattr(type_, name) for name, c_name in FIELDS.items()}


@pytest.mark.parametrize("creatable", [False, True])
@pytest.mark.parametrize("board", BOARDS)
def test_facts_are_those_of_the_library(board: str, creatable: bool) -> None:
    with nvvgpu.open(f"emu:{board}") as host, CHost(f"emu:{board}") as other:
        for index, gpu in enumerate(host.gpus):
            found = [facts(type_) for type_ in gpu.types(creatable)]
            assert found == other.types(index, creatable)
            assert found


def test_creatable(gpu: nvvgpu.GPU) -> None:
    every = gpu.types()
    assert gpu.types(creatable=True) == every
    gpu.create("L40-4Q")
    sizes = {type_.framebuffer_bytes for type_ in gpu.types(creatable=True)}
    assert sizes == {4 << 30}
    assert len(gpu.types()) == len(every)


def test_snapshot_of_the_moment(gpu: nvvgpu.GPU) -> None:
    before = gpu.type("L40-4Q")
    gpu.create("L40-2Q")
    after = gpu.type("L40-4Q")
    assert (before.available, before.creatable, before.reason) == (12, True, nvvgpu.Reason.NONE)
    assert (after.available, after.creatable) == (0, False)
    assert after.reason is nvvgpu.Reason.EQUAL_SIZE and after.reason_text
    assert before != after


@pytest.mark.parametrize("which", [869, "869", "L40-1B", "NVIDIA L40-1B"])
def test_by_id_or_name(gpu: nvvgpu.GPU, which: int | str) -> None:
    assert gpu.type(which).id == 869


@pytest.mark.parametrize("which", [1, "L40-5Q", "", "l40-1b"])
def test_no_such_type(gpu: nvvgpu.GPU, which: int | str) -> None:
    with pytest.raises(FileNotFoundError):
        gpu.type(which)


@pytest.mark.parametrize("which", [None, 1.0, b"869"])
def test_wrong_kind(gpu: nvvgpu.GPU, which: object) -> None:
    with pytest.raises(TypeError):
        gpu.type(which)  # type: ignore[arg-type]


def test_frozen(gpu: nvvgpu.GPU) -> None:
    type_ = gpu.type(869)
    for field in dataclasses.fields(type_):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(type_, field.name, getattr(type_, field.name))
    with pytest.raises(AttributeError):
        type_.color = "green"  # type: ignore[attr-defined]


def test_fields(gpu: nvvgpu.GPU) -> None:
    public = {field.name for field in dataclasses.fields(gpu.type(869))
              if not field.name.startswith("_")}
    assert public == set(FIELDS)


def test_equality_and_hash(gpu: nvvgpu.GPU) -> None:
    assert gpu.type(869) == gpu.type(869) != gpu.type(870)
    assert len({*gpu.types(), *gpu.types()}) == len(gpu.types())


@pytest.mark.parametrize("board", BOARDS)
def test_json(board: str) -> None:
    with nvvgpu.open(f"emu:{board}") as host:
        for type_ in host.gpus[0].types():
            said = parsed(type_)
            assert said["class"] == type_.class_
            assert said["max_resolution"] == f"{type_.max_width}x{type_.max_height}"
            assert said["gpu"] == type_.gpu_address
            for name in ("id", "name", "framebuffer_bytes", "heads", "frame_rate_limit",
                         "max_instances", "available", "creatable"):
                assert said[name] == getattr(type_, name)


def test_placements(gpu: nvvgpu.GPU) -> None:
    type_ = gpu.type("L40-24Q")
    supported = type_.placements()
    assert supported == nvvgpu.Placements(ids=(0, 24), length=24)
    gpu.create(type_, placement=0)
    assert type_.placements(creatable=True).ids == (24,)
    assert type_.placements() == supported
    with pytest.raises(dataclasses.FrozenInstanceError):
        supported.length = 1  # type: ignore[misc]


def test_many_placements(gpu: nvvgpu.GPU) -> None:
    placements = gpu.type("L40-1B").placements()
    assert len(placements.ids) == 32
    assert list(placements.ids) == sorted(set(placements.ids))
    assert placements.length == 1


def test_no_placements() -> None:
    with nvvgpu.open("emu:t4") as host, pytest.raises(nvvgpu.UnsupportedError):
        host.gpus[0].type("GRID T4-1B").placements()


def test_outlives_gpu_and_host() -> None:
    with nvvgpu.open("emu:l40") as host:
        type_ = host.gpus[0].type("L40-24Q")
    del host
    gc.collect()
    assert type_.gpu_address == ADDRESS
    assert parsed(type_)["id"] == type_.id
    assert type_.placements().ids == (0, 24)
