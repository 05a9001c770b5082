# SPDX-License-Identifier: MIT
"""Captured machines: tests/data/*.tree laid out as a directory.  tests/harness/tree.h tells
their form."""

from __future__ import annotations

import pathlib

from support import SOURCE

BUS = pathlib.PurePosixPath("devices/pci0000:00")


def _write(path: pathlib.Path, value: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value.replace("\\n", "\n") + "\n")


def _link(path: pathlib.Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def _add_entry(function: pathlib.Path, entry: str) -> None:
    name, _, value = entry.partition(" ")
    if not value:
        (function / name).mkdir(parents=True)
    elif not value.startswith("-> "):
        _write(function / name, value)
    elif name == "driver":
        _link(function / name, f"../../../bus/pci/drivers/{value[3:]}")
    else:
        _link(function / name, f"../{value[3:]}")


def lay_out(name: str, root: pathlib.Path) -> str:
    """The uri of the tree, which is made in the directory root."""
    sys = root / "sys"
    function = sys
    for line in (SOURCE / f"tests/data/{name}.tree").read_text().splitlines():
        if line.startswith("\t"):
            _add_entry(function, line[1:])
        elif line.startswith("pci "):
            address = line[4:]
            function = sys / BUS / address
            function.mkdir(parents=True)
            _link(sys / "bus/pci/devices" / address, f"../../../{BUS}/{address}")
        elif line.startswith("file "):
            path, _, value = line[5:].partition(" ")
            _write(sys / path, value)
        else:
            assert not line or line.startswith("#"), f"not a line of a tree: {line}"
    return f"tree:{root}"
