#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Public headers say what each function does, and show nothing of the driver's interface.

usage: public_headers.py SOURCE_ROOT

A prototype is documented when a doc comment stands in its block: the lines around it up to
the next empty ones, to which a comment directly above the block belongs.
"""

import pathlib
import re
import sys

import headers

ALLOWED_INCLUDE = re.compile(r"<(nvvgpu/\w+|std\w+|sys/types)\.h>")


def block_around(text, offset):
    """The block of lines that holds @offset; empty lines inside comments do not end it."""
    solid = headers.COMMENT.sub(lambda m: re.sub(r"\n(?=[ \t]*\n)", "\n*", m.group(0)), text)
    shift = 0
    for chunk in re.split(r"\n[ \t]*\n", solid):
        end = shift + len(chunk)
        if offset <= end:
            return chunk
        shift = end + len(re.match(r"\n[ \t]*\n", solid[end:]).group(0))
    return ""


def undocumented(text):
    for offset, name in headers.prototypes(text):
        if "/**" not in block_around(text, offset):
            yield name


def main():
    errors = []
    paths = sorted((pathlib.Path(sys.argv[1]) / "include/nvvgpu").glob("*.h"))
    for path in paths:
        text = path.read_text()
        if not text.startswith("/* SPDX-License-Identifier: MIT */\n"):
            errors.append(f"{path.name}: no SPDX line")
        for name in undocumented(text):
            errors.append(f"{path.name}: {name} has no doc comment in its block")
        for include in re.findall(r"^\s*#\s*include\s+(\S+)", text, re.M):
            if not ALLOWED_INCLUDE.fullmatch(include):
                errors.append(f"{path.name}: includes {include}")
        if re.search(r"\b(static\s+)?inline\b", headers.code_of(text)):
            errors.append(f"{path.name}: an inline function becomes part of the ABI")
        for name, _ in headers.structures(text):
            errors.append(f"{path.name}: struct {name} is not opaque")
    for error in errors:
        print(error)
    print(f"{len(paths)} headers, {len(errors)} error(s)")
    return 1 if errors or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
