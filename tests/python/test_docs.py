# SPDX-License-Identifier: MIT
"""Docstrings: every public name has one, and what stands in a header is not lost."""

from __future__ import annotations

import inspect
import re
from typing import Any, Iterator

import pytest

import nvvgpu
from support import SOURCE


def public() -> Iterator[tuple[str, Any]]:
    for name in nvvgpu.__all__:
        thing = getattr(nvvgpu, name)
        if name.startswith("__"):
            continue
        yield name, thing
        if not inspect.isclass(thing):
            continue
        for inner, value in vars(thing).items():
            if not inner.startswith("_") and (callable(value) or isinstance(value, property)):
                yield f"{name}.{inner}", value


# What a C function is in Python, and words of its comment that must come along.
HEADERS = {
    "open": ("nvvgpu_open", "nothing is searched before it is asked for"),
    "verify": ("nvvgpu_migrate_verify", "check every checksum"),
    "inspect": ("nvvgpu_migrate_inspect", "not a byte further than needed"),
    "Host.collect": ("nvvgpu_collect", "The same host gives the same bytes"),
    "Host.doctor": ("nvvgpu_doctor", "Changes nothing"),
    "Host.refresh": ("nvvgpu_refresh", "stays valid and shows what was there then"),
    "Host.gpu": ("nvvgpu_gpu_lookup", "no such GPU"),
    "Host.vgpu": ("nvvgpu_vgpu_lookup", "neither a uuid nor an address"),
    "Host.events": ("nvvgpu_monitor_open", "nothing happens on this host, it is a capture"),
    "Host.set_log": ("nvvgpu_set_log", "may be called from within it"),
    "GPU.set_mixed_size": ("nvvgpu_gpu_set_mixed_size", "vGPUs exist"),
    "GPU.types": ("nvvgpu_type_list", "the GPU cannot be shared"),
    "GPU.type": ("nvvgpu_type_lookup", "nothing is substituted"),
    "GPU.create": ("nvvgpu_create", "All or nothing"),
    "GPU.restore": ("nvvgpu_migrate_restore", "On failure the new vGPU is destroyed"),
    "GPU.set_vfs": ("nvvgpu_gpu_set_vfs", "found by looking"),
    "VGPU.destroy": ("nvvgpu_destroy_as", "its VFIO device is open"),
    "VGPU.state": ("nvvgpu_vgpu_get_state", "it is gone"),
    "VGPU.set_params": ("nvvgpu_vgpu_set_params", "device open"),
    "VGPU.open": ("nvvgpu_device_open", "open elsewhere"),
    "VGPU.save": ("nvvgpu_migrate_save", "The vGPU is stopped while it is read"),
    "Device.restore": ("nvvgpu_migrate_restore_device", "leaves the device as it is"),
}


def words(text: str) -> str:
    """Without lines, marks of a comment, and what differs between the languages."""
    return re.sub(r"\s+", " ", re.sub(r"^[ \t]*\*", " ", text, flags=re.M)).lower()


def header_comment(function: str) -> str:
    for header in sorted((SOURCE / "include/nvvgpu").glob("*.h")):
        for comment in re.findall(r"/\*\*.*?\*/", header.read_text(), re.S):
            if re.search(rf"(?<!struct )\b{function} - ", comment):
                return str(comment)
    raise AssertionError(f"{function} has no comment of its own")


@pytest.mark.parametrize("name, thing", public(), ids=lambda value: value
                         if isinstance(value, str) else "")
def test_docstring(name: str, thing: Any) -> None:
    doc = inspect.getdoc(thing)
    assert doc and doc.strip()
    summary = doc.splitlines()[0]
    assert len(summary) > 10
    assert not re.search(r"nvvgpu_\w+\(|NVVGPU_[A-Z]", doc), "a name of C"
    assert "TODO" not in doc


@pytest.mark.parametrize("name", HEADERS)
def test_header_text_comes_along(name: str) -> None:
    function, phrase = HEADERS[name]
    assert words(phrase) in words(header_comment(function))
    thing: Any = nvvgpu
    for part in name.split("."):
        thing = getattr(thing, part)
    doc = inspect.getdoc(thing)
    assert doc and words(phrase) in words(doc)


def test_module() -> None:
    doc = inspect.getdoc(nvvgpu)
    assert doc and "with nvvgpu.open(" in doc


def test_errors_are_documented_as_classes_or_errnos() -> None:
    doc = inspect.getdoc(nvvgpu.GPU.create)
    assert doc and re.search(r"EEXIST|ExistsError", doc)
