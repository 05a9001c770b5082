# SPDX-License-Identifier: MIT
"""Fixtures: hosts of emulated boards, and captured trees."""

from __future__ import annotations

import gc
import os
import pathlib
from typing import Callable, Iterator

import pytest

import nvvgpu
from support import LEVEL, UUID, fill, open_files
from trees import lay_out


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: left out of a quick run")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if LEVEL == "quick":
        items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(autouse=True)
def _no_file_stays_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test opens through the package is closed when its objects are dropped."""
    before = open_files()
    yield
    request.node.funcargs.clear()
    if open_files() != before:
        gc.collect()
    assert open_files() - before == set()


@pytest.fixture
def host() -> Iterator[nvvgpu.Host]:
    with nvvgpu.open("emu:l40") as opened:
        yield opened


@pytest.fixture
def gpu(host: nvvgpu.Host) -> nvvgpu.GPU:
    return host.gpus[0]


@pytest.fixture
def vgpu(gpu: nvvgpu.GPU) -> nvvgpu.VGPU:
    return gpu.create("L40-1B", uuid=UUID)


@pytest.fixture
def filled(vgpu: nvvgpu.VGPU) -> nvvgpu.VGPU:
    """Has more state than a pipe takes, in several chunks of its stream."""
    fill(vgpu, 3)
    return vgpu


@pytest.fixture
def device(vgpu: nvvgpu.VGPU) -> Iterator[nvvgpu.Device]:
    with vgpu.open() as opened:
        yield opened


@pytest.fixture
def saved(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> pathlib.Path:
    """A saved state; its vGPU is gone."""
    path = tmp_path / "saved.state"
    filled.save(path)
    filled.destroy()
    return path


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Closed by hand where a test has to; what it left is closed here."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            pass


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> Callable[[str], nvvgpu.Host]:
    """Opens a captured machine by its name in tests/data."""
    return lambda name: nvvgpu.open(lay_out(name, tmp_path / name))
