# SPDX-License-Identifier: MIT
"""Every function of the library is used by the package, or left out for a reason."""

from __future__ import annotations

import os
import pathlib
import re

import pytest

from support import SOURCE, python

COMMON = SOURCE / "bindings/nvvgpu_common.i"
OWN = SOURCE / "bindings/python/nvvgpu.i"


def mapped() -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", (SOURCE / "lib/libnvvgpu.map").read_text(), flags=re.S)
    return set(re.findall(r"\b(nvvgpu_\w+);", text))


def ignored() -> dict[str, str]:
    """{function: the comment above its block}.  Most of what the own file ignores is used by its
    typemaps; what is not stands below "Not used"."""
    found: dict[str, str] = {}
    # a block is a comment and the lines below it, up to an empty one
    for block in re.split(r"\n[ \t]*\n", COMMON.read_text() + "\n\n" + OWN.read_text()):
        comment = re.match(r"\s*/\*(.*?)\*/", block, re.S)
        reason = comment[1].strip() if comment else ""
        names = re.findall(r"^\s*%ignore\s+(nvvgpu_\w+)\s*;", block, re.M)
        if block in COMMON.read_text() or reason.startswith("Not used"):
            found.update(dict.fromkeys(names, reason))
    return found


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What the dynamic linker binds for the extension while everything is called once."""
    log = tmp_path_factory.mktemp("ld") / "log"
    environment = {**os.environ, "LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": str(log)}
    environment.pop("LD_BIND_NOW", None)
    with python(str(pathlib.Path(__file__).with_name("tour.py")), env=environment) as child:
        _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")
    found = set()
    for path in log.parent.iterdir():
        found |= set(re.findall(r"binding file \S*/_nvvgpu[^/ ]*\.so \[0\] to \S*/libnvvgpu\S* "
                                r"\[0\]: normal symbol `(nvvgpu_\w+)'", path.read_text()))
    return found


def test_ignored_functions_exist_and_have_a_reason() -> None:
    assert ignored()
    assert set(ignored()) <= mapped()
    assert [name for name, reason in ignored().items() if len(reason) < 10] == []


def test_used_or_ignored(used: set[str]) -> None:
    assert sorted(mapped() - used - set(ignored())) == []


def test_ignored_is_not_used(used: set[str]) -> None:
    assert sorted(used & set(ignored())) == []


def test_tour_calls_what_is_public() -> None:
    """The tour is what the two above and the memory tools rely on."""
    import nvvgpu

    source = pathlib.Path(__file__).with_name("tour.py").read_text()
    for kind in (nvvgpu.Host, nvvgpu.GPU, nvvgpu.Type, nvvgpu.VGPU, nvvgpu.Device,
                 nvvgpu.Events, nvvgpu.Event, nvvgpu.Finding, nvvgpu.StreamInfo, nvvgpu.Error):
        for name in vars(kind):
            if not name.startswith("_") and callable(getattr(kind, name)):
                assert f".{name}(" in source or f".{name}," in source, f"{kind.__name__}.{name}"
