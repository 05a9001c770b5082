#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sizes and offsets of the driver's interface, for 64-bit and 32-bit callers, must equal the
committed table.  The compiler alone answers (-S): no 32-bit C library is needed.

usage: uapi_layout.py COMPILER SOURCE_ROOT [--update]

--update writes the table anew: for a new request or a new member at the end of a structure.
A published line never changes.
"""

import pathlib
import re
import subprocess
import sys

import headers

HEADER = "include/uapi/nvvgpu.h"
TABLE = "tests/abi/uapi-layout.txt"


def questions(text):
    """(label, C expression) of everything a caller could be broken by."""
    for name, members in headers.structures(text):
        yield f"struct {name} size", f"sizeof(struct {name})"
        yield f"struct {name} alignment", f"_Alignof(struct {name})"
        for member in members:
            yield (f"struct {name}.{member}",
                   f"__builtin_offsetof(struct {name}, {member})")
    for name in re.findall(r"^#define (NVVGPU_\w+)[ \t]+\S", text, re.M):
        yield name, name
    for name in re.findall(r"^\t(NVVGPU_WHY_\w+)", text, re.M):
        yield name, name


def program(asked):
    lines = ["#include <uapi/nvvgpu.h>",
             "#define HALF(v, shift) (int)((unsigned long long)(v) >> (shift))",
             '#define ASK(n, v) __asm__ volatile(".ascii \\"@" #n " %c0 %c1\\"" \\',
             '\t: : "i"(HALF(v, 32)), "i"(HALF(v, 0)))',
             "void answers(void);", "void answers(void)", "{"]
    lines += [f"\tASK({number}, {expression});" for number, (_, expression) in enumerate(asked)]
    return "\n".join(lines + ["}", ""])


def compiler_answers(compiler, bits, root, asked):
    """[value], or None when the compiler cannot compile for that width."""
    command = [*compiler.split(), f"-m{bits}", "-std=gnu11", "-O0", "-fno-pic", "-S", "-o", "-",
               f"-I{root / 'include'}", "-x", "c", "-"]
    multiarch = subprocess.run([compiler.split()[0], "-print-multiarch"], capture_output=True,
                               text=True).stdout.strip()
    if multiarch:
        command[1:1] = ["-idirafter", f"/usr/include/{multiarch}"]
    done = subprocess.run(command, input=program(asked), capture_output=True, text=True)
    if done.returncode:
        if bits == 32 and re.search(r"unrecognized|unsupported|unknown", done.stderr):
            return None
        sys.exit(done.stderr)
    found = {int(number): int(high) % 2**32 << 32 | int(low) % 2**32 for number, high, low in
             re.findall(r'\.ascii\s+"@(\d+) (-?\d+) (-?\d+)"', done.stdout)}
    return [found[number] for number in range(len(asked))]


def table_of(asked, values):
    width = max(len(label) for label, _ in asked)
    return "".join(f"{label:<{width}} {value}\n" for (label, _), value in zip(asked, values))


def difference(wanted, got, title):
    lines = set(wanted.splitlines()) ^ set(got.splitlines())
    for line in sorted(lines):
        print(f"{title}: {'only in the table' if line in wanted else 'only here'}: {line}")
    return bool(lines)


def main():
    compiler, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    asked = list(questions((root / HEADER).read_text()))
    answers = {bits: compiler_answers(compiler, bits, root, asked) for bits in (64, 32)}
    native = table_of(asked, answers[64])
    if "--update" in sys.argv:
        (root / TABLE).write_text(native)
    failed = difference((root / TABLE).read_text(), native, "64-bit")
    if answers[32] is None:
        print("32-bit: this compiler has no -m32, not compared")
    else:
        failed |= difference(native, table_of(asked, answers[32]), "32-bit")
    print(f"{len(asked)} sizes, offsets and constants: {'different' if failed else 'identical'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
