#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The four places that name the public functions must agree: the symbols of the built
library, the symbol map, the NVVGPU_EXPORT marks in the sources, the headers' prototypes.

usage: symbols.py LIBRARY SOURCE_ROOT
"""

import pathlib
import re
import subprocess
import sys

import headers

FIRST_NODE = "LIBNVVGPU_0.1"
SONAME = "libnvvgpu.so.0"


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def library_symbols(library):
    """{symbol: version node} of the dynamic table; the nodes themselves are left out."""
    found = {}
    for line in run("nm", "-D", "--defined-only", "--with-symbol-versions", library).splitlines():
        kind, name = line.split()[-2:]
        if kind == "A":
            continue
        symbol, _, version = name.partition("@")
        found[symbol] = version.lstrip("@")
    return found


def map_nodes(path):
    """[(node, its predecessor or None, {symbols})] in the order of the file."""
    text = headers.COMMENT.sub("", re.sub(r"#[^\n]*", "", path.read_text()))
    nodes = []
    for node, body, parent in re.findall(r"(\w[\w.]*)\s*\{(.*?)\}\s*([\w.]*)\s*;", text, re.S):
        exported = body.split("local:")[0].replace("global:", "")
        nodes.append((node, parent or None, set(re.findall(r"[\w*]+", exported))))
    return nodes


def annotations(root):
    found = set()
    for path in sorted((root / "lib").rglob("*.c")):
        code = headers.code_of(path.read_text())
        found |= set(re.findall(r"\bNVVGPU_EXPORT\b[^;{(]*?(\w+)\s*\(", code))
    return found


def declared(root):
    found = set()
    for path in sorted((root / "include/nvvgpu").glob("*.h")):
        found |= {name for _, name in headers.prototypes(path.read_text())}
    return found


def chain_errors(nodes):
    errors = []
    if not nodes or nodes[0][0] != FIRST_NODE or nodes[0][1]:
        errors.append(f"the first version node of the map must be {FIRST_NODE}")
    for (previous, _, _), (node, parent, _) in zip(nodes, nodes[1:]):
        if parent != previous:
            errors.append(f"version node {node} must follow {previous}, its map says {parent}")
    return errors


def main():
    library, root = sys.argv[1], pathlib.Path(sys.argv[2])
    built = library_symbols(library)
    nodes = map_nodes(root / "lib/libnvvgpu.map")
    mapped = {symbol: node for node, _, symbols in nodes for symbol in symbols}
    errors = chain_errors(nodes)

    places = {"library": set(built), "symbol map": set(mapped),
              "NVVGPU_EXPORT": annotations(root), "headers": declared(root)}
    for symbol in sorted(set().union(*places.values())):
        missing = [place for place, symbols in places.items() if symbol not in symbols]
        if missing:
            errors.append(f"{symbol}: missing in {', '.join(missing)}")
        elif built[symbol] != mapped[symbol]:
            errors.append(f"{symbol}: built as {built[symbol]}, mapped as {mapped[symbol]}")
        if not symbol.startswith("nvvgpu_"):
            errors.append(f"{symbol}: exported names start with nvvgpu_")

    soname = re.findall(r"\(SONAME\).*\[(.*)\]", run("readelf", "-d", library))
    if soname != [SONAME]:
        errors.append(f"soname is {soname}, not {SONAME}")

    for error in errors:
        print(error)
    print(f"{len(built)} symbols, {len(nodes)} version node(s), {len(errors)} error(s)")
    return 1 if errors or not built else 0


if __name__ == "__main__":
    sys.exit(main())
