# SPDX-License-Identifier: MIT
"""What type checkers are told is true, and enough for a user's program."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

import nvvgpu
from support import SOURCE

PACKAGE = pathlib.Path(nvvgpu.__file__).parent
HERE = pathlib.Path(__file__).parent


def check(cache: pathlib.Path, *arguments: str) -> None:
    """One of mypy's modules has nothing to complain about."""
    environment = {**os.environ, "MYPYPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-B", "-m", *arguments], env=environment, cwd=cache,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    pytest.importorskip("mypy")
    return tmp_path_factory.mktemp("mypy")


def test_marked_as_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize("version", [f"3.{sys.version_info.minor}",
                                     pytest.param("3.9", marks=pytest.mark.long)])
def test_package(cache: pathlib.Path, version: str) -> None:
    check(cache, "mypy", "--strict", "--python-version", version, "-p", "nvvgpu")


def test_a_users_program(cache: pathlib.Path) -> None:
    check(cache, "mypy", "--strict", str(HERE / "sample.py"))


@pytest.mark.long
def test_these_tests(cache: pathlib.Path) -> None:
    check(cache, "mypy", "--strict", *sorted(str(path) for path in HERE.glob("*.py")))


@pytest.mark.long
def test_examples(cache: pathlib.Path) -> None:
    for path in sorted((SOURCE / "examples/python").glob("*.py")):
        check(cache, "mypy", "--strict", str(path))


def test_stub_says_what_was_generated(cache: pathlib.Path) -> None:
    check(cache, "mypy.stubtest", "--concise", "nvvgpu._swig")


def test_everything_public_is_listed() -> None:
    public = {name for name in vars(nvvgpu) if not name.startswith("_")
              and getattr(vars(nvvgpu)[name], "__module__", "").startswith("nvvgpu")}
    assert public == set(nvvgpu.__all__) - {"__version__"}
    for name in nvvgpu.__all__:
        assert hasattr(nvvgpu, name)
